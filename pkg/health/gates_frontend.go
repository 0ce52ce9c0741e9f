package health

var frontendGates = []Gate{
	{
		ID: "frontend_failing", Number: 16, Runbook: "frontend_errors", Signal: FrontendErrRatio, Op: Above, Severity: Critical,
		Service: Frontend, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.5), Recover: everywhere(0.5 * ceilingMargin),
		Title:   "Most API calls fail",
		Why:     "Clients can't start, signal or query workflows.",
		Source:  "Measured: 0 when healthy; with the history service dead practically every call fails as Unavailable.",
		applies: whenAtLeast(FrontendErrors, 0.2, "failed calls per second"),
	},
	{
		ID: "frontend_errors", Number: 17, Runbook: "frontend_errors", Signal: FrontendErrRatio, Op: Above, Severity: Stressed,
		Service: Frontend, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.05), Recover: everywhere(0.05 * ceilingMargin),
		Title:   "API calls fail",
		Why:     "Clients receive errors. Client errors and calls to a busy workflow are excluded; refusals by a server limit are included.",
		Source:  "Measured: 0 in every healthy phase.",
		applies: whenAtLeast(FrontendErrors, minDemand, "failed calls per second"),
	},
	{
		ID: "frontend_slow", Number: 18, Runbook: "frontend_latency", Signal: FrontendP99, Op: Above, Severity: Stressed,
		Service: Frontend, Side: SideServer, Deciding: true,
		Threshold: everywhere(1000), Recover: everywhere(1000 * ceilingMargin),
		Title:   "API calls are slow",
		Why:     "Clients wait. Long polls, which are slow by design, are excluded.",
		Source:  "Base table: stressed above 1 s; measured 60 ms when healthy, 480 ms with a slow database, 9.8 s with a hung one.",
		applies: unlessQuiet(FrontendP99),
	},
	{
		ID: "rate_limited", Number: 61, Runbook: "rate_limits", Signal: FrontendLimited, Op: Above, Severity: Stressed,
		Service: Frontend, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.5), Recover: everywhere(0.5 * ceilingMargin),
		Title:  "Requests hit a server limit",
		Why:    "A limit in the server's configuration rejects requested work.",
		Source: "Temporal's advice is any ResourceExhausted; half a refusal a second leaves out single bursts. Measured 0 when healthy, 50/s with a limit in force.",
	},
}
