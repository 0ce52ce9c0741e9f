package traffic

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/uber-go/tally/v4"
	"github.com/uber-go/tally/v4/prometheus"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	sdktally "go.temporal.io/sdk/contrib/tally"
)

// metrics are the SDK's metrics: a handler that the SDK reports to, and the page that shows them.
type metrics struct {
	sdk   client.MetricsHandler
	page  http.Handler
	close func()
}

// exporter is one of the ways in which applications export the SDK's metrics. Each has names of its own.
type exporter struct {
	name string
	make func() (metrics, error)
}

// exporters begin with the one that most applications use: counters end in _total and timers are histograms in
// seconds.
var exporters = []exporter{
	{"tally-prometheus", func() (metrics, error) {
		return tallyMetrics(prometheus.HistogramTimerType, sdktally.NewPrometheusNamingScope)
	}},
	{"tally", func() (metrics, error) {
		return tallyMetrics(prometheus.HistogramTimerType, func(s tally.Scope) tally.Scope { return s })
	}},
	{"tally-summary", func() (metrics, error) {
		return tallyMetrics(prometheus.SummaryTimerType, sdktally.NewPrometheusNamingScope)
	}},
	{"otel", func() (metrics, error) { return openTelemetryMetrics(false) }},
	{"otel-monotonic", func() (metrics, error) { return openTelemetryMetrics(true, timerView()) }},
}

// Exporters are the names of the ways in which a worker can export its metrics.
func Exporters() []string {
	names := make([]string, len(exporters))
	for i, e := range exporters {
		names[i] = e.name
	}
	return names
}

// newMetrics sets up the exporter of that name; an empty name is the first.
func newMetrics(name string) (metrics, error) {
	for _, e := range exporters {
		if name == "" || name == e.name {
			return e.make()
		}
	}
	return metrics{}, fmt.Errorf("no such exporter %q: it is one of %s", name, strings.Join(Exporters(), ", "))
}

// timerBuckets are the bounds of the Temporal samples' histograms, in seconds.
var timerBuckets = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}

func tallyMetrics(timers prometheus.TimerType, names func(tally.Scope) tally.Scope) (metrics, error) {
	registry := prom.NewRegistry()
	scope, closer := tally.NewRootScope(tally.ScopeOptions{
		CachedReporter: prometheus.NewReporter(prometheus.Options{
			Registerer:              registry,
			DefaultTimerType:        timers,
			DefaultHistogramBuckets: timerBuckets,
			OnRegisterError:         func(error) {}, // a metric that cannot be made is missing from the page, which shows it
		}),
		Separator:       prometheus.DefaultSeparator,
		SanitizeOptions: &sdktally.PrometheusSanitizeOptions,
	}, time.Second)
	return metrics{
		sdk:   sdktally.NewMetricsHandler(names(scope)),
		page:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		close: func() { _ = closer.Close() }, // the process ends
	}, nil
}

func openTelemetryMetrics(monotonic bool, views ...sdkmetric.View) (metrics, error) {
	registry := prom.NewRegistry()
	reader, err := otelprom.New(otelprom.WithRegisterer(registry))
	if err != nil {
		return metrics{}, fmt.Errorf("setting up metrics: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(views...))
	return metrics{
		sdk: opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
			Meter:                provider.Meter("temporal-sdk-go"),
			UseMonotonicCounters: monotonic,
		}),
		page:  promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		close: func() {},
	}, nil
}

// timerView gives the SDK's timers, which it records in seconds, bounds that fit them. OpenTelemetry's own, 0, 5, 10
// and so on, were made for milliseconds.
func timerView() sdkmetric.View {
	return sdkmetric.NewView(
		sdkmetric.Instrument{Kind: sdkmetric.InstrumentKindHistogram},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: timerBuckets}},
	)
}
