package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var historyBoundaries = []boundary{
	latency(boundary{gate: "history_backlog_critical", signal: health.HistoryBacklogAge, fires: above(120, 90)}),
	latency(boundary{gate: "history_backlog", signal: health.HistoryBacklogAge, fires: above(30, 10)}),
	{gate: "history_stalled", signal: health.HistoryTaskRate, given: values{health.HistoryBacklogAge: 30.1}, band: health.Starter, fires: below(0.5, 0.75)},
	{gate: "history_stalled", signal: health.HistoryTaskRate, given: values{health.HistoryBacklogAge: 30.1}, band: health.Mid, fires: below(10, 15)},
	{gate: "history_stalled", signal: health.HistoryTaskRate, given: values{health.HistoryBacklogAge: 30.1}, band: health.High, fires: below(50, 75)},
	// Three tasks in four starts: what one start needs at least, with margin.
	{
		gate: "history_stalled", signal: health.HistoryTaskRate, given: values{health.WorkflowStarts: 4, health.WorkflowsCreated: 4},
		band: health.Mid, fires: below(3, 4.5),
	},
	{
		gate: "history_stalled", signal: health.HistoryTaskRate, given: values{health.WorkflowStarts: 100, health.WorkflowsCreated: 100},
		band: health.High, fires: below(50, 75),
		speaks: circumstances{
			"the least demand": {health.WorkflowStarts: 0.1, health.WorkflowsCreated: 0.1},
			"tasks are late and demand is unknown": {health.WorkflowStarts: missing, health.WorkflowsCreated: missing,
				health.HistoryBacklogAge: 30.1},
		},
		rests: circumstances{
			"no demand": {health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099},
			"no demand and tasks on their way": {health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099,
				health.HistoryBacklogAge: 30},
			"unknown demand and tasks that are processed": {health.WorkflowStarts: missing, health.WorkflowsCreated: missing, health.HistoryTaskRate: 50},
		},
		unknown: circumstances{
			"unknown demand": {health.WorkflowStarts: missing, health.WorkflowsCreated: missing, health.HistoryTaskRate: 49.9},
		},
	},
	latency(boundary{gate: "state_transitions_slow", signal: health.TransitionP99, fires: above(500, 375)}),
	{
		gate: "shard_churn", signal: health.ShardChurn, fires: above(5, 3.75),
		speaks: circumstances{"one of two processes starts": {health.WarmingUp: 0.5}}, rests: circumstances{"most processes start": {health.WarmingUp: 0.51}},
	},
	{
		gate: "shards_moving", signal: health.ShardsMoved, fires: above(0.1, 0.075),
		speaks: circumstances{"one of two processes starts": {health.WarmingUp: 0.5}}, rests: circumstances{"most processes start": {health.WarmingUp: 0.51}},
	},
	{gate: "history_tasks_given_up", signal: health.DeadLetters, fires: above(0, 0)},
	{gate: "history_tasks_failed_for_good", signal: health.TerminalFailures, fires: above(0, 0)},
	{gate: "workflow_data_corrupted", signal: health.Corruptions, fires: above(0, 0)},
	{gate: "history_queue_full", signal: health.PendingHistoryTasks, fires: above(9000, 6750)},
	{gate: "outbound_late", signal: health.OutboundBacklogAge, fires: above(120, 90)},
	{gate: "callbacks_blocked", signal: health.CallbacksBlocked, fires: above(0, 0)},
	{gate: "nexus_slow", signal: health.NexusLatency, fires: above(10_000, 7500)},
	{gate: "archival_late", signal: health.ArchivalBacklogAge, fires: above(600, 450)},
	latency(boundary{gate: "timers_late", signal: health.TimerBacklogAge, fires: above(30, 10)}),
}
