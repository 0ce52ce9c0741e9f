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
		PerUnitOf: "work demanded per second",
		Title:     "Work is demanded and does not advance",
		Why:       "Every accepted workflow start writes at least one state transition. Fewer transitions than starts means that the starts themselves fail or hang.",
		Source:    "Measured on Temporal server v1.32.1: 16 transitions a start when healthy, 1 when no worker runs, 0 with the database hung or down.",
		applies:   progressDemanded,
	},
	{
		ID: "progress_floor", Number: 2, Runbook: "progress_stalled", Signal: TransitionRate, Op: Below, Severity: Critical,
		Service: Cluster, Side: SideProgress, Deciding: true,
		Threshold: collapsed, Recover: collapsed.times(floorMargin),
		Title:   "Throughput collapsed while work waits",
		Why:     "Tasks are late and next to nothing moves, measured against what this cluster normally does.",
		Source:  "The base table's floor of 10 transitions/s for the mid band (50 to 500/s), a tenth of the lower bound above and a hundredth of the upper bound below.",
		applies: workIsLate,
	},
	{
		ID: "throughput_dropped", Number: 3, Runbook: "throughput_dropped", Signal: TransitionRate, Op: Below, Severity: Stressed,
		Service: Cluster, Side: SideProgress, Deciding: true,
		Threshold: everywhere(0.25), Recover: everywhere(0.25 * floorMargin),
		PerUnitOf: "usual state transitions per second",
		Title:     "Throughput dropped while demand did not",
		Why:       "Requests come in as usual and a fraction of the usual work comes out: systemic trouble, often before anything else shows.",
		Source:    "A quarter of the baseline; slots starved gave a third of the usual transitions per start, no worker a sixteenth.",
		applies:   demandAsUsual,
	},
}

// healthyThroughput is the rate above which a cluster makes progress whatever is demanded of it (the
// base table's healthy bound, transitions per second). It stands in where the demand is unknown.
const healthyThroughput = 50

func progressDemanded(r *reading) condition {
	demand, ok := r.demand()
	if !ok {
		if r.over(TransitionRate, healthyThroughput) == yes {
			return when(no, "the demand is unknown, but work advances")
		}
		return when(maybe, "the demand is unknown")
	}
	if demand < minDemand {
		return when(no, "no work is demanded")
	}
	return scaled(demand, fmt.Sprintf("%.3g/s are demanded", demand))
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
		return when(no, "work advances")
	}
	if r.quiet() == yes {
		return when(no, "nothing was asked for")
	}
	return when(maybe, "nobody can say whether work is waiting")
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
		return when(maybe, "the demand is unknown")
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
		return when(no, "this cluster's usual load is not known yet")
	}
	if asked := r.startsAsUsual(); asked.holds != yes {
		return asked
	}
	return scaled(b.TransitionsPerSec, fmt.Sprintf("usual are %.3g/s", b.TransitionsPerSec))
}

// Completion gates: does work finish well? On a sound cluster it is the application that fails.
var completionGates = []Gate{
	{
		ID: "completion_collapsed", Number: 4, Runbook: "workflow_failures", Signal: CompletionRate, Op: Below, Severity: Critical,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.5), Recover: everywhere(0.5 * floorMargin),
		Title:   "Most workflows end badly",
		Why:     "More workflows fail, time out or are terminated than succeed. On a sound cluster that is the application: look at the workflows' failures, not at the server.",
		Source:  "Base table: critical below 50 %.",
		applies: workflowsClose,
	},
	{
		ID: "completion_degraded", Number: 5, Runbook: "workflow_failures", Signal: CompletionRate, Op: Below, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.95), Recover: everywhere(0.95),
		Title:   "Workflows end badly more often than usual",
		Why:     "More than one workflow in twenty fails, times out or is terminated.",
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
		return when(no, "hardly any workflow closes")
	default:
		// Without the rates the share speaks for itself.
		return when(yes, "")
	}
}
