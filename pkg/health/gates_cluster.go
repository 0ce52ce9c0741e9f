package health

var clusterGates = []Gate{
	{
		ID: "targets_down", Number: 26, Runbook: "telemetry_blind_spots", Signal: TargetsUp, Op: Below, Severity: Stressed,
		Service: Cluster, Side: SideTelemetry, Deciding: true, Optional: true,
		Threshold: everywhere(0.9), Recover: everywhere(0.9),
		Title:  "Server processes are not being scraped",
		Why:    "The processes are down, or Prometheus cannot reach them and part of the cluster is unmonitored.",
		Source: "One dead process of nine; a rolling deploy of a larger cluster stays below it.",
	},
	{
		ID: "suspected_deadlock", Number: 58, Runbook: "deadlocks", Signal: Deadlocks, Op: Above, Severity: Stressed,
		Service: Cluster, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "A server process may be deadlocked",
		Why:    "The process is alive and passes its health check, but one of its components is blocked.",
		Source: "The server's own deadlock detector; 0 in every healthy phase.",
	},
	{
		ID: "certificates_expired", Number: 59, Runbook: "certificates", Signal: CertsExpired, Op: Above, Severity: Stressed,
		Service: Cluster, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "A certificate has expired",
		Why:    "New connections that need it are refused; processes that restart do not come back.",
		Source: "Any.",
	},
	{
		ID: "certificates_expiring", Number: 60, Runbook: "certificates", Signal: CertsExpiring, Op: Above, Severity: Stressed,
		Service: Cluster, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "A certificate expires soon",
		Why:    "When it expires, the cluster's processes or its clients no longer reach each other.",
		Source: "Any within the server's own warning time.",
	},
}
