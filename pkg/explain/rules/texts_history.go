package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The history service moves workflows; its failure reaches everything but the database.
var historyTexts = []text{
	{
		gate:  "shards_moving",
		what:  "[[value]] of the shards changed their owner",
		why:   "A history host joined, left or restarted, and workflows on a shard wait while it moves. That is normal for a minute after a deploy and a fault when it continues.",
		first: "Check whether a deploy or a scaling of the history service is under way; if not, find the host that left.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts, health.CASFailures},
		actions: []advice{
			{explain.Investigate, health.History, "Compare the time of the move with deploys and with restarts of history hosts.", "A planned move ends by itself.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ShardsMoved, health.ShardChurn, health.HistoryBacklogAge},
	},
	{
		gate:  "shard_churn",
		what:  "shards change owners continuously, [[value]]",
		why:   "Every move stops a shard's work for a moment. Membership is unstable: hosts that restart in a loop, are too slow to be seen as alive, or can't reach each other.",
		first: "Find the history host that keeps leaving: restarts, memory, CPU, network.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts, health.CPUThrottle, health.GCPause},
		actions: []advice{
			{explain.Investigate, health.History, "Look for a history host that restarts in a loop or is short of CPU or memory.", "One unstable host moves the shards of all.", 0.7, explain.RiskLow, nil},
			{explain.Scale, health.History, "Stop scaling the history service up and down while this lasts.", "Every change of size moves shards again.", 0.4, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ShardChurn, health.MembershipChanges},
	},
	{
		gate:  "history_stalled",
		what:  "the history service has all but stopped processing tasks ([[value]]) although work is requested",
		why:   "Timers, workflow tasks and transfers all go through these queues. When the database is sound, the reason is in the history hosts themselves: shards without an owner, a deadlock, or no CPU.",
		first: "Look at the history hosts' logs and shard ownership.",
		hints: []health.SignalID{health.CPUThrottle, health.CASFailures},
		actions: []advice{
			{explain.Investigate, health.History, "Check that every shard has an owner and read the history hosts' logs.", "A shard without an owner processes nothing.", 0.6, explain.RiskLow, nil},
			{explain.Restart, health.History, "Restart the history hosts one after the other if they show no error and make no progress.", "Their shards are acquired afresh.", 0.4, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.HistoryTaskRate, health.TransitionRate},
	},
	{
		gate:    "history_backlog_critical",
		what:    "history tasks are [[value]] late",
		why:     "Timers fire late and workflow tasks are scheduled late: the queues grow faster than they are processed. With a sound database that is load on a few shards, too little CPU, or a burst of retries or deletions.",
		first:   "Find out what fills the history queues: a burst of starts, a burst of timers, deletions, or a hot shard.",
		hints:   []health.SignalID{health.HotShardRatio, health.CPUThrottle, health.RetryTime},
		actions: historyBacklogAdvice,
		watch:   []health.SignalID{health.HistoryBacklogAge, health.HistoryTaskRate},
	},
	{
		gate:    "history_backlog",
		what:    "history tasks are late, [[value]]",
		why:     "The history service does not keep up with its own queues at the moment. Timers and new workflow tasks are the first to be late.",
		first:   "See whether it falls by itself; if it rises, find out what fills the history queues.",
		hints:   []health.SignalID{health.HotShardRatio, health.CPUThrottle, health.RetryTime},
		actions: historyBacklogAdvice,
		watch:   []health.SignalID{health.HistoryBacklogAge, health.HistoryTaskRate},
	},
	{
		gate:  "history_queue_full",
		what:  "a history queue holds [[value]] pending tasks",
		why:   "A queue stops loading tasks when too many are pending, so everything behind them waits. The pending tasks are retried without success: a destination that does not answer, a namespace over its limit, or a bug that fails the same tasks again and again.",
		first: "Find the queue by its task category and the error that its tasks fail with.",
		hints: []health.SignalID{health.RetryTime, health.RateLimitEvents, health.HotShardRatio},
		actions: []advice{
			{explain.Investigate, health.History, "Read the errors of failing tasks in the history log, by category, namespace and task type.", "The pending tasks usually share one error and one namespace.", 0.75, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Look at the workflows behind them: a workflow or a destination that refuses every attempt keeps its tasks pending.", "Ending the cause empties the queue; more history hosts do not.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PendingHistoryTasks, health.HistoryBacklogAge},
	},
	{
		gate:  "state_transitions_slow",
		what:  "state transitions are slow, [[value]] for the slowest",
		why:   "Requests that change a workflow wait for its shard or for the database. With a fast database it is contention: many changes to few workflows.",
		first: "Look for a workflow or a shard that gets far more than its share.",
		hints: []health.SignalID{health.HotShardRatio, health.CacheHitRate, health.CPUThrottle},
		actions: []advice{
			{explain.Investigate, health.History, "Look for workflows that are signalled or updated very often.", "Changes to a workflow are made one after the other.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionP99, health.PersistenceP99},
	},
	{
		gate:  "workflow_data_corrupted",
		own:   true,
		what:  "the server finds lost or corrupted workflow data, [[value]]",
		why:   "Stored state does not match its history or its checksum, and the workflows concerned can't continue. Usual reasons are a database that was restored or failed over with loss, writes from outside of Temporal, and a bug of the server version.",
		first: "Stop whatever changes the database besides Temporal, and list the workflows that the log names.",
		actions: []advice{
			{explain.Investigate, health.Persistence, "Compare the time of the first finding with restores, failovers and manual changes of the database.", "Temporal writes state and history in one transaction; a mismatch comes from outside of it.", 0.7, explain.RiskLow, nil},
			{explain.Investigate, health.History, "List the workflows in the log, and inspect their mutable state with tdbg before changing anything.", "The state can be rebuilt from an intact history; a lost history can't.", 0.65, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Reset the workflows concerned to the last good event, or terminate and start them again.", "They do not recover by themselves.", 0.45, explain.RiskHigh, nil},
		},
		watch: []health.SignalID{health.Corruptions, health.TerminalFailures},
	},
	{
		gate:    "history_tasks_failed_for_good",
		what:    "history tasks fail for good, [[value]]",
		why:     "The server met an error that no retry can fix, so the task is not executed: a timer, a workflow task or a child start that does not happen. Usual reasons are data that can't be read after a downgrade, corruption, and a bug of the server version.",
		first:   "Read the error and the workflows in the history log; they tell a version problem from corrupted data.",
		actions: givenUpAdvice,
		watch:   []health.SignalID{health.TerminalFailures, health.DeadLetters},
	},
	{
		gate:    "history_tasks_given_up",
		what:    "history tasks move to the dead-letter queue, [[value]]",
		why:     "Tasks that failed for good are put aside. Their workflows wait for a timer, a workflow task or a child that does not come until the dead-letter queue is merged.",
		first:   "Read the dead-letter queue with tdbg dlq, and fix what its tasks failed with before merging them.",
		actions: givenUpAdvice,
		watch:   []health.SignalID{health.DeadLetters, health.TerminalFailures},
	},
	{
		gate:  "callbacks_blocked",
		own:   true,
		what:  "calls to Nexus endpoints or callback addresses are held back, [[value]]",
		why:   "A circuit breaker is open because the destination failed again and again. The callers wait, and the server itself is sound.",
		first: "Find the destination in the history log and check whether its service and its workers answer.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Check the handler's namespace, task queue and workers, or the address of the callback.", "The breaker closes by itself as soon as calls succeed.", 0.75, explain.RiskLow, nil},
			{explain.Alert, health.Workers, "Inform the team that owns the destination.", "The destination fails, not the cluster.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CallbacksBlocked, health.OutboundBacklogAge, health.NexusLatency},
	},
	{
		gate:  "outbound_late",
		what:  "Nexus calls and callbacks leave late, [[value]]",
		why:   "Calls to another namespace or service wait, usually because the destination is slow or does not answer.",
		first: "Check the destination of the calls before the history service.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Check the handler's workers, or the address of the callback.", "Outbound calls are retried until the destination answers.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.OutboundBacklogAge, health.CallbacksBlocked},
	},
	{
		gate:  "nexus_slow",
		what:  "Nexus requests are slow, [[value]] for the slowest",
		why:   "A Nexus request waits for a worker of the handler's namespace to take and answer it.",
		first: "Look at the workers and the task queue of the Nexus endpoint's target.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Check the pollers and slots of the task queue that the endpoint targets.", "Nexus tasks wait for workers as other tasks do.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.NexusLatency},
	},
	{
		gate:  "timers_late",
		what:  "timers fire late, [[value]]",
		why:   "Workflows that sleep, retry or time out continue later than they asked for. Usual reasons are many timers that fall due at the same moment, a hot shard, or history hosts short of CPU.",
		first: "See whether many timers share one due time, such as a full hour.",
		hints: []health.SignalID{health.HotShardRatio, health.CPUThrottle},
		actions: []advice{
			{explain.Investigate, health.History, "Look for a burst of timers with the same due time, and spread them with a random delay.", "Timers of a shard fire one after the other.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TimerBacklogAge, health.HistoryBacklogAge},
	},
	{
		gate:  "archival_late",
		what:  "closed workflows are archived late, [[value]]",
		why:   "Archival does not keep up with the workflows that close. No running workflow waits for it; data stays in the database longer.",
		first: "Check that the archival store accepts writes.",
		actions: []advice{
			{explain.Investigate, health.History, "Read the archival errors in the history log: permissions and the quota of the archival store come first.", "Archival is retried until it succeeds.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ArchivalBacklogAge},
	},
}

var historyBacklogAdvice = []advice{
	{explain.Investigate, health.History, "Look for a burst of starts or timers, for deletions after a retention change, and for a hot shard.", "Each of them fills the queues in its own way and needs a different remedy.", 0.65, explain.RiskLow, nil},
	{explain.Scale, health.History, "Add history hosts if they are short of CPU and the database has room.", "Shards spread over more hosts; they move while it happens.", 0.45, explain.RiskMedium, nil},
}

var givenUpAdvice = []advice{
	{explain.Investigate, health.History, "Read the tasks in the dead-letter queue with tdbg dlq, and their errors in the history log.", "They name the workflows that wait and the error to fix.", 0.75, explain.RiskLow, nil},
	{explain.Configure, health.History, "Fix the cause, then merge the dead-letter queue so that its tasks run again; purge only what is known to be obsolete.", "A merge before the fix fails the same tasks again, and a purge loses them.", 0.6, explain.RiskMedium, nil},
}
