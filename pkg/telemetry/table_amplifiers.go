package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	conditionFailed = `error_type=~".*ConditionFailed.*"`
	ownershipLost   = `error_type=~".*ShardOwnershipLost"`
	mutableState    = `cache_type="mutablestate"`
	getOrCreate     = `operation="HistoryCacheGetOrCreate"`
)

const quietShards = "the shards make less than one persistence request per second each, too few to compare"

const noSQL = "the server exports no SQL connection pool metrics (they are sampled once a minute, and Cassandra has none)"

var amplifierAsks = []ask{
	dsql(health.OCCConflicts, dsqlRate("dsql_tx_conflict")),
	{id: health.CASFailures, from: fromServer, zero: zeroAtServer, query: plus(
		counted(anyService, "persistence_error_with_type", anyService, conditionFailed),
		counted(anyService, "service_error_with_type", anyService, ownershipLost))},
	dsql(health.SerializationFailures, dsqlRate("dsql_tx_exhausted")),
	{id: health.PoolUtilization, from: fromServer, query: leaf(poolUtilization), missing: noSQL},
	dsql(health.PoolWaitCount, func(*asking) query { return dsqlCount("sum(increase(%s%s))", "dsql_pool_wait") }),
	dsql(health.PoolWaitDuration, dsqlWait),
	{id: health.PoolChurn, from: fromServer, zero: zeroAtServer, query: counted(anyService, "persistence_session_refresh_attempts", anyService)},
	dsql(health.PoolOpens, dsqlRate("dsql_reservoir_refills")),
	dsql(health.PoolCloses, dsqlRate("dsql_reservoir_discards")),
	dsql(health.ReservoirSize, dsqlGauge("dsql_reservoir_size")),
	dsql(health.ReservoirTarget, dsqlGauge("dsql_reservoir_target")),
	dsql(health.ReservoirEmpty, dsqlRate("dsql_reservoir_empty")),
	dsql(health.ReservoirDiscards, dsqlRate("dsql_reservoir_discards")),
	{id: health.BacklogDepth, from: fromMatching, query: ladder(witness{name: "approximate_backlog_count", needs: []string{"approximate_backlog_count"}, perQueue: true,
		query: zeroBesideOthers("approximate_backlog_count", gauge("sum", "approximate_backlog_count", userNamespaces, userQueues))})},
	unexported(health.RetryTime, "the time that retries of history tasks take"),
	{id: health.PollerConcurrency, from: fromWorkers, query: workerGauge("sum", "temporal_num_pollers", anyPollers), missing: noWorkers},
	{id: health.TaskSlotsAvailable, from: fromWorkers, query: workerGauge("sum", "temporal_worker_task_slots_available", taskSlots), missing: noWorkers},
	{id: health.TaskSlotsUsed, from: fromWorkers, query: workerGauge("sum", "temporal_worker_task_slots_used", taskSlots), missing: noWorkers},
	{id: health.CacheHitRate, from: fromHistory, zero: zeroAtHistory, missing: "the history cache was not asked during the window", query: complement(share(
		counted(history, "cache_miss", history, mutableState, getOrCreate),
		rate("cache_requests", history, mutableState, getOrCreate)))},
	unexported(health.CacheEvictions, "cache evictions"),
	unexported(health.CacheSize, "the size of its caches in bytes: it counts entries"),
	// The histogram's smallest bucket is one request per second: below that all shards look the same.
	{id: health.HotShardRatio, from: fromHistory, missing: quietShards, query: share(
		quantile(0.99, "persistence_shard_rps", history), above(1, quantile(0.5, "persistence_shard_rps", history)))},
	{id: health.MaxShardLoad, from: fromHistory, missing: quietShards, query: atMost(100, times(100, share(
		above(1, quantile(0.99, "persistence_shard_rps", history)), above(0, rate("persistence_requests", history)))))},
	// The gauge exists for the operations whose concurrency is limited, long polls above all.
	{id: health.GRPCInFlight, from: fromFrontend, query: gauge("sum", "service_pending_requests", frontend), missing: "no request whose concurrency is limited has been made"},
	unexported(health.GRPCQueueDepth, "the depth of its gRPC queues"),
	// A server in one process repeats its runtime metrics under each service's name.
	{id: health.Goroutines, from: fromServer, query: gauge("max", "num_goroutines", anyService)},
	unexported(health.BlockedGoroutines, "how many goroutines are blocked"),
	{id: health.CPUThrottle, from: fromContainer, query: leaf(cpuThrottle), missing: "no cAdvisor series match the container selector"},
	{id: health.MemoryRSS, from: fromContainer, query: leaf(memoryRSS), missing: "neither process_resident_memory_bytes of the server nor cAdvisor's container_memory_rss is scraped"},
	// In tally's dialect the metric measures seconds, in spite of its name.
	{id: health.GCPause, from: fromServer, query: milliseconds(0.99, "memory_gc_pause_ms", anyService), missing: "no garbage collection ran during the window"},
	{id: health.RateLimitEvents, from: fromFrontend, zero: zeroAtFrontend, query: counted(frontend, "service_errors_resource_exhausted", frontend)},
	{id: health.AdmissionRejects, from: fromHistory, zero: zeroAtHistory, query: plus(
		counted(anyService, "persistence_errors_resource_exhausted", anyService),
		counted(history, "task_errors_throttled", history, causeServerLimit))},
	{id: health.LogPatternRate, from: fromNobody, missing: "no log source is configured"},
	{id: health.TaskRestarts, from: fromServer, query: taskRestarts},
	{id: health.MembershipChanges, from: fromHistory, zero: zeroAtHistory, query: zeroWhile(history, "membership_changed_count", leaf(membershipChanges))},
	unexported(health.LeaderChanges, "leader changes: Temporal elects no leader"),
}

// dsqlGauge adds up a gauge of the DSQL plugin.
func dsqlGauge(metric string) func(*asking) query {
	return func(*asking) query {
		return leaf(func(a *asking) string { return fmt.Sprintf("sum(%s)", a.dsqlSeries(metric)) })
	}
}

// dsqlWait is how long a connection is waited for, in milliseconds, in the server's dialect.
func dsqlWait(a *asking) query {
	wait := quantileOf(0.95, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.dsqlSeries(a.names.server.timer("dsql_reservoir_checkout_latency")+"_bucket"), a.over(1))
	})
	if a.names.server.Milliseconds {
		return wait
	}
	return times(1000, wait)
}

// poolUtilization is how full the fullest connection pool is, per process and kind of database.
func poolUtilization(a *asking) string {
	return fmt.Sprintf("100 * max(%s / (%s > 0))", a.series("persistence_sql_in_use"), a.series("persistence_sql_max_open_conn"))
}

// taskRestarts counts restarts by what only a restart sets back: the allocations, which servers export since 1.28, or
// a counter of database requests. A process that comes back under another instance is none here.
var taskRestarts = ladder(
	witness{name: "memory_mallocs", query: leaf(func(a *asking) string { return restarts(a.series("memory_mallocs", anyService)) })},
	witness{name: "resets of persistence_requests", needs: []string{"persistence_requests"}, query: leaf(func(a *asking) string {
		return restarts(a.series(a.names.server.counter("persistence_requests"), anyService, `operation="ListNamespaces"`))
	})},
)

func restarts(counter string) string {
	return fmt.Sprintf("sum(max by (job, instance) (resets(%s[10m])))", counter)
}

// membershipChanges takes the history process that saw the most: all of them see every change.
func membershipChanges(a *asking) string {
	return fmt.Sprintf("max(increase(%s[5m])) / 5", a.series(a.names.server.counter("membership_changed_count"), history))
}

const noContainers = "no container selector is configured, and the server does not export it"

func cpuThrottle(a *asking) string {
	if a.cluster.ContainerSelector == "" {
		return a.cannot(noContainers)
	}
	own := braces(a.cluster.ContainerSelector, []string{`container!=""`}, func(l string) string { return l })
	return fmt.Sprintf("100 * sum(rate(container_cpu_cfs_throttled_periods_total%s%s)) / sum(rate(container_cpu_cfs_periods_total%s%s))",
		own, a.over(1), own, a.over(1))
}

func memoryRSS(a *asking) string {
	ofProcess := fmt.Sprintf("max(%s and on (job, instance) %s)", a.target("process_resident_memory_bytes"), a.series("num_goroutines", anyService))
	if a.cluster.ContainerSelector == "" {
		return ofProcess
	}
	own := braces(a.cluster.ContainerSelector, []string{`container!=""`}, func(l string) string { return l })
	return fmt.Sprintf("(max(container_memory_rss%s) or %s)", own, ofProcess)
}
