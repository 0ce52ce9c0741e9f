package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// What the workers report of themselves. None of it is the server's fault, and scaling the server does not help.
var workerTexts = []text{
	{
		gate:  "activity_slots_exhausted",
		what:  "workers have no activity slot left, so activities wait",
		why:   "Every slot is held by an activity that runs, and a worker without a free slot stops polling. Either there is more work than slots, or activities hang on something that they wait for.",
		first: "See what the running activities do: if they hang, fix what they wait for; if they work, add workers.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Look at what the running activities wait for: a slow dependency, a lock, a missing time-out.", "Activities that hang fill new slots as fast as the old ones.", 0.7, explain.RiskLow, nil},
			{explain.Scale, health.Workers, "Add activity workers, or slots where CPU and memory allow; do not scale down.", "More slots take more tasks.", 0.7, explain.RiskLow, map[string]string{"setting": "MaxConcurrentActivityExecutionSize"}},
		},
		watch: []health.SignalID{health.ActivitySlots, health.ActivityBacklogAge, health.ActivityScheduleToStart},
	},
	{
		gate:  "workflow_slots_exhausted",
		what:  "workers have no workflow task slot left, so workflows wait",
		why:   "Workflow tasks should take milliseconds. Slots that stay taken mean more work than slots, workflow code that blocks, or long histories that are replayed.",
		first: "Check whether workflow tasks have become slow; if not, add workers.",
		hints: []health.SignalID{health.StickyCacheHitRate, health.StickyCacheImbalance},
		actions: []advice{
			{explain.Scale, health.Workers, "Add workflow workers; do not scale down.", "More slots take more tasks.", 0.65, explain.RiskLow, map[string]string{"setting": "MaxConcurrentWorkflowTaskExecutionSize"}},
			{explain.Investigate, health.Workers, "Look for workflow code that blocks or computes, and for replays of long histories.", "Such tasks hold their slot far too long.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.WorkflowSlots, health.WorkflowBacklogAge, health.WorkflowScheduleToStart},
	},
	{
		gate:  "worker_workflow_pollers_gone",
		what:  "workers run, but none of them polls for workflow tasks",
		why:   "Workers without pollers are stopping, out of slots, or cut off from the frontend.",
		first: "Check whether the workers are shutting down or report connection errors.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{explain.Investigate, health.Workers, "Read the workers' logs for shutdown and connection errors.", "A worker logs why it stops its pollers.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.WorkflowPollers, health.WorkflowBacklogAge},
	},
	{
		gate:  "worker_activity_pollers_gone",
		what:  "workers run, but none of them polls for activity tasks",
		why:   "Most often all their slots are taken; else they are stopping or cut off from the frontend.",
		first: "Look at the free activity slots first, then at connection errors.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{explain.Investigate, health.Workers, "Check the workers' free activity slots and what the running activities wait for.", "A worker without a free slot stops polling.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityPollers, health.ActivitySlots},
	},
	drained.about("workflow_schedule_to_start_critical", evidence.Draining, "workflow tasks that have waited start now, [[value]] after they were made"),
	tooFew.about("workflow_schedule_to_start_critical", nil, "workflow tasks start late, [[value]] after they were made", health.WorkflowScheduleToStart),
	drained.about("activity_schedule_to_start_critical", evidence.DrainingActivities, "activities that have waited start now, [[value]] after they were scheduled", health.ActivityScheduleToStart, health.BacklogDepth),
	{
		gate: "activity_schedule_to_start_critical", what: "activities start late, [[value]] after they were scheduled",
		why:   "Activity workers do not keep up, or their slots are held by activities that wait for something.",
		first: "Look at the activity workers' free slots and at how long activities run.",
		hints: []health.SignalID{health.TaskSlotsAvailable},
		actions: []advice{
			{explain.Scale, health.Workers, "Add activity workers or slots if all of them are busy.", "Busy slots are the bottleneck in that case.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityScheduleToStart, health.ActivitySlots},
	},
	// Early signs, which decide nothing.
	{gate: "activity_slots_low", what: "activity slots run low, [[value]] are free", why: "There is little room for a burst of activities.", first: "Plan for more activity slots or workers before the next peak.",
		actions: []advice{{explain.Scale, health.Workers, "Add activity workers before the next peak.", "The room for a burst is small.", 0.4, explain.RiskLow, nil}}, watch: []health.SignalID{health.ActivitySlotsRatio}},
	{gate: "workflow_slots_low", what: "workflow task slots run low, [[value]] are free", why: "There is little room for a burst of workflow tasks.", first: "Plan for more workflow workers before the next peak.",
		actions: []advice{{explain.Scale, health.Workers, "Add workflow workers before the next peak.", "The room for a burst is small.", 0.4, explain.RiskLow, nil}}, watch: []health.SignalID{health.WorkflowSlotsRatio}},
	{gate: "workflow_schedule_to_start", what: "workflow tasks start a little late, [[value]]", why: "Workers may begin to fall behind.", first: "Keep an eye on the workers' CPU and slots.",
		actions: []advice{{explain.Investigate, health.Workers, "Look at the workers' CPU and free slots.", "They fall behind before they fail.", 0.4, explain.RiskLow, nil}}, watch: []health.SignalID{health.WorkflowScheduleToStart}},
	{gate: "activity_schedule_to_start", what: "activities start a little late, [[value]]", why: "Activity workers may begin to fall behind.", first: "Keep an eye on the workers' CPU and slots.",
		actions: []advice{{explain.Investigate, health.Workers, "Look at the workers' CPU and free slots.", "They fall behind before they fail.", 0.4, explain.RiskLow, nil}}, watch: []health.SignalID{health.ActivityScheduleToStart}},
}
