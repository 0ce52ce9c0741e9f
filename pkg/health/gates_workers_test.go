package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var workerBoundaries = []boundary{
	{gate: "workflow_slots_exhausted", signal: health.WorkflowSlots, fires: below(1, 1)},
	{gate: "activity_slots_exhausted", signal: health.ActivitySlots, fires: below(1, 1)},
	{
		gate: "worker_workflow_pollers_gone", signal: health.WorkflowPollers, given: values{health.WorkflowStarts: 0.1}, fires: below(1, 1),
		speaks: circumstances{"a task waits": {health.WorkflowStarts: 0, health.WorkflowBacklogAge: 10.1}},
		rests:  circumstances{"nothing waits": {health.WorkflowStarts: 0.099, health.WorkflowBacklogAge: 10}},
	},
	{
		gate: "worker_activity_pollers_gone", signal: health.ActivityPollers, given: values{health.WorkflowStarts: 0.1}, fires: below(1, 1),
		speaks: circumstances{"it is unknown what waits": {health.WorkflowStarts: missing}},
		rests:  circumstances{"nothing waits": {health.WorkflowStarts: 0.099, health.ActivityBacklogAge: 10}},
	},
	{gate: "workflow_schedule_to_start_critical", signal: health.WorkflowScheduleToStart, fires: above(200, 150)},
	{gate: "activity_schedule_to_start_critical", signal: health.ActivityScheduleToStart, fires: above(500, 375)},
	{gate: "workflow_slots_low", signal: health.WorkflowSlotsRatio, fires: below(0.5, 0.5)},
	{gate: "activity_slots_low", signal: health.ActivitySlotsRatio, fires: below(0.5, 0.5)},
	{gate: "workflow_schedule_to_start", signal: health.WorkflowScheduleToStart, fires: above(50, 37.5)},
	{gate: "activity_schedule_to_start", signal: health.ActivityScheduleToStart, fires: above(100, 75)},
}
