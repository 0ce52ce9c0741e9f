package logs

import "slices"

// Patterns returns the known patterns, each call a new slice. The texts are those of Temporal server v1.32.1,
// of Go SDK v1.50 and of PostgreSQL, seen in real lines unless said otherwise.
func Patterns() []Pattern { return slices.Clone(table) }

var table = []Pattern{
	{
		ID:         "deadline_exceeded",
		Expression: `deadline[ _]?exceeded`,
		Meaning:    "Operations did not finish in the time they had: somebody waited, mostly for the database",
	},
	{
		ID:         "slow_call",
		Expression: `slow gRPC call`,
		Meaning:    "API calls took seconds",
	},
	{
		ID:         "context_canceled",
		Expression: `context cancell?ed|stream terminated by RST_STREAM with error code: CANCEL`,
		Meaning:    "Callers gave up or went away before their answer came",
	},
	{
		// The second text comes in crowds whenever shards move, at a start too.
		ID:         "shard_ownership",
		Expression: `shard is owned by|shard ownership lost|shardownershiplost|shard status unknown|\bshard closed\b`,
		Meaning:    "Requests reached hosts that do not own the shard, or do not know yet whether they do",
	},
	{
		// No line says that a member joined or left.
		ID:         "membership",
		Expression: `current reachable members|ringmembershipchangedevent`,
		Meaning:    "The list of the cluster's reachable hosts was computed anew: hosts came or went",
	},
	{
		// The stock server writes no such line; forks, proxies and SDKs may.
		ID:         "no_poller",
		Expression: `\bno (?:recent |available |active )?pollers?\b|\bno workers? (?:is |are )?polling\b`,
		Meaning:    "Tasks found no worker that polls their queue; the stock server never writes this, so its absence says nothing",
	},
	{
		// A fork of the server with an Aurora DSQL plugin.
		ID:         "reservoir_discard",
		Expression: `reservoir.{0,60}discard|discard.{0,60}reservoir`,
		Meaning:    "The DSQL connection reservoir threw connections away: too old, or broken",
	},
	{
		// pgx and Aurora DSQL write SQLSTATE, lib/pq only the code in brackets.
		ID:         "sqlstate_40001",
		Expression: `sqlstate[ :=]{1,3}40001|\(40001\)|could not serialize access|change conflicts with another transaction|\boc00[01]\b`,
		Meaning:    "Transactions met others and have to be repeated (SQLSTATE 40001)",
	},
	{
		// Written by SDKs and by the system workers: the server does not log whom it limits.
		ID:         "rate_limit",
		Expression: `\b(?:rate|count|poller|concurrency) limit exceeded|\brps limit exceeded`,
		Meaning:    "Calls were refused because a rate limit was reached",
	},
	{
		ID:         "persistence_qps",
		Expression: `persistence max qps reached`,
		Meaning:    "The server held back its own database operations: its limit for them was reached",
	},
	{
		// A hung database makes a host acquire its shards again and again, which is visible only here.
		ID:         "shard_acquired",
		Expression: `\bacquired shard\b|range updated for shardid|\bshard-context/(?:started|stopped)`,
		Meaning:    "History hosts took over shards or let them go",
	},
	{
		ID: "database_down",
		Expression: `no usable database connection found|database connection lost|the database system is (?:shutting down|starting up|in recovery mode)|` +
			`sql: database is closed|driver: bad connection|terminating connection due to administrator command`,
		Meaning: "The database cannot be reached or breaks connections",
	},
	{
		ID:         "connection_refresh",
		Expression: `did not refresh database connection pool|unable to refresh database connection pool`,
		Meaning:    "A host tries to build its pool of database connections anew",
	},
	{
		// Known from PostgreSQL's list of error codes: 53300.
		ID:         "connections_exhausted",
		Expression: `too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)`,
		Meaning:    "The database refuses connections: it has as many as it takes",
	},
	{
		// What a deadline looks like from the side of lib/pq.
		ID:         "statement_cancelled",
		Expression: `canceling statement due to|sqlstate[ :=]{1,3}57014|\(57014\)`,
		Meaning:    "Database statements ran until they were cancelled: the database is slow, hangs, or holds a lock",
	},
	{
		ID:         "queue_reader",
		Expression: `queue reader unable to retrieve tasks|failed to load look ahead task`,
		Meaning:    "History could not read its queues of tasks: timers and transfers are late",
	},
	{
		ID:         "task_failing",
		Expression: `fail to process task`,
		Meaning:    "History tasks failed and are tried again; the line's error says why",
	},
	{
		ID: "history_down",
		Expression: `not enough hosts to serve the request|network dial error|error while dialing|error reading server preface|` +
			`error reading from server: (?:EOF|read|connection reset)|connection reset by peer`,
		Meaning: "A service of the server, mostly history, has no host that answers",
	},
	{
		ID:         "workflow_task_failed",
		Expression: `\bworkflow task failed\b|nondeterministic workflow|potential deadlock detected|\bworkflow panic\b`,
		Meaning:    "Workflow code panicked or did not replay: the workflows stand still until it is repaired",
	},
}
