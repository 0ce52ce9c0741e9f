package health

var persistenceGates = []Gate{
	{
		ID: "persistence_failing", Number: 12, Runbook: "database_down", Signal: PersistenceErrRatio, Op: Above, Severity: Critical,
		Service: Persistence, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.05), Recover: everywhere(0.05 * ceilingMargin),
		Title:   "The database fails",
		Why:     "A failed database looks fast and idle; the share of failing operations shows the failure.",
		Source:  "Measured: no error at all when healthy or slow, 8 to 10 % with a hung database, 92 % with a dead one.",
		applies: whenAtLeast(PersistenceErrors, 0.2, "failed operations per second"),
	},
	{
		ID: "persistence_error_rate", Number: 13, Runbook: "database_down", Signal: PersistenceErrors, Op: Above, Severity: Critical,
		Service: Persistence, Side: SideServer, Deciding: true,
		Threshold: everywhere(10), Recover: everywhere(10 * ceilingMargin),
		Title:  "Many database operations fail",
		Why:    "Errors at this rate stop state transitions.",
		Source: "Base table: critical above 10/s, unless that is less than one operation in a hundred.",
		applies: func(r *reading) condition {
			if r.atLeast(PersistenceErrRatio, 0.01) == no {
				return when(no, "below 1 % of operations")
			}
			return when(yes, "")
		},
	},
	{
		ID: "persistence_errors", Number: 14, Runbook: "persistence_errors", Signal: PersistenceErrRatio, Op: Above, Severity: Stressed,
		Service: Persistence, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.01), Recover: everywhere(0.01 * ceilingMargin),
		Title:   "Database operations fail intermittently",
		Why:     "Failed operations are retried, and retries add load.",
		Source:  "Measured: 0 when healthy, slow or starved.",
		applies: whenAtLeast(PersistenceErrors, 0.2, "failed operations per second"),
	},
	{
		ID: "persistence_slow", Number: 15, Runbook: "persistence_latency", Signal: PersistenceP99, Op: Above, Severity: Stressed,
		Service: Persistence, Side: SideServer, Deciding: true,
		Threshold: everywhere(100), Recover: everywhere(100 * ceilingMargin),
		Title:   "The database is slow",
		Why:     "Every service depends on the database: when it is slow, everything else queues behind it.",
		Source:  "Base table: stressed above 100 ms; measured 41 ms when healthy under load, 360 ms slow, 8.4 s hung.",
		applies: unlessFew(PersistenceP99),
	},
}
