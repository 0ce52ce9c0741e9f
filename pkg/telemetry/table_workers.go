package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

const noTaskStarted = "no task was started during the window, or no metrics of the workers are scraped"

// noSlots is why there may be no number of slots although workers are scraped.
const noSlots = "not limited by a number of slots: the workers have a resource-based tuner, which exports none; or " + noWorkers

// coreSmallestBucket, in milliseconds, is the smallest bucket of the Rust core's schedule-to-start timers.
const coreSmallestBucket = 100

func scheduleToStart(ofWorkers, tasks string) query {
	return ladder(
		witness{name: "task_schedule_to_start_latency", query: milliseconds(0.95, "task_schedule_to_start_latency", userNamespaces, tasks)},
		witness{name: "the workers' " + ofWorkers, query: workerMilliseconds(0.95, ofWorkers, coreSmallestBucket)},
	)
}

var workerAsks = []ask{
	// The server's own measure comes first: it is the same for every SDK, includes tasks that were started without the
	// worker's metric (eager activities), has no upper limit of 10 seconds, and was within 20 % of the truth in every phase
	// measured.
	{id: health.WorkflowScheduleToStart, from: fromWorkers, missing: noTaskStarted, query: scheduleToStart("temporal_workflow_task_schedule_to_start_latency", workflowTasks)},
	{id: health.ActivityScheduleToStart, from: fromWorkers, missing: noTaskStarted, query: scheduleToStart("temporal_activity_schedule_to_start_latency", activityTasks)},
	{id: health.WorkflowSlots, from: fromWorkers, query: fewestFreeSlots(workflowSlots), missing: noSlots},
	{id: health.WorkflowSlotsRatio, from: fromWorkers, query: smallestFreeShare(workflowSlots), missing: noSlots},
	{id: health.ActivitySlots, from: fromWorkers, query: fewestFreeSlots(activitySlots), missing: noSlots},
	{id: health.ActivitySlotsRatio, from: fromWorkers, query: smallestFreeShare(activitySlots), missing: noSlots},
	{id: health.WorkflowPollers, from: fromWorkers, query: workerGauge("sum", "temporal_num_pollers", workflowPollers), missing: noWorkers},
	{id: health.ActivityPollers, from: fromWorkers, query: workerGauge("sum", "temporal_num_pollers", activityPollers), missing: noWorkers},

	// The cache is one per process, reported under each workflow type.
	{id: health.StickyCacheSize, from: fromWorkers, missing: "the workers have cached no workflow yet, or " + noWorkers, query: leaf(func(a *asking) string {
		return "sum" + a.cachedWorkflows()
	})},
	{id: health.StickyCacheImbalance, from: fromWorkers, missing: "the sticky caches are empty, or " + noWorkers, query: leaf(func(a *asking) string {
		sizes := a.cachedWorkflows()
		return fmt.Sprintf("max(%s) / avg(%s)", sizes, sizes)
	})},
	{id: health.StickyCacheHitRate, from: fromWorkers, zero: zeroBesideSibling, missing: "no worker looked into its sticky cache during the window, or " + noWorkers,
		query: share(stickyHits, plus(stickyHits, stickyMisses))},
	{id: health.StickyCacheMisses, from: fromWorkers, zero: zeroBesideSibling, missing: noWorkers, query: stickyMisses},
	{id: health.WorkerLongPollLatency, from: fromWorkers, missing: noPollEnded + ", or " + noWorkers,
		query: workerMilliseconds(0.95, "temporal_long_request_latency", 0)},
	{id: health.WorkerLongPollFailures, from: fromWorkers, zero: zeroBesideSibling, missing: noWorkers,
		query: zeroBeside("temporal_long_request", workerRate("temporal_long_request_failure"))},
	{id: health.PollersPerSlot, from: fromWorkers, missing: noWorkers, query: leaf(func(a *asking) string {
		return fmt.Sprintf("max(%s / (%s + %s))", a.byWorker("sum", "temporal_num_pollers"),
			a.byWorker("sum", "temporal_worker_task_slots_available", taskSlots), a.byWorker("sum", "temporal_worker_task_slots_used", taskSlots))
	})},
}

var (
	stickyHits   = zeroBeside("temporal_long_request", workerRate("temporal_sticky_cache_hit"))
	stickyMisses = zeroBeside("temporal_long_request", workerRate("temporal_sticky_cache_miss"))
)
