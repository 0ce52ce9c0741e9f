package activities

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Metrics are the copilot's own metrics: who watches the watchman reads these.
type Metrics struct {
	cycles   *prometheus.CounterVec
	unknown  *prometheus.GaugeVec
	duration *prometheus.HistogramVec
	state    *prometheus.GaugeVec
	stale    *prometheus.GaugeVec
	last     *prometheus.GaugeVec
	failures prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	cluster := []string{"cluster"}
	m := &Metrics{
		cycles:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_cycles_total", Help: "Cycles in which the signals of a cluster were read."}, cluster),
		unknown:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "copilot_unknown_signals", Help: "Signals that the last cycle could not read."}, cluster),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "copilot_read_duration_seconds", Help: "Time to read all signals of a cluster.", Buckets: prometheus.ExponentialBuckets(0.01, 2, 12)}, cluster),
		state:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "copilot_cluster_state", Help: "Last stored state: 0 happy, 1 stressed, 2 critical. No series before the first verdict."}, cluster),
		stale:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "copilot_cluster_stale", Help: "1 when the last stored cycle knew too little for a verdict."}, cluster),
		last:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "copilot_last_stored_cycle_timestamp_seconds", Help: "When the last stored cycle read its signals."}, cluster),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "copilot_store_failures_total", Help: "Attempts to store cycles that failed."}),
	}
	registry.MustRegister(m.cycles, m.unknown, m.duration, m.state, m.stale, m.last, m.failures)
	return m
}

func (m *Metrics) observed(cluster string, snapshot health.Snapshot, took time.Duration) {
	if m == nil {
		return
	}
	m.cycles.WithLabelValues(cluster).Inc()
	m.unknown.WithLabelValues(cluster).Set(float64(len(health.Signals()) - len(snapshot.Signals)))
	m.duration.WithLabelValues(cluster).Observe(took.Seconds())
}

func (m *Metrics) stored(cycles []store.Cycle, err error) {
	if m == nil || len(cycles) == 0 {
		return
	}
	if err != nil {
		m.failures.Inc()
		return
	}
	v := cycles[len(cycles)-1].Verdict
	if level, ok := v.State.Level(); ok {
		m.state.WithLabelValues(v.Cluster).Set(float64(level))
	}
	stale := 0.0
	if v.Stale {
		stale = 1
	}
	m.stale.WithLabelValues(v.Cluster).Set(stale)
	m.last.WithLabelValues(v.Cluster).Set(float64(v.At.UnixMilli()) / 1000)
}
