package health

// SignalID names a signal: the group and field of the published JSON, "history.backlog_age_sec".
type SignalID string

// Class says what a signal may do.
type Class string

// The classes of signals. Only Primary and Support signals are read by gates that decide a state.
const (
	// Primary signals answer whether work makes progress. They decide.
	Primary Class = "primary"
	// Support signals are what the gates need beside the primary ones: demand, pollers, ratios. They decide too.
	Support Class = "support"
	// Amplifier signals say why. They never decide.
	Amplifier Class = "amplifier"
	// Worker signals tell whether workers can make progress. They decide on the bottleneck, not on the state.
	Worker Class = "worker"
	// WorkerAmplifier signals say why workers are in trouble. They never decide.
	WorkerAmplifier Class = "worker_amplifier"
)

// Unit is the unit of a signal's values.
type Unit string

// The units, each with one meaning.
const (
	PerSecond    Unit = "per_second"
	PerMinute    Unit = "per_minute"
	Seconds      Unit = "seconds"
	Milliseconds Unit = "milliseconds"
	Ratio        Unit = "ratio"   // 0 to 1
	Percent      Unit = "percent" // 0 to 100
	Count        Unit = "count"
	Bytes        Unit = "bytes"
)

// Direction says which way a signal gets worse.
type Direction string

// The directions. Neutral signals describe demand or context: neither way is worse by itself.
const (
	HigherIsWorse Direction = "higher"
	LowerIsWorse  Direction = "lower"
	Neutral       Direction = "neutral"
)

// Signal is one row of the table of signals.
type Signal struct {
	ID    SignalID
	Class Class
	// Number is the signal's number in its class: 1 to 12 for primary, 1 to 14 for amplifiers, 1 to 6
	// for workers (W1..W6) and worker amplifiers (WA1..WA6); 0 for support signals.
	Number  int
	Service Service
	Unit    Unit
	Worse   Direction
	// Title is short enough for a legend, Meaning is one line for a tooltip.
	Title, Meaning string
	// DSQLOnly marks signals that only a server with the Aurora DSQL persistence plugin exports.
	DSQLOnly bool
}

// The signals that rules and queries name.
const (
	TransitionRate       SignalID = "state_transitions.throughput_per_sec"
	TransitionP95        SignalID = "state_transitions.latency_p95_ms"
	TransitionP99        SignalID = "state_transitions.latency_p99_ms"
	CompletionRate       SignalID = "workflow_completion.completion_rate"
	SuccessRate          SignalID = "workflow_completion.success_per_sec"
	FailedRate           SignalID = "workflow_completion.failed_per_sec"
	HistoryBacklogAge    SignalID = "history.backlog_age_sec"
	HistoryTaskRate      SignalID = "history.task_processing_rate_per_sec"
	ShardChurn           SignalID = "history.shard_churn_rate_per_sec"
	FrontendErrors       SignalID = "frontend.error_rate_per_sec"
	FrontendP95          SignalID = "frontend.latency_p95_ms"
	FrontendP99          SignalID = "frontend.latency_p99_ms"
	WorkflowBacklogAge   SignalID = "matching.workflow_backlog_age_sec"
	ActivityBacklogAge   SignalID = "matching.activity_backlog_age_sec"
	PollSuccess          SignalID = "poller.poll_success_rate"
	PollTimeouts         SignalID = "poller.poll_timeout_rate"
	LongPollLatency      SignalID = "poller.long_poll_latency_ms"
	PersistenceP95       SignalID = "persistence.latency_p95_ms"
	PersistenceP99       SignalID = "persistence.latency_p99_ms"
	PersistenceErrors    SignalID = "persistence.error_rate_per_sec"
	PersistenceRetries   SignalID = "persistence.retry_rate_per_sec"
	WorkflowStarts       SignalID = "demand.workflow_starts_per_sec"
	BacklogInflow        SignalID = "demand.backlog_inflow_per_sec"
	CleanupRate          SignalID = "demand.cleanup_per_sec"
	MatchingWorkflowPoll SignalID = "matching.workflow_pollers"
	MatchingActivityPoll SignalID = "matching.activity_pollers"
	StarvedQueues        SignalID = "matching.starved_queues"
	StarvedOldestAge     SignalID = "matching.starved_oldest_age_sec"
	PersistenceErrRatio  SignalID = "persistence.error_ratio"
	FrontendErrRatio     SignalID = "frontend.error_ratio"
	ShardsMoved          SignalID = "history.shards_moved_ratio"
	TargetsUp            SignalID = "telemetry.targets_up_ratio"
	WarmingUp            SignalID = "telemetry.warming_up_ratio"

	WorkflowsCreated      SignalID = "demand.workflows_created_per_sec"
	ClosedRate            SignalID = "workflow_completion.closed_per_sec"
	TasksAdded            SignalID = "demand.tasks_added_per_sec"
	BacklogGrowth         SignalID = "matching.backlog_growth_per_sec"
	SlotlessQueues        SignalID = "matching.slotless_queues"
	UnservedVersions      SignalID = "matching.unserved_versions"
	SyncMatch             SignalID = "matching.sync_match_ratio"
	FrontendLimited       SignalID = "frontend.rate_limited_per_sec"
	BusyWorkflow          SignalID = "frontend.busy_workflow_per_sec"
	ClientErrors          SignalID = "frontend.client_errors_per_sec"
	WaitingCallsP99       SignalID = "frontend.waiting_calls_p99_ms"
	OversizedTransactions SignalID = "persistence.oversized_per_sec"

	TimerBacklogAge     SignalID = "history.timer_backlog_age_sec"
	TransferBacklogAge  SignalID = "history.transfer_backlog_age_sec"
	OutboundBacklogAge  SignalID = "history.outbound_backlog_age_sec"
	ArchivalBacklogAge  SignalID = "history.archival_backlog_age_sec"
	PendingHistoryTasks SignalID = "history.pending_tasks"
	DeadLetters         SignalID = "history.dead_letters_per_min"
	TerminalFailures    SignalID = "history.terminal_failures_per_min"
	Corruptions         SignalID = "history.corruptions_per_min"

	VisibilityErrors     SignalID = "visibility.error_rate_per_sec"
	VisibilityErrRatio   SignalID = "visibility.error_ratio"
	VisibilityP99        SignalID = "visibility.latency_p99_ms"
	VisibilityQueryP99   SignalID = "visibility.query_latency_p99_ms"
	VisibilityBacklogAge SignalID = "visibility.backlog_age_sec"

	SystemWorkerUp      SignalID = "system_worker.up"
	SystemQueueAge      SignalID = "system_worker.queue_age_sec"
	SchedulesMissed     SignalID = "schedules.missed_per_min"
	SchedulesOverrun    SignalID = "schedules.overruns_per_min"
	SchedulesRateLimits SignalID = "schedules.rate_limited_per_min"

	WorkflowTaskFailures     SignalID = "workflow_tasks.failures_per_sec"
	WorkflowTaskFailureRatio SignalID = "workflow_tasks.failure_ratio"
	NonDeterminism           SignalID = "workflow_tasks.nondeterminism_per_min"
	OversizedMessages        SignalID = "workflow_tasks.oversized_per_min"
	WorkflowTaskAttempts     SignalID = "workflow_tasks.attempts_p99"
	ActivityFailures         SignalID = "activities.failures_per_sec"
	ActivityFailureRatio     SignalID = "activities.failure_ratio"
	ActivityTimeouts         SignalID = "activities.timeouts_per_sec"
	ActivityTimeoutRatio     SignalID = "activities.timeout_ratio"

	ReplicationApplied  SignalID = "replication.applied_per_sec"
	ReplicationLag      SignalID = "replication.lag_p99_sec"
	ReplicationFailures SignalID = "replication.failures_per_sec"
	ReplicationStuck    SignalID = "replication.stuck_per_min"
	NexusLatency        SignalID = "nexus.latency_p99_ms"
	CallbacksBlocked    SignalID = "nexus.callbacks_blocked_per_min"
	CertsExpiring       SignalID = "cluster.certificates_expiring"
	CertsExpired        SignalID = "cluster.certificates_expired"
	Deadlocks           SignalID = "cluster.suspected_deadlocks"

	OCCConflicts          SignalID = "persistence.occ_conflicts_per_sec"
	CASFailures           SignalID = "persistence.cas_failures_per_sec"
	SerializationFailures SignalID = "persistence.serialization_failures_per_sec"
	PoolUtilization       SignalID = "connection_pool.utilization_pct"
	PoolWaitCount         SignalID = "connection_pool.wait_count"
	PoolWaitDuration      SignalID = "connection_pool.wait_duration_ms"
	PoolChurn             SignalID = "connection_pool.churn_rate_per_sec"
	PoolOpens             SignalID = "connection_pool.opens_per_sec"
	PoolCloses            SignalID = "connection_pool.closes_per_sec"
	ReservoirSize         SignalID = "connection_pool.reservoir_size"
	ReservoirTarget       SignalID = "connection_pool.reservoir_target"
	ReservoirEmpty        SignalID = "connection_pool.reservoir_empty_per_sec"
	ReservoirDiscards     SignalID = "connection_pool.reservoir_discards_per_sec"
	BacklogDepth          SignalID = "queue.task_backlog_depth"
	RetryTime             SignalID = "queue.retry_time_spent_sec"
	PollerConcurrency     SignalID = "worker.poller_concurrency"
	TaskSlotsAvailable    SignalID = "worker.task_slots_available"
	TaskSlotsUsed         SignalID = "worker.task_slots_used"
	CacheHitRate          SignalID = "cache.hit_rate"
	CacheEvictions        SignalID = "cache.evictions_per_sec"
	CacheSize             SignalID = "cache.size_bytes"
	HotShardRatio         SignalID = "shard.hot_shard_ratio"
	MaxShardLoad          SignalID = "shard.max_shard_load_pct"
	GRPCInFlight          SignalID = "grpc.in_flight_requests"
	GRPCQueueDepth        SignalID = "grpc.server_queue_depth"
	Goroutines            SignalID = "runtime.goroutines"
	BlockedGoroutines     SignalID = "runtime.blocked_goroutines"
	CPUThrottle           SignalID = "host.cpu_throttle_pct"
	MemoryRSS             SignalID = "host.memory_rss_bytes"
	GCPause               SignalID = "host.gc_pause_ms"
	RateLimitEvents       SignalID = "throttling.rate_limit_events_per_sec"
	AdmissionRejects      SignalID = "throttling.admission_rejects_per_sec"
	LogPatternRate        SignalID = "logs.pattern_rate_per_min"
	TaskRestarts          SignalID = "deploy.task_restarts"
	MembershipChanges     SignalID = "deploy.membership_changes_per_min"
	LeaderChanges         SignalID = "deploy.leader_changes_per_min"

	WorkflowScheduleToStart SignalID = "worker.workflow_schedule_to_start_p95_ms"
	ActivityScheduleToStart SignalID = "worker.activity_schedule_to_start_p95_ms"
	WorkflowSlots           SignalID = "worker.workflow_slots_available"
	WorkflowSlotsRatio      SignalID = "worker.workflow_slots_available_ratio"
	ActivitySlots           SignalID = "worker.activity_slots_available"
	ActivitySlotsRatio      SignalID = "worker.activity_slots_available_ratio"
	WorkflowPollers         SignalID = "worker.workflow_pollers"
	ActivityPollers         SignalID = "worker.activity_pollers"
	StickyCacheSize         SignalID = "worker.sticky_cache_size"
	StickyCacheImbalance    SignalID = "worker.sticky_cache_imbalance"
	StickyCacheHitRate      SignalID = "worker.sticky_cache_hit_rate"
	StickyCacheMisses       SignalID = "worker.sticky_cache_miss_rate_per_sec"
	WorkerLongPollLatency   SignalID = "worker.long_poll_latency_ms"
	WorkerLongPollFailures  SignalID = "worker.long_poll_failures_per_sec"
	PollersPerSlot          SignalID = "worker.pollers_per_slot"
)

// Signals returns the table of signals, grouped by class, in the order in which people read them.
// The slice is shared: do not change it.
func Signals() []Signal { return signals }

// LookupSignal finds a signal by its id.
func LookupSignal(id SignalID) (Signal, bool) {
	i, ok := signalIndex[id]
	if !ok {
		return Signal{}, false
	}
	return signals[i], true
}

var signalIndex = func() map[SignalID]int {
	index := make(map[SignalID]int, len(signals))
	for i, s := range signals {
		index[s.ID] = i
	}
	return index
}()
