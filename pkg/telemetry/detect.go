package telemetry

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// The metrics that tell the dialect. All of them exist from a process's first seconds, and none has many
// series: the garbage collector's pauses are the one timer without labels.
const (
	probeCounter = "persistence_requests"
	probeTimer   = "memory_gc_pause_ms"

	probeWorkerCounter = "temporal_long_request"
	probeWorkerTimer   = "temporal_long_request_latency"
)

// detectionLife is how long a detected dialect is believed while its metrics keep answering. It is short
// enough for a renamed label, which shows in nothing else, to be noticed.
const detectionLife = 5 * time.Minute

// The parts of detection.
const (
	partCounters       = "server/counters"
	partTimers         = "server/timers"
	partWorkerCounters = "workers/counters"
	partWorkerTimers   = "workers/timers"
	partRenamed        = "server/renamed/"
	partWorkerRenamed  = "workers/renamed/"
)

// The labels that Prometheus renames when a target has them too, and a metric that always carries each.
var renamable = []struct{ label, metric string }{
	{"service_name", "num_goroutines"},
	{"namespace", probeCounter + "(_total)?"},
	{"operation", probeCounter + "(_total)?"},
}

// presenceQuestions ask which counters exist: enough to see that a known dialect still holds.
func presenceQuestions(c Cluster) []question {
	return []question{
		{id: partCounters, promql: countByName(c.Selector, probeCounter+"(_total)?")},
		{id: partWorkerCounters, promql: countByName(c.WorkerSelector, probeWorkerCounter+"(_total)?", `service_name!="worker"`, `exported_service_name!="worker"`)},
	}
}

// detectionQuestions ask the rest of what detect needs.
func detectionQuestions(c Cluster) []question {
	questions := []question{
		{id: partTimers, promql: "count by (__name__, le) " + byName(c.Selector, probeTimer+"(_milliseconds|_seconds)?_bucket")},
		{id: partWorkerTimers, promql: "count by (__name__, le) " + byName(c.WorkerSelector, probeWorkerTimer+"(_milliseconds|_seconds)?(_bucket)?",
			`service_name!="worker"`, `exported_service_name!="worker"`)},
		{id: partWorkerRenamed + "namespace", promql: "count" + byName(c.WorkerSelector, "temporal_num_pollers", `exported_namespace!=""`)},
	}
	for _, r := range renamable {
		questions = append(questions, question{
			id: partRenamed + r.label, promql: "count" + byName(c.Selector, r.metric, "exported_"+r.label+`!=""`),
		})
	}
	return questions
}

func countByName(selector, names string, matchers ...string) string {
	return "count by (__name__) " + byName(selector, names, matchers...)
}

func byName(selector, names string, matchers ...string) string {
	return "(" + braces(selector, append([]string{fmt.Sprintf("__name__=~%q", names)}, matchers...), func(l string) string { return l }) + ")"
}

// detect reads the naming of a cluster from what exists. Settings made by hand stand.
func detect(c Cluster, answers map[string]answer) naming {
	n := naming{
		server:       detectServer(answers),
		sdk:          detectSDK(answers),
		labels:       map[string]string{},
		workerLabels: map[string]string{},
	}
	for _, r := range renamable {
		if len(answers[partRenamed+r.label].series) > 0 {
			n.labels[r.label] = "exported_" + r.label
		}
	}
	if len(answers[partWorkerRenamed+"namespace"].series) > 0 {
		n.workerLabels["namespace"] = "exported_namespace"
	}
	for from, to := range c.Labels {
		n.labels[from] = to
	}
	for from, to := range c.WorkerLabels {
		n.workerLabels[from] = to
	}
	n.sdkUnknown = cmp.Or(answers[partWorkerCounters].failure, answers[partWorkerTimers].failure, noWorkers)
	if c.Server != nil {
		n.server = *c.Server
	}
	if len(c.SDK) > 0 {
		n.sdk = c.SDK
	}
	return n
}

// detectServer takes the dialect that most series speak; while a cluster changes its framework both do.
func detectServer(answers map[string]answer) ServerDialect {
	var d ServerDialect
	d.CounterSuffix = strings.HasSuffix(mostSeries(answers[partCounters].series), "_total")
	timer := strings.TrimSuffix(mostSeries(answers[partTimers].series), "_bucket")
	switch timer {
	case probeTimer + "_milliseconds":
		d.UnitSuffix, d.Milliseconds = true, true
	case probeTimer + "_seconds":
		d.UnitSuffix = true
	case probeTimer:
		// Without a suffix the smallest bucket tells the unit: a millisecond is 0.001 in seconds.
		smallest, _ := bounds(answers[partTimers].series, timer+"_bucket")
		d.Milliseconds = smallest >= 0.5
	default:
		// No garbage was collected yet. Frameworks run with their defaults more often than not.
		d.UnitSuffix, d.Milliseconds = d.CounterSuffix, d.CounterSuffix
	}
	return d
}

// detectSDK lists the dialects that the workers' metrics are in.
func detectSDK(answers map[string]answer) []SDKDialect {
	var timers []SDKDialect
	found := map[string]bool{}
	for _, s := range answers[partWorkerTimers].series {
		found[string(s.Metric[model.MetricNameLabel])] = true
	}
	for _, suffix := range []string{"", "_seconds", "_milliseconds"} {
		name := probeWorkerTimer + suffix
		if found[name+"_bucket"] {
			smallest, largest := bounds(answers[partWorkerTimers].series, name+"_bucket")
			d := SDKDialect{TimerSuffix: suffix}
			// Without a suffix the Go SDK means seconds, with buckets up to 10; SDKs made on the Rust core mean
			// milliseconds, with buckets from 50 on.
			d.Milliseconds = suffix == "_milliseconds" || suffix == "" && smallest >= 1
			d.Coarse = !d.Milliseconds && smallest >= 1 && largest >= 1000
			timers = append(timers, d)
		}
		if found[name] {
			timers = append(timers, SDKDialect{TimerSuffix: suffix, Summary: true, Milliseconds: suffix == "_milliseconds"})
		}
	}
	var dialects []SDKDialect
	for _, s := range answers[partWorkerCounters].series {
		total := strings.HasSuffix(string(s.Metric[model.MetricNameLabel]), "_total")
		if len(timers) == 0 {
			dialects = append(dialects, SDKDialect{CounterSuffix: total})
		}
		for _, t := range timers {
			t.CounterSuffix = total
			dialects = append(dialects, t)
		}
	}
	return dialects
}

// mostSeries is the metric with the most series.
func mostSeries(series []*model.Sample) string {
	counts := map[string]float64{}
	for _, s := range series {
		counts[string(s.Metric[model.MetricNameLabel])] += float64(s.Value)
	}
	best := ""
	for name, n := range counts {
		if n > counts[best] || n == counts[best] && name < best {
			best = name
		}
	}
	return best
}

// bounds are the smallest and the largest finite bucket above 0 of a histogram.
func bounds(series []*model.Sample, metric string) (smallest, largest float64) {
	var all []float64
	for _, s := range series {
		le, err := strconv.ParseFloat(string(s.Metric[model.BucketLabel]), 64)
		if string(s.Metric[model.MetricNameLabel]) == metric && err == nil && le > 0 && le < 1e300 {
			all = append(all, le)
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	return slices.Min(all), slices.Max(all)
}

// serverFailure is why the server's naming could not be detected; empty when it could.
func serverFailure(answers map[string]answer) string {
	for _, part := range []string{partAges, partCounters, partTimers} {
		if f := answers[part].failure; f != "" {
			return f
		}
	}
	return ""
}

// stillHolds tells whether the counters that exist now are those of a dialect.
func (n naming) stillHolds(c Cluster, answers map[string]answer) bool {
	if c.Server == nil && len(answers[partCounters].series) > 0 && !hasMetric(answers[partCounters].series, n.server.counter(probeCounter)) {
		return false
	}
	if len(c.SDK) > 0 {
		return true
	}
	known := counterNames(n.sdk, probeWorkerCounter)
	for _, s := range answers[partWorkerCounters].series {
		if !slices.Contains(known, string(s.Metric[model.MetricNameLabel])) {
			return false
		}
	}
	return true
}

func hasMetric(series []*model.Sample, name string) bool {
	return slices.ContainsFunc(series, func(s *model.Sample) bool { return string(s.Metric[model.MetricNameLabel]) == name })
}
