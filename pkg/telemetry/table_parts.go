package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Failures of workflow tasks that are no trouble: the workflow got an event meanwhile, or was reset or closed by hand.
const realFailures = `failure!~"UnhandledCommand|ResetStickyTaskQueue|ResetWorkflow|ForceCloseCommand|FailoverCloseCommand|UnhandledUpdate"`

var (
	visibilityErrors = counted(anyService, "visibility_persistence_errors", anyService)

	// Both count the same failures: the history service those that it took, the frontend those that workers reported.
	workflowTaskFailures = atLeast(
		counted(frontend, "service_requests", frontend, userNamespaces, `operation="RespondWorkflowTaskFailed"`),
		counted(history, "failed_workflow_tasks", history, userNamespaces, realFailures))
	workflowTasksDone = counted(frontend, "service_requests", frontend, userNamespaces, `operation="RespondWorkflowTaskCompleted"`)

	activityFailures = atLeast(
		counted(frontend, "service_requests", frontend, userNamespaces, `operation=~"RespondActivityTaskFailed.*"`),
		counted(history, "activity_task_fail", history, userNamespaces))
	activityAnswers = counted(frontend, "service_requests", frontend, userNamespaces, `operation=~"RespondActivityTask(Completed|Failed).*"`)

	activityTimeouts = ladder(
		witness{name: "activity_task_timeout", needs: []string{"activity_task_timeout"}, query: counted(history, "activity_task_timeout", history, userNamespaces)},
		witness{name: "time-outs of timer tasks", needs: []string{"start_to_close_timeout", "heartbeat_timeout"}, query: plus(
			counted(history, "start_to_close_timeout", history, userNamespaces, `operation=~".*Activity.*"`),
			counted(history, "heartbeat_timeout", history, userNamespaces, `operation=~".*Activity.*"`))})

	replicationApplied = counted(history, "replication_tasks_applied", history)
)

// partsAsks read the parts of a cluster that its progress does not show.
var partsAsks = []ask{
	{id: health.ClosedRate, from: fromHistory, zero: zeroAtHistory, query: plus(
		closed("workflow_success"), closed("workflow_failed"), closed("workflow_timeout"), closed("workflow_terminate"), closed("workflow_cancel"))},

	{id: health.TimerBacklogAge, from: fromHistory, missing: noHistoryTask, query: lateness(`task_type=~"Timer.*"`, noDeletions)},
	{id: health.TransferBacklogAge, from: fromHistory, missing: noHistoryTask, query: lateness(`task_type=~"Transfer.*"`, noDeletions)},
	{id: health.OutboundBacklogAge, from: fromHistory, missing: noHistoryTask, query: lateness(`task_type=~"Outbound.*"`)},
	{id: health.ArchivalBacklogAge, from: fromHistory, missing: noHistoryTask, query: lateness(`task_type=~"Archival.*"`)},
	{id: health.VisibilityBacklogAge, from: fromHistory, missing: noHistoryTask, query: lateness(`task_type=~"Visibility.*"`)},
	{id: health.PendingHistoryTasks, from: fromHistory, missing: "no queue reported its pending tasks during the window", query: ladder(
		witness{name: "pending_tasks", query: quantile(0.99, "pending_tasks", history, `operation!~"Visibility.*"`, `task_category!="visibility"`)},
		witness{name: "pending_tasks as a gauge", query: gauge("max", "pending_tasks", history, `task_category!="visibility"`)})},
	{id: health.DeadLetters, from: fromHistory, zero: zeroAtHistory, query: rarely(history, "dlq_writes", history)},
	{id: health.TerminalFailures, from: fromHistory, zero: zeroAtHistory, query: rarely(history, "task_terminal_failures", history)},
	{id: health.Corruptions, from: fromHistory, zero: zeroAtHistory, query: ladder(
		witness{name: "task_errors_corruption, mutable_state_checksum_mismatch, data_loss_errors", needs: []string{"data_loss_errors"}, query: plus(
			rarely(history, "task_errors_corruption", history), rarely(history, "mutable_state_checksum_mismatch", history), rarely(history, "data_loss_errors"))},
		witness{name: "task_errors_corruption, mutable_state_checksum_mismatch", query: plus(
			rarely(history, "task_errors_corruption", history), rarely(history, "mutable_state_checksum_mismatch", history))})},

	{id: health.VisibilityErrors, from: fromHistory, zero: zeroAtHistory, query: visibilityErrors},
	{id: health.VisibilityErrRatio, from: fromHistory, zero: zeroAtHistory, query: failureShare(visibilityErrors, rate("visibility_persistence_requests", anyService))},
	{id: health.VisibilityP99, from: fromHistory, missing: "nothing was written to the visibility store during the window",
		query: latency(0.99, "visibility_persistence_latency", anyService, noQueries)},
	{id: health.VisibilityQueryP99, from: fromFrontend, missing: "no list or count call was made during the window", query: latency(0.99, "service_latency", frontend, lists)},

	{id: health.SystemWorkerUp, from: fromServer, query: leaf(systemWorkerUp), missing: "no process of the internal worker service exported metrics within the last hour"},
	{id: health.SystemQueueAge, from: fromMatching, missing: "no backlog of the server's own task queues is exported", query: ladder(
		witness{name: "approximate_backlog_age_seconds", needs: []string{"approximate_backlog_age_seconds"}, perQueue: true, query: gauge("max", "approximate_backlog_age_seconds", systemQueues)})},
	{id: health.SchedulesMissed, from: fromServer, zero: zeroAtServer, query: rarely(anyService, "schedule_missed_catchup_window")},
	{id: health.SchedulesOverrun, from: fromServer, zero: zeroAtServer, query: rarely(anyService, "schedule_buffer_overruns")},
	{id: health.SchedulesRateLimits, from: fromServer, zero: zeroAtServer, query: rarely(anyService, "schedule_rate_limited")},

	{id: health.WorkflowTaskFailures, from: fromHistory, zero: zeroAtHistory, query: workflowTaskFailures},
	{id: health.WorkflowTaskFailureRatio, from: fromHistory, zero: zeroAtHistory, query: failureShare(workflowTaskFailures, plus(workflowTaskFailures, workflowTasksDone))},
	{id: health.NonDeterminism, from: fromHistory, zero: zeroAtHistory, query: failuresNamed(`failure=~"NonDeterminis.*"`, `failure_reason=~"NonDeterminis.*"`)},
	{id: health.OversizedMessages, from: fromHistory, zero: zeroAtHistory, query: failuresNamed(`failure=~".*TooLarge.*"`, `failure_reason=~".*TooLarge.*"`)},
	{id: health.WorkflowTaskAttempts, from: fromHistory, missing: "no workflow task was completed during the window", query: quantile(0.99, "workflow_task_attempt", history, userNamespaces)},
	{id: health.ActivityFailures, from: fromHistory, zero: zeroAtHistory, query: activityFailures},
	{id: health.ActivityFailureRatio, from: fromFrontend, zero: zeroAtFrontend, query: failureShare(activityFailures, larger(activityAnswers, activityFailures))},
	{id: health.ActivityTimeouts, from: fromHistory, zero: zeroAtHistory, query: activityTimeouts},
	{id: health.ActivityTimeoutRatio, from: fromHistory, zero: zeroAtHistory, query: failureShare(activityTimeouts, plus(activityTimeouts, activityAnswers))},

	{id: health.ReplicationApplied, from: fromHistory, zero: zeroAtHistory, query: replicationApplied},
	{id: health.ReplicationLag, from: fromHistory, missing: "no replication task was applied during the window", query: inSeconds(0.99, "replication_latency", history)},
	{id: health.ReplicationFailures, from: fromHistory, zero: zeroAtHistory, query: counted(history, "replication_tasks_failed", history)},
	{id: health.ReplicationStuck, from: fromHistory, zero: zeroAtHistory, query: rarely(history, "replication_stream_stuck", history)},
	{id: health.NexusLatency, from: fromServer, missing: "no Nexus request was made during the window", query: latency(0.99, "nexus_latency", anyService)},
	{id: health.CallbacksBlocked, from: fromHistory, zero: zeroAtHistory, query: rarely(history, "circuit_breaker_executable_blocked", history)},
	{id: health.CertsExpiring, from: fromServer, missing: noCertificates, query: gauge("sum", "certificates_expiring", anyService)},
	{id: health.CertsExpired, from: fromServer, missing: noCertificates, query: gauge("sum", "certificates_expired", anyService)},
	{id: health.Deadlocks, from: fromServer, missing: "the server exports no suspected deadlocks (dd_current_suspected_deadlocks exists since 1.28)", query: gauge("sum", "dd_current_suspected_deadlocks", anyService)},
}

const (
	noHistoryTask  = "no such history task was completed during the window"
	noCertificates = "the server exports nothing about certificates: it does so with TLS and an expiration check configured"

	// systemQueues are the server's own task queues, which schedules, batches and deletions wait in.
	systemQueues = `taskqueue=~"temporal.sys.*|default.worker.tq"`
)

// closed is how many workflows closed in one way, over the stretch that Temporal advises for completions.
func closed(metric string) query {
	return zeroWhile(history, metric, rateOf(rareStretch, metric, userNamespaces))
}

// lateness is how late history tasks are when they are processed, of completed ones only: the server's gauges of
// pending ones (shardinfo_*_lag) are sampled every five minutes and read 49 s on an idle cluster.
func lateness(matchers ...string) query {
	return inSeconds(0.99, "task_latency_queue", append([]string{history}, matchers...)...)
}

// failuresNamed counts workflow tasks that failed for a reason, by what the server and the workers say of it, per minute.
func failuresNamed(ofServer, ofWorkers string) query {
	return larger(rarely(history, "failed_workflow_tasks", history, userNamespaces, ofServer),
		times(60, workerRateOf(rareStretch, "temporal_workflow_task_execution_failed", ofWorkers)))
}

// systemWorkerUp is 1 while a process runs the internal worker service, and 0 when one did within the last hour.
func systemWorkerUp(a *asking) string {
	running := a.series("num_goroutines", systemWorker)
	// Where no process of the server is scraped any more, this one is not gone but unknown.
	return fmt.Sprintf("(clamp_max(count(%s), 1) or 0 * count(max_over_time(%s[1h])) * count(%s))", running, running, a.series("num_goroutines", anyService))
}
