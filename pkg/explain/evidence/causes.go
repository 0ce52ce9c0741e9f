package evidence

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// The layers of causes, the deepest first. What is beside a workflow's way through the cluster stops no workflow, so it
// leads only where nothing on that way fires.
const (
	inDatabase = iota
	inCluster
	inHistory
	inFrontend
	inMatching
	atWorkers
	inApplication
	waiting
	progress
	beside
	early
)

// causes are the gates of each layer, causes before their symptoms: when several gates fire, the first of them leads
// the explanation.
var causes = map[int][]health.GateID{
	inDatabase: {"persistence_failing", "persistence_error_rate", "persistence_slow", "persistence_errors"},
	inCluster:  {"certificates_expired", "suspected_deadlock", "targets_down"},
	inHistory: {"shards_moving", "shard_churn", "history_stalled", "history_backlog_critical", "history_backlog", "history_queue_full",
		"state_transitions_slow", "workflow_data_corrupted", "history_tasks_failed_for_good", "history_tasks_given_up"},
	inFrontend: {"rate_limited", "frontend_failing", "frontend_errors", "frontend_slow"},
	inMatching: {"poll_timeouts"},
	atWorkers: {"workflow_pollers_gone", "task_slots_gone", "worker_version_unserved", "starved_too_long", "queues_starved",
		"activity_slots_exhausted", "workflow_slots_exhausted", "worker_workflow_pollers_gone", "worker_activity_pollers_gone"},
	inApplication: {"callbacks_blocked", "workflow_nondeterminism", "workflow_messages_too_large", "workflow_tasks_failing", "hot_workflow",
		"oversized_transaction", "activities_timing_out", "activities_failing", "completion_collapsed", "completion_degraded"},
	waiting: {"workflow_backlog_critical", "workflow_backlog", "activity_backlog", "backlog_growing",
		"workflow_schedule_to_start_critical", "activity_schedule_to_start_critical"},
	progress: {"workflows_stopped_closing", "progress_stalled", "progress_floor", "throughput_dropped"},
	beside: {"certificates_expiring", "visibility_failing", "visibility_slow", "visibility_late", "system_worker_gone", "system_queue_late",
		"schedules_missed", "replication_stuck", "replication_failing", "replication_lagging"},
	early: {"outbound_late", "nexus_slow", "timers_late", "archival_late", "client_errors", "sync_match_low", "visibility_queries_slow",
		"schedules_overrun", "workflow_task_attempts", "activity_slots_low", "workflow_slots_low", "workflow_schedule_to_start",
		"activity_schedule_to_start"},
}

// places are the gates' places from cause to symptom.
var places = func() map[health.GateID]int {
	places := map[health.GateID]int{}
	for layer := inDatabase; layer <= early; layer++ {
		for _, id := range causes[layer] {
			places[id] = len(places)
		}
	}
	return places
}()

// placeOf is the place of a gate; one that is not known here comes last.
func placeOf(id health.GateID) int {
	if place, ok := places[id]; ok {
		return place
	}
	return len(places)
}

// Precedes tells whether a gate comes before another from cause to symptom.
func Precedes(a, b health.GateID) bool { return placeOf(a) < placeOf(b) }

// Beside tells whether a gate is about what lies beside a workflow's way through the cluster.
func Beside(id health.GateID) bool { return slices.Contains(causes[beside], id) }
