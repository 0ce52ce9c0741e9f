package health

// Visibility gates judge the store behind lists, searches and the Web UI. Workflows run without it, so none
// of them is critical.
var visibilityGates = []Gate{
	{
		ID: "visibility_failing", Number: 37, Runbook: "visibility_store", Signal: VisibilityErrRatio, Op: Above, Severity: Stressed,
		Service: Visibility, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.05), Recover: everywhere(0.05 * ceilingMargin),
		Title:   "The visibility store fails",
		Why:     "Lists, searches, batch jobs and the Web UI fail while workflows continue, and the tasks that write to the store accumulate.",
		Source:  "The bound of the database's own failures, 5 %; measured 0 when healthy.",
		applies: whenAtLeast(VisibilityErrors, 0.2, "failed operations per second"),
	},
	{
		ID: "visibility_late", Number: 38, Runbook: "visibility_store", Signal: VisibilityBacklogAge, Op: Above, Severity: Stressed,
		Service: Visibility, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:   "The visibility store lags behind",
		Why:     "Lists and searches show workflows as they were minutes ago.",
		Source:  "The base table's bound for backlogs, 120 s.",
		applies: unlessQuiet(VisibilityBacklogAge),
	},
	{
		ID: "visibility_slow", Number: 39, Runbook: "visibility_store", Signal: VisibilityP99, Op: Above, Severity: Stressed,
		Service: Visibility, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(2000), Recover: everywhere(2000 * ceilingMargin),
		Title:   "Writes to the visibility store are slow",
		Why:     "Slow writes occupy the visibility queue's slots; lists become stale next.",
		Source:  "Measured: 40 ms and less when healthy; Elasticsearch's bulk processor flushes once a second, so a write takes up to a second by design.",
		applies: unlessQuiet(VisibilityP99),
	},
	{
		ID: "visibility_queries_slow", Number: 40, Runbook: "visibility_store", Signal: VisibilityQueryP99, Op: Above, Severity: Stressed,
		Service: Visibility, Side: SideEarly, Optional: true,
		Threshold: everywhere(5000), Recover: everywhere(5000 * ceilingMargin),
		Title:  "List and count calls are slow",
		Why:    "The Web UI and clients that list workflows wait; starts and signals do not.",
		Source: "Half of the 10 s after which clients give up by default.",
	},
}
