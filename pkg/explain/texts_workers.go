package explain

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Workers that are gone or full. None of this is the server's fault, and scaling the server does not help.
var workerTexts = []text{
	{
		gate:  "workflow_pollers_gone",
		when:  func(e *Evidence) bool { return e.atMost(health.MatchingActivityPoll, 0) },
		what:  "no worker polls at all while tasks wait",
		why:   "The workers are gone, or can't reach the cluster. The server is sound: it accepts work and has nobody to give it to. Usual reasons are a deploy that failed, credentials or certificates that expired, or a network change.",
		first: "Look at the workers' deployment: are they running, and can they connect?",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{Restart, health.Workers, "Start the workers again, or roll back their last deploy.", "Waiting tasks are taken as soon as somebody polls; nothing is lost.", 0.85, RiskLow, nil},
			{Investigate, health.Workers, "Read the workers' last log lines for connection, certificate and permission errors.", "Workers that run and don't poll say there why.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.MatchingWorkflowPoll, health.StarvedOldestAge, health.TransitionRate},
	},
	{
		gate:  "workflow_pollers_gone",
		what:  "nobody polls for workflow tasks while tasks wait",
		why:   "Without workflow workers no workflow takes its next step, however healthy the server is; activity workers alone don't help. Usually the workflow workers are down or were deployed without their workflows.",
		first: "Look at the deployment of the workflow workers.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{Restart, health.Workers, "Start the workflow workers again, or roll back their last deploy.", "Waiting tasks are taken as soon as somebody polls; nothing is lost.", 0.8, RiskLow, nil},
			{Investigate, health.Workers, "Check which task queues the running workers poll.", "A worker on the wrong queue looks healthy and helps nobody.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.MatchingWorkflowPoll, health.TransitionRate},
	},
	{
		gate:  "activity_slots_exhausted",
		what:  "workers have no activity slot left, so activities wait",
		why:   "Every slot is held by an activity that runs, and a worker without a free slot stops polling. Either there is more work than slots, or activities hang on something that they wait for.",
		first: "See what the running activities do: if they hang, fix what they wait for; if they work, add workers.",
		hints: []health.SignalID{health.TaskSlotsUsed},
		actions: []advice{
			{Investigate, health.Workers, "Look at what the running activities wait for: a slow dependency, a lock, a missing timeout.", "Activities that hang fill new slots as fast as the old ones.", 0.7, RiskLow, nil},
			{Scale, health.Workers, "Add activity workers, or slots where CPU and memory allow; do not scale down.", "More slots take more tasks.", 0.7, RiskLow, map[string]string{"setting": "MaxConcurrentActivityExecutionSize"}},
		},
		watch: []health.SignalID{health.ActivitySlots, health.ActivityBacklogAge, health.ActivityScheduleToStart},
	},
	{
		gate:  "workflow_slots_exhausted",
		what:  "workers have no workflow task slot left, so workflows wait",
		why:   "Workflow tasks should take milliseconds. Slots that stay taken mean more work than slots, workflow code that blocks, or long histories that are replayed.",
		first: "Check whether workflow tasks have become slow; if not, add workers.",
		hints: []health.SignalID{health.StickyCacheHitRate, health.StickyCacheImbalance},
		actions: []advice{
			{Scale, health.Workers, "Add workflow workers; do not scale down.", "More slots take more tasks.", 0.65, RiskLow, map[string]string{"setting": "MaxConcurrentWorkflowTaskExecutionSize"}},
			{Investigate, health.Workers, "Look for workflow code that blocks or computes, and for replays of long histories.", "Such tasks hold their slot far too long.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.WorkflowSlots, health.WorkflowBacklogAge, health.WorkflowScheduleToStart},
	},
	{
		gate:  "starved_too_long",
		when:  queueNamed,
		what:  "the oldest task in the task queue [[queue]] has waited for [[value]], and no worker takes it",
		why:   "Work arrives there and nobody takes it, while other queues may run well and hide it in every sum. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "Start the workers of that queue, or correct the name that they poll.",
		actions: []advice{
			{Restart, health.Workers, "Start the workers of the task queue [[queue]].", "It is the only one that needs them; its tasks go on as soon as somebody polls.", 0.8, RiskLow, nil},
			{Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that nobody serves.", 0.65, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedOldestAge, health.StarvedQueues},
	},
	{
		gate:  "starved_too_long",
		what:  "the oldest task in a task queue without workers has waited for [[value]]",
		why:   "Work arrives there and nobody takes it, while other queues may run well and hide it in every sum. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "Find the queue without pollers, and start its workers.",
		actions: []advice{
			{Investigate, health.Workers, "List the task queues with tasks and without pollers.", "The sums over all queues hide the one that is dead.", 0.75, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedOldestAge, health.StarvedQueues},
	},
	// A worker without a free slot stops polling, so this comes first.
	{
		gate:  "queues_starved",
		when:  queueFull,
		what:  "work waits in the task queue [[queue]] and its workers have no free slot",
		why:   "The workers are there and every slot is taken: there is more work than slots, or what runs hangs on something that it waits for.",
		first: "See what the running tasks of that queue do: if they hang, fix what they wait for; if they work, add workers.",
		actions: []advice{
			{Investigate, health.Workers, "Look at what the running tasks of the task queue [[queue]] wait for.", "Tasks that hang fill new slots as fast as the old ones.", 0.65, RiskLow, nil},
			{Scale, health.Workers, "Add workers to the task queue [[queue]] if all of them are busy; do not scale down.", "More slots take more tasks.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		when:  queueUnpolled,
		what:  "work waits in the task queue [[queue]] and no worker polls it",
		why:   "The server has nobody to give the work to. That queue's workers are down, cut off from the cluster, or poll a queue of another name.",
		first: "See whether the workers of that queue run, and can connect.",
		actions: []advice{
			{Restart, health.Workers, "Start the workers of the task queue [[queue]], or roll back their last deploy.", "Its tasks go on as soon as somebody polls; nothing is lost.", 0.75, RiskLow, nil},
			{Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that nobody serves.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		when:  queueNamed,
		what:  "work waits in the task queue [[queue]] and nobody takes it",
		why:   "There is no poller, or no free slot behind the pollers. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "See whether the workers of that queue run, and have slots.",
		actions: []advice{
			{Restart, health.Workers, "Start the workers of the task queue [[queue]].", "Its tasks go on as soon as somebody polls.", 0.7, RiskLow, nil},
			{Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that nobody serves.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		what:  "work waits in a task queue that nobody serves",
		why:   "Tasks wait or arrive and there is no poller, or no free slot behind the pollers.",
		first: "Find the queue without pollers, and start its workers.",
		actions: []advice{
			{Investigate, health.Workers, "List the task queues with tasks and without pollers.", "The sums over all queues hide the one that is dead.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "worker_workflow_pollers_gone",
		what:  "workers run, but none of them polls for workflow tasks",
		why:   "Workers without pollers are stopping, out of slots, or cut off from the frontend.",
		first: "Check whether the workers are shutting down or report connection errors.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{Investigate, health.Workers, "Read the workers' logs for shutdown and connection errors.", "A worker stops its pollers for a reason that it logs.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.WorkflowPollers, health.WorkflowBacklogAge},
	},
	{
		gate:  "worker_activity_pollers_gone",
		what:  "workers run, but none of them polls for activity tasks",
		why:   "Most often all their slots are taken; else they are stopping or cut off from the frontend.",
		first: "Look at the free activity slots first, then at connection errors.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{Investigate, health.Workers, "Check the workers' free activity slots and what the running activities wait for.", "A worker without a free slot stops polling.", 0.65, RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityPollers, health.ActivitySlots},
	},
}

func queueNamed(e *Evidence) bool { return len(e.Queues) > 0 && e.Queues[0].Starved }

func queueUnpolled(e *Evidence) bool { return queueNamed(e) && e.Queues[0].Pollers == "0" }

func queueFull(e *Evidence) bool { return queueNamed(e) && e.Queues[0].Slots == "0" }

// Tasks that wait: the workers' business when the server is sound, a shadow of the server's when not.
var waitingTexts = []text{
	{
		gate:  "workflow_backlog_critical",
		when:  rateLimited,
		what:  "workflow tasks wait for [[value]] in front of workers, because requests are refused for a rate limit",
		why:   refused.why,
		first: refused.first, actions: refused.actions, watch: refused.watch,
	},
	{gate: "workflow_backlog_critical", when: draining, what: "workflow tasks have been waiting for [[value]], and the backlog is being worked off", why: drained.why, first: drained.first, actions: drained.actions, watch: drained.watch},
	{gate: "workflow_backlog_critical", what: "workflow tasks have been waiting for [[value]]", why: tooFew.why, first: tooFew.first, hints: tooFew.hints, actions: tooFew.actions, watch: []health.SignalID{health.WorkflowBacklogAge, health.BacklogDepth}},
	{
		gate:  "workflow_backlog",
		when:  rateLimited,
		what:  "workflow tasks wait for [[value]] in front of workers, because requests are refused for a rate limit",
		why:   refused.why,
		first: refused.first, actions: refused.actions, watch: refused.watch,
	},
	{gate: "workflow_backlog", when: draining, what: "workflow tasks wait for a worker, the oldest for [[value]], and the backlog is being worked off", why: drained.why, first: drained.first, actions: drained.actions, watch: drained.watch},
	{gate: "workflow_backlog", what: "workflow tasks wait for a worker, the oldest for [[value]]", why: tooFew.why, first: tooFew.first, hints: tooFew.hints, actions: tooFew.actions, watch: []health.SignalID{health.WorkflowBacklogAge, health.BacklogDepth}},
	{gate: "activity_backlog", when: drainingActivities, what: "activity tasks wait for a worker, the oldest for [[value]], and the backlog is being worked off",
		why: drained.why, first: drained.first, actions: drained.actions, watch: []health.SignalID{health.ActivityBacklogAge, health.BacklogDepth, health.TransitionRate}},
	{
		gate:  "activity_backlog",
		what:  "activity tasks wait for a worker, the oldest for [[value]]",
		why:   "Activity workers do not keep up: too few of them, too few slots, or activities that got slower. A queue that is slow on purpose wants a threshold of its own.",
		first: "Look at the activity workers' free slots and at how long activities run.",
		hints: []health.SignalID{health.BacklogDepth, health.TaskSlotsAvailable},
		actions: []advice{
			{Scale, health.Workers, "Add activity workers or slots if all of them are busy.", "Busy slots are the narrow place then.", 0.55, RiskLow, nil},
			{Investigate, health.Workers, "See whether activities have become slower than they were.", "Then their dependency is the place to look.", 0.55, RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityBacklogAge, health.ActivitySlots},
	},
	{gate: "workflow_schedule_to_start_critical", when: draining, what: "workflow tasks that have waited start now, [[value]] after they were made", why: drained.why, first: drained.first, actions: drained.actions, watch: drained.watch},
	{
		gate: "workflow_schedule_to_start_critical", what: "workflow tasks start late, [[value]] after they were made",
		why: tooFew.why, first: tooFew.first, hints: tooFew.hints, actions: tooFew.actions, watch: []health.SignalID{health.WorkflowScheduleToStart},
	},
	{gate: "activity_schedule_to_start_critical", when: drainingActivities, what: "activities that have waited start now, [[value]] after they were scheduled",
		why: drained.why, first: drained.first, actions: drained.actions, watch: []health.SignalID{health.ActivityScheduleToStart, health.BacklogDepth}},
	{
		gate: "activity_schedule_to_start_critical", what: "activities start late, [[value]] after they were scheduled",
		why:   "Activity workers do not keep up, or their slots are held by activities that wait for something.",
		first: "Look at the activity workers' free slots and at how long activities run.",
		hints: []health.SignalID{health.TaskSlotsAvailable},
		actions: []advice{
			{Scale, health.Workers, "Add activity workers or slots if all of them are busy.", "Busy slots are the narrow place then.", 0.5, RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityScheduleToStart, health.ActivitySlots},
	},
}

// draining: workers poll and are not known to lack room, and they have just come back or less is waiting than before.
func draining(e *Evidence) bool {
	return e.catchesUp(health.MatchingWorkflowPoll, health.WorkflowSlots, health.WorkflowBacklogAge)
}

func drainingActivities(e *Evidence) bool {
	return e.catchesUp(health.MatchingActivityPoll, health.ActivitySlots, health.ActivityBacklogAge)
}

func (e *Evidence) catchesUp(pollers, slots, age health.SignalID) bool {
	if !e.over(pollers, 0) || e.atMost(slots, 0) || e.over(health.StarvedQueues, 0) {
		return false
	}
	return e.trend(pollers) == Rising || e.trend(age) == Falling || e.trend(health.BacklogDepth) == Falling || slices.ContainsFunc(e.Cleared, workersBack)
}

// workersBack tells the gates that pass again when workers return.
func workersBack(id health.GateID) bool {
	g, ok := health.LookupGate(id)
	return ok && g.Side == health.SideWorker
}

// drained: measured, the server reports the age and the depth of backlogs once a minute, so they fall late.
var drained = text{
	why:   "Workers poll for them, so what piled up while they could not keep up is taken now. The server reports backlogs about once a minute, so the numbers fall late.",
	first: "Wait until the backlog is gone, and look at the workers only if it stops falling.",
	actions: []advice{
		{Investigate, health.Workers, "Watch the backlog until it is gone; if it stops falling, look at the workers' CPU and at how long tasks take.", "Workers that are back catch up by themselves.", 0.75, RiskLow, nil},
		{Investigate, health.Workers, "Find out what kept the workers from their work before it happens again.", "The backlog says that they were away or too few for a while.", 0.6, RiskLow, nil},
	},
	watch: []health.SignalID{health.WorkflowBacklogAge, health.BacklogDepth, health.TransitionRate},
}

var tooFew = text{
	why:   "A workflow stands still while its task waits. The server is sound, so the workers are too few, too slow, or busy with replays.",
	first: "Look at the workers' free slots, CPU and pollers, and add workers if they are busy.",
	hints: []health.SignalID{health.StickyCacheHitRate, health.StickyCacheImbalance, health.TaskSlotsAvailable, health.PollersPerSlot},
	actions: []advice{
		{Scale, health.Workers, "Add workflow workers if the running ones are busy.", "More pollers and slots take more tasks.", 0.55, RiskLow, nil},
		{Investigate, health.Workers, "Look at the workers' CPU and at how long workflow tasks take.", "A worker without CPU polls and does not finish.", 0.55, RiskLow, nil},
	},
}

// Workflows that end badly: usually the application, on a cluster that does what it should.
var applicationTexts = []text{
	{
		gate:  "completion_collapsed",
		when:  serverSound,
		what:  "most workflows end badly, and only [[value]] of those that closed succeeded",
		why:   "No gate fires on the server's side, so it is the workflows themselves that fail, time out or are terminated. Look at the application: a bad deploy, a dependency that is down, or input that it can't take.",
		first: "Open the workflows that failed most recently and read their failure; then compare with the application's last deploy.",
		actions: []advice{
			{Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "Most of them usually share one cause.", 0.8, RiskLow, nil},
			{Restart, health.Workers, "Roll the application back if the failures began with its last deploy.", "Failures that begin with a deploy usually end with its rollback.", 0.5, RiskMedium, nil},
			{Alert, health.Workers, "Tell the team that owns the failing workflows; the Temporal cluster needs nothing.", "It is theirs to fix.", 0.7, RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
	{
		gate:  "completion_collapsed",
		what:  "most workflows end badly, and only [[value]] of those that closed succeeded",
		why:   "More workflows fail, time out or are terminated than succeed. The server is in trouble as well, so part of this may be time-outs of its making.",
		first: "Fix the server's trouble first, then look at the failures that are left.",
		actions: []advice{
			{Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "That tells time-outs from failures of the application.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
	{
		gate:  "completion_degraded",
		what:  "workflows end badly more often than usual: [[value]] of those that closed succeeded",
		why:   "Some workflows fail, time out or are terminated. When nothing else is wrong that is the application's doing, not the cluster's.",
		first: "Open the workflows that failed most recently and read their failure.",
		actions: []advice{
			{Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "Most of them usually share one cause.", 0.75, RiskLow, nil},
			{Alert, health.Workers, "Tell the team that owns the failing workflows.", "It is theirs to fix.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
}

// serverSound: no gate fires that blames the server.
func serverSound(e *Evidence) bool {
	for _, g := range e.Fired() {
		if g.Side == health.SideServer {
			return false
		}
	}
	return true
}

// Progress gates tell that something stands still. They lead only when nothing tells what.
var progressTexts = []text{
	{
		gate:  "progress_stalled",
		what:  "work is demanded and does not advance, [[value]] state transitions against a floor of [[threshold]]",
		why:   "Accepted work writes state, and too little is written. No gate says where it is stuck, so it is something that the signals do not show.",
		first: "Start a workflow by hand and follow where it stops.",
		actions: []advice{
			{Investigate, health.Cluster, "Start a test workflow and see at which service it stops.", "The signals tell that it stands still, not where.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.WorkflowStarts},
	},
	{
		gate:  "progress_floor",
		what:  "throughput collapsed to [[value]] while work waits",
		why:   "Tasks are late and next to nothing moves, measured against what this cluster normally does.",
		first: "Find where the work waits: task queues, history queues, or in front of the cluster.",
		actions: []advice{
			{Investigate, health.Cluster, "Compare the backlogs of the task queues with that of the history service.", "Where the oldest work waits is where it is stuck.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.BacklogDepth},
	},
	{
		gate:  "throughput_dropped",
		what:  "throughput dropped to [[value]] although demand did not",
		why:   "Requests come in as usual and a fraction of the usual work comes out, often before anything else shows.",
		first: "Compare the last minutes with deploys of workers and server.",
		actions: []advice{
			{Investigate, health.Cluster, "Compare the time of the drop with deploys and with the first error in the logs.", "Something changed at that time.", 0.6, RiskLow, nil},
		},
		watch: []health.SignalID{health.TransitionRate, health.WorkflowStarts},
	},
}

// Early signs: nobody's fault yet, and never a reason for a state.
var earlyTexts = []text{
	{gate: "activity_slots_low", what: "activity slots run low, [[value]] are free", why: "There is little room for a burst of activities.", first: "Plan for more activity slots or workers before the next peak.",
		actions: []advice{{Scale, health.Workers, "Add activity workers before the next peak.", "The room for a burst is small.", 0.4, RiskLow, nil}}, watch: []health.SignalID{health.ActivitySlotsRatio}},
	{gate: "workflow_slots_low", what: "workflow task slots run low, [[value]] are free", why: "There is little room for a burst of workflow tasks.", first: "Plan for more workflow workers before the next peak.",
		actions: []advice{{Scale, health.Workers, "Add workflow workers before the next peak.", "The room for a burst is small.", 0.4, RiskLow, nil}}, watch: []health.SignalID{health.WorkflowSlotsRatio}},
	{gate: "workflow_schedule_to_start", what: "workflow tasks start a little late, [[value]]", why: "Workers may begin to fall behind.", first: "Keep an eye on the workers' CPU and slots.",
		actions: []advice{{Investigate, health.Workers, "Look at the workers' CPU and free slots.", "They fall behind before they fail.", 0.4, RiskLow, nil}}, watch: []health.SignalID{health.WorkflowScheduleToStart}},
	{gate: "activity_schedule_to_start", what: "activities start a little late, [[value]]", why: "Activity workers may begin to fall behind.", first: "Keep an eye on the workers' CPU and slots.",
		actions: []advice{{Investigate, health.Workers, "Look at the workers' CPU and free slots.", "They fall behind before they fail.", 0.4, RiskLow, nil}}, watch: []health.SignalID{health.ActivityScheduleToStart}},
}
