package health

import "math"

var matchingGates = []Gate{
	{
		ID: "workflow_pollers_gone", Number: 19, Runbook: "pollers_gone", Signal: MatchingWorkflowPoll, Op: Below, Severity: Critical,
		Service: Matching, Side: SideWorker, Deciding: true,
		Threshold: everywhere(1), Recover: everywhere(1),
		Title:   "No workers poll for workflow tasks while tasks are waiting",
		Why:     "Without workflow pollers no workflow progresses, whatever the server's health.",
		Source:  "Measured: polls drop to 0 within 10 s of the workers' end, minutes before backlog ages rise.",
		applies: nobodyTakesTasks,
	},
	{
		ID: "starved_too_long", Number: 20, Runbook: "starved_queues", Signal: StarvedOldestAge, Op: Above, Severity: Critical,
		Service: Matching, Side: SideWorker, Deciding: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:   "A task queue has had no workers for minutes",
		Why:     "A single unserved queue among healthy ones is a common outage, and totals over all queues hide it.",
		Source:  "The base table's bound for backlogs, 120 s.",
		applies: whenStarved,
	},
	{
		ID: "workflow_backlog_critical", Number: 21, applies: unlessHidden, Runbook: "matching_backlog", Signal: WorkflowBacklogAge, Op: Above, Severity: Critical,
		Service: Matching, Side: SideWaiting, Deciding: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:  "Workflow tasks wait for minutes",
		Why:    "A workflow task is one step of a workflow: while it waits, the workflow does not progress.",
		Source: "The base table's bound for backlogs, 120 s; measured 0 when healthy, 155 s without workers.",
	},
	{
		ID: "queues_starved", Number: 22, applies: unlessHidden, Runbook: "starved_queues", Signal: StarvedQueues, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideWorker, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "A task queue with waiting tasks has no available workers",
		Why:    "Tasks are waiting or arriving, and no poller or no free slot is available.",
		Source: "Measured: never in a healthy phase.",
	},
	{
		ID: "workflow_backlog", Number: 23, applies: unlessHidden, Runbook: "matching_backlog", Signal: WorkflowBacklogAge, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideWaiting, Deciding: true,
		Threshold: everywhere(30), Recover: everywhere(10),
		Title:  "Workflow tasks wait for a worker",
		Why:    "Workers do not keep up, or the server cannot dispatch the tasks.",
		Source: "The base table's bounds for backlogs, 30 s and 10 s.",
	},
	{
		ID: "activity_backlog", Number: 24, applies: unlessHidden, Runbook: "matching_backlog", Signal: ActivityBacklogAge, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideWaiting, Deciding: true,
		Threshold: everywhere(30), Recover: everywhere(10),
		Title:  "Activity tasks wait for a worker",
		Why:    "Activity workers do not keep up. Set a separate threshold for queues that are slow by design.",
		Source: "The base table's bounds for backlogs, 30 s and 10 s; measured 73 s with slots starved.",
	},
	{
		ID: "poll_timeouts", Number: 25, Runbook: "empty_polls", Signal: PollTimeouts, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * ceilingMargin),
		Title:   "Polls come back empty while tasks wait",
		Why:     "Workers poll and tasks are waiting, but the matching service does not dispatch them.",
		Source:  "Base table: stressed above 10 %; an idle worker's polls are all empty, so it speaks only while tasks wait for workers that are there.",
		applies: pollersAndTasks,
	},
	{
		ID: "task_slots_gone", Number: 70, applies: unlessHidden, Runbook: "worker_scaling", Signal: SlotlessQueues, Op: Above, Severity: Critical,
		Service: Matching, Side: SideWorker, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Workers have no free slots while tasks are waiting",
		Why:    "Every executor slot is in use, so the workers stop polling: blocked or slow activities are the usual cause.",
		Source: "Measured: pollers drop to 0 within 10 s of the last slot's end, and tasks go to the backlog.",
	},
	{
		ID: "worker_version_unserved", Number: 71, Runbook: "worker_versions", Signal: UnservedVersions, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideWorker, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Tasks are waiting for a worker version that is not running",
		Why:    "Workers of another version poll the queue and cannot take these tasks: the deployment's current version has no workers.",
		Source: "Measured: never in a healthy phase.",
	},
	{
		ID: "backlog_growing", Number: 72, Runbook: "matching_backlog", Signal: BacklogGrowth, Op: Above, Severity: Stressed,
		Service: Matching, Side: SideWaiting, Deciding: true,
		Threshold: everywhere(0.01), Recover: everywhere(0.01 * ceilingMargin),
		PerUnitOf: "tasks added per second",
		Title:     "More tasks arrive than are dispatched",
		Why:       "Tasks are accumulating. Without a breakdown by task queue this is the only available sign.",
		Source:    "One task in a hundred over five minutes; measured 0 when healthy. Some are dropped without being dispatched, when their workflow closed meanwhile.",
		applies:   whenQueuesAreHidden,
	},
	{
		ID: "sync_match_low", Number: 73, Runbook: "matching_backlog", Signal: SyncMatch, Op: Below, Severity: Stressed,
		Service: Matching, Side: SideEarly, Optional: true,
		Threshold: everywhere(0.95), Recover: everywhere(0.95),
		Title:   "Tasks are written to the database before dispatch",
		Why:     "Fewer pollers are waiting than tasks arrive: an early sign that workers are falling behind.",
		Source:  "Temporal's advice: 95 % and more.",
		applies: whenAtLeast(WorkflowStarts, minDemand, "workflow starts per second"),
	},
}

// nobodyTakesTasks: tasks wait or are made, and no worker takes one. Busy workers whose polls are all taken
// show no waiting poll either, but then work advances and polls end with a task. Throughput alone does
// not tell the two apart: signals from clients are state transitions too.
func nobodyTakesTasks(r *reading) condition {
	starts, startsKnown := r.acceptedStarts()
	wanted := r.tasksWait().or(known(starts >= minDemand))
	if !startsKnown {
		wanted = r.tasksWait().or(maybe)
	}
	if wanted == no {
		return when(no, "no task waits")
	}
	if r.atLeast(SlotlessQueues, 1) == yes {
		return when(no, "workers are running and have no free slots")
	}
	moves := r.atLeast(TransitionRate, math.Max(2*starts, 0.5))
	switch {
	case moves == yes && r.over(PollSuccess, 0) == yes:
		return when(no, "work is progressing")
	case wanted == yes && moves != maybe:
		return when(yes, "tasks wait")
	default:
		return when(maybe, "whether tasks are waiting is unknown")
	}
}

// whenQueuesAreHidden: the balance of all queues together stands in where they can't be judged one by one.
func whenQueuesAreHidden(r *reading) condition {
	if _, ok := r.Value(StarvedQueues); ok {
		return when(no, "task queues are evaluated individually")
	}
	added, ok := r.Value(TasksAdded)
	if !ok {
		return when(maybe, "the rate of added tasks is unknown")
	}
	// Below 5/s the threshold stays at 0.05/s: fifteen tasks in five minutes are no chance. Above that, or one task in a
	// thousand, it may be a dead queue as well as tasks that were dropped.
	c := scaled(math.Max(added, 5), "scaled to the tasks added")
	c.doubt = math.Max(0.05, 0.001*added)
	c.doubtNote = "too few tasks to distinguish a task queue without workers from dropped tasks"
	return c
}

// hidden: the task queues can't be judged one by one, and their balance can.
func (r *reading) hidden() bool {
	_, one := r.Value(StarvedQueues)
	_, balance := r.Value(BacklogGrowth)
	return !one && balance
}

// unlessHidden lets a gate over single task queues rest where the server's metrics do not name them: then the balance
// of all queues is judged instead.
func unlessHidden(r *reading) condition {
	if r.hidden() {
		return when(no, "the server's metrics do not name task queues: tasks added and dispatched are compared instead")
	}
	return when(yes, "")
}

func whenStarved(r *reading) condition {
	if r.hidden() {
		return unlessHidden(r)
	}
	if r.atLeast(StarvedQueues, 1) == no {
		return when(no, "no task queue is starved")
	}
	return when(yes, "")
}

func pollersAndTasks(r *reading) condition {
	late := r.over(WorkflowBacklogAge, lateAge).or(r.over(ActivityBacklogAge, lateAge))
	switch {
	case late != yes && r.hidden():
		return unlessHidden(r)
	case late == no:
		return when(no, "no task waits")
	case r.atLeast(StarvedQueues, 1) == yes:
		return when(no, "the waiting tasks have no poller")
	case late == yes && r.atLeast(StarvedQueues, 1) == no:
		return when(yes, "tasks wait")
	default:
		return when(maybe, "whether tasks are waiting is unknown")
	}
}
