package health

// Replication gates judge the traffic between clusters. A cluster that nothing replicates to has none.
var replicationGates = []Gate{
	{
		ID: "replication_stuck", Number: 55, Runbook: "replication", Signal: ReplicationStuck, Op: Above, Severity: Stressed,
		Service: Replication, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Replication between clusters is stuck",
		Why:    "A failover now would lose or repeat work.",
		Source: "Any finding of the server's own stream monitor within five minutes.",
	},
	{
		ID: "replication_lagging", Number: 56, Runbook: "replication", Signal: ReplicationLag, Op: Above, Severity: Stressed,
		Service: Replication, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(60), Recover: everywhere(60 * ceilingMargin),
		Title:  "Replication between clusters lags",
		Why:    "A failover would lose this much recent progress.",
		Source: "A minute: the usual bound for a recovery point in Temporal's multi-cluster documents.",
	},
	{
		ID: "replication_failing", Number: 57, Runbook: "replication", Signal: ReplicationFailures, Op: Above, Severity: Stressed,
		Service: Replication, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * ceilingMargin),
		Title:  "Replication tasks fail",
		Why:    "Workflows on the standby cluster fall behind or go to the dead-letter queue.",
		Source: "Six a minute; single failures are retried.",
	},
}
