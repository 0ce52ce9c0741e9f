package telemetry

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// The operations of the history service that change a workflow's state.
const stateChanges = `operation=~"StartWorkflowExecution|Signal.*|Record(Workflow|Activity)TaskStarted|Respond.*|Terminate.*|RequestCancel.*"`

// The operations of the frontend that start workflows.
const starts = `operation=~"StartWorkflowExecution|SignalWithStartWorkflowExecution|ExecuteMultiOperation"`

// Operations that are unlike starts and signals: they wait for a task or for a worker by design, up to a minute, or ask
// the visibility store. The first two say nothing about the server.
const (
	noPolls   = `operation!~"Poll.*"`
	waits     = `operation=~"QueryWorkflow|UpdateWorkflowExecution|GetWorkflowExecutionHistory"`
	lists     = `operation=~"(List|Scan|Count).*Workflow.*|ListSchedules|CountSchedules|ListBatchOperations"`
	ownPace   = `operation!~"Poll.*|QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation|GetWorkflowExecutionHistory|(List|Scan|Count).*Workflow.*|ListSchedules|CountSchedules|ListBatchOperations"`
	noQueries = `operation!~"(List|Count|Scan|Get).*"`
)

// Tasks of the history queues by their category: task_type begins with it. Deletions of closed workflows are clean-up,
// which no running workflow waits for.
const (
	runningWork = `task_type!~"Visibility.*|Archival.*|Outbound.*|Replication.*|.*DeleteHistoryEvent|.*DeleteExecution"`
	noDeletions = `task_type!~".*DeleteHistoryEvent|.*DeleteExecution"`
)

var (
	succeeded  = counted(history, "workflow_success", userNamespaces)
	failed     = counted(history, "workflow_failed", userNamespaces)
	timedOut   = counted(history, "workflow_timeout", userNamespaces)
	terminated = counted(history, "workflow_terminate", userNamespaces)

	// Errors that are neither the client's nor the application's. ResourceExhausted has its cause in a metric of its own;
	// NamespaceNotFound is what clients get from a dead database, and a client's spelling from a sound one.
	frontendErrors = serverErrors(frontend)
	pacedErrors    = serverErrors(frontend, noPolls)

	// persistence_errors counts a transaction that is too large, which is one workflow's, and leaves out Cassandra's
	// time-outs.
	oversized         = counted(anyService, "persistence_error_with_type", errorsOf(false, ofApplication))
	persistenceErrors = plus(atLeastZero(minus(counted(anyService, "persistence_errors"), oversized)),
		counted(anyService, "persistence_error_with_type", errorsOf(false, ofDatabase)))

	// The ends of polls are few on a quiet cluster: two windows.
	emptyPolls = zeroWhile(matching, "poll_timeouts", rateOver(2, "poll_timeouts", userQueues, userNamespaces))
	goodPolls  = zeroWhile(matching, "poll_success", rateOver(2, "poll_success", userQueues, userNamespaces))
	emptyShare = share(emptyPolls, plus(goodPolls, emptyPolls))

	shardsAcquired = counted(history, "sharditem_created_count", history)
	shardsReleased = counted(history, "sharditem_removed_count", history)
)

// databaseFails, in errors per second, is from when on the database counts as failing for what clients get.
const databaseFails = 0.2

// serverErrors are the errors of API calls that are the server's.
func serverErrors(matchers ...string) query {
	with := func(more string) []string { return append(slices.Clone(matchers), more) }
	all := counted(frontend, "service_error_with_type", with(errorsOf(true, outcome, ofClient))...)
	ofOthers := counted(frontend, "service_errors_resource_exhausted", with(causeNotTheServer)...)
	noNamespace := counted(frontend, "service_error_with_type", with(namespaceNotFound)...)
	return plusWhile(atLeastZero(minus(all, ofOthers)), noNamespace, databaseFails, persistenceErrors)
}

const (
	noCompletion  = "no workflow ended during the window"
	noPollEnded   = "no poll ended during the window"
	noStateChange = "no request changed a workflow's state during the window"
)

var primaryAsks = []ask{
	// The histogram's values are cumulative transition counts: only the number of its observations is a rate.
	{id: health.TransitionRate, from: fromHistory, query: briefly(zeroWhile(history, "state_transition_count", observations("state_transition_count", history))), zero: zeroAtHistory},
	// The server has no metric of its own for the latency of a transition.
	{id: health.TransitionP95, from: fromHistory, query: latency(0.95, "service_latency", history, stateChanges), missing: noStateChange},
	{id: health.TransitionP99, from: fromHistory, query: latency(0.99, "service_latency", history, stateChanges), missing: noStateChange},
	{id: health.CompletionRate, from: fromHistory, query: share(succeeded, plus(succeeded, failed, timedOut, terminated)), zero: zeroAtHistory, missing: noCompletion},
	{id: health.SuccessRate, from: fromHistory, query: succeeded, zero: zeroAtHistory},
	{id: health.FailedRate, from: fromHistory, query: plus(failed, timedOut, terminated), zero: zeroAtHistory},
	// Of completed tasks only: no metric gives the age of the oldest pending one, so a full stall shows nothing here.
	{id: health.HistoryBacklogAge, from: fromHistory, query: inSeconds(0.99, "task_latency_queue", history, runningWork), missing: "no history task was completed during the window"},
	{id: health.HistoryTaskRate, from: fromHistory, query: briefly(counted(history, "task_requests", history)), zero: zeroAtHistory},
	{id: health.ShardChurn, from: fromHistory, query: plus(shardsAcquired, shardsReleased), zero: zeroAtHistory},
	{id: health.FrontendErrors, from: fromFrontend, query: frontendErrors, zero: zeroAtFrontend},
	{id: health.FrontendP95, from: fromFrontend, query: latency(0.95, "service_latency", frontend, ownPace)},
	{id: health.FrontendP99, from: fromFrontend, query: latency(0.99, "service_latency", frontend, ownPace)},
	{id: health.WorkflowBacklogAge, from: fromMatching, query: oldestTask(workflowTasks)},
	{id: health.ActivityBacklogAge, from: fromMatching, query: oldestTask(activityTasks)},
	{id: health.PollSuccess, from: fromMatching, query: complement(emptyShare), zero: zeroAtMatching, missing: noPollEnded},
	{id: health.PollTimeouts, from: fromMatching, query: emptyShare, zero: zeroAtMatching, missing: noPollEnded},
	{id: health.LongPollLatency, from: fromMatching, query: milliseconds(0.95, "poll_latency", userNamespaces, userQueues), missing: noPollEnded},
	{id: health.PersistenceP95, from: fromServer, query: ofFew(0.95, "persistence_latency", anyService)},
	{id: health.PersistenceP99, from: fromServer, query: ofFew(0.99, "persistence_latency", anyService)},
	{id: health.PersistenceErrors, from: fromServer, query: persistenceErrors, zero: zeroAtServer},
	dsql(health.PersistenceRetries, dsqlRate("dsql_tx_retry")),
}
