package record

import (
	"regexp"
	"strings"
)

// Of everything that servers and workers export, a recording keeps the families below: those that the copilot reads,
// and those that it may come to read. A name stands for all dialects: suffixes of units and counters are added.

// counted are kept without the buckets of histograms: counters, gauges, and how often something was measured.
var counted = []string{
	// Any service.
	`build_information`, `num_goroutines`, `memory_heapinuse`, `memory_mallocs`, `memory_num_gc`, `restarts`, `build_age`,
	`service_requests`, `service_errors`, `service_error_with_type`, `service_errors_resource_exhausted`,
	`service_pending_requests`, `service_grpc_conn_active`, `membership_changed_count`, `semaphore_failures`,
	`dd_.*deadlocks.*`, `certificates_.*`, `namespace_registry_.*failures`,
	`cache_requests`, `cache_miss`, `cache_usage`, `cache_size`,
	// Persistence and the visibility store.
	`persistence_requests`, `persistence_errors`, `persistence_error_with_type`, `persistence_errors_resource_exhausted`,
	`persistence_session_refresh_.*`, `persistence_sql_.*`,
	`visibility_persistence_requests`, `visibility_persistence_errors`, `visibility_persistence_error_with_type`,
	`visibility_persistence_resource_exhausted`, `elasticsearch_bulk_processor_.*`,
	// History.
	`state_transition_count`, `workflow_(success|failed|timeout|terminate|cancel|continued_as_new)`,
	`task_requests`, `task_errors`, `task_errors_.*`, `task_terminal_failures`, `task_dlq_.*`, `dlq_.*`, `tasks_dropped`,
	`mutable_state_checksum_mismatch`, `data_loss_errors`, `non_retryable_tasks`,
	`failed_workflow_tasks`, `workflow_tasks_completed`, `activity_task_(fail|timeout)`,
	`activity_(fail|success|timeout|cancel|terminate)`,
	`(schedule_to_start|start_to_close|schedule_to_close|heartbeat)_timeout`,
	`sharditem_.*_count`, `numshards_gauge`, `acquire_shards_.*`, `shardinfo_.*`, `pending_tasks`, `queue_slice_count`, `queue_reader_count`,
	// Matching.
	`approximate_backlog_count`, `approximate_backlog_age_seconds`, `tasks_added`, `pending_polls`,
	`poll_success`, `poll_success_sync`, `poll_timeouts`, `no_poller_tasks`, `unknown_build_polls`, `unknown_build_tasks`,
	`fair_reader_stuck_detected`, `tasks_expired`, `sync_throttle_count`, `loaded_.*_count`, `task_queue_(started|stopped)`,
	// System workers, replication, Nexus.
	`schedule_(missed_catchup_window|buffer_overruns|rate_limited|action_success|action_errors|cancel_workflow_errors|terminate_workflow_errors)`,
	`replication_.*`, `nexus_.*`, `callback_.*`, `circuit_breaker_.*`,
	// SDK workers. The server's own worker service exports these, too.
	`temporal_(num_pollers|poller_start|worker_start|worker_task_slots_(available|used)|resource_slots_.*|sticky_cache_.*)`,
	`temporal_(long_)?request(_failure)?(_attempt)?`,
	`temporal_workflow_(completed|failed|canceled|continue_as_new)`, `temporal_workflow_task_execution_failed`,
	`temporal_workflow_task_queue_poll_(empty|succeed)`, `temporal_activity_(poll_no_task|task_received|execution_failed|task_error)`,
}

// measured are histograms and summaries that are kept with their buckets or quantiles.
var measured = []string{
	`service_latency`, `persistence_latency`, `persistence_shard_rps`, `visibility_persistence_latency`, `memory_gc_pause_ms`,
	`task_latency_queue`, `task_schedule_to_start_latency`, `task_dispatch_latency`, `poll_latency`, `workflow_task_attempt`,
	`workflow_schedule_to_close_latency`, `activity_schedule_to_close_latency`, `schedule_action_delay`,
	`temporal_workflow_task_(schedule_to_start|execution)_latency`, `temporal_activity_schedule_to_start_latency`,
	`temporal_long_request_latency`,
}

var (
	countedName  = regexp.MustCompile(`^(?:` + strings.Join(counted, "|") + `)` + units + `(?:_count)?$`)
	measuredName = regexp.MustCompile(`^(?:` + strings.Join(measured, "|") + `)` + units + `(?:_count|_bucket)?$`)
)

// units are the suffixes that naming dialects add.
const units = `(?:_total|_ratio|_bytes|_seconds|_milliseconds)*`

// keep says whether a metric belongs into a recording. Sums do not: nothing reads them.
func keep(metric string) bool {
	switch {
	case strings.HasSuffix(metric, "_sum"):
		return false
	case strings.HasSuffix(metric, "_bucket"):
		return measuredName.MatchString(metric)
	default:
		return countedName.MatchString(metric) || measuredName.MatchString(metric)
	}
}
