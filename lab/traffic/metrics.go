package traffic

import (
	"fmt"
	"io"
	"net/http"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/uber-go/tally/v4"
	"github.com/uber-go/tally/v4/prometheus"
	sdktally "go.temporal.io/sdk/contrib/tally"
)

// metrics are the SDK's metrics with the names that most applications give them: counters end in
// _total and timers are histograms in seconds.
type metrics struct {
	scope   tally.Scope
	handler http.Handler
	io.Closer
}

// timerBuckets are the bounds of the Temporal samples' histograms, in seconds.
var timerBuckets = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}

func newMetrics() (metrics, error) {
	registry := prom.NewRegistry()
	reporter, err := prometheus.Configuration{
		TimerType:               "histogram",
		DefaultHistogramBuckets: buckets(),
	}.NewReporter(prometheus.ConfigurationOptions{
		Registry: registry,
		OnError:  func(error) {}, // a metric that cannot be made is missing from the page, which shows it
	})
	if err != nil {
		return metrics{}, fmt.Errorf("setting up metrics: %w", err)
	}
	scope, closer := tally.NewRootScope(tally.ScopeOptions{
		CachedReporter:  reporter,
		Separator:       prometheus.DefaultSeparator,
		SanitizeOptions: &sdktally.PrometheusSanitizeOptions,
	}, time.Second)
	return metrics{
		scope:   sdktally.NewPrometheusNamingScope(scope),
		handler: reporter.HTTPHandler(),
		Closer:  closer,
	}, nil
}

func buckets() []prometheus.HistogramObjective {
	objectives := make([]prometheus.HistogramObjective, len(timerBuckets))
	for i, bound := range timerBuckets {
		objectives[i].Upper = bound
	}
	return objectives
}
