package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var visibilityBoundaries = []boundary{
	{
		gate: "visibility_failing", signal: health.VisibilityErrRatio, given: values{health.VisibilityErrors: 0.2}, fires: above(0.05, 0.0375),
		speaks: circumstances{"the rate of failures is unknown": {health.VisibilityErrors: missing}},
		rests:  circumstances{"single operations fail": {health.VisibilityErrors: 0.199}},
	},
	latency(boundary{gate: "visibility_late", signal: health.VisibilityBacklogAge, fires: above(120, 90)}),
	latency(boundary{gate: "visibility_slow", signal: health.VisibilityP99, fires: above(2000, 1500)}),
	{gate: "visibility_queries_slow", signal: health.VisibilityQueryP99, fires: above(5000, 3750)},
}
