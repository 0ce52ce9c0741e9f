package health_test

import "github.com/temporal-sre/copilot/pkg/health"

var systemWorkerBoundaries = []boundary{
	{gate: "system_worker_gone", signal: health.SystemWorkerUp, fires: below(1, 1)},
	{gate: "system_queue_late", signal: health.SystemQueueAge, fires: above(120, 90)},
	{gate: "schedules_missed", signal: health.SchedulesMissed, fires: above(0, 0)},
	{gate: "schedules_overrun", signal: health.SchedulesOverrun, fires: above(0, 0)},
}
