package synthetic_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestAVersionExportsWhatItHas(t *testing.T) {
	for minor, want := range map[int]map[string]bool{
		24: {"approximate_backlog_count": false, "pending_polls": false, "poll_success": true},
		29: {"approximate_backlog_count": true, "pending_polls": false, "tasks_added": false},
		32: {"approximate_backlog_count": true, "pending_polls": true, "tasks_added": true},
	} {
		metrics := synthetic.New(synthetic.Options{Version: synthetic.V(minor)}).Metrics()
		for metric, there := range want {
			assert.Equal(t, there, slices.Contains(metrics, metric), "%s in 1.%d", metric, minor)
		}
	}
}

func TestADialectNamesMetricsAsItsFrameworkDoes(t *testing.T) {
	assert.Subset(t, synthetic.New(synthetic.Options{}).Metrics(), []string{
		"service_requests", "service_latency_bucket", "state_transition_count_count", "memory_gc_pause_ms_bucket", "memory_mallocs", "pending_polls",
	})
	assert.Subset(t, synthetic.New(synthetic.Options{Framework: synthetic.OpenTelemetry}).Metrics(), []string{
		"service_requests_total", "service_latency_milliseconds_bucket", "state_transition_count_ratio_count",
		"memory_gc_pause_ms_milliseconds_bucket", "memory_mallocs", "pending_polls",
	})
}

func TestAPrefixIsPutBeforeTheServersMetricsOnly(t *testing.T) {
	metrics := synthetic.New(synthetic.Options{Prefix: "prod_", Detailed: true}).Metrics()
	for _, metric := range metrics {
		if metric != "up" && !strings.HasPrefix(metric, "temporal_") {
			assert.True(t, strings.HasPrefix(metric, "prod_"), metric)
		}
	}
	assert.Contains(t, metrics, "up")
	assert.Contains(t, metrics, "temporal_num_pollers")
}

func TestWithoutTheBreakdownNoQueueIsNamed(t *testing.T) {
	c := synthetic.New(synthetic.Options{BreakdownOff: true})
	assert.NotContains(t, c.Metrics(), "approximate_backlog_count")
	c.Drop(func(l synthetic.Labels) bool {
		assert.Contains(t, []string{"", "__omitted__"}, l["taskqueue"])
		return false
	})
}

// TestAClusterLooksAsIfItHadBeenScraped loads clusters into a real Prometheus, beside each other.
func TestAClusterLooksAsIfItHadBeenScraped(t *testing.T) {
	ctx := context.Background()
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	dying := []synthetic.Queue{{Name: "main", Share: .9}, {Name: "slow-lane", Share: .1, WorkersEnd: synthetic.Fault}}
	for _, o := range []synthetic.Options{
		{Name: "tally", Queues: dying, Detailed: true},
		{Name: "raw", Queues: dying, Framework: synthetic.OpenTelemetry},
		{Name: "renamed", TargetLabels: synthetic.Labels{"namespace": "k8s"}},
		{Name: "relabelled", JobAsServiceName: true, JobPerService: true},
	} {
		require.NoError(t, synthetic.New(o).Load(ctx, prometheus.URL()))
	}
	client, err := api.NewClient(api.Config{Address: prometheus.URL()})
	require.NoError(t, err)
	ask := func(after time.Duration, query string) model.Vector {
		value, _, err := v1.NewAPI(client).Query(ctx, query, synthetic.Start.Add(after))
		require.NoError(t, err)
		return value.(model.Vector)
	}
	number := func(after time.Duration, query string) float64 {
		series := ask(after, query)
		require.Len(t, series, 1, query)
		return float64(series[0].Value)
	}
	before, after := synthetic.Fault-time.Minute, synthetic.Fault+5*time.Minute

	t.Run("counters count at their rate", func(t *testing.T) {
		assert.InDelta(t, 10, number(before, `sum(rate(service_requests{case="tally",operation="StartWorkflowExecution"}[1m]))`), .01)
		assert.InDelta(t, 160.5, number(before, `sum(rate(state_transition_count_ratio_count{case="raw"}[1m]))`), .01)
	})
	t.Run("timers have the spread that they were given, in their dialect's unit", func(t *testing.T) {
		assert.InDelta(t, .05, number(before, `histogram_quantile(1, sum by (le) (rate(persistence_latency_bucket{case="tally"}[1m])))`), 1e-9)
		assert.InDelta(t, 50, number(before, `histogram_quantile(1, sum by (le) (rate(persistence_latency_milliseconds_bucket{case="raw"}[1m])))`), 1e-9)
	})
	t.Run("tally replaces what a label's value may not have, opentelemetry does not", func(t *testing.T) {
		assert.NotEmpty(t, ask(before, `pending_polls{case="tally",taskqueue="slow_lane"}`))
		assert.NotEmpty(t, ask(before, `pending_polls{case="raw",taskqueue="slow-lane"}`))
	})
	t.Run("a queue without workers is polled no more, and its tasks wait", func(t *testing.T) {
		assert.InDelta(t, 0, number(after, `max(pending_polls{case="tally",taskqueue="slow_lane"})`), 0)
		assert.InDelta(t, 300, number(after, `max(approximate_backlog_age_seconds{case="tally",taskqueue="slow_lane"})`), 0)
		assert.InDelta(t, 300, number(after, `max(approximate_backlog_count{case="tally",taskqueue="slow_lane"})`), 0)
		assert.InDelta(t, 2, number(after, `sum(rate(persistence_requests{case="tally",operation="CreateTasks"}[1m]))`), .01)
	})
	t.Run("the series of a worker that is gone end, where its end is marked", func(t *testing.T) {
		assert.NotEmpty(t, ask(before, `temporal_num_pollers{case="tally",task_queue="slow-lane"}`))
		assert.Empty(t, ask(synthetic.Fault+time.Minute, `temporal_num_pollers{case="tally",task_queue="slow-lane"}`))
		assert.NotEmpty(t, ask(synthetic.Fault+time.Minute, `temporal_num_pollers{case="raw",task_queue="slow-lane"}`))
	})
	t.Run("a label that the target has too is renamed", func(t *testing.T) {
		assert.NotEmpty(t, ask(before, `pending_polls{case="renamed",namespace="k8s",exported_namespace="orders"}`))
	})
	t.Run("a collector's label is on every series", func(t *testing.T) {
		assert.NotEmpty(t, ask(before, `num_goroutines{case="relabelled",service_name="temporal-history"}`))
		assert.NotEmpty(t, ask(before, `temporal_num_pollers{case="relabelled",service_name="orders-worker"}`))
	})
}

func TestAPrometheusThatTakesNoWritesSaysSo(t *testing.T) {
	ctx := context.Background()
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	err = synthetic.New(synthetic.Options{Name: "refused"}).Load(ctx, prometheus.URL())
	require.ErrorContains(t, err, `loading the synthetic cluster "refused": prometheus refused the samples with 404`)
}
