package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The server's own worker service: schedules, batch jobs, deletions.
var systemWorkerTexts = []text{
	{
		gate:  "system_worker_gone",
		what:  "the server's internal worker service is gone",
		why:   "That service runs schedules, batch jobs, namespace deletions and scanners. Schedules start no workflow until it is back; running workflows are not affected.",
		first: "Start the worker service of the server (service name worker), and read the end of its log.",
		actions: []advice{
			{explain.Restart, health.SystemWorker, "Start the server's worker service again, or roll back its last deploy.", "Schedules catch up within their catch-up window; actions beyond it are not started.", 0.85, explain.RiskLow, nil},
			{explain.Investigate, health.SystemWorker, "Read the end of its log for configuration, certificate and permission errors against the frontend.", "It connects to the frontend like any worker.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SystemWorkerUp, health.SystemQueueAge, health.SchedulesMissed},
	},
	{
		gate:  "system_queue_late",
		what:  "tasks of the server's own task queues wait, the oldest for [[value]]",
		why:   "The server's own workflows, schedules above all, are not picked up. The internal worker service is down, too small, or refused by a limit.",
		first: "Check the server's worker service: is it running, and does it poll?",
		hints: []health.SignalID{health.RateLimitEvents, health.CPUThrottle},
		actions: []advice{
			{explain.Restart, health.SystemWorker, "Start the server's worker service if it is down, or add a host if it is busy.", "It alone serves these queues; application workers do not.", 0.75, explain.RiskLow, nil},
			{explain.Investigate, health.SystemWorker, "Read its log for rate limits and poll errors.", "Its polls count against the limits of the frontend.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SystemQueueAge, health.SystemWorkerUp},
	},
	{
		gate:  "schedules_missed",
		what:  "schedules miss their time, [[value]]",
		why:   "A scheduled action that misses its catch-up window is never started. Either the schedules could not run, because the internal worker service or the cluster was down, or their catch-up window is shorter than an ordinary delay.",
		first: "List the schedules that missed actions with temporal schedule describe, and backfill what is still needed.",
		actions: []advice{
			{explain.Investigate, health.SystemWorker, "Check whether the internal worker service, its task queues and the workflow starts were delayed at that time.", "A delay of one of them delays every schedule.", 0.7, explain.RiskLow, nil},
			{explain.Configure, health.SystemWorker, "Backfill the missed actions with temporal schedule backfill, after checking that a second run does no harm.", "Missed actions are not started later by themselves.", 0.55, explain.RiskMedium, nil},
			{explain.Configure, health.SystemWorker, "Give the schedules a longer catch-up window.", "A window of seconds misses actions at every restart.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SchedulesMissed, health.SystemQueueAge},
	},
	{
		gate:  "schedules_overrun",
		what:  "schedules drop actions, [[value]]",
		why:   "Runs take longer than the interval of their schedule, so its buffer fills and further actions are dropped.",
		first: "Compare the run time of the scheduled workflows with the interval of their schedule.",
		actions: []advice{
			{explain.Configure, health.SystemWorker, "Lengthen the interval, or choose the overlap policy that the work needs.", "Buffering more does not help runs that are longer than the interval.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.SchedulesOverrun},
	},
}
