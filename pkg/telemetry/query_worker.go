package telemetry

import (
	"fmt"
	"math"
	"slices"
)

// Matchers of the SDK workers' metrics.
const (
	workflowSlots = `worker_type="WorkflowWorker"`
	activitySlots = `worker_type="ActivityWorker"`
	// Local activities have a pool of their own, of a thousand slots by default, that would drown the others.
	taskSlots = `worker_type=~"WorkflowWorker|ActivityWorker"`
	// The SDK moves pollers between the normal and the sticky queue: only their sum means something.
	workflowPollers = `poller_type=~"workflow_task|workflow_sticky_task"`
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

// zeroBeside reads an absent counter of the SDK workers as 0 while a counter that they always have exists.
// Without SDK metrics the result stays absent.
func zeroBeside(sibling string, q query) query { return or(q, times(0, workerRate(sibling))) }

// coarseTimers is what to tell an operator whose workers' timers cannot be used.
const coarseTimers = "the workers export timers with the OpenTelemetry SDK's default buckets (0, 5, 10 … seconds), whose p95 is always 4.75 s: " +
	"give them a view with buckets below a second"

// workerMilliseconds is a quantile of a timer of the SDK workers, over all dialects that are of use. The
// worst counts where workers measure in ways that cannot be added up.
func workerMilliseconds(q float64, metric string) query {
	return func(a *asking) compiled {
		var secondsNames, millisecondsNames, summaries []string
		for _, d := range a.names.sdk {
			name := metric + d.TimerSuffix
			switch {
			case d.Coarse:
				a.note = coarseTimers
			case d.Summary:
				summaries = append(summaries, name)
			case d.Milliseconds:
				millisecondsNames = append(millisecondsNames, name+"_bucket")
			default:
				secondsNames = append(secondsNames, name+"_bucket")
			}
		}
		var forms []query
		if len(secondsNames) > 0 {
			forms = append(forms, times(1000, workerQuantile(q, secondsNames)))
		}
		if len(millisecondsNames) > 0 {
			forms = append(forms, workerQuantile(q, millisecondsNames))
		}
		if len(summaries) > 0 {
			// Go's exporter is the only one that makes summaries, and it measures seconds.
			forms = append(forms, times(1000, workerSummary(q, summaries)))
		}
		if len(forms) == 0 {
			if a.note == "" {
				a.note = a.names.sdkUnknown
			}
			return compiled{text: a.cannot(a.note)}
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

func workerQuantile(q float64, names []string) query {
	slices.Sort(names)
	return quantileOf(q, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.workerSeries(slices.Compact(names)), a.over(1))
	})
}

func workerSummary(q float64, names []string) query {
	slices.Sort(names)
	return leaf(func(a *asking) string {
		return fmt.Sprintf("max(%s)", a.workerSeries(slices.Compact(names), fmt.Sprintf(`quantile="%g"`, q)))
	})
}

// firstOf asks the second query where the first one cannot be asked or finds nothing.
func firstOf(first, second query) query {
	return func(a *asking) compiled {
		try := asking{cluster: a.cluster, names: a.names}
		first(&try)
		a.note = try.note
		if try.unaskable != "" {
			return second(a)
		}
		return or(first, second)(a)
	}
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

// smallestFreeShare is the free share of the slots of the task queue where it is smallest.
func smallestFreeShare(kind string) query {
	return leaf(func(a *asking) string {
		by := fmt.Sprintf("sum by (%s, task_queue)", a.workerLabel("namespace"))
		return fmt.Sprintf("clamp_max(min(%s / (%s(%s) + %s(%s))), 1)", freeSlots(a, kind),
			by, a.workerSeries([]string{"temporal_worker_task_slots_available"}, kind),
			by, a.workerSeries([]string{"temporal_worker_task_slots_used"}, kind))
	})
}

// byWorker aggregates a gauge per worker process.
func (a *asking) byWorker(aggregate, metric string, matchers ...string) string {
	return fmt.Sprintf("%s by (job, instance) (%s)", aggregate, a.workerSeries([]string{metric}, matchers...))
}
