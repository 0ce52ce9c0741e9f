package health

import "math"

var historyGates = []Gate{
	{
		ID: "history_backlog_critical", Signal: HistoryBacklogAge, Op: Above, Severity: Critical,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(120), Recover: everywhere(120 * ceilingMargin),
		Title:   "History tasks are minutes late",
		Why:     "Timers fire late and workflow tasks are scheduled late: the strongest predictor of cascading failure.",
		Source:  "Base table: critical above 120 s.",
		applies: unlessQuiet(HistoryBacklogAge),
	},
	{
		ID: "history_backlog", Signal: HistoryBacklogAge, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(30), Recover: everywhere(10),
		Title:   "History tasks are late",
		Why:     "The history service can't keep up with its own queues.",
		Source:  "Base table: stressed above 30 s, healthy below 10 s; measured 0.1 s when healthy, 20 to 46 s after a database hang.",
		applies: unlessQuiet(HistoryBacklogAge),
	},
	{
		ID: "history_stalled", Signal: HistoryTaskRate, Op: Below, Severity: Critical,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: collapsed, Recover: collapsed.times(floorMargin),
		Title:   "History stopped processing tasks",
		Why:     "Work is demanded and the history queues process next to nothing.",
		Source:  "Base table: critical below 10/s, scaled to the band; a workflow start makes two tasks at least (measured).",
		applies: historyDemanded,
	},
	{
		ID: "state_transitions_slow", Signal: TransitionP99, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(500), Recover: everywhere(500 * ceilingMargin),
		Title:   "State transitions are slow",
		Why:     "Contention on shards or in the database; often rises before anything breaks.",
		Source:  "Base table: stressed above 500 ms; measured 60 ms when healthy, 460 ms with a slow database, 9.3 s with a hung one.",
		applies: unlessQuiet(TransitionP99),
	},
	{
		ID: "shard_churn", Signal: ShardChurn, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(5), Recover: everywhere(5 * ceilingMargin),
		Title:   "Shards move all the time",
		Why:     "Every move stops a shard's work for a moment: unstable membership, or a deploy that thrashes.",
		Source:  "Base table: stressed above 5/s.",
		applies: whenWarm,
	},
	{
		ID: "shards_moving", Signal: ShardsMoved, Op: Above, Severity: Stressed,
		Service: History, Side: SideServer, Deciding: true,
		Threshold: everywhere(0.1), Recover: everywhere(0.1 * ceilingMargin),
		Title:   "A good part of the shards changed owner",
		Why:     "A history host came, went or restarted; workflows on moving shards wait.",
		Source:  "Measured: one of two history hosts killed moves half of 64 shards, at only 1.4/s, so the rate alone does not show it.",
		applies: whenWarm,
	},
}

func historyDemanded(r *reading) condition {
	if r.over(HistoryBacklogAge, lateAge) == yes {
		return when(yes, "history tasks are late")
	}
	starts, ok := r.Value(WorkflowStarts)
	if !ok {
		// Neither lateness nor demand is known to be there. A queue that works is not stalled.
		if r.atLeast(HistoryTaskRate, healthyThroughput) == yes {
			return when(no, "the demand is unknown, but tasks are processed")
		}
		return when(maybe, "the demand is unknown")
	}
	if starts < minDemand {
		return when(no, "no work is demanded")
	}
	floor := collapsed.For(r.band)
	return condition{yes, math.Min(1, 0.75*starts/floor), "scaled to the workflow starts"}
}
