package activities

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
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

	assessments *prometheus.CounterVec
	modelFails  *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	tokens      *prometheus.CounterVec
	dollars     *prometheus.CounterVec
	explaining  *prometheus.HistogramVec
	logReads    *prometheus.CounterVec
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
	m.assessments = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_assessments_total", Help: "Stored assessments, by who wrote them: the rules, a model, or a model before (again)."}, []string{"cluster", "trigger", "made"})
	m.modelFails = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_model_failures_total", Help: "Explanations that a model was asked for and did not give."}, []string{"kind"})
	m.dropped = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_dropped_parts_total", Help: "Parts of a model's explanations that the evidence did not bear out."}, []string{"part"})
	m.tokens = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_model_tokens_total", Help: "Tokens used by calls to models."}, []string{"model", "purpose", "kind"})
	m.dollars = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_model_dollars_total", Help: "Cost of calls to models by the configured prices."}, []string{"model", "purpose"})
	m.explaining = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "copilot_explanation_duration_seconds", Help: "Time to explain, with the wait for other explanations that share the budget.", Buckets: []float64{.01, .1, .5, 1, 2, 5, 10, 20, 30, 60, 120}}, []string{"made"})
	m.logReads = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "copilot_log_reads_total", Help: "Readings of a cluster's logs."}, []string{"cluster", "result"})
	registry.MustRegister(m.cycles, m.unknown, m.duration, m.state, m.stale, m.last, m.failures,
		m.assessments, m.modelFails, m.dropped, m.tokens, m.dollars, m.explaining, m.logReads)
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

func (m *Metrics) assessed(in workflows.StoreAssessmentInput) {
	if m == nil {
		return
	}
	made := in.Explanation.Made
	if in.SameAs != "" {
		made = "again"
	}
	m.assessments.WithLabelValues(in.Evidence.Cluster, string(in.Trigger), made).Inc()
}

// explained counts one attempt to explain.
func (m *Metrics) explained(r llm.Researched, took time.Duration) {
	if m == nil {
		return
	}
	m.explaining.WithLabelValues(r.Explanation.Made).Observe(took.Seconds())
	if r.Failure != nil {
		m.modelFails.WithLabelValues(string(r.Failure.Kind)).Inc()
	}
	d := r.Explanation.Dropped
	for part, n := range map[string]int{"factor": d.Factors, "action": d.Actions, "sentence": d.Sentences} {
		m.dropped.WithLabelValues(part).Add(float64(n))
	}
}

func (m *Metrics) asked(calls []workflows.ModelCall) {
	if m == nil {
		return
	}
	for _, c := range calls {
		for kind, n := range map[string]int64{"input": c.InputTokens, "output": c.OutputTokens, "cache_read": c.CacheReads, "cache_write": c.CacheWrites} {
			m.tokens.WithLabelValues(c.Model, c.Purpose, kind).Add(float64(n))
		}
		m.dollars.WithLabelValues(c.Model, c.Purpose).Add(c.Dollars)
	}
}

func (m *Metrics) readLogs(cluster string, err error) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.logReads.WithLabelValues(cluster, result).Inc()
}
