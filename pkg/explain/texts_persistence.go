package explain

import "github.com/temporal-sre/copilot/pkg/health"

// The database first: everything waits for it, so its trouble shows everywhere else.
var persistenceTexts = []text{
	{
		gate: "persistence_failing",
		// Measured: a hung database answers after 8 to 10 s, or never, and few operations even get that far.
		when:  func(e *Evidence) bool { return e.over(health.PersistenceP99, 1000) },
		what:  "the database hangs, [[value]] of its operations fail, and the slowest take [[persistence.latency_p99_ms]]",
		why:   "Operations wait in the database until they time out, so nothing that has to write state can advance. Usual reasons are a lock that somebody holds, storage that stalls, a failover that does not finish, or no connection left to give.",
		first: "Find what holds the database up (locks, storage, failover, connections) before touching Temporal: restarting its processes only adds load.",
		hints: []health.SignalID{health.PoolUtilization, health.PoolWaitDuration, health.AdmissionRejects},
		actions: []advice{
			{Investigate, health.Persistence, "Look for long-running transactions and locks in the database, and end the one that blocks the others.", "Operations hang instead of being refused, so something holds them.", 0.8, RiskMedium, nil},
			{Investigate, health.Persistence, "Check the database's storage, replication and failover events.", "Storage that stalls looks exactly like this from outside.", 0.6, RiskLow, nil},
			{Alert, health.Persistence, "Call whoever runs the database.", "Nothing on Temporal's side fixes this.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceP99, health.PersistenceErrRatio, health.TransitionRate},
	},
	{
		gate:  "persistence_failing",
		when:  func(e *Evidence) bool { return e.over(health.PersistenceErrRatio, 0.5) },
		what:  "the database does not answer, and [[value]] of its operations fail",
		why:   "Temporal can't reach the database, or is turned away, so no workflow can advance whatever the services do. Usual reasons are a database that is down or failing over, a network or TLS change, credentials that expired, or a connection limit.",
		first: "Check whether the database is up and reachable from the Temporal hosts, with the credentials that the server uses.",
		hints: []health.SignalID{health.PoolChurn, health.PoolUtilization, health.ReservoirEmpty},
		actions: []advice{
			{Investigate, health.Persistence, "Connect to the database from a Temporal host with the server's own credentials.", "That tells a dead database from a network, TLS or credential problem in one step.", 0.85, RiskLow, nil},
			{Restart, health.Persistence, "Bring the database back, or finish its failover.", "Temporal reconnects by itself and goes on where it stood.", 0.6, RiskMedium, nil},
			{Alert, health.Persistence, "Call whoever runs the database.", "Nothing on Temporal's side fixes this.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrRatio, health.PersistenceErrors, health.TransitionRate},
	},
	{
		gate:  "persistence_failing",
		what:  "the database fails, and [[value]] of its operations come back with an error",
		why:   "Part of the operations work and part do not, which fits a limit that is reached or a database that is about to go rather than one that is gone. Failed operations are retried, and the retries are load on top.",
		first: "Read the errors in the history service's log: they say whether it is a limit, a permission or the database itself.",
		hints: []health.SignalID{health.PoolUtilization, health.PoolChurn, health.AdmissionRejects, health.ReservoirEmpty, health.SerializationFailures},
		actions: []advice{
			{Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "The share of failures alone does not tell a limit from an outage.", 0.75, RiskLow, nil},
			{Configure, health.Persistence, "Compare the connection limit of the database with the pools of all Temporal processes together.", "A limit that is reached fails some operations and not others.", 0.5, RiskMedium, nil},
		},
		watch: []health.SignalID{health.PersistenceErrRatio, health.PersistenceP99, health.TransitionRate},
	},
	{
		gate:  "persistence_error_rate",
		what:  "many database operations fail, [[value]]",
		why:   "Errors at this rate stop state transitions on the shards that are hit. Usual reasons are a failover, a connection limit, or contention that outlasts its retries.",
		first: "Read the persistence errors in the server's log and sort them by kind.",
		hints: []health.SignalID{health.SerializationFailures, health.OCCConflicts, health.PoolUtilization, health.PoolChurn},
		actions: []advice{
			{Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "A limit, contention and an outage each need something else.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrors, health.TransitionRate},
	},
	{
		gate:  "persistence_slow",
		when:  func(e *Evidence) bool { return e.over(health.PoolUtilization, 80) },
		what:  "the database is slow, [[value]] for the slowest operations, and its connection pool is nearly used up ([[connection_pool.utilization_pct]])",
		why:   "Operations queue for a connection. Either the database has become slow and holds connections longer, or the pool is too small for the load.",
		first: "Look at the database's own latency: if it is low, the pool is too small; if it is high, a larger pool makes things worse.",
		hints: []health.SignalID{health.PoolWaitDuration, health.ReservoirEmpty},
		actions: []advice{
			{Investigate, health.Persistence, "Compare the database's own query latency with what Temporal sees.", "The difference is the time spent waiting for a connection.", 0.75, RiskLow, nil},
			{Configure, health.Persistence, "Raise the connection pool's size if the database itself is fast and has connections to give.", "The pool is the narrow place then.", 0.5, RiskMedium, map[string]string{"setting": "persistence.datastores.sql.maxConns"}},
		},
		watch: []health.SignalID{health.PersistenceP99, health.PoolUtilization, health.TransitionP99},
	},
	{
		gate:  "persistence_slow",
		when:  func(e *Evidence) bool { return e.over(health.OCCConflicts, 1) },
		what:  "the database is slow, [[value]] for the slowest operations, while transactions collide ([[persistence.occ_conflicts_per_sec]])",
		why:   "Optimistic transactions that collide are retried, and every retry costs a round trip. Usually a few very busy workflows or task queues write to the same rows.",
		first: "Find the workflows or task queues that are written to most, and spread their load.",
		hints: []health.SignalID{health.SerializationFailures, health.HotShardRatio},
		actions: []advice{
			{Investigate, health.Persistence, "Look for workflows with very many signals or parallel activities, and for a single busy task queue.", "Collisions need writers of the same rows.", 0.65, RiskLow, nil},
			{Configure, health.Matching, "Give a single busy task queue more partitions.", "Its tasks are then written to more rows.", 0.4, RiskMedium, map[string]string{"setting": "matching.numTaskqueueReadPartitions, matching.numTaskqueueWritePartitions"}},
		},
		watch: []health.SignalID{health.OCCConflicts, health.PersistenceP99},
	},
	{
		gate:  "persistence_slow",
		what:  "the database is slow, [[value]] for the slowest operations",
		why:   "Every step of a workflow waits for the database, so everything else queues up behind it. Usual reasons are load, missing maintenance, a noisy neighbour, or a network that got longer.",
		first: "Look at the database's own load and slow queries.",
		hints: []health.SignalID{health.CacheHitRate, health.HotShardRatio, health.CPUThrottle, health.MaxShardLoad},
		actions: []advice{
			{Investigate, health.Persistence, "Check the database's CPU, storage latency and slowest queries.", "They tell load from a fault.", 0.75, RiskLow, nil},
			{Scale, health.Persistence, "Give the database more capacity if it runs at its limit.", "Slow and sound usually means full.", 0.45, RiskMedium, nil},
		},
		watch: []health.SignalID{health.PersistenceP99, health.TransitionP99, health.FrontendP99},
	},
	{
		gate:  "persistence_errors",
		what:  "database operations fail now and then, [[value]] of them",
		why:   "Too few to stop anything, too many to be nothing: a limit that is touched, or the beginning of more.",
		first: "Read the persistence errors in the server's log before they become many.",
		hints: []health.SignalID{health.SerializationFailures, health.AdmissionRejects, health.PoolChurn},
		actions: []advice{
			{Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "Now there is time to look.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrRatio, health.PersistenceErrors},
	},
}

// What can't be scraped is down, or out of sight; either way it comes before what the others say.
var telemetryTexts = []text{
	{
		gate:  "targets_down",
		when:  historySilent,
		what:  "the history service reports nothing, and only [[value]] of the server processes can be scraped",
		why:   "Processes that neither report nor answer are most likely down. Every call that touches a workflow goes through the history service, so clients are turned away until it is back.",
		first: "Look at the history processes: are they running, and what did they log last?",
		actions: []advice{
			{Restart, health.History, "Bring the history processes back, after reading the end of their logs.", "Nothing else can own their shards when none is left.", 0.75, RiskMedium, nil},
			{Investigate, health.History, "Look for out-of-memory kills, failed deploys and nodes that went away.", "They end processes without a word in the log.", 0.65, RiskLow, nil},
		},
		watch: []health.SignalID{health.TargetsUp, health.FrontendErrRatio},
	},
	{
		gate:  "targets_down",
		what:  "only [[value]] of the server processes can be scraped",
		why:   "Either the others are down, or part of the cluster is out of sight. The verdict stands on what is left.",
		first: "See which targets Prometheus reports as down, and whether those processes run.",
		hints: []health.SignalID{health.TaskRestarts, health.MembershipChanges},
		actions: []advice{
			{Investigate, health.Cluster, "Open the targets page of Prometheus and compare it with what is deployed.", "It tells a process that is down from one that is only not seen.", 0.8, RiskLow, nil},
		},
		watch: []health.SignalID{health.TargetsUp},
	},
}

// The history service moves workflows; its trouble reaches everything but the database.
var historyTexts = []text{
	{
		gate:  "shards_moving",
		what:  "[[value]] of the shards changed their owner",
		why:   "A history host came, went or restarted, and workflows on a shard wait while it moves. That is normal for a minute after a deploy and a fault when it goes on.",
		first: "Check whether a deploy or a scaling of the history service is under way; if not, find the host that left.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts, health.CASFailures},
		actions: []advice{
			{Investigate, health.History, "Compare the time of the move with deploys and with restarts of history hosts.", "A planned move ends by itself.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.ShardsMoved, health.ShardChurn, health.HistoryBacklogAge},
	},
	{
		gate:  "shard_churn",
		what:  "shards move all the time, [[value]]",
		why:   "Every move stops a shard's work for a moment. Membership is unstable: hosts that restart in a loop, are too slow to be seen as alive, or can't reach each other.",
		first: "Find the history host that keeps leaving: restarts, memory, CPU, network.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts, health.CPUThrottle, health.GCPause},
		actions: []advice{
			{Investigate, health.History, "Look for a history host that restarts in a loop or is short of CPU or memory.", "One host that comes and goes moves the shards of all.", 0.7, RiskLow, nil},
			{Scale, health.History, "Stop scaling the history service up and down while this lasts.", "Every change of size moves shards again.", 0.4, RiskLow, nil},
		},
		watch: []health.SignalID{health.ShardChurn, health.MembershipChanges},
	},
	{
		gate:  "history_stalled",
		what:  "the history service has all but stopped processing tasks ([[value]]) although work is demanded",
		why:   "Timers, workflow tasks and transfers all go through these queues. When the database is sound, the reason is in the history hosts themselves: shards nobody owns, a deadlock, or no CPU.",
		first: "Look at the history hosts' logs and shard ownership.",
		hints: []health.SignalID{health.CPUThrottle, health.BlockedGoroutines, health.CASFailures},
		actions: []advice{
			{Investigate, health.History, "Check that every shard has an owner and read the history hosts' logs.", "A shard without an owner processes nothing.", 0.6, RiskLow, nil},
			{Restart, health.History, "Restart the history hosts one after the other if they show no error and do not move.", "Their shards are acquired afresh.", 0.4, RiskMedium, nil},
		},
		watch: []health.SignalID{health.HistoryTaskRate, health.TransitionRate},
	},
	{
		gate:    "history_backlog_critical",
		what:    "history tasks are [[value]] late",
		why:     "Timers fire late and workflow tasks are scheduled late: the queues grow faster than they are worked off. With a sound database that is load on a few shards, too little CPU, or a storm of retries or deletions.",
		first:   "Find out what fills the history queues: a burst of starts, a storm of timers, deletions, or a hot shard.",
		hints:   []health.SignalID{health.HotShardRatio, health.CPUThrottle, health.RetryTime, health.CleanupRate},
		actions: historyBacklogAdvice,
		watch:   []health.SignalID{health.HistoryBacklogAge, health.HistoryTaskRate},
	},
	{
		gate:    "history_backlog",
		what:    "history tasks are late, [[value]]",
		why:     "The history service does not keep up with its own queues for now. Timers and new workflow tasks are the first to be late.",
		first:   "See whether it falls by itself; if it rises, find out what fills the history queues.",
		hints:   []health.SignalID{health.HotShardRatio, health.CPUThrottle, health.RetryTime, health.CleanupRate},
		actions: historyBacklogAdvice,
		watch:   []health.SignalID{health.HistoryBacklogAge, health.HistoryTaskRate},
	},
	{
		gate:  "state_transitions_slow",
		what:  "state transitions are slow, [[value]] for the slowest",
		why:   "Requests that change a workflow wait for its shard or for the database. With a fast database it is contention: many changes to few workflows.",
		first: "Look for a workflow or a shard that gets far more than its share.",
		hints: []health.SignalID{health.HotShardRatio, health.MaxShardLoad, health.CacheHitRate, health.CPUThrottle},
		actions: []advice{
			{Investigate, health.History, "Look for workflows that are signalled or updated very often.", "Changes to a workflow are made one after the other.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionP99, health.PersistenceP99},
	},
}

var historyBacklogAdvice = []advice{
	{Investigate, health.History, "Look for a burst of starts or timers, for deletions after a retention change, and for a hot shard.", "Each of them fills the queues in its own way and wants another answer.", 0.65, RiskLow, nil},
	{Scale, health.History, "Add history hosts if theirs is the CPU that is short and the database has room.", "Shards spread over more hosts; it moves shards while it happens.", 0.45, RiskMedium, nil},
}

// The frontend turns calls away for its own reasons, or tells of what lies behind it.
var frontendTexts = []text{
	{gate: "frontend_failing", when: historySilent, what: historyDead.what, why: historyDead.why, first: historyDead.first, actions: historyDead.actions, watch: historyDead.watch},
	{gate: "frontend_failing", when: rateLimited, what: refused.what, why: refused.why, first: refused.first, actions: refused.actions, watch: refused.watch},
	{
		gate:  "frontend_failing",
		what:  "most API calls fail, [[value]] of them",
		why:   "Clients can't start, signal or query workflows. The frontend only passes on what the services behind it say, so look there when they are in trouble too; alone, it is the network, certificates or membership.",
		first: "Read which error the frontend returns, and from which service it comes.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts},
		actions: []advice{
			{Investigate, health.Frontend, "Read the errors in the frontend's log by operation and kind.", "They name the service that does not answer.", 0.75, RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendErrRatio, health.WorkflowStarts},
	},
	{gate: "frontend_errors", when: historySilent, what: historyDead.what, why: historyDead.why, first: historyDead.first, actions: historyDead.actions, watch: historyDead.watch},
	{gate: "frontend_errors", when: rateLimited, what: refused.what, why: refused.why, first: refused.first, actions: refused.actions, watch: refused.watch},
	{
		gate:  "frontend_errors",
		what:  "API calls fail, [[value]] of them, through no fault of the clients",
		why:   "Clients retry, so users may not have noticed yet. Usually a service behind the frontend fails part of the time.",
		first: "Read which error the frontend returns, and from which service it comes.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts},
		actions: []advice{
			{Investigate, health.Frontend, "Read the errors in the frontend's log by operation and kind.", "They name the service that does not answer.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendErrRatio, health.FrontendErrors},
	},
	{
		gate:  "frontend_slow",
		what:  "API calls are slow, [[value]] for the slowest",
		why:   "Clients wait. The frontend does little itself, so the time is spent behind it, in the history service or the database.",
		first: "Find the operation that is slow, and follow it to the service behind.",
		hints: []health.SignalID{health.CPUThrottle, health.GCPause},
		actions: []advice{
			{Investigate, health.Frontend, "Compare the latency of single operations: reads, starts and updates go different ways.", "The slow way names the slow service.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendP99, health.TransitionP99},
	},
	{
		gate:  "poll_timeouts",
		when:  rateLimited,
		what:  "workers' polls come back empty ([[value]]) while tasks wait, and requests are refused for a rate limit",
		why:   refused.why,
		first: refused.first, actions: refused.actions, watch: refused.watch,
	},
	{
		gate:  "poll_timeouts",
		what:  "workers' polls come back empty ([[value]]) while tasks wait",
		why:   "Workers ask and tasks are there, but the matching service does not bring them together: partitions that moved, a limit on dispatch, or pollers on another partition than the tasks.",
		first: "Check the matching hosts and the dispatch limits of the queues that wait.",
		hints: []health.SignalID{health.RateLimitEvents, health.MembershipChanges},
		actions: []advice{
			{Investigate, health.Matching, "Check the matching hosts' logs and the rate limits on the queues that wait.", "Tasks and pollers are both there; only the meeting fails.", 0.55, RiskLow, nil},
		},
		watch: []health.SignalID{health.PollTimeouts, health.WorkflowBacklogAge},
	},
}

// historyDead: the frontend answers, the history service reports nothing at all.
var historyDead = text{
	what:  "API calls fail ([[frontend.error_ratio]]) and the history service reports nothing",
	why:   "Every call that touches a workflow goes through the history service, and its processes neither report nor answer: they are most likely down. The clients' retries come on top of the usual demand.",
	first: "Look at the history processes: are they running, and what did they log last?",
	actions: []advice{
		{Restart, health.History, "Bring the history processes back, after reading the end of their logs.", "Nothing else can own their shards when none is left.", 0.75, RiskMedium, nil},
		{Investigate, health.History, "Look for out-of-memory kills, failed deploys and nodes that went away.", "They end processes without a word in the log.", 0.65, RiskLow, nil},
	},
	watch: []health.SignalID{health.FrontendErrRatio, health.TargetsUp},
}

// rateLimited: requests are refused for a limit or quota, more than a handful a minute.
func rateLimited(e *Evidence) bool { return e.over(health.RateLimitEvents, 0.1) }

var refused = text{
	what:  "requests are refused for a rate limit, [[throttling.rate_limit_events_per_sec]]",
	why:   "The load has reached a limit, and what is refused has to wait, however sound the services behind it are. A limit protects the cluster from a burst; against regular load it is simply too low.",
	first: "Find out which limit it is (system, namespace or persistence) and whether the load behind it is wanted.",
	actions: []advice{
		{Investigate, health.Frontend, "See which namespace and operation are refused, and whether that load is wanted.", "A limit that stops a runaway client does its work.", 0.75, RiskLow, nil},
		{Configure, health.Frontend, "Raise the limit that is hit, in steps, while the database has room.", "Wanted load needs a limit above it.", 0.6, RiskMedium, map[string]string{"setting": "frontend.rps, frontend.namespaceRPS"}},
	},
	watch: []health.SignalID{health.RateLimitEvents, health.FrontendErrRatio, health.WorkflowBacklogAge},
}
