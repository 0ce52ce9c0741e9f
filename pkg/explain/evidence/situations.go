package evidence

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Draining: workers poll and are not known to lack room, and they have just returned or less is waiting than before.
func Draining(e *Evidence) bool {
	return e.catchesUp(health.MatchingWorkflowPoll, health.WorkflowSlots, health.WorkflowBacklogAge)
}

// DrainingActivities is Draining for activities.
func DrainingActivities(e *Evidence) bool {
	return e.catchesUp(health.MatchingActivityPoll, health.ActivitySlots, health.ActivityBacklogAge)
}

func (e *Evidence) catchesUp(pollers, slots, age health.SignalID) bool {
	if !e.Over(pollers, 0) || e.AtMost(slots, 0) || e.Over(health.StarvedQueues, 0) {
		return false
	}
	return e.Trend(pollers) == Rising || e.Trend(age) == Falling || e.Trend(health.BacklogDepth) == Falling || slices.ContainsFunc(e.Cleared, workersBack)
}

// workersBack reports the gates that pass again when workers return.
func workersBack(id health.GateID) bool {
	g, ok := health.LookupGate(id)
	return ok && g.Side == health.SideWorker
}

// HistorySilent: the history service reports nothing, while other processes do.
func HistorySilent(e *Evidence) bool {
	return !e.Knows(health.TransitionRate) && !e.Knows(health.HistoryTaskRate) && e.Knows(health.FrontendErrors)
}
