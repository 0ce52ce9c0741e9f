package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// suspect is a usual cause of a cluster in trouble: what would show if it were the cause, and how to find out where that
// is unknown.
type suspect struct {
	cause string
	// blamed are the services that such a cause is about: where one of them leads, it is the cause and not ruled out.
	blamed []health.Service
	// side, where it is not empty, is the side of the leading gate that means this suspect.
	side health.Side
	// gates would fire; signals are the numbers that speak against it, the most telling first.
	gates   []health.GateID
	signals []health.SignalID
	check   string
}

// suspects are in the order of the layers of causes: what is below brings down what is above.
var suspects = []suspect{
	{
		cause: "the database", blamed: []health.Service{health.Persistence},
		gates:   []health.GateID{"persistence_failing", "persistence_error_rate", "persistence_slow"},
		signals: []health.SignalID{health.PersistenceErrRatio, health.PersistenceP99},
		check:   "Connect to the database from the host of a history service, and measure a simple query.",
	},
	{
		cause: "processes that do not run or cannot be scraped", blamed: []health.Service{health.Cluster},
		gates:   []health.GateID{"targets_down"},
		signals: []health.SignalID{health.TargetsUp},
		check:   "Compare the running server processes with the scrape targets in Prometheus.",
	},
	{
		cause: "moving shards or restarts", blamed: []health.Service{health.History},
		gates:   []health.GateID{"shard_churn", "shards_moving"},
		signals: []health.SignalID{health.ShardChurn, health.TaskRestarts, health.MembershipChanges},
		check:   "Look for restarts of server processes and for a deploy in progress.",
	},
	{
		cause: "a server limit", blamed: nil,
		gates:   []health.GateID{"rate_limited"},
		signals: []health.SignalID{health.FrontendLimited, health.RateLimitEvents},
		check:   "Compare the request rates of the namespaces with frontend.rps and the namespace limits.",
	},
	{
		cause: "missing workers", blamed: []health.Service{health.Workers}, side: health.SideWorker,
		gates:   []health.GateID{"workflow_pollers_gone", "queues_starved", "starved_too_long"},
		signals: []health.SignalID{health.MatchingWorkflowPoll, health.WorkflowPollers, health.StarvedQueues},
		check:   "List the pollers of the task queues with temporal task-queue describe.",
	},
	{
		cause: "workers without free slots", blamed: []health.Service{health.Workers}, side: health.SideWorker,
		gates:   []health.GateID{"task_slots_gone", "activity_slots_exhausted", "workflow_slots_exhausted"},
		signals: []health.SignalID{health.SlotlessQueues, health.ActivitySlots, health.WorkflowSlots},
		check:   "Read temporal_worker_task_slots_available of the workers; scrape the workers if Prometheus does not.",
	},
	{
		cause: "errors of the application", side: health.SideApplication,
		gates:   []health.GateID{"workflow_tasks_failing", "workflow_nondeterminism", "activities_failing", "completion_degraded"},
		signals: []health.SignalID{health.CompletionRate, health.ActivityFailureRatio, health.WorkflowTaskFailureRatio},
		check:   "List the workflows that failed in the last hour, and their first failures.",
	},
}

// ruledOut says of each suspect that could be the cause and is not what speaks against it. Where nothing is wrong nothing
// was suspected.
func (w writer) ruledOut() []explain.RuledOut {
	lead, _, led := w.lead()
	if !led {
		return nil
	}
	blamed := w.blamed(lead)
	var all []explain.RuledOut
	for _, s := range suspects {
		fired, unknown, passed := w.resultsOf(s)
		switch {
		case slices.ContainsFunc(s.blamed, func(of health.Service) bool { return evidence.Behind(blamed, of) }):
			// Its failure would be a consequence of the root cause, not a cause.
		case slices.Contains(s.gates, lead.ID), fired:
			// It is the cause, or a part of the chain.
		case !passed && unknown:
			if s.about(blamed, lead.Side) {
				continue
			}
			all = append(all, explain.RuledOut{Cause: s.cause, Against: "cannot be ruled out: what would show it is unknown.", Open: true, Check: s.check})
		case passed:
			if numbers := w.numbers(s.signals); numbers != "" {
				all = append(all, explain.RuledOut{Cause: s.cause, Against: numbers})
			}
		}
	}
	return all
}

// about: the leading gate means this suspect under another gate.
func (s suspect) about(blamed health.Service, side health.Side) bool {
	return slices.Contains(s.blamed, blamed) && (s.side == "" || s.side == side)
}

// resultsOf are the results of the suspect's gates. A gate that rests without a value counts as unknown.
func (w writer) resultsOf(s suspect) (fired, unknown, passed bool) {
	for _, id := range s.gates {
		g, ok := w.Gate(id)
		switch {
		case !ok:
		case g.Result == health.Fired:
			fired = true
		case g.Result == health.NotKnowable || g.Value == "":
			unknown = true
		default:
			passed = true
		}
	}
	return fired, unknown, passed
}

// numbers are the known values that speak against a suspect, each with the bound that it is within.
func (w writer) numbers(ids []health.SignalID) string {
	var parts []string
	for _, id := range ids {
		s, known := w.Signal(id)
		if !known || s.Standing == evidence.Beyond {
			continue
		}
		part := fmt.Sprintf("%s is %s", strings.ToLower(s.Title[:1])+s.Title[1:], s.Value)
		for _, g := range w.Gates {
			if g.Signal == id && g.Result == health.Passed && g.Threshold != "" {
				part += fmt.Sprintf(" (fires %s %s)", map[health.Op]string{health.Above: "above", health.Below: "below"}[g.Op], g.Threshold)
				break
			}
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "."
}
