package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

// startedRecently is how long the readings of a process that has just started are wild: measured, 60 to 90 seconds.
const startedRecently = "90s"

var supportAsks = []ask{
	// A start that the client got wrong demands nothing of the server.
	{id: health.WorkflowStarts, from: fromFrontend, zero: zeroAtFrontend, query: atLeastZero(minus(
		zeroWhile(frontend, rate("service_requests", frontend, starts, userNamespaces)),
		zeroWhile(frontend, rate("service_error_with_type", frontend, starts, userNamespaces, refusedStarts))))},
	{id: health.BacklogInflow, from: fromMatching, zero: zeroAtMatching, query: zeroWhile(matching,
		rate("tasks_added", userNamespaces, userQueues, `task_add_result="backlog"`, `forwarded="false"`))},
	// One such timer task deletes one closed workflow whose retention has passed.
	{id: health.CleanupRate, from: fromHistory, zero: zeroAtHistory, query: zeroWhile(history,
		rate("task_requests", history, `task_type=~"Timer.*DeleteHistoryEvent"`))},
	{id: health.MatchingWorkflowPoll, from: fromMatching, zero: zeroAtMatching, query: zeroWhile(matching,
		gauge("sum", "pending_polls", userNamespaces, userQueues, workflowTasks))},
	{id: health.MatchingActivityPoll, from: fromMatching, zero: zeroAtMatching, query: zeroWhile(matching,
		gauge("sum", "pending_polls", userNamespaces, userQueues, activityTasks))},
	{id: health.StarvedQueues, from: fromMatching},
	{id: health.StarvedOldestAge, from: fromMatching},
	{id: health.PersistenceErrRatio, from: fromServer, zero: zeroAtServer, query: failureShare(
		persistenceErrors, rate("persistence_requests", anyService))},
	{id: health.FrontendErrRatio, from: fromFrontend, zero: zeroAtFrontend, query: failureShare(
		zeroWhile(frontend, rate("service_error_with_type", frontend, noPolls, notTheClients)),
		rate("service_requests", frontend, noPolls))},
	{id: health.ShardsMoved, from: fromHistory, query: shardsMoved, zero: zeroAtHistory},
	{id: health.TargetsUp, from: fromScraping, query: leaf(targetsUp),
		missing: "Prometheus has no up series with the selector's labels for a target that exported server metrics during the last hour"},
	{id: health.WarmingUp, from: fromServer, query: leaf(warmingUp)},
}

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
	return fmt.Sprintf("avg(%s and on (job, instance) max_over_time(%s[1h]))", a.series("up"), a.series("num_goroutines", anyService))
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
