package health

// System worker gates judge the server's own worker service: schedules, batch jobs, deletions, replication
// of namespaces.
var systemWorkerGates = []Gate{
	{
		ID: "system_worker_gone", Number: 41, Runbook: "schedules", Signal: SystemWorkerUp, Op: Below, Severity: Stressed,
		Service: SystemWorker, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(1), Recover: everywhere(1),
		Title:  "The internal worker service is gone",
		Why:    "Schedules do not start workflows, and batch jobs and deletions do not run.",
		Source: "A process of the service exported metrics within the last hour and none does now.",
	},
	{
		ID: "system_queue_late", Number: 42, Runbook: "schedules", Signal: SystemQueueAge, Op: Above, Severity: Stressed,
		Service: SystemWorker, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:  "Tasks wait in system task queues",
		Why:    "The server's internal workflows, mainly schedules, are not picked up.",
		Source: "The base table's bound for backlogs, 120 s; measured 0 when healthy.",
	},
	{
		ID: "schedules_missed", Number: 43, Runbook: "schedules", Signal: SchedulesMissed, Op: Above, Severity: Stressed,
		Service: SystemWorker, Side: SideServer, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Schedules miss their start time",
		Why:    "A scheduled action that misses its catch-up window is never started.",
		Source: "Temporal's advice: any missed catch-up window within five minutes.",
	},
	{
		ID: "schedules_overrun", Number: 44, Runbook: "schedules", Signal: SchedulesOverrun, Op: Above, Severity: Stressed,
		Service: SystemWorker, Side: SideEarly, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Schedules drop actions",
		Why:    "A schedule whose runs take longer than its interval fills its buffer, and further actions are dropped.",
		Source: "Any overrun within five minutes.",
	},
}
