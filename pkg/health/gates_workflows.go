package health

// Workflow gates judge workflow and activity code: work that is retried without end on a sound cluster is the
// application's, and more server does not help.
var workflowGates = []Gate{
	{
		ID: "workflow_nondeterminism", Number: 45, Runbook: "stuck_workflows", Signal: NonDeterminism, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Workflows fail with non-determinism errors",
		Why:    "The workflow code does not match the history. The workflow task is retried indefinitely, and the workflow does not progress.",
		Source: "Temporal's advice: any non-determinism error.",
	},
	{
		ID: "workflow_tasks_failing", Number: 46, Runbook: "stuck_workflows", Signal: WorkflowTaskFailureRatio, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * ceilingMargin),
		Title:   "Workflow tasks fail repeatedly",
		Why:     "A failed workflow task is retried indefinitely: its workflow does not progress until the code is fixed or rolled back.",
		Source:  "One in ten; measured 0 when healthy and while workflows fail by themselves.",
		applies: whenAtLeast(WorkflowTaskFailures, minDemand, "failed workflow tasks per second"),
	},
	{
		ID: "workflow_messages_too_large", Number: 47, Runbook: "stuck_workflows", Signal: OversizedMessages, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Workflow messages are too large",
		Why:    "A payload over the size limit fails the workflow task, which is retried indefinitely.",
		Source: "Temporal's advice: any message that is too large.",
	},
	{
		ID: "workflow_task_attempts", Number: 48, Runbook: "stuck_workflows", Signal: WorkflowTaskAttempts, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideEarly, Optional: true,
		Threshold: everywhere(10), Recover: everywhere(10 * ceilingMargin),
		Title:  "Workflow tasks need many attempts",
		Why:    "Workflows repeat the same workflow task instead of progressing.",
		Source: "The number of attempts from which the server itself logs a critical workflow task.",
	},
	{
		ID: "activities_failing", Number: 49, Runbook: "activity_failures", Signal: ActivityFailureRatio, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.5), Recover: everywhere(0.5 * ceilingMargin),
		Title:   "Most activity attempts fail",
		Why:     "Activities fail and are retried: the workflows wait for a failing dependency or an application bug.",
		Source:  "More failures than successes in a namespace; measured 0 when healthy.",
		applies: whenAtLeast(ActivityFailures, minDemand, "failed activity attempts per second"),
	},
	{
		ID: "activities_timing_out", Number: 50, Runbook: "activity_failures", Signal: ActivityTimeoutRatio, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0.2), Recover: everywhere(0.2 * ceilingMargin),
		Title:   "Activities time out",
		Why:     "Workers took activities and never responded: they died, hang, or the timeout is too short for the work.",
		Source:  "One attempt in five; measured 0 when healthy.",
		applies: whenAtLeast(ActivityTimeouts, minDemand, "activity time-outs per second"),
	},
	{
		ID: "hot_workflow", Number: 51, Runbook: "hot_workflow", Signal: BusyWorkflow, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(1), Recover: everywhere(1 * ceilingMargin),
		Title:  "One workflow receives more calls than it can process",
		Why:    "Calls to one workflow are processed one at a time. Above that rate they are rejected, whatever the cluster's size.",
		Source: "Measured: 0 when healthy. More than one refusal a second is no coincidence.",
	},
	{
		ID: "oversized_transaction", Number: 52, Runbook: "hot_workflow", Signal: OversizedTransactions, Op: Above, Severity: Stressed,
		Service: Workers, Side: SideApplication, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "A workflow is too large to write",
		Why:    "One workflow's transaction exceeds the database's limit and is retried indefinitely. Other workflows are unaffected.",
		Source: "Measured: never in a healthy phase.",
	},
	{
		ID: "client_errors", Number: 53, Runbook: "client_errors", Signal: ClientErrors, Op: Above, Severity: Stressed,
		Service: Frontend, Side: SideEarly, Optional: true,
		Threshold: everywhere(1), Recover: everywhere(1 * ceilingMargin),
		Title:  "Clients send requests that cannot succeed",
		Why:    "Unknown namespaces, invalid arguments, missing permissions: client errors, not cluster errors.",
		Source: "One a second; clients that look up workflows which may be gone produce a few.",
	},
	{
		ID: "workflows_stopped_closing", Number: 54, Runbook: "progress_stalled", Signal: ClosedRate, Op: Below, Severity: Stressed,
		Service: Workers, Side: SideProgress, Deciding: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * floorMargin),
		PerUnitOf: "workflows usually closed per second",
		Title:     "Workflows start and none closes",
		Why:       "Workflows start at the usual rate but no longer complete.",
		Source:    "Temporal's advice: no completion for five minutes while workflows start; a tenth of what is usual here.",
		applies:   completionsAsUsual,
	},
}

// completionsAsUsual: the cluster normally closes workflows, and they are started as usual.
func completionsAsUsual(r *reading) condition {
	if _, ok := r.Value(ClosedRate); !ok {
		return when(maybe, "")
	}
	b := r.baseline
	if b.Cycles < baselineCycles || b.ClosedPerSec < minClosed || b.StartsPerSec < minDemand {
		return when(no, "no baseline yet for this cluster's completions")
	}
	if asked := r.startsAsUsual(); asked.holds != yes {
		return asked
	}
	return scaled(b.ClosedPerSec, "scaled to this cluster's usual completions")
}
