package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The database comes first: every other service waits for it, so its failure shows everywhere else.
var persistenceTexts = []text{
	{
		gate: "persistence_failing",
		// Measured: a hung database answers after 8 to 10 s, or never, and few operations even get that far.
		when:  func(e *evidence.Evidence) bool { return e.Over(health.PersistenceP99, 1000) },
		what:  "the database hangs, [[value]] of its operations fail, and the slowest take [[persistence.latency_p99_ms]]",
		why:   "Operations wait in the database until they time out, so nothing that has to write state can advance. Usual reasons are a lock that is never released, storage that stalls, a failover that does not finish, or an exhausted connection limit.",
		first: "Find what holds the database up (locks, storage, failover, connections) before touching Temporal: restarting its processes only adds load.",
		hints: []health.SignalID{health.PoolUtilization, health.PoolWaitDuration, health.AdmissionRejects},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Look for long-running transactions and locks in the database, and end the one that blocks the others.", "Operations hang instead of being refused, which points at a lock or at storage.", 0.8, explain.RiskMedium, nil},
			{explain.Investigate, health.Persistence, "Check the database's storage, replication and failover events.", "Storage that stalls looks exactly like this from outside.", 0.6, explain.RiskLow, nil},
			{explain.Alert, health.Persistence, "Call the team that runs the database.", "No change on Temporal's side fixes this.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceP99, health.PersistenceErrRatio, health.TransitionRate},
	},
	{
		gate:  "persistence_failing",
		when:  func(e *evidence.Evidence) bool { return e.Over(health.PersistenceErrRatio, 0.5) },
		what:  "the database does not answer, and [[value]] of its operations fail",
		why:   "Temporal can't reach the database, or is refused by it, so no workflow can advance whatever the services do. Usual reasons are a database that is down or failing over, a network or TLS change, expired credentials, or a connection limit.",
		first: "Check whether the database is up and reachable from the Temporal hosts, with the credentials that the server uses.",
		hints: []health.SignalID{health.PoolChurn, health.PoolUtilization, health.ReservoirEmpty},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Connect to the database from a Temporal host with the server's own credentials.", "That separates a dead database from a network, TLS or credential problem in one step.", 0.85, explain.RiskLow, nil},
			{explain.Restart, health.Persistence, "Bring the database back, or finish its failover.", "Temporal reconnects by itself and continues where it stopped.", 0.6, explain.RiskMedium, nil},
			{explain.Alert, health.Persistence, "Call the team that runs the database.", "No change on Temporal's side fixes this.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrRatio, health.PersistenceErrors, health.TransitionRate},
	},
	{
		gate:  "persistence_failing",
		what:  "the database fails, and [[value]] of its operations return an error",
		why:   "Some operations succeed and some fail, which fits a limit that is reached or a database that degrades rather than one that is gone. Failed operations are retried, and the retries are additional load.",
		first: "Read the errors in the history service's log: they separate a limit, a permission and a failing database.",
		hints: []health.SignalID{health.PoolUtilization, health.PoolChurn, health.AdmissionRejects, health.ReservoirEmpty, health.SerializationFailures},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "The share of failures alone does not separate a limit from an outage.", 0.75, explain.RiskLow, nil},
			{explain.Configure, health.Persistence, "Compare the connection limit of the database with the pools of all Temporal processes together.", "A limit that is reached fails some operations and not others.", 0.5, explain.RiskMedium, nil},
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
			{explain.Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "A limit, contention and an outage each need a different remedy.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrors, health.TransitionRate},
	},
	{
		gate:  "persistence_slow",
		when:  func(e *evidence.Evidence) bool { return e.Over(health.PoolUtilization, 80) },
		what:  "the database is slow, [[value]] for the slowest operations, and its connection pool is nearly used up ([[connection_pool.utilization_pct]])",
		why:   "Operations queue for a connection. Either the database has become slow and holds connections longer, or the pool is too small for the load.",
		first: "Look at the database's own latency: if it is low, the pool is too small; if it is high, a larger pool makes it worse.",
		hints: []health.SignalID{health.PoolWaitDuration, health.ReservoirEmpty},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Compare the database's own query latency with what Temporal sees.", "The difference is the time spent waiting for a connection.", 0.75, explain.RiskLow, nil},
			{explain.Configure, health.Persistence, "Raise the connection pool's size if the database itself is fast and accepts more connections.", "The pool is the bottleneck in that case.", 0.5, explain.RiskMedium, map[string]string{"setting": "persistence.datastores.sql.maxConns"}},
		},
		watch: []health.SignalID{health.PersistenceP99, health.PoolUtilization, health.TransitionP99},
	},
	{
		gate:  "persistence_slow",
		when:  func(e *evidence.Evidence) bool { return e.Over(health.OCCConflicts, 1) },
		what:  "the database is slow, [[value]] for the slowest operations, while transactions collide ([[persistence.occ_conflicts_per_sec]])",
		why:   "Optimistic transactions that collide are retried, and every retry costs a round trip. Usually a few very busy workflows or task queues write to the same rows.",
		first: "Find the workflows or task queues that are written to most, and spread their load.",
		hints: []health.SignalID{health.SerializationFailures, health.HotShardRatio},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Look for workflows with very many signals or parallel activities, and for a single busy task queue.", "Collisions need several writers of the same rows.", 0.65, explain.RiskLow, nil},
			{explain.Configure, health.Matching, "Give a single busy task queue more partitions.", "Its tasks are then written to more rows.", 0.4, explain.RiskMedium, map[string]string{"setting": "matching.numTaskqueueReadPartitions, matching.numTaskqueueWritePartitions"}},
		},
		watch: []health.SignalID{health.OCCConflicts, health.PersistenceP99},
	},
	{
		gate:  "persistence_slow",
		what:  "the database is slow, [[value]] for the slowest operations",
		why:   "Every step of a workflow waits for the database, so all other work queues up behind it. Usual reasons are load, missing maintenance, a noisy neighbour, or a longer network path.",
		first: "Look at the database's own load and slow queries.",
		hints: []health.SignalID{health.CacheHitRate, health.HotShardRatio, health.CPUThrottle},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Check the database's CPU, storage latency and slowest queries.", "They separate load from a fault.", 0.75, explain.RiskLow, nil},
			{explain.Scale, health.Persistence, "Give the database more capacity if it runs at its limit.", "A database that is slow without errors is usually full.", 0.45, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.PersistenceP99, health.TransitionP99, health.FrontendP99},
	},
	{
		gate:  "persistence_errors",
		what:  "database operations fail now and then, [[value]] of them",
		why:   "Too few failures to stop work, too many to be noise: a limit that is touched, or the beginning of an outage.",
		first: "Read the persistence errors in the server's log before they become many.",
		hints: []health.SignalID{health.SerializationFailures, health.AdmissionRejects, health.PoolChurn},
		actions: []advice{
			{explain.Investigate, health.Persistence, "Read the persistence errors in the server's log and sort them by kind.", "A limit, contention and an outage each need a different remedy.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PersistenceErrRatio, health.PersistenceErrors},
	},
}
