package health

import (
	"fmt"
	"math"
)

// Progress gates: is the work that is demanded being done? They tell that something stands still; the
// gates of the other files tell what.
var progressGates = []Gate{
	{
		ID: "progress_stalled", Number: 1, Runbook: "progress_stalled", Signal: TransitionRate, Op: Below, Severity: Critical,
		Service: Cluster, Side: SideProgress, Deciding: true,
		Threshold: everywhere(0.75), Recover: everywhere(0.75 * floorMargin),
		PerUnitOf: "requested work per second",
		Title:     "Requested work is not progressing",
		Why:       "Every accepted workflow start writes at least one state transition. Fewer transitions than starts means the starts fail or hang.",
		Source:    "Measured on Temporal server v1.32.1: 16 transitions a start when healthy, 1 when no worker runs, 0 with the database hung or down.",
		applies:   progressDemanded,
	},
	{
		ID: "progress_floor", Number: 2, Runbook: "progress_stalled", Signal: TransitionRate, Op: Below, Severity: Critical,
		Service: Cluster, Side: SideProgress, Deciding: true,
		Threshold: collapsed, Recover: collapsed.times(floorMargin),
		Title:   "Throughput collapsed while work waits",
		Why:     "Tasks are late and throughput is far below this cluster's usual rate.",
		Source:  "The base table's floor of 10 transitions/s for the mid band (50 to 500/s), a tenth of the lower bound above and a hundredth of the upper bound below.",
		applies: workIsLate,
	},
	{
		ID: "throughput_dropped", Number: 3, Runbook: "throughput_dropped", Signal: TransitionRate, Op: Below, Severity: Stressed,
		Service: Cluster, Side: SideProgress, Deciding: true,
		Threshold: everywhere(0.25), Recover: everywhere(0.25 * floorMargin),
		PerUnitOf: "usual state transitions per second",
		Title:     "Throughput dropped while demand did not",
		Why:       "Requests arrive at the usual rate and only a fraction of the usual work is done: a systemic problem, often the first sign.",
		Source:    "A quarter of the baseline; slots starved gave a third of the usual transitions per start, no worker a sixteenth.",
		applies:   demandAsUsual,
	},
}

// healthyThroughput is the rate above which a cluster makes progress whatever is demanded of it (the
// base table's healthy bound, transitions per second). It stands in where demand is unknown.
const healthyThroughput = 50

func progressDemanded(r *reading) condition {
	demand, ok := r.demand()
	if !ok {
		if r.over(TransitionRate, healthyThroughput) == yes {
			return when(no, "demand is unknown, but work progresses")
		}
		return when(maybe, "demand is unknown")
	}
	if demand < minDemand {
		return when(no, "no work is requested")
	}
	return scaled(demand, fmt.Sprintf("%.3g/s requested", demand))
}

// lateAge, in seconds, is when waiting is the stressed kind.
const lateAge = 30

func workIsLate(r *reading) condition {
	late := r.over(HistoryBacklogAge, lateAge).
		or(r.over(WorkflowBacklogAge, lateAge)).
		or(r.over(ActivityBacklogAge, lateAge)).
		or(r.over(StarvedOldestAge, lateAge))
	switch late {
	case yes:
		return when(yes, "work is waiting")
	case no:
		return when(no, "no work is waiting")
	}
	// Backlog ages are often partly unknown (no history task finished, no queue loaded); a cluster
	// that moves is not stalled.
	if rate, ok := r.Value(TransitionRate); ok && rate >= healthyThroughput {
		return when(no, "work is progressing")
	}
	if r.quiet() == yes {
		return when(no, "no requests arrived")
	}
	return when(maybe, "whether work is waiting is unknown")
}

// The baseline counts from ten minutes of 30-second cycles on, and from a rate that is more than the
// system's own housekeeping (2 to 5 transitions/s at start-up).
const (
	baselineCycles = 20
	baselineFloor  = 5
)

// startsAsUsual: at least half of the workflow starts that are usual here are requested.
func (r *reading) startsAsUsual() condition {
	starts, ok := r.Value(WorkflowStarts)
	if !ok {
		return when(maybe, "demand is unknown")
	}
	if starts < r.baseline.StartsPerSec/2 {
		return when(no, "demand is lower than usual")
	}
	return when(yes, "")
}

func demandAsUsual(r *reading) condition {
	if _, ok := r.Value(TransitionRate); !ok {
		return when(maybe, "")
	}
	b := r.baseline
	if b.Cycles < baselineCycles || b.TransitionsPerSec < baselineFloor || b.StartsPerSec < minDemand {
		return when(no, "no baseline yet for this cluster's load")
	}
	if asked := r.startsAsUsual(); asked.holds != yes {
		return asked
	}
	return scaled(b.TransitionsPerSec, fmt.Sprintf("%.3g/s is usual", b.TransitionsPerSec))
}

// Completion gates: does work finish well? On a sound cluster it is the application that fails.
var completionGates = []Gate{
	{
		ID: "completion_collapsed", Number: 4, Runbook: "workflow_failures", Signal: CompletionRate, Op: Below, Severity: Critical,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.5), Recover: everywhere(0.5 * floorMargin),
		Title:   "Most workflows do not succeed",
		Why:     "More workflows fail, time out or are terminated than succeed. On a healthy cluster the cause is the application: check the workflows' failures, not the server.",
		Source:  "Base table: critical below 50 %.",
		applies: workflowsClose,
	},
	{
		ID: "completion_degraded", Number: 5, Runbook: "workflow_failures", Signal: CompletionRate, Op: Below, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.95), Recover: everywhere(0.95),
		Title:   "More workflows than usual do not succeed",
		Why:     "More than 5 % of workflows fail, time out or are terminated.",
		Source:  "Base table: healthy above 95 %.",
		applies: workflowsClose,
	},
}

// minClosed is the least number of workflows that must close per second before their success can be
// called a rate: twelve in a window of a minute.
const minClosed = 0.2

func workflowsClose(r *reading) condition {
	success, okS := r.Value(SuccessRate)
	failed, okF := r.Value(FailedRate)
	closed := math.Max(0, success) + math.Max(0, failed)
	switch {
	case closed >= minClosed:
		return when(yes, "")
	case okS && okF:
		return when(no, "too few workflows close")
	default:
		// Without the rates the share speaks for itself.
		return when(yes, "")
	}
}
