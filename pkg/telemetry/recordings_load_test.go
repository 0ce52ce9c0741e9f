package telemetry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/internal/testenv"
)

// recordings is a real Prometheus that holds the recordings of other servers and SDKs, each as a cluster of its own.
var recordings struct {
	sync.Once
	prometheus *testenv.Prometheus
	timelines  []phases.Timeline
	err        error
}

// Recordings returns the recordings of servers and SDKs, and the URL of the Prometheus that holds them. They are loaded
// once.
func Recordings(t testing.TB) (timelines []phases.Timeline, url string) {
	t.Helper()
	// Prometheus has little to keep and much to do.
	t.Setenv("GOGC", "400")
	recordings.Do(func() { recordings.err = loadRecordings(context.Background()) })
	testenv.Require(t, recordings.err)
	return recordings.timelines, recordings.prometheus.URL()
}

func loadRecordings(ctx context.Context) (err error) {
	if recordings.timelines, err = phases.Timelines(); err != nil {
		return err
	}
	byTime := slices.SortedFunc(slices.Values(recordings.timelines), func(a, b phases.Timeline) int { return a.Start().Compare(b.Start()) })
	recordings.prometheus, err = testenv.StartPrometheus(ctx, testenv.PrometheusOptions{RemoteWrite: true, OutOfOrder: 12 * time.Hour})
	if err != nil {
		return err
	}
	for _, timeline := range byTime {
		options := phases.TimelineOptions{Cluster: timeline.Name, Only: Asked}
		if err := timeline.Load(ctx, recordings.prometheus.URL(), options); err != nil {
			return fmt.Errorf("loading recording %q: %w", timeline.Name, err)
		}
	}
	return nil
}

// askedOfRecordings are the metrics that any query names, in the dialects of the recordings.
var askedOfRecordings = sync.OnceValue(func() map[string]bool {
	asked := askedMetrics()
	for _, f := range families {
		asked[f.name] = true
	}
	for _, name := range []string{"build_information", "num_goroutines"} {
		asked[name] = true
	}
	return asked
})

// Asked reports whether any query names a metric.
func Asked(metric string) bool { return askedOfRecordings()[metric] }

// AskedMetrics are the metrics that any query names, sorted.
func AskedMetrics() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(askedOfRecordings())), func(word string) bool { return !strings.Contains(word, "_") })
}

// RecordedCluster is the cluster of a recording.
func RecordedCluster(timeline phases.Timeline) Cluster {
	return Cluster{
		Name:           timeline.Name,
		Selector:       fmt.Sprintf(`cluster=%q,job="temporal-server"`, timeline.Name),
		WorkerSelector: fmt.Sprintf(`cluster=%q,job="app-worker"`, timeline.Name),
	}
}
