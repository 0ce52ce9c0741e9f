package telemetry

import (
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// startedRecently is how long the readings of a process that has just started are wild: measured, 60 to 90 seconds.
const startedRecently = "90s"

var (
	// Starts that the client got wrong demand nothing of the server; nor does a namespace that does not exist, unless the
	// database fails, which clients see in the same error.
	requestedStarts = atLeastZero(minus(
		plusWhile(
			minus(counted(frontend, "service_requests", frontend, starts, userNamespaces),
				counted(frontend, "service_error_with_type", frontend, starts, userNamespaces, namespaceNotFound)),
			counted(frontend, "service_error_with_type", frontend, starts, userNamespaces, namespaceNotFound),
			databaseFails, persistenceErrors),
		counted(frontend, "service_error_with_type", frontend, starts, userNamespaces, refusedStarts)))

	// A start writes a workflow execution, and a failed one tries to.
	createdWorkflows = ladder(witness{name: "persistence_requests", needs: []string{"persistence_requests"},
		query: rate("persistence_requests", history, userNamespaces, `operation="CreateWorkflowExecution"`)})

	pendingWorkflowPolls = pollers(workflowTasks, workflowPollers)
	pendingActivityPolls = pollers(activityTasks, activityPollers)
)

// refusedStarts are the starts that the client got wrong, or that found the workflow running. A namespace that does not
// exist is counted apart.
const refusedStarts = `error_type=~".*(AlreadyStarted|AlreadyExists|InvalidArgument|FailedPrecondition|PermissionDenied|Unauthenticated|[._]NotFound)"`

var supportAsks = []ask{
	{id: health.WorkflowStarts, from: fromFrontend, zero: zeroAtFrontend, query: briefly(requestedStarts)},
	{id: health.WorkflowsCreated, from: fromHistory, query: briefly(createdWorkflows), missing: "no workflow was created since the history service started"},
	{id: health.BacklogInflow, from: fromMatching, zero: zeroAtMatching, query: briefly(ladder(
		witness{name: "tasks_added", needs: []string{"tasks_added"}, query: counted(matching, "tasks_added", userNamespaces, userQueues, `task_add_result="backlog"`, `forwarded="false"`)},
		// Before 1.32: tasks are written to the database when no poller takes them, several in one request under load.
		witness{name: "persistence_requests of CreateTasks", needs: []string{"persistence_requests"},
			query: counted(matching, "persistence_requests", userNamespaces, `operation="CreateTasks"`)}))},
	{id: health.TasksAdded, from: fromMatching, zero: zeroAtMatching, query: ladder(
		witness{name: "tasks_added", needs: []string{"tasks_added"}, query: zeroWhile(matching, "tasks_added", tasksAdded)})},
	{id: health.BacklogGrowth, from: fromMatching, zero: zeroAtMatching, query: ladder(
		witness{name: "tasks_added less poll_success", needs: []string{"tasks_added", "poll_success"},
			query: atLeastZero(minus(zeroWhile(matching, "tasks_added", tasksAdded), zeroWhile(matching, "poll_success", tasksDispatched)))})},
	// One such timer task deletes one closed workflow whose retention has passed.
	{id: health.CleanupRate, from: fromHistory, zero: zeroAtHistory, query: counted(history, "task_requests", history, `task_type=~"Timer.*DeleteHistoryEvent"`)},
	{id: health.MatchingWorkflowPoll, from: fromMatching, query: pendingWorkflowPolls},
	{id: health.MatchingActivityPoll, from: fromMatching, query: pendingActivityPolls},
	{id: health.StarvedQueues, from: fromMatching},
	{id: health.StarvedOldestAge, from: fromMatching},
	{id: health.SlotlessQueues, from: fromMatching},
	{id: health.UnservedVersions, from: fromMatching},
	{id: health.SyncMatch, from: fromMatching, missing: "no task was dispatched during the window", query: share(
		rateOf(rareStretch, "poll_success_sync", matching, userNamespaces, userQueues), rateOf(rareStretch, "poll_success", matching, userNamespaces, userQueues))},
	{id: health.PersistenceErrRatio, from: fromServer, zero: zeroAtServer, query: failureShare(
		persistenceErrors, rate("persistence_requests", anyService))},
	{id: health.OversizedTransactions, from: fromServer, zero: zeroAtServer, query: oversized},
	{id: health.FrontendErrRatio, from: fromFrontend, zero: zeroAtFrontend, query: failureShare(pacedErrors, rate("service_requests", frontend, noPolls))},
	{id: health.FrontendLimited, from: fromFrontend, zero: zeroAtFrontend, query: counted(frontend, "service_errors_resource_exhausted", frontend, causeServerLimit)},
	{id: health.BusyWorkflow, from: fromFrontend, zero: zeroAtFrontend, query: counted(frontend, "service_errors_resource_exhausted", frontend, causeBusyWorkflow)},
	{id: health.ClientErrors, from: fromFrontend, zero: zeroAtFrontend, query: counted(frontend, "service_error_with_type", frontend, errorsOf(false, ofClient))},
	{id: health.WaitingCallsP99, from: fromFrontend, missing: "no query or update was made during the window", query: milliseconds(0.99, "service_latency", frontend, waits)},
	{id: health.ShardsMoved, from: fromHistory, query: shardsMoved, zero: zeroAtHistory},
	{id: health.TargetsUp, from: fromScraping, query: leaf(targetsUp),
		missing: "Prometheus has no up series with the selector's labels for a target that exported server metrics during the last hour"},
	{id: health.WarmingUp, from: fromServer, query: leaf(warmingUp)},
}

// pollers is the number of polls that wait for tasks of a type, in all task queues of users.
func pollers(taskType, pollerType string) query {
	return ladder(
		// Without the breakdown the queues overwrite each other's gauge.
		witness{name: "pending_polls", needs: []string{"pending_polls"}, perQueue: true, query: zeroBesideOthers("pending_polls", gauge("sum", "pending_polls", userNamespaces, userQueues, taskType))},
		// Before 1.32: a poll lasts a minute at most, so every poller ends one within two.
		witness{name: "polls that ended within two minutes", needs: []string{"poll_success", "poll_timeouts"},
			query: plus(endedPolls("poll_success", taskType), endedPolls("poll_timeouts", taskType))},
		witness{name: "the workers' temporal_num_pollers", query: workerGauge("sum", "temporal_num_pollers", pollerType)},
		noQueueLoaded,
	)
}

// pollsEndWithin is how long it takes at most until every poller has ended a poll, and a scrape has seen it.
const pollsEndWithin = 2 * time.Minute

func endedPolls(metric, taskType string) query {
	return zeroWhile(matching, metric, leaf(func(a *asking) string {
		return fmt.Sprintf("sum(increase(%s[%s]))", a.series(a.names.server.counter(metric), matching, userNamespaces, userQueues, taskType), seconds(max(pollsEndWithin, a.cluster.window())))
	}))
}

var (
	tasksAdded      = rateOf(rareStretch, "tasks_added", userNamespaces, userQueues, `task_add_result=~"backlog|sync_match"`, `forwarded="false"`)
	tasksDispatched = rateOf(rareStretch, "poll_success", matching, userNamespaces, userQueues)
)

// shardsMoved is the share of all shards that changed owner in the window. A move is an acquisition at the
// new owner and, if the old owner lives, a release there: the larger of the two counts it once, and still
// sees it when one side's counter was born too late to show an increase.
func shardsMoved(a *asking) compiled {
	total := above(0, gauge("sum", "numshards_gauge", history))
	if a.cluster.Shards > 0 {
		total = constant(float64(a.cluster.Shards))
	}
	moved := times(a.cluster.window().Seconds(), larger(shardsAcquired, shardsReleased))
	return atMost(1, share(moved, total))(a)
}

// targetsUp judges the targets that exported server metrics within the last hour: a process that died
// has no series of its own any more, and workers may be scraped under the same selector.
func targetsUp(a *asking) string {
	up := "up" + braces(a.cluster.Selector, nil, a.label)
	return fmt.Sprintf("avg(%s and on (job, instance) max_over_time(%s[1h]))", up, a.series("num_goroutines", anyService))
}

// warmingUp is the share of server processes that started a short time ago: an hour of history does not
// know them, or their count of allocations, which only grows while a process lives, is below what it was. A
// pause in scraping makes no process young.
func warmingUp(a *asking) string {
	running, allocations := a.series("num_goroutines", anyService), a.series("memory_mallocs", anyService)
	young := fmt.Sprintf("%s unless last_over_time(%s[1h] offset %s) or %s < last_over_time(%s[1h] offset %s) or resets(%s[%s]) > 0",
		running, running, startedRecently, allocations, allocations, startedRecently, allocations, startedRecently)
	processes := fmt.Sprintf("count(group by (job, instance) (%s))", running)
	return fmt.Sprintf("(count(group by (job, instance) (%s)) or 0 * %s) / %s", young, processes, processes)
}
