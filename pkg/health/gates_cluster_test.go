package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var clusterBoundaries = []boundary{
	{gate: "targets_down", signal: health.TargetsUp, fires: below(0.9, 0.9)},
	{gate: "suspected_deadlock", signal: health.Deadlocks, fires: above(0, 0)},
	{gate: "certificates_expired", signal: health.CertsExpired, fires: above(0, 0)},
	{gate: "certificates_expiring", signal: health.CertsExpiring, fires: above(0, 0)},
}
