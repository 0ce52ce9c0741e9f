package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

const noTaskStarted = "no task was started during the window, or no metrics of the workers are scraped"

var workerAsks = []ask{
	// Where the workers' own measure is missing or useless, the server's is as good: it includes tasks that
	// were started without the worker's metric (eager activities), and has no upper limit of 10 seconds.
	{id: health.WorkflowScheduleToStart, from: fromWorkers, missing: noTaskStarted, query: firstOf(
		workerMilliseconds(0.95, "temporal_workflow_task_schedule_to_start_latency"),
		milliseconds(0.95, "task_schedule_to_start_latency", userNamespaces, workflowTasks))},
	{id: health.ActivityScheduleToStart, from: fromWorkers, missing: noTaskStarted, query: firstOf(
		workerMilliseconds(0.95, "temporal_activity_schedule_to_start_latency"),
		milliseconds(0.95, "task_schedule_to_start_latency", userNamespaces, activityTasks))},
	{id: health.WorkflowSlots, from: fromWorkers, query: fewestFreeSlots(workflowSlots), missing: noWorkers},
	{id: health.WorkflowSlotsRatio, from: fromWorkers, query: smallestFreeShare(workflowSlots), missing: noWorkers},
	{id: health.ActivitySlots, from: fromWorkers, query: fewestFreeSlots(activitySlots), missing: noWorkers},
	{id: health.ActivitySlotsRatio, from: fromWorkers, query: smallestFreeShare(activitySlots), missing: noWorkers},
	{id: health.WorkflowPollers, from: fromWorkers, query: workerGauge("sum", "temporal_num_pollers", workflowPollers), missing: noWorkers},
	{id: health.ActivityPollers, from: fromWorkers, query: workerGauge("sum", "temporal_num_pollers", activityPollers), missing: noWorkers},

	// The cache is one per process, reported under each workflow type.
	{id: health.StickyCacheSize, from: fromWorkers, missing: noWorkers, query: leaf(func(a *asking) string {
		return "sum(" + a.byWorker("max", "temporal_sticky_cache_size") + ")"
	})},
	{id: health.StickyCacheImbalance, from: fromWorkers, missing: "the sticky caches are empty, or " + noWorkers, query: leaf(func(a *asking) string {
		sizes := a.byWorker("max", "temporal_sticky_cache_size")
		return fmt.Sprintf("max(%s) / avg(%s)", sizes, sizes)
	})},
	{id: health.StickyCacheHitRate, from: fromWorkers, zero: zeroBesideSibling, missing: "no worker looked into its sticky cache during the window, or " + noWorkers,
		query: share(stickyHits, plus(stickyHits, stickyMisses))},
	{id: health.StickyCacheMisses, from: fromWorkers, zero: zeroBesideSibling, missing: noWorkers, query: stickyMisses},
	{id: health.WorkerLongPollLatency, from: fromWorkers, missing: noPollEnded + ", or " + noWorkers,
		query: workerMilliseconds(0.95, "temporal_long_request_latency")},
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
