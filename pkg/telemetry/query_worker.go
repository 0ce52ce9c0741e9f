package telemetry

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// Matchers of the SDK workers' metrics.
const (
	workflowSlots = `worker_type="WorkflowWorker"`
	activitySlots = `worker_type="ActivityWorker"`
	// Local activities have a pool of their own, of a thousand slots by default, that would drown the others.
	taskSlots = `worker_type=~"WorkflowWorker|ActivityWorker"`
	// The SDK moves pollers between the normal and the sticky queue: only their sum means something. The Rust core
	// names the sticky ones the other way round.
	workflowPollers = `poller_type=~"workflow_task|workflow_sticky_task|sticky_workflow_task"`
	activityPollers = `poller_type="activity_task"`
	anyPollers      = `poller_type!=""`
)

// workerGauge aggregates a gauge of the SDK workers.
func workerGauge(aggregate, metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("%s(%s)", aggregate, a.workerSeries([]string{metric}, matchers...))
	})
}

// workerRate is how often a counter of the SDK workers counts per second.
func workerRate(metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		names := counterNames(a.names.sdk, metric)
		if len(names) == 0 {
			return a.cannot(a.names.sdkUnknown)
		}
		return fmt.Sprintf("sum(rate(%s%s))", a.workerSeries(names, matchers...), a.over(1))
	})
}

// workerRateOf is how often a counter of the SDK workers counts per second, over a stretch of its own; absent without
// SDK metrics, whose dialect it does not need.
func workerRateOf(stretch time.Duration, metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("sum(rate(%s[%s]))", a.workerSeries([]string{metric, metric + "_total"}, matchers...), seconds(max(stretch, a.cluster.window())))
	})
}

// zeroBeside reads an absent counter of the SDK workers as 0 while a counter that they always have exists.
// Without SDK metrics the result stays absent.
func zeroBeside(sibling string, q query) query { return or(q, times(0, workerRate(sibling))) }

// coarseTimers is what to tell an operator whose workers' timers cannot be used.
const coarseTimers = "the workers export timers with the OpenTelemetry SDK's default buckets (0, 5, 10 … seconds), whose p95 is always 4.75 s: " +
	"give them a view with buckets below a second"

// mixedTimers is what to tell an operator whose workers' timers cannot be told apart.
const mixedTimers = "one scrape job has workers that export timers in seconds and others in milliseconds under one name: give them jobs of their own, or one setting"

// workerMilliseconds is a quantile of a timer of the SDK workers. Histograms of different bounds are never added up: the
// worst of them counts. A value within the smallest bucket says nothing where that bucket is wider than what is judged,
// as with the Rust core's defaults, which begin at atLeast milliseconds.
func workerMilliseconds(q float64, metric string, atLeast float64) query {
	return func(a *asking) compiled {
		var forms []query
		for _, t := range a.names.timers {
			d, name := t.dialect, metric+t.dialect.TimerSuffix
			var form query
			switch {
			case d.Coarse:
				a.note = coarseTimers
				continue
			case d.Mixed:
				a.note = mixedTimers
				continue
			case d.Summary && !d.Milliseconds:
				// Go's exporter is the only one that makes summaries, and it measures seconds.
				form = times(1000, workerSummary(q, name, t))
			case d.Summary:
				form = workerSummary(q, name, t)
			case d.Milliseconds:
				form = above(atLeast, workerQuantile(q, name, t))
			default:
				form = times(1000, workerQuantile(q, name, t))
			}
			forms = append(forms, form)
		}
		if len(forms) == 0 {
			return compiled{text: a.cannot(cmp.Or(a.note, a.names.sdkUnknown))}
		}
		worst := forms[0]
		for _, f := range forms[1:] {
			worst = worstOf(worst, f)
		}
		return worst(a)
	}
}

// worstOf is the larger of two numbers, or the one that there is and that is one.
func worstOf(x, y query) query {
	return combine(`max(label_replace(%s, "form", "1", "", "") or label_replace(%s, "form", "2", "", ""))`, func(n []number) number {
		switch {
		case n[0].absent, !n[1].absent && (math.IsNaN(n[0].v) || n[1].v > n[0].v):
			return n[1]
		}
		return n[0]
	}, x, y)
}

func workerQuantile(q float64, name string, of sdkTimers) query {
	return quantileOf(q, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.workerSeries([]string{name + "_bucket"}, of.matchers()...), a.over(1))
	})
}

func workerSummary(q float64, name string, of sdkTimers) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("max(%s)", a.workerSeries([]string{name}, append(of.matchers(), fmt.Sprintf(`quantile="%g"`, q))...))
	})
}

// matchers select the workers; none where all are alike.
func (t sdkTimers) matchers() []string {
	matchers := ofJobs(t.jobs)
	if len(t.instances) > 0 {
		matchers = append(matchers, anyOf("instance", t.instances))
	}
	return matchers
}

// ofJobs matches scrape jobs; none where the job does not matter.
func ofJobs(jobs []string) []string {
	if len(jobs) == 0 {
		return nil
	}
	return []string{anyOf("job", jobs)}
}

func anyOf(label string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return fmt.Sprintf("%s=~%q", label, strings.Join(quoted, "|"))
}

// freeSlots is the number of free slots per task queue. A worker that is busy for a moment is not
// exhausted: the most that was free during the window counts, of workers that are still there.
func freeSlots(a *asking, matchers ...string) string {
	available := a.workerSeries([]string{"temporal_worker_task_slots_available"}, matchers...)
	return fmt.Sprintf("sum by (%s, task_queue) (max_over_time(%s%s) and %s)", a.workerLabel("namespace"), available, a.over(1), available)
}

// fewestFreeSlots is the number of free slots in the task queue that has the fewest.
func fewestFreeSlots(kind string) query {
	return leaf(func(a *asking) string { return "min(" + freeSlots(a, kind) + ")" })
}

// smallestFreeShare is the free share of the slots of the task queue where it is smallest. Only workers with a fixed
// number of slots count: one with a resource-based tuner exports what it uses and no limit.
func smallestFreeShare(kind string) query {
	return leaf(func(a *asking) string {
		by := fmt.Sprintf("sum by (%s, task_queue)", a.workerLabel("namespace"))
		available := a.workerSeries([]string{"temporal_worker_task_slots_available"}, kind)
		used := a.workerSeries([]string{"temporal_worker_task_slots_used"}, kind)
		return fmt.Sprintf("clamp_max(min(%s / (%s(%s) + %s(%s and on (job, instance, task_queue, worker_type) %s))), 1)", freeSlots(a, kind),
			by, available, by, used, available)
	})
}

// cachedWorkflows is the size of the sticky cache per worker process. The Go SDK has one cache a process and reports it
// under each of its labels; on the Rust core each worker has its own, and those of a process add up.
func (a *asking) cachedWorkflows() string {
	return fmt.Sprintf(`(max by (job, instance) (%s) or sum by (job, instance) (%s))`,
		a.workerSeries([]string{"temporal_sticky_cache_size"}, `service_name!="temporal-core-sdk"`),
		a.workerSeries([]string{"temporal_sticky_cache_size"}, `service_name="temporal-core-sdk"`))
}

// byWorker aggregates a gauge per worker process.
func (a *asking) byWorker(aggregate, metric string, matchers ...string) string {
	return fmt.Sprintf("%s by (job, instance) (%s)", aggregate, a.workerSeries([]string{metric}, matchers...))
}
