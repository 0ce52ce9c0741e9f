package health

import "math"

var historyGates = []Gate{
	{
		ID: "history_backlog_critical", Number: 6, Runbook: "history_backlog", Signal: HistoryBacklogAge, Op: Above, Severity: Critical,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:   "History tasks are minutes late",
		Why:     "Timers fire late and workflow tasks are scheduled late: the strongest predictor of cascading failure.",
		Source:  "Base table: critical above 120 s.",
		applies: unlessQuiet(HistoryBacklogAge),
	},
	{
		ID: "history_backlog", Number: 7, Runbook: "history_backlog", Signal: HistoryBacklogAge, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(30), Recover: everywhere(10),
		Title:   "History tasks are late",
		Why:     "The history service cannot keep up with its queues.",
		Source:  "Base table: stressed above 30 s, healthy below 10 s; measured 0.1 s when healthy, 20 to 46 s after a database hang.",
		applies: unlessQuiet(HistoryBacklogAge),
	},
	{
		ID: "history_stalled", Number: 8, Runbook: "history_stalled", Signal: HistoryTaskRate, Op: Below, Severity: Critical,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: collapsed, Recover: collapsed.times(floorMargin),
		Title:   "History stopped processing tasks",
		Why:     "Work is requested and the history queues process almost no tasks.",
		Source:  "Base table: critical below 10/s, scaled to the band; a workflow start makes two tasks at least (measured).",
		applies: historyDemanded,
	},
	{
		ID: "state_transitions_slow", Number: 9, Runbook: "state_transition_latency", Signal: TransitionP99, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(500), Recover: everywhere(500 * ceilingMargin),
		Title:   "State transitions are slow",
		Why:     "Contention on shards or in the database; often rises before anything breaks.",
		Source:  "Base table: stressed above 500 ms; measured 60 ms when healthy, 460 ms with a slow database, 9.3 s with a hung one.",
		applies: unlessQuiet(TransitionP99),
	},
	{
		ID: "shard_churn", Number: 10, Runbook: "shard_movement", Signal: ShardChurn, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(5), Recover: everywhere(5 * ceilingMargin),
		Title:   "High shard churn",
		Why:     "Every move pauses a shard: cluster membership is unstable, or a deployment is restarting processes repeatedly.",
		Source:  "Base table: stressed above 5/s.",
		applies: unlessMostStart,
	},
	{
		ID: "shards_moving", Number: 11, Runbook: "shard_movement", Signal: ShardsMoved, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * ceilingMargin),
		Title:   "A large share of shards changed owner",
		Why:     "A history host joined, left or restarted; workflows on moving shards wait.",
		Source:  "Measured: one of two history hosts killed moves half of 64 shards, at only 1.4/s, so the rate alone does not show it.",
		applies: unlessMostStart,
	},
	{
		ID: "history_tasks_given_up", Number: 62, Runbook: "dead_letters", Signal: DeadLetters, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "History tasks go to the dead-letter queue",
		Why:    "The server gave up on this work: a timer, a workflow task or a child start does not happen until the dead-letter queue is merged.",
		Source: "Any within five minutes; measured 0 when healthy.",
	},
	{
		ID: "history_tasks_failed_for_good", Number: 63, Runbook: "dead_letters", Signal: TerminalFailures, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "History tasks fail terminally",
		Why:    "The server hit an error that retries cannot resolve and dropped the task.",
		Source: "Any within five minutes; measured 0 when healthy.",
	},
	{
		ID: "workflow_data_corrupted", Number: 64, Runbook: "dead_letters", Signal: Corruptions, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Workflow data is lost or corrupted",
		Why:    "Stored state does not match its history or its checksum: the affected workflows cannot continue.",
		Source: "Any within five minutes; measured 0 when healthy.",
	},
	{
		ID: "history_queue_full", Number: 65, Runbook: "history_backlog", Signal: PendingHistoryTasks, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true, Optional: true,
		Threshold: everywhere(9000), Recover: everywhere(9000 * ceilingMargin),
		Title:  "A history queue is full",
		Why:    "A queue stops loading tasks at 10,000 pending ones: everything behind them waits.",
		Source: "The server's critical number of pending tasks, 9,000.",
	},
	{
		ID: "outbound_late", Number: 66, Runbook: "nexus", Signal: OutboundBacklogAge, Op: Above, Severity: Stressed,
		Service: History, Side: SideEarly, Optional: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:  "Nexus calls and callbacks are sent late",
		Why:    "Callers wait for a namespace or service that does not respond.",
		Source: "The base table's bound for backlogs, 120 s.",
	},
	{
		ID: "callbacks_blocked", Number: 67, Runbook: "nexus", Signal: CallbacksBlocked, Op: Above, Severity: Stressed,
		Service: History, Side: SideApplication, Deciding: true, Optional: true,
		Threshold: everywhere(0), Recover: everywhere(0),
		Title:  "Nexus calls or callbacks are blocked",
		Why:    "A circuit breaker is open: the destination fails repeatedly and callers wait.",
		Source: "Any within five minutes.",
	},
	{
		ID: "nexus_slow", Number: 68, Runbook: "nexus", Signal: NexusLatency, Op: Above, Severity: Stressed,
		Service: History, Side: SideEarly, Optional: true,
		Threshold: everywhere(10_000), Recover: everywhere(10_000 * ceilingMargin),
		Title:  "Nexus requests are slow",
		Why:    "Callers wait on another namespace's workers.",
		Source: "The 10 s that a Nexus start request has by default.",
	},
	{
		ID: "archival_late", Number: 69, Runbook: "history_backlog", Signal: ArchivalBacklogAge, Op: Above, Severity: Stressed,
		Service: History, Side: SideEarly, Optional: true,
		Threshold: everywhere(600), Recover: everywhere(600 * ceilingMargin),
		Title:  "Archival is late",
		Why:    "Closed workflows are archived late. Running workflows are unaffected; retention waits for archival.",
		Source: "Ten minutes: far beyond what a working archive takes, and well below the shortest retention, a day.",
	},
	{
		ID: "timers_late", Number: 74, Runbook: "history_backlog", Signal: TimerBacklogAge, Op: Above, Severity: Stressed,
		Service: History, Side: SideEarly, Optional: true,
		Threshold: everywhere(30), Recover: everywhere(10),
		Title:   "Timers fire late",
		Why:     "Workflows that sleep, retry or time out wake up late.",
		Source:  "The base table's bounds for history backlogs, 30 s and 10 s.",
		applies: unlessQuiet(TimerBacklogAge),
	},
}

func historyDemanded(r *reading) condition {
	if r.over(HistoryBacklogAge, lateAge) == yes {
		return when(yes, "history tasks are late")
	}
	starts, ok := r.acceptedStarts()
	if !ok {
		// Neither lateness nor demand is known to be there. A queue that works is not stalled.
		if r.atLeast(HistoryTaskRate, healthyThroughput) == yes {
			return when(no, "demand is unknown, but tasks are processed")
		}
		return when(maybe, "demand is unknown")
	}
	if starts < minDemand {
		return when(no, "no work is requested")
	}
	floor := collapsed.For(r.band)
	return scaled(math.Min(1, 0.75*starts/floor), "scaled to the workflow starts")
}
