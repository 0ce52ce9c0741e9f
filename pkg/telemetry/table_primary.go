package telemetry

import "github.com/temporal-sre/copilot/pkg/health"

// The operations of the history service that change a workflow's state.
const stateChanges = `operation=~"StartWorkflowExecution|Signal.*|Record(Workflow|Activity)TaskStarted|Respond.*|Terminate.*|RequestCancel.*"`

// The operations of the frontend that start workflows.
const starts = `operation=~"StartWorkflowExecution|SignalWithStartWorkflowExecution|ExecuteMultiOperation"`

// Operations that wait for a task or for a worker by design, up to a minute: they say nothing about the server.
const (
	noPolls = `operation!~"Poll.*"`
	noWaits = `operation!~"Poll.*|QueryWorkflow|UpdateWorkflowExecution|ExecuteMultiOperation"`
)

// Errors that are the client's or the application's own doing, as the server's error handler sees it too
// (common/rpc/interceptor/request_error_handler.go of v1.32.1). Two that it leaves out are counted:
// NamespaceNotFound, which is what clients get from a dead database (the plain NotFound has a separator
// before it), and ResourceExhausted of a namespace.
const (
	notTheClients = `error_type!~".*(Canceled|[._]NotFound|AlreadyStarted|AlreadyExists|AlreadyRequested|InvalidArgument|FailedPrecondition|` +
		`PermissionDenied|QueryFailed|NotReady|NotActive|InvalidState|NotSupported|NewerBuildExists)"`
	refusedStarts = `error_type=~".*(AlreadyStarted|AlreadyExists|InvalidArgument|FailedPrecondition|PermissionDenied)"`
)

var (
	succeeded  = zeroWhile(history, rate("workflow_success", userNamespaces))
	failed     = zeroWhile(history, rate("workflow_failed", userNamespaces))
	timedOut   = zeroWhile(history, rate("workflow_timeout", userNamespaces))
	terminated = zeroWhile(history, rate("workflow_terminate", userNamespaces))

	frontendErrors    = zeroWhile(frontend, rate("service_error_with_type", frontend, notTheClients))
	persistenceErrors = zeroWhile(anyService, rate("persistence_errors", anyService))

	// The ends of polls are few on a quiet cluster: two windows.
	emptyPolls = zeroWhile(matching, rateOver(2, "poll_timeouts", userQueues, userNamespaces))
	goodPolls  = zeroWhile(matching, rateOver(2, "poll_success", userQueues, userNamespaces))
	emptyShare = share(emptyPolls, plus(goodPolls, emptyPolls))

	shardsAcquired = zeroWhile(history, rate("sharditem_created_count", history))
	shardsReleased = zeroWhile(history, rate("sharditem_removed_count", history))
)

const (
	noCompletion  = "no workflow ended during the window"
	noPollEnded   = "no poll ended during the window"
	noStateChange = "no request changed a workflow's state during the window"
)

var primaryAsks = []ask{
	// The histogram's values are cumulative transition counts: only the number of its observations is a rate.
	{id: health.TransitionRate, from: fromHistory, query: zeroWhile(history, observations("state_transition_count", history)), zero: zeroAtHistory},
	// The server has no metric of its own for the latency of a transition.
	{id: health.TransitionP95, from: fromHistory, query: milliseconds(0.95, "service_latency", history, stateChanges), missing: noStateChange},
	{id: health.TransitionP99, from: fromHistory, query: milliseconds(0.99, "service_latency", history, stateChanges), missing: noStateChange},
	{id: health.CompletionRate, from: fromHistory, query: share(succeeded, plus(succeeded, failed, timedOut, terminated)), zero: zeroAtHistory, missing: noCompletion},
	{id: health.SuccessRate, from: fromHistory, query: succeeded, zero: zeroAtHistory},
	{id: health.FailedRate, from: fromHistory, query: plus(failed, timedOut, terminated), zero: zeroAtHistory},
	// Of completed tasks only: no metric gives the age of the oldest pending one, so a full stall shows nothing here.
	{id: health.HistoryBacklogAge, from: fromHistory, query: inSeconds(0.99, "task_latency_queue", history), missing: "no history task was completed during the window"},
	{id: health.HistoryTaskRate, from: fromHistory, query: zeroWhile(history, rate("task_requests", history)), zero: zeroAtHistory},
	{id: health.ShardChurn, from: fromHistory, query: plus(shardsAcquired, shardsReleased), zero: zeroAtHistory},
	{id: health.FrontendErrors, from: fromFrontend, query: frontendErrors, zero: zeroAtFrontend},
	{id: health.FrontendP95, from: fromFrontend, query: milliseconds(0.95, "service_latency", frontend, noWaits)},
	{id: health.FrontendP99, from: fromFrontend, query: milliseconds(0.99, "service_latency", frontend, noWaits)},
	// Gauges of a task queue exist while matching has it loaded, which a waiting task or a poll does. They
	// are per partition: ages have a maximum, counts a sum.
	{id: health.WorkflowBacklogAge, from: fromMatching, query: zeroWhile(matching, oldestTask(workflowTasks)), zero: zeroAtMatching},
	{id: health.ActivityBacklogAge, from: fromMatching, query: zeroWhile(matching, oldestTask(activityTasks)), zero: zeroAtMatching},
	{id: health.PollSuccess, from: fromMatching, query: complement(emptyShare), zero: zeroAtMatching, missing: noPollEnded},
	{id: health.PollTimeouts, from: fromMatching, query: emptyShare, zero: zeroAtMatching, missing: noPollEnded},
	{id: health.LongPollLatency, from: fromMatching, query: milliseconds(0.95, "poll_latency", userNamespaces, userQueues), missing: noPollEnded},
	{id: health.PersistenceP95, from: fromServer, query: milliseconds(0.95, "persistence_latency", anyService)},
	{id: health.PersistenceP99, from: fromServer, query: milliseconds(0.99, "persistence_latency", anyService)},
	{id: health.PersistenceErrors, from: fromServer, query: persistenceErrors, zero: zeroAtServer},
	dsql(health.PersistenceRetries, "sum(rate(dsql_tx_retry_total%s%s))"),
}
