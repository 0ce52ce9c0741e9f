package telemetry

import (
	"cmp"
	"fmt"
	"maps"
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

// detectionLife is how long a detected dialect is believed at most while its metrics keep answering. It is short
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
	partMixedTimers    = "workers/mixedtimers"
	partFamilies       = "server/families"
	partVersions       = "server/versions"
	partOmitted        = "server/omitted"
	partPartitionless  = "server/partitionless"
	partByVersion      = "server/byversion"
)

// The labels that Prometheus renames when a target has them too, and a metric that always carries each. The label
// service_name is found with the processes.
var renamable = []struct{ label, metric string }{
	{"namespace", probeCounter + "(_total)?"},
	{"operation", probeCounter + "(_total)?"},
	{"taskqueue", "poll_(success|timeouts)(_total)?"},
	{"task_type", "poll_(success|timeouts)(_total)?"},
}

// presenceQuestions ask which counters exist: enough to see that a known dialect still holds.
func (n naming) presenceQuestions(c Cluster) []question {
	return []question{
		{id: partCounters, promql: countByName(c.Selector, n.prefix+probeCounter+"(_total)?")},
		{id: partWorkerCounters, promql: "count by (__name__, job) " + byName(c.WorkerSelector, probeWorkerCounter+"(_total)?", notSystemWorkers...)},
	}
}

// notSystemWorkers leaves out the server's own workers, which export the SDK's metrics too.
var notSystemWorkers = []string{`service_name!="worker"`, `exported_service_name!="worker"`}

// detectionQuestions ask the rest of what detect needs, under the prefix that was found.
func (n naming) detectionQuestions(c Cluster) []question {
	var names []string
	for _, f := range families {
		names = append(names, f.name)
	}
	queueMetrics := n.prefix + "(poll_success|poll_timeouts|pending_polls|tasks_added)(_total)?"
	questions := append(n.presenceQuestions(c),
		question{id: partTimers, promql: "count by (__name__, le) " + byName(c.Selector, n.prefix+probeTimer+"(_milliseconds|_seconds)?_bucket")},
		question{id: partWorkerTimers, promql: "count by (__name__, job, le) " + byName(c.WorkerSelector, probeWorkerTimer+"(_milliseconds|_seconds)?(_bucket)?", notSystemWorkers...)},
		question{id: partWorkerRenamed + "namespace", promql: "count" + byName(c.WorkerSelector, "temporal_num_pollers", `exported_namespace!=""`)},
		question{id: partFamilies, promql: countByName(c.Selector, n.prefix+"("+strings.Join(names, "|")+")(_ratio)?(_total|_count)?")},
		question{id: partVersions, promql: "group by (service_name, exported_service_name, build_version) " + byName(c.Selector, n.prefix+"build_information")},
		question{id: partOmitted, promql: "count(" + byName(c.Selector, queueMetrics, `taskqueue="__omitted__"`) + " or " +
			byName(c.Selector, queueMetrics, `exported_taskqueue="__omitted__"`) + ")"},
		question{id: partPartitionless, promql: "count" + byName(c.Selector, queueMetrics, `partition=~"__omitted__|__normal__"`)},
		question{id: partByVersion, promql: "count" + byName(c.Selector, n.prefix+"(poll_success|pending_polls|approximate_backlog_count)(_total)?", `worker_version!~"|__unversioned__"`)},
	)
	for _, r := range renamable {
		questions = append(questions, question{
			id: partRenamed + r.label, promql: "count" + byName(c.Selector, n.prefix+r.metric, "exported_"+r.label+`!=""`),
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

// detect reads the naming of a cluster from what exists, under the prefix and services found before. Settings made by
// hand stand.
func (n naming) detect(c Cluster, answers map[string]answer) naming {
	n.server = detectServer(n.prefix, answers)
	n.sdk, n.timers = detectSDK(answers)
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
	for _, s := range answers[partFamilies].series {
		name := strings.TrimPrefix(string(s.Metric[model.MetricNameLabel]), n.prefix)
		for _, suffix := range []string{"_total", "_count", "_ratio"} {
			if _, known := findFamily(name); !known {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		n.seen[name] = true
	}
	for _, s := range answers[partVersions].series {
		service := cmp.Or(s.Metric["exported_service_name"], s.Metric[model.LabelName(cmp.Or(n.labels["service_name"], "service_name"))])
		if v, ok := parseVersion(string(s.Metric["build_version"])); ok {
			n.versions[emitter(service)] = append(n.versions[emitter(service)], v)
		}
	}
	if len(n.services) > 0 {
		// Then the label does not tell whose release it is: all services count by the oldest.
		all := slices.Concat(slices.Collect(maps.Values(n.versions))...)
		for _, service := range services {
			n.versions[service] = all
		}
	}
	// In one order, whatever the order of the answer: the same releases are the same naming.
	for _, versions := range n.versions {
		slices.SortFunc(versions, version.compare)
	}
	n.omitted = len(answers[partOmitted].series) > 0
	n.partitionless = len(answers[partPartitionless].series) > 0
	n.byVersion = len(answers[partByVersion].series) > 0
	n.sdkUnknown = cmp.Or(answers[partWorkerCounters].failure, answers[partWorkerTimers].failure, noWorkers)
	if n.sdkUnknown == noWorkers && len(answers[partWorkerCounters].series) > 0 {
		n.sdkUnknown = noTimers
	}
	if c.Server != nil {
		n.server = *c.Server
	}
	if len(c.SDK) > 0 {
		n.sdk, n.timers = c.SDK, nil
		for _, d := range c.SDK {
			n.timers = append(n.timers, sdkTimers{dialect: d})
		}
	}
	return n
}

// detectServer takes the dialect that most series speak; while a cluster changes its framework both do.
func detectServer(prefix string, answers map[string]answer) ServerDialect {
	var d ServerDialect
	d.CounterSuffix = strings.HasSuffix(mostSeries(answers[partCounters].series), "_total")
	name := strings.TrimSuffix(mostSeries(answers[partTimers].series), "_bucket")
	timer := strings.TrimPrefix(name, prefix)
	switch timer {
	case probeTimer + "_milliseconds":
		d.UnitSuffix, d.Milliseconds = true, true
	case probeTimer + "_seconds":
		d.UnitSuffix = true
	case probeTimer:
		// Without a suffix the smallest bucket tells the unit: a millisecond is 0.001 in seconds.
		smallest, _ := bounds(answers[partTimers].series, name+"_bucket")
		d.Milliseconds = smallest >= 0.5
	default:
		// No garbage was collected yet. Frameworks run with their defaults more often than not.
		d.UnitSuffix, d.Milliseconds = d.CounterSuffix, d.CounterSuffix
	}
	return d
}

// mixedJobs are the scrape jobs whose workers export a timer with different buckets: then not every bucket has as many
// series as the others.
func mixedJobs(answers map[string]answer) []string {
	type timer struct{ job, name string }
	counts := map[timer]float64{}
	var mixed []string
	for _, s := range answers[partWorkerTimers].series {
		t := timer{string(s.Metric["job"]), string(s.Metric[model.MetricNameLabel])}
		if known, ok := counts[t]; ok && known != float64(s.Value) && !slices.Contains(mixed, t.job) {
			mixed = append(mixed, t.job)
		}
		counts[t] = float64(s.Value)
	}
	slices.Sort(mixed)
	return mixed
}

// mixedQuestion asks for the buckets of each worker in mixed jobs.
func mixedQuestion(c Cluster, jobs []string) question {
	return question{id: partMixedTimers, promql: "count by (__name__, job, instance, le) " +
		byName(c.WorkerSelector, probeWorkerTimer+"(_milliseconds|_seconds)?(_bucket)?", append(ofJobs(jobs), notSystemWorkers...)...)}
}

// detectSDK finds how workers export timers and counters. Units, suffixes and bounds of buckets belong to a scrape job,
// or where workers of one job differ, to each of them.
func detectSDK(answers map[string]answer) (dialects []SDKDialect, timers []sdkTimers) {
	type exported struct{ job, instance, name string }
	series := map[exported][]*model.Sample{}
	mixed := mixedJobs(answers)
	for _, part := range []string{partWorkerTimers, partMixedTimers} {
		for _, s := range answers[part].series {
			e := exported{string(s.Metric["job"]), string(s.Metric["instance"]), string(s.Metric[model.MetricNameLabel])}
			if part == partWorkerTimers && slices.Contains(mixed, e.job) && len(answers[partMixedTimers].series) > 0 {
				continue
			}
			series[e] = append(series[e], s)
		}
	}
	total := map[string]bool{}
	for _, s := range answers[partWorkerCounters].series {
		job := string(s.Metric["job"])
		total[job] = total[job] || strings.HasSuffix(string(s.Metric[model.MetricNameLabel]), "_total")
	}
	bySignature := map[string]*sdkTimers{}
	withTimers := map[string]bool{}
	for _, e := range slices.SortedFunc(maps.Keys(series), func(a, b exported) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.job, b.job), cmp.Compare(a.instance, b.instance))
	}) {
		d, bounds := timerDialect(e.name, series[e])
		d.CounterSuffix = total[e.job]
		withTimers[e.job] = true
		key := fmt.Sprint(e.name, bounds, d)
		if e.instance != "" {
			key += " in " + e.job
		}
		t := bySignature[key]
		if t == nil {
			t = &sdkTimers{dialect: d}
			bySignature[key] = t
		}
		if !slices.Contains(t.jobs, e.job) {
			t.jobs = append(t.jobs, e.job)
		}
		if e.instance != "" {
			t.instances = append(t.instances, e.instance)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(bySignature)) {
		timers = append(timers, *bySignature[key])
		if d := bySignature[key].dialect; !slices.Contains(dialects, d) {
			dialects = append(dialects, d)
		}
	}
	// A worker that never had a task has no timer yet: its counters are known, its timers' unit is not.
	for _, job := range slices.Sorted(maps.Keys(total)) {
		if d := (SDKDialect{CounterSuffix: total[job]}); !withTimers[job] && !slices.ContainsFunc(dialects, func(known SDKDialect) bool { return known.CounterSuffix == total[job] }) {
			dialects = append(dialects, d)
		}
	}
	return dialects, timers
}

// timerDialect tells the unit of a timer by its name, or else by its buckets.
func timerDialect(name string, series []*model.Sample) (SDKDialect, []float64) {
	suffix := strings.TrimPrefix(strings.TrimSuffix(name, "_bucket"), probeWorkerTimer)
	if !strings.HasSuffix(name, "_bucket") {
		return SDKDialect{TimerSuffix: suffix, Summary: true, Milliseconds: suffix == "_milliseconds"}, nil
	}
	all := allBounds(series, name)
	if len(all) == 0 {
		return SDKDialect{TimerSuffix: suffix}, nil
	}
	smallest, largest := all[0], all[len(all)-1]
	d := SDKDialect{TimerSuffix: suffix}
	// Without a suffix the Go SDK means seconds, with buckets up to 10; SDKs made on the Rust core mean milliseconds, with
	// buckets from 50 on, unless they are told to use seconds.
	d.Milliseconds = suffix == "_milliseconds" || suffix == "" && smallest >= 1
	d.Coarse = !d.Milliseconds && smallest >= 1 && largest >= 1000
	d.Mixed = suffix == "" && smallest < 1 && largest >= 1000
	return d, all
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
	all := allBounds(series, metric)
	if len(all) == 0 {
		return 0, 0
	}
	return all[0], all[len(all)-1]
}

// allBounds are the finite buckets above 0 of a histogram, smallest first.
func allBounds(series []*model.Sample, metric string) []float64 {
	var all []float64
	for _, s := range series {
		le, err := strconv.ParseFloat(string(s.Metric[model.BucketLabel]), 64)
		if string(s.Metric[model.MetricNameLabel]) == metric && err == nil && le > 0 && le < 1e300 && !slices.Contains(all, le) {
			all = append(all, le)
		}
	}
	slices.Sort(all)
	return all
}

// serverFailure is why the server's naming could not be detected; empty when it could.
func serverFailure(answers map[string]answer) string {
	for _, part := range []string{partAges, partCounters, partTimers, partFamilies, partVersions} {
		if f := answers[part].failure; f != "" {
			return f
		}
	}
	return ""
}

// stillHolds tells whether the counters that exist now are those of a dialect.
func (n naming) stillHolds(c Cluster, answers map[string]answer) bool {
	if c.Server == nil && len(answers[partCounters].series) > 0 && !hasMetric(answers[partCounters].series, n.prefix+n.server.counter(probeCounter)) {
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
