package record

import (
	"time"

	"github.com/temporal-sre/copilot/lab/traffic"
)

// activityTime is how long activities take unless they are to exhaust the workers.
const activityTime = 50 * time.Millisecond

// ServerPlan is the plan for a server's metrics: two task queues with a Go worker each, of which one and then both
// lose their workers; then activities that fail without end, and workflow code that breaks determinism.
func ServerPlan(options Server, rate float64) (Plan, error) {
	queues := traffic.Queues[:2]
	var workers []Worker
	for _, queue := range queues {
		w, err := goWorker("worker-"+queue, queue)
		if err != nil {
			return Plan{}, err
		}
		workers = append(workers, w)
	}
	healthy := conditions{rate: rate, queues: queues, activityTime: activityTime}
	change := func(change func(*conditions)) conditions {
		c := healthy
		change(&c)
		return c
	}
	return Plan{Server: options, Workers: workers, phases: []phase{
		{"idle", 8, conditions{}},
		{"healthy", 8, healthy},
		{"dead-queue", 18, change(func(c *conditions) { c.dead = queues[1:] })},
		// The queue without workers gets no more work either. After five minutes matching unloads it, and its gauges fall to 0
		// while hundreds of workflows still wait.
		{"dead-queue-unfed", 24, change(func(c *conditions) { c.dead, c.queues, c.rate = queues[1:], queues[:1], rate/2 })},
		{"no-workers", 8, change(func(c *conditions) { c.dead = queues })},
		{"workers-back", 12, healthy},
		{"activities-failing", 12, change(func(c *conditions) { c.unreachable = true })},
		{"activities-recovered", 8, healthy},
		{"non-determinism", 12, change(func(c *conditions) { c.incompatible = true })},
	}}, nil
}
