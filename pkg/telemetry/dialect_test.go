package telemetry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// queryOf is the complete query of a signal.
func queryOf(id health.SignalID, a *asking) string {
	for _, row := range asks {
		if row.id == id && row.query != nil {
			return row.query(a).text
		}
	}
	return ""
}

func TestOneTemplateSpeaksEveryServerDialect(t *testing.T) {
	tests := map[ServerDialect]struct{ name, starts, latency, transitions string }{
		Tally: {"tally", "service_requests{", "1000 * histogram_quantile(0.99, sum by (le) (rate(service_latency_bucket{", "state_transition_count_count{"},
		OpenTelemetry: {"opentelemetry", "service_requests_total{", "histogram_quantile(0.99, sum by (le) (rate(service_latency_milliseconds_bucket{",
			"state_transition_count_ratio_count{"},
		{CounterSuffix: true, UnitSuffix: true}: {"opentelemetry + recordTimerInSeconds", "service_requests_total{",
			"1000 * histogram_quantile(0.99, sum by (le) (rate(service_latency_seconds_bucket{", "state_transition_count_ratio_count{"},
		{Milliseconds: true}: {"opentelemetry + withoutUnitSuffix + withoutCounterSuffix", "service_requests{",
			"histogram_quantile(0.99, sum by (le) (rate(service_latency_bucket{", "state_transition_count_count{"},
	}
	for dialect, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.name, dialect.String())
			parsed, err := ParseServerDialect(tt.name)
			require.NoError(t, err)
			assert.Equal(t, dialect, parsed)
			a := asking{cluster: Cluster{Selector: `job="t"`}, names: naming{server: dialect}}
			assert.Contains(t, queryOf(health.WorkflowStarts, &a), tt.starts)
			latency := queryOf(health.FrontendP99, &a)
			assert.Contains(t, latency, strings.TrimPrefix(tt.latency, "1000 * "))
			assert.Equal(t, strings.HasPrefix(tt.latency, "1000 * "), strings.HasPrefix(latency, "1000 * "), "the unit: %s", latency)
			assert.Contains(t, queryOf(health.TransitionRate, &a), tt.transitions)
		})
	}
}

func TestADialectThatDoesNotExistIsRefusedWithThoseThatDo(t *testing.T) {
	for name, says := range map[string]string{
		"": "tally or opentelemetry", "statsd": "tally or opentelemetry", "tally + withoutUnitSuffix": "no options", "opentelemetry + fast": "recordTimerInSeconds",
	} {
		_, err := ParseServerDialect(name)
		assert.ErrorContains(t, err, says, name)
	}
	_, err := ParseSDKDialect("java")
	assert.ErrorContains(t, err, "go-tally-prometheus")
	for _, known := range sdkDialects {
		parsed, err := ParseSDKDialect(known.dialect.String())
		require.NoError(t, err)
		assert.Equal(t, known.dialect, parsed)
	}
}

func named(name, le string) *model.Sample {
	s := &model.Sample{Value: 1, Metric: model.Metric{model.MetricNameLabel: model.LabelValue(name)}}
	if le != "" {
		s.Metric[model.BucketLabel] = model.LabelValue(le)
	}
	return s
}

func TestTheServersDialectIsToldFromWhatExists(t *testing.T) {
	tests := map[string]struct {
		counters, timers []*model.Sample
		want             ServerDialect
	}{
		"tally":                           {[]*model.Sample{named("persistence_requests", "")}, []*model.Sample{named("memory_gc_pause_ms_bucket", "0.001")}, Tally},
		"opentelemetry":                   {[]*model.Sample{named("persistence_requests_total", "")}, []*model.Sample{named("memory_gc_pause_ms_milliseconds_bucket", "1")}, OpenTelemetry},
		"opentelemetry in seconds":        {[]*model.Sample{named("persistence_requests_total", "")}, []*model.Sample{named("memory_gc_pause_ms_seconds_bucket", "0.001")}, ServerDialect{CounterSuffix: true, UnitSuffix: true}},
		"without suffixes, milliseconds":  {[]*model.Sample{named("persistence_requests", "")}, []*model.Sample{named("memory_gc_pause_ms_bucket", "1")}, ServerDialect{Milliseconds: true}},
		"before the first collection":     {[]*model.Sample{named("persistence_requests_total", "")}, nil, OpenTelemetry},
		"nothing at all":                  {nil, nil, Tally},
		"a cluster that is being changed": {[]*model.Sample{named("persistence_requests", ""), named("persistence_requests", ""), named("persistence_requests_total", "")}, []*model.Sample{named("memory_gc_pause_ms_bucket", "0.001")}, Tally},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := newNaming().detect(Cluster{}, map[string]answer{partCounters: {series: tt.counters}, partTimers: {series: tt.timers}})
			assert.Equal(t, tt.want, got.server)
		})
	}
}

func TestSDKsOnTheRustCoreMeasureMilliseconds(t *testing.T) {
	got := newNaming().detect(Cluster{}, map[string]answer{
		partWorkerCounters: {series: []*model.Sample{named("temporal_long_request", "")}},
		partWorkerTimers: {series: []*model.Sample{
			named("temporal_long_request_latency_bucket", "50"), named("temporal_long_request_latency_bucket", "10000"), named("temporal_long_request_latency_bucket", "+Inf"),
		}},
	})
	assert.Equal(t, []SDKDialect{{Milliseconds: true}}, got.sdk)
	a := asking{names: got}
	assert.NotContains(t, queryOf(health.WorkerLongPollLatency, &a), "1000 *")
}

func TestABucketsQuantileIsWhatPrometheusWouldSay(t *testing.T) {
	buckets := func(counts map[string]float64) (series []*model.Sample) {
		for le, count := range counts {
			s := named("x_bucket", le)
			s.Value = model.SampleValue(count)
			series = append(series, s)
		}
		return series
	}
	tests := map[string]struct {
		counts map[string]float64
		want   float64
	}{
		"in the middle of a bucket":                      {map[string]float64{"1": 0, "2": 10, "+Inf": 10}, 1.5},
		"in the first bucket, which begins at 0":         {map[string]float64{"4": 10, "+Inf": 10}, 2},
		"above the last bound":                           {map[string]float64{"1": 1, "2": 2, "+Inf": 10}, 2},
		"counts that fall a little from one to the next": {map[string]float64{"1": 5, "2": 4.9, "+Inf": 10}, 1},
		"nothing counted":                                {map[string]float64{"1": 0, "+Inf": 0}, math.NaN()},
		"no bucket without end":                          {map[string]float64{"1": 5, "2": 10}, math.NaN()},
		"one bucket":                                     {map[string]float64{"+Inf": 10}, math.NaN()},
		"rates that are none":                            {map[string]float64{"1": math.NaN(), "+Inf": math.NaN()}, math.NaN()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := bucketQuantile(0.5, buckets(tt.counts))
			if math.IsNaN(tt.want) {
				assert.True(t, math.IsNaN(got), "%g", got)
				return
			}
			assert.InDelta(t, tt.want, got, 1e-9)
		})
	}
}

func TestADetectionIsBelievedLongerTheLongerNothingChanges(t *testing.T) {
	starting, started := newNaming(), newNaming()
	started.seen["tasks_added"] = true
	d := detection{names: starting, life: detection{}.nextLife(starting)}
	assert.Equal(t, 30*time.Second, d.life, "the next cycle looks again")
	var lives []time.Duration
	for _, names := range []naming{starting, started, started, started, started, started} {
		d = detection{names: names, life: d.nextLife(names)}
		lives = append(lives, d.life)
	}
	assert.Equal(t, []time.Duration{
		time.Minute, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute,
	}, lives)
}
