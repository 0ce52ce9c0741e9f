package plugin

import "github.com/temporal-sre/copilot/pkg/health"

// guides name for each gate the document to read first. The documents say so themselves; they come with
// the full-text index of the knowledge base, which has no business in this process.
var guides = map[health.GateID]string{
	"progress_stalled":                    "progress_stalled",
	"progress_floor":                      "progress_stalled",
	"throughput_dropped":                  "throughput_dropped",
	"completion_collapsed":                "workflow_failures",
	"completion_degraded":                 "workflow_failures",
	"history_backlog_critical":            "history_backlog",
	"history_backlog":                     "history_backlog",
	"history_stalled":                     "history_stalled",
	"state_transitions_slow":              "state_transition_latency",
	"shard_churn":                         "shard_movement",
	"shards_moving":                       "shard_movement",
	"persistence_failing":                 "database_down",
	"persistence_error_rate":              "database_down",
	"persistence_errors":                  "persistence_errors",
	"persistence_slow":                    "persistence_latency",
	"frontend_failing":                    "frontend_errors",
	"frontend_errors":                     "frontend_errors",
	"frontend_slow":                       "frontend_latency",
	"workflow_pollers_gone":               "pollers_gone",
	"starved_too_long":                    "starved_queues",
	"workflow_backlog_critical":           "matching_backlog",
	"queues_starved":                      "starved_queues",
	"workflow_backlog":                    "matching_backlog",
	"activity_backlog":                    "matching_backlog",
	"poll_timeouts":                       "empty_polls",
	"targets_down":                        "telemetry_blind_spots",
	"workflow_slots_exhausted":            "worker_scaling",
	"activity_slots_exhausted":            "worker_scaling",
	"worker_workflow_pollers_gone":        "poller_configuration",
	"worker_activity_pollers_gone":        "poller_configuration",
	"workflow_schedule_to_start_critical": "schedule_to_start",
	"activity_schedule_to_start_critical": "schedule_to_start",
	"workflow_slots_low":                  "worker_scaling",
	"activity_slots_low":                  "worker_scaling",
	"workflow_schedule_to_start":          "schedule_to_start",
	"activity_schedule_to_start":          "schedule_to_start",
}

// guidesURL is where the documents can be read.
const guidesURL = "https://github.com/temporal-sre/copilot/blob/main/pkg/knowledge/documents/"

// guide is the address of a gate's guide, empty for a gate without one.
func guide(id health.GateID) string {
	document, ok := guides[id]
	if !ok {
		return ""
	}
	return guidesURL + document + ".md"
}
