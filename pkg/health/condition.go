package health

import (
	"fmt"
	"math"
)

// truth is three-valued: what depends on an unknown signal is neither true nor false.
type truth int8

const (
	no truth = iota
	maybe
	yes
)

// or is true when one side is, and false only when both are.
func (a truth) or(b truth) truth { return max(a, b) }

// and is false when one side is, and true only when both are.
func (a truth) and(b truth) truth { return min(a, b) }

func not(a truth) truth { return yes - a }

func known(b bool) truth {
	if b {
		return yes
	}
	return no
}

// condition is whether a gate applies, the factor of its threshold, and the reason in words.
type condition struct {
	holds truth
	scale float64
	note  string
	// doubt, where it is not 0, is the value above which a gate that does not fire is unknown rather than passed, for
	// the reason in doubtNote.
	doubt     float64
	doubtNote string
}

func when(holds truth, note string) condition { return condition{holds: holds, scale: 1, note: note} }

func scaled(scale float64, note string) condition {
	return condition{holds: yes, scale: scale, note: note}
}

// reading is a snapshot in the eyes of a gate: its values, and what the cluster normally does.
type reading struct {
	Snapshot
	baseline Baseline
	band     Band
}

// over asks whether a signal is above a number.
func (r *reading) over(id SignalID, x float64) truth {
	v, ok := r.Value(id)
	if !ok {
		return maybe
	}
	return known(v > x)
}

// atLeast asks whether a signal is at or above a number.
func (r *reading) atLeast(id SignalID, x float64) truth {
	v, ok := r.Value(id)
	if !ok {
		return maybe
	}
	return known(v >= x)
}

const (
	// minDemand is the smallest rate of work per second that is more than noise in a window of one
	// minute: six events.
	minDemand = 0.1
	// waitingAge, in seconds, is when a task is late rather than on its way: the healthy bound of the
	// history backlog, below which queues that are sampled once a minute can't be told from empty ones.
	waitingAge = 10
)

// demand is the work per second that was accepted and has something to do now: workflows created, starts that
// fail on the server's side, and tasks that found nobody to take them. Starts that the client got wrong, or
// that found a running workflow, demand nothing.
//
// Where creations are unknown, the starts stand in, unless everything that a failing or hanging start would show
// in is known to be well: then the starts that write nothing found running workflows.
func (r *reading) demand() (perSec float64, ok bool) {
	starts, ok := r.acceptedStarts()
	if !ok {
		return 0, false
	}
	inflow, _ := r.Value(BacklogInflow)
	return starts + inflow, true
}

// acceptedStarts is the part of demand that workflow starts make, per second.
func (r *reading) acceptedStarts() (perSec float64, ok bool) {
	starts, known := r.Value(WorkflowStarts)
	created, createdKnown := r.Value(WorkflowsCreated)
	switch {
	case !known:
		return created, createdKnown
	case r.startsSucceed() != yes:
		return math.Max(starts, created), true
	case createdKnown:
		return math.Min(starts, created), true
	}
	// A start that creates a workflow writes a transition.
	if transitions, ok := r.Value(TransitionRate); ok {
		return math.Min(starts, transitions), true
	}
	return starts, true
}

// startsSucceed asks whether starts are known not to fail: a start that hangs ends as an error when its deadline
// passes, and a database that is at fault shows it by itself.
func (r *reading) startsSucceed() truth {
	return not(r.atLeast(FrontendErrors, minDemand)).
		and(not(r.over(PersistenceErrRatio, 0.01))).
		and(known(r.over(FrontendP99, 1000) != yes && r.over(PersistenceP99, 1000) != yes))
}

// tasksWait asks whether tasks wait in any task queue for a worker.
func (r *reading) tasksWait() truth {
	if r.hidden() {
		return r.over(BacklogGrowth, 0.05).or(r.atLeast(BacklogInflow, minDemand))
	}
	return r.over(WorkflowBacklogAge, waitingAge).
		or(r.over(ActivityBacklogAge, waitingAge)).
		or(r.atLeast(BacklogInflow, minDemand)).
		or(r.atLeast(StarvedQueues, 1))
}

// quiet asks whether no work is asked for: then a latency without a value is no riddle.
func (r *reading) quiet() truth {
	starts, ok := r.acceptedStarts()
	if !ok {
		return maybe
	}
	idle := no
	switch r.tasksWait() {
	case no:
		idle = yes
	case maybe:
		idle = maybe
	}
	return known(starts < minDemand).and(idle)
}

// unlessQuiet lets a latency gate rest while there is nothing to measure, and while the cluster starts.
func unlessQuiet(id SignalID) func(*reading) condition {
	few := unlessFew(id)
	return func(r *reading) condition {
		applies := few(r)
		if _, ok := r.Value(id); !ok && applies.holds == yes && r.quiet() == yes {
			return when(no, "no requests arrived, so there is nothing to measure")
		}
		return applies
	}
}

// unlessFew lets a latency gate rest while there is too little to measure, and while the cluster starts. It is for work that
// goes on in an idle cluster too, so that a missing latency is no sign of rest.
func unlessFew(id SignalID) func(*reading) condition {
	return func(r *reading) condition {
		if warm := whenWarm(r); warm.holds == no {
			return warm
		}
		if _, ok := r.Value(id); !ok && r.Few[id] {
			return when(no, "too few operations to measure it")
		}
		return when(yes, "")
	}
}

// whenWarm lets a gate rest while the cluster as a whole starts: for the first 90 seconds shards are
// acquired and every number is wild (measured on Temporal server v1.32.1). One restarting process of
// many does not silence it, nor does not knowing.
func whenWarm(r *reading) condition { return unlessStarting(r.atLeast(WarmingUp, 0.5)) }

// unlessMostStart lets a gate about shards rest while more than half of the processes start: a cluster that starts acquires
// all of its shards as a matter of course. Where one of two hosts restarts, half of the shards do move, and workflows on
// them wait (measured on Temporal server v1.32.1 with two history hosts).
func unlessMostStart(r *reading) condition { return unlessStarting(r.over(WarmingUp, 0.5)) }

func unlessStarting(starting truth) condition {
	if starting == yes {
		return when(no, "the cluster is starting up")
	}
	return when(yes, "")
}

// whenAtLeast lets a ratio speak only when there is enough of what it is a ratio of. Not knowing how
// much there is does not silence it.
func whenAtLeast(id SignalID, x float64, what string) func(*reading) condition {
	return func(r *reading) condition {
		if r.atLeast(id, x) == no {
			return when(no, fmt.Sprintf("fewer than %g %s", x, what))
		}
		return when(yes, "")
	}
}
