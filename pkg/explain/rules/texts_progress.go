package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Progress gates say that work does not advance. They lead only when no other gate names the reason.
var progressTexts = []text{
	{
		gate:  "progress_stalled",
		what:  "work is requested and does not advance, [[value]] state transitions against a floor of [[threshold]]",
		why:   "Accepted work writes state, and too little is written. No condition names where it is stuck, so the cause is something that the signals do not show.",
		first: "Start a workflow by hand and follow where it stops.",
		actions: []advice{
			{explain.Investigate, health.Cluster, "Start a test workflow and see at which service it stops.", "The signals show that work does not advance, not where.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.WorkflowStarts},
	},
	{
		gate:  "progress_floor",
		what:  "throughput collapsed to [[value]] while work waits",
		why:   "Tasks are late and next to nothing advances, measured against what this cluster normally does.",
		first: "Find where the work waits: task queues, history queues, or in front of the cluster.",
		actions: []advice{
			{explain.Investigate, health.Cluster, "Compare the backlogs of the task queues with that of the history service.", "The work is stuck where the oldest of it waits.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.BacklogDepth},
	},
	{
		gate:  "throughput_dropped",
		what:  "throughput dropped to [[value]] although demand did not",
		why:   "Requests come in as usual and a fraction of the usual work is done, often before any other condition fires.",
		first: "Compare the last minutes with deploys of workers and server.",
		actions: []advice{
			{explain.Investigate, health.Cluster, "Compare the time of the drop with deploys and with the first error in the logs.", "A change at that time is the likely cause.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.WorkflowStarts},
	},
}
