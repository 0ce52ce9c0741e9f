package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var persistenceBoundaries = []boundary{
	{
		gate: "persistence_failing", signal: health.PersistenceErrRatio, given: values{health.PersistenceErrors: 0.2}, fires: above(0.05, 0.0375),
		speaks: circumstances{"the rate of failures is unknown": {health.PersistenceErrors: missing}},
		rests:  circumstances{"single operations fail": {health.PersistenceErrors: 0.199}},
	},
	{
		gate: "persistence_error_rate", signal: health.PersistenceErrors, given: values{health.PersistenceErrRatio: 0.01}, fires: above(10, 7.5),
		speaks: circumstances{"the share of failures is unknown": {health.PersistenceErrRatio: missing}},
		rests:  circumstances{"less than one operation in a hundred fails": {health.PersistenceErrRatio: 0.0099}},
	},
	{
		gate: "persistence_errors", signal: health.PersistenceErrRatio, given: values{health.PersistenceErrors: 0.2}, fires: above(0.01, 0.0075),
		speaks: circumstances{"the rate of failures is unknown": {health.PersistenceErrors: missing}},
		rests:  circumstances{"single operations fail": {health.PersistenceErrors: 0.199}},
	},
	{
		gate: "persistence_slow", signal: health.PersistenceP99, fires: above(100, 75),
		speaks:  circumstances{"few processes start": barelyStarting, "it is unknown whether processes start": {health.WarmingUp: missing}},
		rests:   circumstances{"the cluster starts": starting},
		unknown: circumstances{"an idle cluster shows no latency": {health.PersistenceP99: missing, health.WorkflowStarts: 0, health.WorkflowsCreated: 0}},
	},
}
