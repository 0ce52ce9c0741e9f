package rules

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Task queues: workers that are missing or full, tasks that wait, and polls that find no task.
var matchingTexts = []text{
	refused.about("poll_timeouts", rateLimited, "workers' polls return empty ([[value]]) while tasks wait, and requests are refused for a rate limit"),
	{
		gate:  "poll_timeouts",
		what:  "workers' polls return empty ([[value]]) while tasks wait",
		why:   "Workers poll and tasks wait, but the matching service does not bring them together: partitions that moved, a limit on dispatch, or pollers on another partition than the tasks.",
		first: "Check the matching hosts and the dispatch limits of the queues that wait.",
		hints: []health.SignalID{health.RateLimitEvents, health.MembershipChanges},
		actions: []advice{
			{explain.Investigate, health.Matching, "Check the matching hosts' logs and the rate limits on the queues that wait.", "Tasks and pollers are both there; only the match fails.", 0.55, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.PollTimeouts, health.WorkflowBacklogAge},
	},
	{
		gate:  "workflow_pollers_gone",
		when:  func(e *evidence.Evidence) bool { return e.AtMost(health.MatchingActivityPoll, 0) },
		what:  "no worker polls at all while tasks wait",
		why:   "The workers are gone, or can't reach the cluster. The server is sound: it accepts work that no worker takes. Usual reasons are a failed deploy, expired credentials or certificates, or a network change.",
		first: "Look at the workers' deployment: are they running, and can they connect?",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{explain.Restart, health.Workers, "Start the workers again, or roll back their last deploy.", "Waiting tasks are taken as soon as a worker polls; nothing is lost.", 0.85, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Read the workers' last log lines for connection, certificate and permission errors.", "Workers that run and don't poll log the reason.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.MatchingWorkflowPoll, health.StarvedOldestAge, health.TransitionRate},
	},
	{
		gate:  "workflow_pollers_gone",
		what:  "no worker polls for workflow tasks while tasks wait",
		why:   "Without workflow workers no workflow takes its next step, however healthy the server is; activity workers alone don't help. Usually the workflow workers are down or were deployed without their workflows.",
		first: "Look at the deployment of the workflow workers.",
		hints: []health.SignalID{health.WorkerLongPollFailures},
		actions: []advice{
			{explain.Restart, health.Workers, "Start the workflow workers again, or roll back their last deploy.", "Waiting tasks are taken as soon as a worker polls; nothing is lost.", 0.8, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Check which task queues the running workers poll.", "A worker on the wrong queue looks healthy and takes no task.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.MatchingWorkflowPoll, health.TransitionRate},
	},
	// A worker without a free slot stops polling, so full slots come before missing pollers.
	{
		gate:  "task_slots_gone",
		when:  func(e *evidence.Evidence) bool { return queueSlotless(e) && e.Queues[0].Type == "activity" },
		what:  "the workers of the task queue [[queue]] have no free slot while tasks wait",
		why:   "Every slot is held by an activity that runs, and a worker without a free slot stops polling. Blocked activities are the usual reason: a slow dependency, a lock, or a call without a time-out.",
		first: "Find what the running activities wait for; raise slots or add workers only if they do useful work.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Find the activity types that hold the slots of the task queue [[queue]], and what they wait for.", "Activities that hang fill new slots as fast as the old ones.", 0.8, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Give these activities a start-to-close and a heartbeat time-out, and have them report progress.", "A hung activity then frees its slot by itself.", 0.65, explain.RiskLow, nil},
			{explain.Scale, health.Workers, "Add workers, or raise the slots while the workers have CPU and memory to spare; do not scale down.", "More slots help only work that advances.", 0.55, explain.RiskLow, map[string]string{"setting": "MaxConcurrentActivityExecutionSize"}},
		},
		watch: []health.SignalID{health.SlotlessQueues, health.ActivitySlots, health.ActivityBacklogAge},
	},
	{
		gate:  "task_slots_gone",
		when:  queueSlotless,
		what:  "the workers of the task queue [[queue]] have no free slot while tasks wait",
		why:   "Workflow tasks take milliseconds, so slots that stay taken mean workflow code that blocks or computes, replays of long histories, or far more work than slots.",
		first: "Check whether workflow tasks have become slow; if not, add workers.",
		hints: []health.SignalID{health.StickyCacheHitRate, health.StickyCacheImbalance},
		actions: []advice{
			{explain.Investigate, health.Workers, "Look for workflow code that blocks, and for replays of long histories, in the workers of the task queue [[queue]].", "Such tasks hold their slot far too long.", 0.7, explain.RiskLow, nil},
			{explain.Scale, health.Workers, "Add workers, or raise the slots while the workers have CPU to spare; do not scale down.", "More slots take more tasks.", 0.6, explain.RiskLow, map[string]string{"setting": "MaxConcurrentWorkflowTaskExecutionSize"}},
		},
		watch: []health.SignalID{health.SlotlessQueues, health.WorkflowSlots, health.WorkflowBacklogAge},
	},
	{
		gate:  "task_slots_gone",
		what:  "workers have no free slot in task queues where tasks wait ([[value]])",
		why:   "Every executor slot is taken, and a worker without a free slot stops polling. Blocked activities are the usual reason: a slow dependency, a lock, or a call without a time-out.",
		first: "Find what the running tasks wait for; raise slots or add workers only if they do useful work.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Find the task types that hold the slots, and what they wait for.", "Tasks that hang fill new slots as fast as the old ones.", 0.75, explain.RiskLow, nil},
			{explain.Scale, health.Workers, "Add workers, or raise the slots while the workers have CPU and memory to spare; do not scale down.", "More slots help only work that advances.", 0.55, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SlotlessQueues, health.ActivitySlots, health.WorkflowSlots},
	},
	unservedVersion.about("worker_version_unserved", versionNamed, "tasks of the task queue [[unserved]] wait for the worker version [[unserved.version]], and no worker runs it"),
	unservedVersion.about("worker_version_unserved", nil, "tasks wait for worker versions that no worker runs ([[value]]), while other versions poll"),
	{
		gate:  "starved_too_long",
		when:  queueNamed,
		what:  "the oldest task in the task queue [[queue]] has waited for [[value]], and no worker takes it",
		why:   "Work arrives there and no worker takes it, while other queues may run well and hide it in every sum. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "Start the workers of that queue, or correct the name that they poll.",
		actions: []advice{
			{explain.Restart, health.Workers, "Start the workers of the task queue [[queue]].", "Only this queue needs them; its tasks continue as soon as a worker polls.", 0.8, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that no worker serves.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedOldestAge, health.StarvedQueues},
	},
	{
		gate:  "starved_too_long",
		what:  "the oldest task in a task queue without workers has waited for [[value]]",
		why:   "Work arrives there and no worker takes it, while other queues may run well and hide it in every sum. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "Find the queue without pollers, and start its workers.",
		actions: []advice{
			{explain.Investigate, health.Workers, "List the task queues with tasks and without pollers.", "The sums over all queues hide the one that is dead.", 0.75, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedOldestAge, health.StarvedQueues},
	},
	{
		gate:  "queues_starved",
		when:  queueSlotless,
		what:  "work waits in the task queue [[queue]] and its workers have no free slot",
		why:   "The workers are there and every slot is taken: there is more work than slots, or what runs hangs on something that it waits for.",
		first: "See what the running tasks of that queue do: if they hang, fix what they wait for; if they work, add workers.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Look at what the running tasks of the task queue [[queue]] wait for.", "Tasks that hang fill new slots as fast as the old ones.", 0.65, explain.RiskLow, nil},
			{explain.Scale, health.Workers, "Add workers to the task queue [[queue]] if all of them are busy; do not scale down.", "More slots take more tasks.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		when:  queueUnpolled,
		what:  "work waits in the task queue [[queue]] and no worker polls it",
		why:   "The server has no worker to give the work to. That queue's workers are down, cut off from the cluster, or poll a queue of another name.",
		first: "See whether the workers of that queue run, and can connect.",
		actions: []advice{
			{explain.Restart, health.Workers, "Start the workers of the task queue [[queue]], or roll back their last deploy.", "Its tasks continue as soon as a worker polls; nothing is lost.", 0.75, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that no worker serves.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		when:  queueNamed,
		what:  "work waits in the task queue [[queue]] and no worker takes it",
		why:   "There is no poller, or no free slot behind the pollers. Usually that queue's workers are down, or its name was changed on one side only.",
		first: "See whether the workers of that queue run, and have slots.",
		actions: []advice{
			{explain.Restart, health.Workers, "Start the workers of the task queue [[queue]].", "Its tasks continue as soon as a worker polls.", 0.7, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Compare the queue's name in the workers and in the workflows, after the last deploy of either.", "A name that differs makes a queue that no worker serves.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	{
		gate:  "queues_starved",
		what:  "work waits in task queues that no worker serves ([[value]])",
		why:   "Tasks wait or arrive there, and there is no poller, or no free slot behind the pollers.",
		first: "List the task queues with tasks and without pollers, and start their workers.",
		actions: []advice{
			{explain.Investigate, health.Workers, "List the task queues with tasks and without pollers.", "The sums over all queues hide the one that is dead.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge},
	},
	// Tasks that wait: the workers are the cause when the server is sound, the server when not.
	refused.about("workflow_backlog_critical", rateLimited, "workflow tasks wait for [[value]] in front of workers, because requests are refused for a rate limit"),
	drained.about("workflow_backlog_critical", evidence.Draining, "workflow tasks have waited for [[value]], and the backlog drains"),
	tooFew.about("workflow_backlog_critical", nil, "workflow tasks have waited for [[value]]", health.WorkflowBacklogAge, health.BacklogDepth),
	refused.about("workflow_backlog", rateLimited, "workflow tasks wait for [[value]] in front of workers, because requests are refused for a rate limit"),
	drained.about("workflow_backlog", evidence.Draining, "workflow tasks wait for a worker, the oldest for [[value]], and the backlog drains"),
	tooFew.about("workflow_backlog", nil, "workflow tasks wait for a worker, the oldest for [[value]]", health.WorkflowBacklogAge, health.BacklogDepth),
	drained.about("activity_backlog", evidence.DrainingActivities, "activity tasks wait for a worker, the oldest for [[value]], and the backlog drains", health.ActivityBacklogAge, health.BacklogDepth, health.TransitionRate),
	{
		gate:  "activity_backlog",
		what:  "activity tasks wait for a worker, the oldest for [[value]]",
		why:   "Activity workers do not keep up: too few of them, too few slots, or activities that became slower. A queue that is slow on purpose needs a threshold of its own.",
		first: "Look at the activity workers' free slots and at how long activities run.",
		hints: []health.SignalID{health.BacklogDepth, health.TaskSlotsAvailable},
		actions: []advice{
			{explain.Scale, health.Workers, "Add activity workers or slots if all of them are busy.", "Busy slots are the bottleneck in that case.", 0.55, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "See whether activities have become slower than they were.", "Their dependency is the place to look in that case.", 0.55, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityBacklogAge, health.ActivitySlots},
	},
	{
		gate:  "backlog_growing",
		what:  "more tasks arrive than are dispatched, [[value]]",
		why:   "Tasks pile up in a task queue that the metrics do not name: the server does not break them down by task queue. A dead queue among many healthy ones looks like this.",
		first: "List the task queues that the applications use, and look for those without pollers with temporal task-queue describe.",
		hints: []health.SignalID{health.TaskSlotsAvailable},
		actions: []advice{
			{explain.Investigate, health.Workers, "Check pollers and backlog of each task queue with temporal task-queue describe.", "It reads them from the server even where metrics leave the names out.", 0.7, explain.RiskLow, nil},
			{explain.Configure, health.Matching, "Switch the breakdown of metrics by task queue and partition on.", "The queue is then named, and judged by itself.", 0.6, explain.RiskLow, map[string]string{"setting": "metrics.breakdownByTaskQueue, metrics.breakdownByPartition"}},
			{explain.Scale, health.Workers, "Add workers if the existing ones are busy.", "More slots take more tasks.", 0.4, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.BacklogGrowth, health.TasksAdded},
	},
	{
		gate:  "sync_match_low",
		what:  "only [[value]] of the tasks go straight to a waiting worker",
		why:   "The others are written to the database first, because fewer polls wait than tasks arrive. It is an early sign that workers fall behind.",
		first: "Compare pollers and free slots with the rate of tasks, and add pollers or workers before the next peak.",
		hints: []health.SignalID{health.TaskSlotsAvailable, health.PollersPerSlot},
		actions: []advice{
			{explain.Configure, health.Workers, "Give the workers more pollers while they have free slots and CPU to spare, or enable poller autoscaling.", "A task without a waiting poll goes through the database.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SyncMatch, health.BacklogDepth},
	},
}

func versionNamed(e *evidence.Evidence) bool {
	return slices.ContainsFunc(e.Queues, func(q evidence.Queue) bool { return q.UnservedVersion != "" })
}

func queueNamed(e *evidence.Evidence) bool { return len(e.Queues) > 0 && e.Queues[0].Starved }

func queueUnpolled(e *evidence.Evidence) bool { return queueNamed(e) && e.Queues[0].Pollers == "0" }

func queueSlotless(e *evidence.Evidence) bool {
	return queueNamed(e) && (e.Queues[0].Slotless || e.Queues[0].Slots == "0")
}

// drained: measured, the server reports the age and the depth of backlogs once a minute, so they fall late.
var drained = text{
	why:   "Workers poll again, and the tasks that piled up meanwhile are taken now. The server reports backlogs about once a minute, so the numbers fall late.",
	first: "Wait until the backlog is gone, and look at the workers only if it stops falling.",
	actions: []advice{
		{explain.Investigate, health.Workers, "Watch the backlog until it is gone; if it stops falling, look at the workers' CPU and at how long tasks take.", "Workers that have returned catch up by themselves.", 0.75, explain.RiskLow, nil},
		{explain.Investigate, health.Workers, "Find out what kept the workers from polling before it happens again.", "The backlog shows that they were away or too few for a while.", 0.6, explain.RiskLow, nil},
	},
	watch: []health.SignalID{health.WorkflowBacklogAge, health.BacklogDepth, health.TransitionRate},
}

var tooFew = text{
	why:   "A workflow does not advance while its task waits. The server is sound, so the workers are too few, too slow, or busy with replays.",
	first: "Look at the workers' free slots, CPU and pollers, and add workers if they are busy.",
	hints: []health.SignalID{health.StickyCacheHitRate, health.StickyCacheImbalance, health.TaskSlotsAvailable, health.PollersPerSlot},
	actions: []advice{
		{explain.Scale, health.Workers, "Add workflow workers if the running ones are busy.", "More pollers and slots take more tasks.", 0.55, explain.RiskLow, nil},
		{explain.Investigate, health.Workers, "Look at the workers' CPU and at how long workflow tasks take.", "A worker without CPU polls and does not finish.", 0.55, explain.RiskLow, nil},
	},
}

var unservedVersion = text{
	why:   "The task queue routes work to a version without workers, so the pollers of other versions can't take it. Usually the current version of a worker deployment was set before its workers were up, or its workers were removed while workflows are pinned to it.",
	first: "Start workers of that version, or route the current version back to the one that runs.",
	actions: []advice{
		{explain.Restart, health.Workers, "Deploy workers of the version that the tasks wait for.", "Pinned workflows can't continue on another version.", 0.75, explain.RiskLow, nil},
		{explain.Configure, health.Workers, "Set the current version back to the one that runs, with temporal worker deployment set-current-version.", "New and auto-upgrading workflows then continue at once.", 0.65, explain.RiskMedium, nil},
		{explain.Investigate, health.Workers, "Compare the routing of the deployment with the versions that poll, with temporal worker deployment describe and temporal task-queue describe.", "They name the version without pollers.", 0.65, explain.RiskLow, nil},
	},
	watch: []health.SignalID{health.UnservedVersions, health.WorkflowBacklogAge},
}
