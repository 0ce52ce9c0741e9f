package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var replicationBoundaries = []boundary{
	{gate: "replication_stuck", signal: health.ReplicationStuck, fires: above(0, 0)},
	{gate: "replication_lagging", signal: health.ReplicationLag, fires: above(60, 45)},
	{gate: "replication_failing", signal: health.ReplicationFailures, fires: above(0.1, 0.075)},
}
