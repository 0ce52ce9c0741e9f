package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var workflowBoundaries = []boundary{
	{gate: "workflow_nondeterminism", signal: health.NonDeterminism, fires: above(0, 0)},
	{
		gate: "workflow_tasks_failing", signal: health.WorkflowTaskFailureRatio, given: values{health.WorkflowTaskFailures: 0.1}, fires: above(0.1, 0.075),
		speaks: circumstances{"the rate of failures is unknown": {health.WorkflowTaskFailures: missing}},
		rests:  circumstances{"single workflow tasks fail": {health.WorkflowTaskFailures: 0.099}},
	},
	{gate: "workflow_messages_too_large", signal: health.OversizedMessages, fires: above(0, 0)},
	{gate: "workflow_task_attempts", signal: health.WorkflowTaskAttempts, fires: above(10, 7.5)},
	{
		gate: "activities_failing", signal: health.ActivityFailureRatio, given: values{health.ActivityFailures: 0.1}, fires: above(0.5, 0.375),
		speaks: circumstances{"the rate of failures is unknown": {health.ActivityFailures: missing}},
		rests:  circumstances{"single attempts fail": {health.ActivityFailures: 0.099}},
	},
	{
		gate: "activities_timing_out", signal: health.ActivityTimeoutRatio, given: values{health.ActivityTimeouts: 0.1}, fires: above(0.2, 0.15),
		speaks: circumstances{"the rate of time-outs is unknown": {health.ActivityTimeouts: missing}},
		rests:  circumstances{"single attempts time out": {health.ActivityTimeouts: 0.099}},
	},
	{gate: "hot_workflow", signal: health.BusyWorkflow, fires: above(1, 0.75)},
	{gate: "oversized_transaction", signal: health.OversizedTransactions, fires: above(0, 0)},
	{gate: "client_errors", signal: health.ClientErrors, fires: above(1, 0.75)},
	{
		gate: "workflows_stopped_closing", signal: health.ClosedRate, given: values{health.WorkflowStarts: 5}, baseline: usual,
		fires:   below(0.4, 0.6),
		rests:   circumstances{"demand is lower than half of the usual": {health.WorkflowStarts: 4.9}},
		unknown: circumstances{"demand is unknown": {health.WorkflowStarts: missing}},
	},
	{
		gate: "workflows_stopped_closing", signal: health.ClosedRate, baseline: health.Baseline{StartsPerSec: 0.1, ClosedPerSec: 0.2, Cycles: 20},
		speaks: circumstances{"the baseline is just large enough": {health.ClosedRate: 0}},
	},
	{
		gate: "workflows_stopped_closing", signal: health.ClosedRate, baseline: health.Baseline{StartsPerSec: 10, ClosedPerSec: 4, Cycles: 19},
		rests: circumstances{"the baseline is too short": {health.ClosedRate: 0}},
	},
	{
		gate: "workflows_stopped_closing", signal: health.ClosedRate, baseline: health.Baseline{StartsPerSec: 10, ClosedPerSec: 0.199, Cycles: 20},
		rests: circumstances{"hardly any workflow usually closes": {health.ClosedRate: 0}},
	},
	{
		gate: "workflows_stopped_closing", signal: health.ClosedRate, baseline: health.Baseline{StartsPerSec: 0.099, ClosedPerSec: 4, Cycles: 20},
		rests: circumstances{"hardly any workflow is usually started": {health.ClosedRate: 0}},
	},
}
