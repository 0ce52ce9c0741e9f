package logs

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Patterns returns the known patterns, each call a new slice. The texts are those of Temporal server 1.25 to 1.32,
// of the Go, Java and Core SDKs, and of the drivers of PostgreSQL, Aurora DSQL, MySQL, Cassandra, SQLite and
// Elasticsearch, taken from real lines or from their sources.
func Patterns() []Pattern { return slices.Clone(table) }

// table is ordered by subject. Where a kind has kinds of its own, as a failing workflow task has, a line may match
// the general pattern and the special one.
var table = []Pattern{
	// Time.
	{
		// A driver's deadline on Cassandra says how many replicas answered.
		ID: "deadline_exceeded",
		Expression: `deadline[ _]?exceeded|operation timed out|received only \d+ (?:of \d+ required )?responses|no response received from cassandra|` +
			`too many query timeouts|requesterr(?:read|write)timeout|persistence\.timeouterror|\bi/o timeout`,
		Concerns: health.Persistence,
		Meaning:  "Operations time out, mostly while they wait for the database",
	},
	{
		ID:         "slow_call",
		Expression: `slow gRPC call`,
		Concerns:   health.Frontend,
		Meaning:    "API calls take seconds",
	},
	{
		ID:         "context_canceled",
		Expression: `context cancell?ed|stream terminated by RST_STREAM with error code: CANCEL`,
		Meaning:    "Callers give up or disconnect before their answer arrives",
	},

	// Shards and hosts.
	{
		// The second text comes in crowds whenever shards move, at a start too.
		ID: "shard_ownership",
		Expression: `shard is owned by|shard ownership lost|shardownershiplost|shard status unknown|\bshard closed\b|` +
			`\bshard \d+ (?:for host .{1,100} )?is (?:shut down|shutting down)`,
		Concerns: health.History,
		Meaning:  "Requests reach history hosts that do not own the shard, or do not know yet whether they do",
	},
	{
		// A hung database makes a host acquire its shards again and again, which is visible only here.
		ID:         "shard_acquired",
		Expression: `\bacquired shard\b|range updated for shardid|\bshard-context/(?:started|stopped)`,
		Concerns:   health.History,
		Meaning:    "History hosts take over shards or release them",
	},
	{
		// No line says that a member joined or left.
		ID:         "membership",
		Expression: `current reachable members|ringmembershipchangedevent`,
		Concerns:   health.History,
		Meaning:    "The membership of the cluster changed: hosts joined or left",
	},
	{
		ID: "history_down",
		Expression: `not enough hosts to serve the request|network dial error|error while dialing|error reading server preface|` +
			`error reading from server: (?:EOF|read|connection reset)|connection reset by peer`,
		Concerns: health.History,
		Meaning:  "A service of the cluster, mostly history, has no host that answers",
	},
	{
		// The server's own detector. The SDKs use the same words for workflow code, followed by a colon or a full stop.
		ID:         "process_deadlock",
		Expression: `suspected deadlock|marking grpc services unhealthy|potential deadlock detected(?:$|["\t]| name=)`,
		Meaning:    "The deadlock detector of a server process fired: the process may hang although it runs",
	},

	// The database.
	{
		ID: "database_down",
		Expression: `no usable database connection found|database connection lost|the database system is (?:shutting down|starting up|in recovery mode|not (?:yet )?accepting)|` +
			`sql: database is closed|driver: bad connection|terminating connection due to administrator command|\bdial error[: (]{1,3}dial |hostname resolving error|` +
			`dial tcp \S{1,80}:(?:5432|6432|3306|9042|9142)\b|` +
			`\binvalid connection\b|mysql server has gone away|lost connection to mysql|server shutdown in progress|blocked because of many connection errors|` +
			`\bno hosts available|nohostavailable|cannot achieve consistency level|request_error_unavailable|unable to connect to (?:initial hosts|any ring node)|` +
			`connection closed waiting for response|no control connection available|gocql: unable to (?:dial|create session)`,
		Concerns: health.Persistence,
		Meaning:  "The database cannot be reached or breaks connections",
	},
	{
		ID:         "connection_refresh",
		Expression: `(?:did not|unable to) refresh (?:database connection pool|gocql session)`,
		Concerns:   health.Persistence,
		Meaning:    "Server processes rebuild their database connections",
	},
	{
		// PostgreSQL's codes 53300 and 53400, MySQL's 1040, 1203 and 1226; DSQL limits new connections per second as well.
		ID: "connections_exhausted",
		Expression: `too many (?:clients already|connections|open connections)|remaining connection slots are reserved|unable to accept connection, rate exceeded|` +
			`max_user_connections|no more connections allowed|sqlstate[ :=]{1,3}53[34]00|\(53[34]00\)|error 1040\b`,
		Concerns: health.Persistence,
		Meaning:  "The database refuses new connections: its limit on connections, or on new ones per second, is reached",
	},
	{
		// A fork of the server with an Aurora DSQL plugin.
		ID:         "reservoir_discard",
		Expression: `reservoir.{0,60}discard|discard.{0,60}reservoir`,
		Concerns:   health.Persistence,
		Meaning:    "The DSQL connection reservoir discards connections that are too old or broken",
	},
	{
		ID: "database_access",
		Expression: `password authentication failed|access denied for user|unable to accept connection, access denied|no pg_hba\.conf entry|` +
			`password are incorrect|error 1045\b`,
		Concerns: health.Persistence,
		Meaning:  "The database refuses the login: the credential is wrong or has expired, or access was withdrawn",
	},
	{
		// MySQL's 1290, 1792 and 1836, PostgreSQL's 25006.
		ID:         "database_read_only",
		Expression: `read[- ]only (?:option|mode|transaction)|sqlstate[ :=]{1,3}25006|\(25006\)|error (?:1290|1792|1836)\b`,
		Concerns:   health.Persistence,
		Meaning:    "The database accepts no writes: connections lead to a replica, or a failover is under way",
	},
	{
		ID: "database_full",
		Expression: `no space left on device|database or disk is full|could not extend file|exceeds cluster size limit|disk usage exceeds failure threshold|` +
			`persistence_storage_limit|sqlstate[ :=]{1,3}53100|\(53100\)|error 1114\b`,
		Concerns: health.Persistence,
		Meaning:  "The storage of the database is full: writes fail",
	},
	{
		// MySQL's 1205 and 1213, PostgreSQL's 55P03 and 40P01.
		ID: "database_lock",
		Expression: `lock wait timeout exceeded|deadlock found when trying to get lock|could not obtain lock|due to lock timeout|: deadlock detected|` +
			`sqlstate[ :=]{1,3}(?:40p01|55p03)|\((?:40p01|55p03)\)|error (?:1205|1213)\b|database (?:table )?is locked|sqlite_busy`,
		Concerns: health.Persistence,
		Meaning:  "Database transactions block each other: they wait too long for a lock, or end in a deadlock",
	},
	{
		// pgx and Aurora DSQL write SQLSTATE, lib/pq only the code in brackets.
		ID:         "sqlstate_40001",
		Expression: `sqlstate[ :=]{1,3}40001|\(40001\)|could not serialize access|change conflicts with another transaction|\boc00[01]\b`,
		Concerns:   health.Persistence,
		Meaning:    "Database transactions conflict and have to be repeated (SQLSTATE 40001)",
	},
	{
		// What a deadline looks like from the side of lib/pq.
		ID: "statement_cancelled",
		Expression: `canceling statement due to|sqlstate[ :=]{1,3}57014|\(57014\)|` +
			`maximum statement execution time exceeded|query execution was interrupted|query_wait_timeout`,
		Concerns: health.Persistence,
		Meaning:  "Database statements are cancelled before they finish: the database is slow, hangs or waits for a lock",
	},
	{
		ID: "schema_version",
		Expression: `schema version compatibility check failed|version mismatch for keyspace|unable to read db schema version|no schema version found|schema version mismatch|` +
			`pq: relation "|sqlstate[ :=]{1,3}42p01|\(42p01\)|error (?:1146|1054)\b|unconfigured table|\bno such (?:table|column): `,
		Concerns: health.Persistence,
		Meaning:  "The database schema is missing, too old or cannot be read: server processes do not start or fail on their queries",
	},

	// The visibility store.
	{
		ID: "visibility_store",
		Expression: `unable to commit bulk es request|\bes request failed\b|visibility (?:task|request) (?:received nack|timed out)|waiting for ack\b|visibility processor was shut down|` +
			`no elasticsearch node available|unable to get elasticsearch cluster status|` +
			`elastic: (?:error (?:401|403|429|5\d\d)|bulk processor|all \d+ nodes|cannot get connection|\S{1,200} is dead)|` +
			`dial tcp \S{1,80}:9200\b|(?:list|scan|count)workflowexecutions failed: |cluster_block_exception|index_not_found_exception|unavailable_shards_exception|` +
			`no_shard_available_action|master_not_discovered|search_phase_execution_exception|all shards failed|mapper_parsing_exception|rejected_execution`,
		Concerns: health.Visibility,
		Meaning:  "The visibility store (Elasticsearch or OpenSearch) fails or cannot be reached: lists, searches and batch jobs miss workflows",
	},
	{
		ID: "visibility_rejected",
		Expression: `rejected_execution|rejectedexecution|rejected execution of|circuit_breaking_exception|elastic: error 429\b|` +
			`index read-only|flood-stage watermark`,
		Concerns: health.Visibility,
		Meaning:  "The visibility store (Elasticsearch or OpenSearch) rejects requests: it is overloaded or short of disk or memory",
	},

	// Limits. SDKs and the system workers write them: the server does not log whom it limits.
	{
		ID: "rate_limit",
		Expression: `\b(?:rate|count|pollers?|concurrency|request) limit exceeded|\brps limit exceeded|per second limit exceeded|` +
			`cause_(?:rps|aps|ops|concurrent)_limit|\b(?:rpslimit|apslimit|opslimit|concurrentlimit)\b`,
		Concerns: health.Frontend,
		Meaning:  "Calls are refused because a limit is reached: of a namespace, of the service or of its pollers",
	},
	{
		ID:         "service_limit",
		Expression: `\bservice (?:rate|rps) limit exceeded|\bhost rps limit|system[ _]?overloaded`,
		Concerns:   health.Frontend,
		Meaning:    "Service hosts refuse calls because their own limit, which all namespaces share, is reached",
	},
	{
		ID:         "poller_limit",
		Expression: `\bpollers? limit exceeded|\bconcurrent pollers? limit|cause_concurrent_limit|\bconcurrentlimit\b`,
		Concerns:   health.Frontend,
		Meaning:    "Polls of workers are refused because their namespace has too many of them open at a time",
	},
	{
		ID:         "persistence_qps",
		Expression: `persistence max qps reached|cause_persistence_limit|\bpersistencelimit\b`,
		Concerns:   health.Persistence,
		Meaning:    "The server holds back its own database operations: its persistence rate limit is reached",
	},
	{
		ID:         "busy_workflow",
		Expression: `\bworkflow is busy\b|busy_?workflow|consistent query buffer is full|because workflow is closing`,
		Concerns:   health.Workers,
		Meaning:    "One workflow receives more calls than its lock lets through: the hot workflow is the cause, not a rate limit",
	},

	// The history service.
	{
		ID:         "queue_reader",
		Expression: `queue reader unable to retrieve tasks|failed to load look ahead task`,
		Concerns:   health.History,
		Meaning:    "History cannot read its task queues: timers and transfers are late",
	},
	{
		// After many attempts the server changes the first text into the second.
		ID:         "task_failing",
		Expression: `\bfail(?:ed)? to process task\b|critical error processing task`,
		Concerns:   health.History,
		Meaning:    "History tasks fail and are retried; the error in the line says why",
	},
	{
		ID: "task_given_up",
		Expression: `task as terminally failed|dropping task due to|failed to write task to dlq|enqueued? .{0,40}task to dlq|task enqueued to dlq|` +
			`data loss event|data corruption event|mutable state checksum mismatch`,
		Concerns: health.History,
		Meaning:  "History drops tasks or moves them to the dead-letter queue: the workflows concerned may never advance by themselves",
	},

	// Schedules and the server's own workers.
	{
		ID:         "namespace_worker",
		Expression: `failed to start sdk worker, out of retries|\bsdk worker got (?:non-retryable|fatal) error`,
		Concerns:   health.SystemWorker,
		Meaning:    "The server gave up starting its internal worker for a namespace: schedules and batch jobs of that namespace do not run",
	},
	{
		ID:         "schedule_missed",
		Expression: `missed catch-?up window|\bbuffer overrun\b`,
		Concerns:   health.SystemWorker,
		Meaning:    "Schedules skip actions: they could not start in time, or too many were waiting",
	},

	// Workers and their code.
	{
		// The stock server writes no such line; forks, proxies and SDKs may.
		ID:         "no_poller",
		Expression: `\bno (?:recent |available |active )?pollers?\b|\bno workers? (?:is |are )?polling\b`,
		Concerns:   health.Workers,
		Meaning:    "Tasks find no worker that polls their queue (the stock server never logs this, so its absence proves nothing)",
	},
	{
		ID: "workflow_task_failed",
		Expression: `\bworkflow task failed\b|\bfailing workflow task\b|workflow task processing failure|failed to process workflow task|activation on workflow|` +
			`\bworkflow panic\b|non-?deterministic|non-?determinism ?error|determinismviolation|tmprl110[01]|potential deadlock detected[:.,]`,
		Concerns: health.Workers,
		Meaning:  "Workflow tasks fail: workflow code panics, blocks or does not replay, and its workflows are stuck until it is repaired",
	},
	{
		ID:         "nondeterminism",
		Expression: `non-?deterministic|non-?determinism ?error|determinismviolation|tmprl1100`,
		Concerns:   health.Workers,
		Meaning:    "Workflow code does not match its histories (non-determinism): its workflows are stuck until compatible code is deployed",
	},
	{
		ID:         "workflow_deadlock",
		Expression: `tmprl1101|potential deadlock detected[:.,]|potentialdeadlockexception|\byield (?:within|control|for over)\b`,
		Concerns:   health.Workers,
		Meaning:    "Workflow code blocks its thread (potential deadlock): its tasks fail and are repeated",
	},
	{
		ID: "workflow_limit",
		Expression: `\b(?:history|state) (?:size|count) exceeds (?:error )?limit|reached the per-workflow limit|reached for maximum signals|limit for signal events|` +
			`update registry size limit reached|search attributes size exceeds limits|pending_?[a-z_]{1,40}limit_?exceeded`,
		Concerns: health.Workers,
		Meaning:  "A workflow reaches a hard limit of its history or of its pending work: the server terminates it or fails its tasks",
	},
	{
		// The second half is one workflow's transaction that the database cannot take.
		ID: "size_limit",
		Expression: `blob (?:data )?size exceeds (?:the )?(?:error )?limit|\bexceeds? size limit|(?:memo|payload) size exceeds (?:error )?limit|` +
			`message (?:after decompression )?larger than max|grpc ?message ?too ?large|grpc message exceeds maximum size|grpc_message_too_large|message length too large|` +
			`payloads?_?too_?large|exceeded the error limit|transaction size (?:of .{1,40} )?exceeds limit|` +
			`packet for query is too large|transaction row limit exceeded|max_allowed_packet|\bbatch too large|too large for the maximum size`,
		Concerns: health.Workers,
		Meaning:  "A payload, message or transaction of a workflow is too large and is refused",
	},
	{
		ID:         "size_warning",
		Expression: `exceed(?:s|ed) (?:the )?warn(?:ing)? limit`,
		Concerns:   health.Workers,
		Meaning:    "The history or a payload of a workflow approaches its hard limit",
	},

	// Certificates.
	{
		ID: "certificate_refused",
		Expression: `\bx509: |\btls: (?:(?:bad|expired|revoked|unknown|unsupported) certificate|certificate required|failed to verify)|certificate (?:has )?expired|` +
			`thumbprint=\S{1,200} has expired|signed by unknown authority|invalid peer certificate|certificate[ _]verify[ _]failed|pkix path|certificateexpired|` +
			`unable to get local issuer certificate|self[- ]signed certificate`,
		Meaning: "TLS connections fail: a certificate has expired, is not trusted or does not match its host",
	},
	{
		ID:         "certificate_expiring",
		Expression: `thumbprint=\S{1,200} will expire|\bcertificate (?:will expire|expires (?:in|on|soon))\b`,
		Meaning:    "A TLS certificate expires soon: connections will fail then",
	},
}
