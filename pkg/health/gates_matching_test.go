package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var matchingBoundaries = []boundary{
	{
		gate: "workflow_pollers_gone", signal: health.MatchingWorkflowPoll, given: nothingTaken, fires: below(1, 1),
		speaks: circumstances{
			"workflows are started":               {health.WorkflowBacklogAge: 0, health.WorkflowStarts: 0.1, health.WorkflowsCreated: 0.1},
			"an activity task waits":              {health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 10.1},
			"starts alone move the cluster":       {health.WorkflowStarts: 10, health.WorkflowsCreated: 10, health.TransitionRate: 19.9, health.PollSuccess: 0.01},
			"signals move the cluster":            {health.TransitionRate: 100, health.PollSuccess: 0},
			"polls end and next to nothing moves": {health.TransitionRate: 0.49, health.PollSuccess: 0.01},
			"the slots are not known":             {health.SlotlessQueues: missing},
		},
		rests: circumstances{
			"no task waits":                    {health.WorkflowBacklogAge: 10, health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099},
			"every poll is taken":              {health.TransitionRate: 0.5, health.PollSuccess: 0.01},
			"every poll of many is taken":      {health.WorkflowStarts: 10, health.WorkflowsCreated: 10, health.TransitionRate: 20, health.PollSuccess: 0.01},
			"workers are there without a slot": {health.SlotlessQueues: 1},
		},
		unknown: circumstances{
			"it is unknown whether tasks wait":    {health.WorkflowBacklogAge: missing},
			"it is unknown whether work advances": {health.TransitionRate: missing},
			"demand is unknown":                   {health.WorkflowBacklogAge: 0, health.WorkflowStarts: missing, health.WorkflowsCreated: missing},
		},
	},
	{
		gate: "starved_too_long", signal: health.StarvedOldestAge, given: values{health.StarvedQueues: 1}, fires: above(120, 90),
		speaks: circumstances{"the number of starved queues is unknown": {health.StarvedQueues: missing, health.BacklogGrowth: missing}},
		rests: circumstances{
			"no queue is starved":   {health.StarvedQueues: 0},
			"the queues are hidden": {health.StarvedQueues: missing},
		},
	},
	{gate: "workflow_backlog_critical", signal: health.WorkflowBacklogAge, fires: above(120, 90), speaks: queuesUnknown, rests: queuesHidden},
	{
		gate: "queues_starved", signal: health.StarvedQueues, given: values{health.BacklogGrowth: missing}, fires: above(0, 0),
		rests: circumstances{"the queues are hidden": {health.StarvedQueues: missing, health.BacklogGrowth: 0}},
	},
	{gate: "workflow_backlog", signal: health.WorkflowBacklogAge, fires: above(30, 10), speaks: queuesUnknown, rests: queuesHidden},
	{gate: "activity_backlog", signal: health.ActivityBacklogAge, fires: above(30, 10), speaks: queuesUnknown, rests: queuesHidden},
	{
		gate: "poll_timeouts", signal: health.PollTimeouts, given: values{health.WorkflowBacklogAge: 30.1}, fires: above(0.1, 0.075),
		speaks: circumstances{"activity tasks wait": {health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 30.1}},
		rests: circumstances{
			"no task waits":              {health.WorkflowBacklogAge: 30, health.ActivityBacklogAge: 30},
			"the queue has no worker":    {health.StarvedQueues: 1},
			"no task waits, nor starves": {health.WorkflowBacklogAge: 0, health.StarvedQueues: missing, health.BacklogGrowth: missing},
			"the queues are hidden":      {health.WorkflowBacklogAge: missing, health.StarvedQueues: missing},
		},
		unknown: circumstances{
			"it is unknown whether the queue has a worker": {health.StarvedQueues: missing},
			"it is unknown whether tasks wait":             {health.WorkflowBacklogAge: missing},
		},
	},
	{gate: "task_slots_gone", signal: health.SlotlessQueues, fires: above(0, 0), speaks: queuesUnknown, rests: queuesHidden},
	{gate: "worker_version_unserved", signal: health.UnservedVersions, fires: above(0, 0)},
	{
		gate: "backlog_growing", signal: health.BacklogGrowth, given: values{health.StarvedQueues: missing, health.TasksAdded: 200},
		fires: above(2, 1.5), between: health.NotKnowable,
		passes: circumstances{"one task in a thousand is missing": {health.BacklogGrowth: 0.2}},
		rests:  circumstances{"the queues are judged one by one": {health.StarvedQueues: 0}},
		unknown: circumstances{
			"more than one in a thousand is missing": {health.BacklogGrowth: 0.201},
			"the added tasks are unknown":            {health.TasksAdded: missing},
		},
	},
	{
		gate: "backlog_growing", signal: health.BacklogGrowth, given: values{health.StarvedQueues: missing, health.TasksAdded: 5},
		fires: above(0.05, 0.0375),
	},
	{
		gate: "backlog_growing", signal: health.BacklogGrowth, given: values{health.StarvedQueues: missing, health.TasksAdded: 0},
		fires: above(0.05, 0.0375),
	},
	{
		gate: "sync_match_low", signal: health.SyncMatch, given: values{health.WorkflowStarts: 0.1}, fires: below(0.95, 0.95),
		speaks: circumstances{"the starts are unknown": {health.WorkflowStarts: missing}},
		rests:  circumstances{"hardly a workflow is started": {health.WorkflowStarts: 0.099}},
	},
}

// queuesHidden is a server whose metrics do not name task queues, so that their balance is judged; queuesUnknown has no
// balance either.
var (
	queuesHidden  = circumstances{"the queues are hidden": {health.StarvedQueues: missing}}
	queuesUnknown = circumstances{"the queues and their balance are unknown": {health.StarvedQueues: missing, health.BacklogGrowth: missing}}
)

// nothingTaken is a cluster in which one workflow task waits longer than it should and no worker takes any.
var nothingTaken = values{
	health.WorkflowBacklogAge: 10.1, health.PollSuccess: 0, health.TransitionRate: 0.4,
	health.WorkflowStarts: 0, health.WorkflowsCreated: 0,
}
