package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var frontendBoundaries = []boundary{
	{
		gate: "frontend_failing", signal: health.FrontendErrRatio, given: values{health.FrontendErrors: 0.2}, fires: above(0.5, 0.375),
		speaks: circumstances{"the rate of failures is unknown": {health.FrontendErrors: missing}},
		rests:  circumstances{"single calls fail": {health.FrontendErrors: 0.199}},
	},
	{
		gate: "frontend_errors", signal: health.FrontendErrRatio, given: values{health.FrontendErrors: 0.1}, fires: above(0.05, 0.0375),
		speaks: circumstances{"the rate of failures is unknown": {health.FrontendErrors: missing}},
		rests:  circumstances{"single calls fail": {health.FrontendErrors: 0.099}},
	},
	latency(boundary{gate: "frontend_slow", signal: health.FrontendP99, fires: above(1000, 750)}),
	{gate: "rate_limited", signal: health.FrontendLimited, fires: above(0.5, 0.375)},
}
