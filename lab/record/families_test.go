package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARecordingKeepsWhatIsReadInEveryDialect(t *testing.T) {
	for _, metric := range []string{
		"pending_polls", "service_requests_total", "service_latency_bucket", "service_latency_milliseconds_bucket",
		"persistence_shard_rps_ratio_bucket", "state_transition_count_count", "state_transition_count_ratio_count",
		"memory_gc_pause_ms_milliseconds_bucket", "approximate_backlog_age_seconds", "shardinfo_immediate_queue_lag_count",
		"temporal_num_pollers", "temporal_request_failure_attempt_total", "temporal_resource_slots_cpu_usage",
		"temporal_workflow_task_schedule_to_start_latency_seconds_bucket", "temporal_activity_schedule_to_start_latency",
	} {
		require.True(t, keep(metric), metric)
	}
	for _, metric := range []string{
		"pri_pending_polls", "service_latency_sum", "state_transition_count_bucket", "shardinfo_immediate_queue_lag_bucket",
		"temporal_request_latency_seconds_bucket", "go_goroutines",
	} {
		require.False(t, keep(metric), metric)
	}
}
