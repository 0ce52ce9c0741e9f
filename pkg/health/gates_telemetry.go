package health

var telemetryGates = []Gate{
	{
		ID: "targets_down", Signal: TargetsUp, Op: Below, Severity: Stressed,
		Service: Cluster, Side: SideTelemetry, Deciding: true,
		Threshold: everywhere(0.9), Recover: everywhere(0.9),
		Title:  "Server processes can't be scraped",
		Why:    "Either they are down, or part of the cluster is out of sight. Both want a look.",
		Source: "One dead process of nine; a rolling deploy of a larger cluster stays below it.",
	},
}
