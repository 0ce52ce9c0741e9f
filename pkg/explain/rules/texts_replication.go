package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Replication between clusters: what a failover would lose.
var replicationTexts = []text{
	{
		gate:  "replication_stuck",
		what:  "a replication stream between the clusters does not advance, [[value]]",
		why:   "No change of its shards reaches the standby cluster, so a failover now would lose or repeat work. Usual reasons are a task that can't be applied, a history host that restarted in the middle, or a lost connection.",
		first: "Do not fail over; find the shard and the task in the history log of the receiving cluster.",
		actions: []advice{
			{explain.Investigate, health.Replication, "Read the replication errors of the shard in the history logs of both clusters.", "The receiving side names the task that it can't apply.", 0.75, explain.RiskLow, nil},
			{explain.Restart, health.History, "Restart the history host that owns the shard on the receiving cluster if it shows no error.", "The stream is opened again from the last acknowledged task.", 0.45, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.ReplicationStuck, health.ReplicationLag},
	},
	{
		gate:  "replication_failing",
		what:  "replication tasks fail, [[value]]",
		why:   "Workflows on the standby cluster fall behind, and tasks that fail for good move to the replication dead-letter queue. Usual reasons are a namespace or search attribute that exists on one cluster only, different server versions, and a database that refuses writes.",
		first: "Read the errors in the history log of the receiving cluster by namespace and kind.",
		actions: []advice{
			{explain.Investigate, health.Replication, "Compare namespaces, search attributes and server versions of the clusters.", "A task can only be applied where everything that it refers to exists.", 0.7, explain.RiskLow, nil},
			{explain.Investigate, health.Replication, "Read the replication dead-letter queue with tdbg dlq, and merge it after the fix.", "Tasks that were given up are not sent again by themselves.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ReplicationFailures, health.ReplicationLag},
	},
	{
		gate:  "replication_lagging",
		what:  "replication between the clusters lags by [[value]]",
		why:   "A failover now would go back by this much. Usual reasons are the network between the clusters, a burst of changes, a limit on replication, or a receiving cluster that is slower than the sending one.",
		first: "Postpone planned failovers, and compare the load of both clusters and the network between them.",
		hints: []health.SignalID{health.CPUThrottle, health.AdmissionRejects},
		actions: []advice{
			{explain.Investigate, health.Replication, "Check the network between the clusters and the load of the receiving cluster's history service and database.", "The slower side sets the lag.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ReplicationLag, health.ReplicationApplied},
	},
}
