package health

// Worker gates read the workers' own SDK metrics. They classify the bottleneck and never decide a
// state: what a missing worker does to the cluster is seen at the matching service.
// Thresholds of all of them: Tihomir Surdilovic, "Temporal Workers", 2024.
var workerGates = []Gate{
	{
		ID: "workflow_slots_exhausted", Number: 27, Runbook: "worker_scaling", Signal: WorkflowSlots, Op: Below, Severity: Critical,
		Service: Workers, Side: SideWorker, Threshold: everywhere(1), Recover: everywhere(1),
		Title: "No workflow task slot is free", Why: "A worker without a free slot stops polling.", Source: "0 is critical.",
	},
	{
		ID: "activity_slots_exhausted", Number: 28, Runbook: "worker_scaling", Signal: ActivitySlots, Op: Below, Severity: Critical,
		Service: Workers, Side: SideWorker, Threshold: everywhere(1), Recover: everywhere(1),
		Title: "No activity slot is free", Why: "A worker without a free slot stops polling; blocked activities hold slots.", Source: "0 is critical.",
	},
	{
		ID: "worker_workflow_pollers_gone", Number: 29, Runbook: "poller_configuration", Signal: WorkflowPollers, Op: Below, Severity: Critical,
		Service: Workers, Side: SideWorker, Threshold: everywhere(1), Recover: everywhere(1),
		Title: "Workers run no workflow poller", Why: "Workers run but do not poll for workflow tasks.", Source: "0 is critical. Sticky pollers count.",
		applies: whenWorkWaits,
	},
	{
		ID: "worker_activity_pollers_gone", Number: 30, Runbook: "poller_configuration", Signal: ActivityPollers, Op: Below, Severity: Critical,
		Service: Workers, Side: SideWorker, Threshold: everywhere(1), Recover: everywhere(1),
		Title: "Workers run no activity poller", Why: "Workers run but do not poll for activity tasks: often all slots are in use.", Source: "0 is critical.",
		applies: whenWorkWaits,
	},
	{
		ID: "workflow_schedule_to_start_critical", Number: 31, Runbook: "schedule_to_start", Signal: WorkflowScheduleToStart, Op: Above, Severity: Critical,
		Service: Workers, Side: SideWaiting, Threshold: everywhere(200), Recover: everywhere(200 * ceilingMargin),
		Title: "Workflow tasks start late", Why: "Tasks wait for a worker longer than they take.", Source: "Critical above 200 ms.",
	},
	{
		ID: "activity_schedule_to_start_critical", Number: 32, Runbook: "schedule_to_start", Signal: ActivityScheduleToStart, Op: Above, Severity: Critical,
		Service: Workers, Side: SideWaiting, Threshold: everywhere(500), Recover: everywhere(500 * ceilingMargin),
		Title: "Activities start late", Why: "Activity tasks wait for a worker.", Source: "Critical above 500 ms.",
	},
	{
		ID: "workflow_slots_low", Number: 33, Runbook: "worker_scaling", Signal: WorkflowSlotsRatio, Op: Below, Severity: Stressed,
		Service: Workers, Side: SideEarly, Threshold: everywhere(0.5), Recover: everywhere(0.5),
		Title: "Workflow task slots run low", Why: "Half of the slots are in use: little headroom is left for a burst.", Source: "Healthy above 50 %.",
	},
	{
		ID: "activity_slots_low", Number: 34, Runbook: "worker_scaling", Signal: ActivitySlotsRatio, Op: Below, Severity: Stressed,
		Service: Workers, Side: SideEarly, Threshold: everywhere(0.5), Recover: everywhere(0.5),
		Title: "Activity slots run low", Why: "Half of the slots are in use: little headroom is left for a burst.", Source: "Healthy above 50 %.",
	},
	{
		ID: "workflow_schedule_to_start", Number: 35, Runbook: "schedule_to_start", Signal: WorkflowScheduleToStart, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideEarly, Threshold: everywhere(50), Recover: everywhere(50 * ceilingMargin),
		Title: "Workflow tasks start slightly late", Why: "An early sign that workers are falling behind.", Source: "Stressed above 50 ms; measured 46 ms when healthy on two cores.",
	},
	{
		ID: "activity_schedule_to_start", Number: 36, Runbook: "schedule_to_start", Signal: ActivityScheduleToStart, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideEarly, Threshold: everywhere(100), Recover: everywhere(100 * ceilingMargin),
		Title: "Activities start slightly late", Why: "An early sign that workers are falling behind.", Source: "Stressed above 100 ms.",
	},
}

// whenWorkWaits: a worker that polls for nothing is no problem while there is nothing to poll for.
func whenWorkWaits(r *reading) condition {
	if r.tasksWait().or(r.atLeast(WorkflowStarts, minDemand)) == no {
		return when(no, "no task waits")
	}
	return when(yes, "")
}
