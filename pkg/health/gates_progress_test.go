package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var agesUnknown = values{
	health.HistoryBacklogAge: missing, health.WorkflowBacklogAge: missing, health.ActivityBacklogAge: missing, health.StarvedOldestAge: missing,
}

// usual is what a cluster normally does, known just well enough.
var usual = health.Baseline{TransitionsPerSec: 40, StartsPerSec: 10, ClosedPerSec: 4, Cycles: 20}

var progressBoundaries = []boundary{
	{
		gate: "progress_stalled", signal: health.TransitionRate, given: values{health.WorkflowStarts: 4, health.WorkflowsCreated: 4},
		fires: below(3, 4.5),
		speaks: circumstances{
			"the least demand":                            {health.WorkflowStarts: 0.1, health.WorkflowsCreated: 0.1},
			"starts and inflow make the demand":           {health.WorkflowStarts: 0.05, health.WorkflowsCreated: 0.05, health.BacklogInflow: 0.05},
			"creations stand in for unknown starts":       {health.WorkflowStarts: missing, health.TransitionRate: 2.9},
			"starts fail":                                 {health.WorkflowsCreated: 0, health.FrontendErrors: 0.1, health.TransitionRate: 2.9},
			"it is unknown whether starts fail":           {health.WorkflowsCreated: 0, health.FrontendErrors: missing, health.TransitionRate: 2.9},
			"the database fails":                          {health.WorkflowsCreated: 0, health.PersistenceErrRatio: 0.0101, health.TransitionRate: 2.9},
			"the frontend hangs":                          {health.WorkflowsCreated: 0, health.FrontendP99: 1001, health.TransitionRate: 2.9},
			"the database hangs":                          {health.WorkflowsCreated: 0, health.PersistenceP99: 1001, health.TransitionRate: 2.9},
			"tasks pile up while creations are not known": {health.WorkflowsCreated: missing, health.BacklogInflow: 4, health.TransitionRate: 1},
		},
		rests: circumstances{
			"no demand":                  {health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099},
			"starts that create nothing": {health.WorkflowsCreated: 0.099},
			"starts that are well and create nothing": {health.WorkflowsCreated: 0, health.FrontendErrors: 0.099,
				health.PersistenceErrRatio: 0.01, health.FrontendP99: 1000, health.PersistenceP99: 1000},
			"starts that write nothing, creations unknown": {health.WorkflowsCreated: missing},
			"unknown demand and work that advances":        {health.WorkflowStarts: missing, health.WorkflowsCreated: missing, health.TransitionRate: 50.1},
		},
		unknown: circumstances{
			"unknown demand": {health.WorkflowStarts: missing, health.WorkflowsCreated: missing, health.TransitionRate: 50},
		},
	},
	{gate: "progress_floor", signal: health.TransitionRate, given: values{health.WorkflowBacklogAge: 31}, band: health.Starter, fires: below(0.5, 0.75)},
	{gate: "progress_floor", signal: health.TransitionRate, given: values{health.WorkflowBacklogAge: 31}, band: health.Mid, fires: below(10, 15)},
	{
		gate: "progress_floor", signal: health.TransitionRate, given: values{health.WorkflowBacklogAge: 31}, band: health.High,
		fires: below(50, 75),
		speaks: circumstances{
			"history tasks are late":     {health.WorkflowBacklogAge: 30, health.HistoryBacklogAge: 30.1},
			"workflow tasks are late":    {health.WorkflowBacklogAge: 30.1},
			"activity tasks are late":    {health.WorkflowBacklogAge: 30, health.ActivityBacklogAge: 30.1},
			"a starved queue waits long": {health.WorkflowBacklogAge: 30, health.StarvedOldestAge: 30.1},
		},
		rests: circumstances{
			"nothing is late": {health.HistoryBacklogAge: 30, health.WorkflowBacklogAge: 30, health.ActivityBacklogAge: 30, health.StarvedOldestAge: 30},
			"nothing is asked for and the history age is unknown": {health.HistoryBacklogAge: missing, health.WorkflowBacklogAge: 0,
				health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099},
			"ages are unknown and work advances": with(agesUnknown, values{health.TransitionRate: 50}),
		},
		unknown: circumstances{
			"ages are unknown": with(agesUnknown, values{health.TransitionRate: 49.9}),
		},
	},
	{
		gate: "throughput_dropped", signal: health.TransitionRate, given: values{health.WorkflowStarts: 5}, baseline: usual,
		fires:   below(10, 15),
		rests:   circumstances{"demand is lower than half of the usual": {health.WorkflowStarts: 4.9}},
		unknown: circumstances{"demand is unknown": {health.WorkflowStarts: missing}},
	},
	{
		gate: "throughput_dropped", signal: health.TransitionRate, baseline: health.Baseline{TransitionsPerSec: 5, StartsPerSec: 0.1, Cycles: 20},
		fires: below(1.25, 1.875),
	},
	{
		gate: "throughput_dropped", signal: health.TransitionRate, baseline: health.Baseline{TransitionsPerSec: 40, StartsPerSec: 10, Cycles: 19},
		rests: circumstances{"the baseline is too short": {health.TransitionRate: 0}},
	},
	{
		gate: "throughput_dropped", signal: health.TransitionRate, baseline: health.Baseline{TransitionsPerSec: 4.9, StartsPerSec: 10, Cycles: 20},
		rests: circumstances{"the baseline is the system's own work": {health.TransitionRate: 0}},
	},
	{
		gate: "throughput_dropped", signal: health.TransitionRate, baseline: health.Baseline{TransitionsPerSec: 40, StartsPerSec: 0.099, Cycles: 20},
		rests: circumstances{"hardly any workflow is usually started": {health.TransitionRate: 0}},
	},
}

var completionBoundaries = []boundary{
	{
		gate: "completion_collapsed", signal: health.CompletionRate, given: fewClose, fires: below(0.5, 0.75),
		speaks: circumstances{"it is unknown how many close": {health.SuccessRate: missing, health.FailedRate: missing}},
		rests:  circumstances{"too few workflows close": {health.FailedRate: 0.099}},
	},
	{
		gate: "completion_degraded", signal: health.CompletionRate, given: fewClose, fires: below(0.95, 0.95),
		speaks: circumstances{"it is unknown how many fail": {health.FailedRate: missing}},
		rests:  circumstances{"too few workflows close": {health.FailedRate: 0.099}},
	},
}

// fewClose is the least number of closed workflows that has a completion rate.
var fewClose = values{health.SuccessRate: 0.1, health.FailedRate: 0.1}
