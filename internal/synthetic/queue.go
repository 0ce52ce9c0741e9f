package synthetic

import (
	"math"
	"time"
)

// Queue is a task queue of the cluster's namespace, with its workers.
type Queue struct {
	Name string
	// Share is the part of the cluster's tasks that the queue has.
	Share float64
	// WorkersEnd is when its workers stop to take tasks, and WorkersBack when they do again; 0 is never.
	// ActivitiesOnly: they go on to take those of workflows. SlotsTaken: they are there, and without a free slot for
	// activities.
	WorkersEnd, WorkersBack    time.Duration
	ActivitiesOnly, SlotsTaken bool
	// Workers are the SDKs of its worker processes, one each; none is one with the Go SDK.
	Workers []SDK
	// FirstTask is when the workers get their first task: their timers are born then.
	FirstTask time.Duration
}

// omitted replaces the name of a task queue where the breakdown by task queue is off.
const omitted = "__omitted__"

// backlogRefresh is how often the gauges of a waiting backlog are renewed.
const backlogRefresh = time.Minute

// TaskLabels are the labels of a task queue's metrics at the matching service; kind is "Workflow" or "Activity".
func (c *Cluster) TaskLabels(queue, kind string) Labels {
	if c.BreakdownOff {
		queue = omitted
	}
	l := Labels{"namespace": c.Namespace, "taskqueue": queue, "task_type": kind}
	if c.Detailed && c.Version.before(V(30)) {
		return l.with(Labels{"worker_build_id": "__unversioned__"})
	}
	return l.with(Labels{"worker_version": "__unversioned__"})
}

// serves reports whether workers take the queue's tasks of a kind.
func (q Queue) serves(kind string, at time.Duration) bool {
	return q.WorkersEnd == 0 || at < q.WorkersEnd || q.WorkersBack > 0 && at >= q.WorkersBack || q.ActivitiesOnly && kind == "Workflow"
}

// addQueue adds the matching service's metrics of a queue. A start makes five tasks of each kind; once the
// workers are gone only the first of them comes.
func (c *Cluster) addQueue(q Queue) {
	tasks := Of(c.Tasks, 5*q.Share, 0)
	for _, kind := range []string{"Workflow", "Activity"} {
		alive := func(at time.Duration) bool { return q.serves(kind, at) }
		waiting := func(at time.Duration) float64 {
			if alive(at) {
				return 0
			}
			return tasks(at) / 5
		}
		while := func(v Value) Value {
			return func(at time.Duration) float64 {
				if !alive(at) {
					return 0
				}
				return v(at)
			}
		}
		age := func(at time.Duration) float64 {
			// The gauges lag behind a drain.
			if q.WorkersBack > 0 && at >= q.WorkersBack && at < q.WorkersBack+backlogRefresh {
				at = q.WorkersBack - Step
			}
			if alive(at) {
				return 0
			}
			return (at - q.WorkersEnd).Truncate(backlogRefresh).Seconds()
		}
		p, l := c.Matching(), c.TaskLabels(q.Name, kind)
		polls := l.with(Labels{"operation": "PollWorkflowTaskQueue"})
		taken := func(at time.Duration) float64 {
			rate := while(tasks)(at)
			if back := q.WorkersBack; back > 0 && at >= back && at < back+backlogRefresh {
				// What waited is taken within a minute.
				rate += tasks(at) / 5 * float64(back-q.WorkersEnd) / float64(backlogRefresh)
			}
			return rate
		}
		p.Counter("poll_success", polls, taken)
		timeouts := Always(.02)
		if c.Detailed {
			// The last polls of workers that are gone end within a minute.
			timeouts = func(at time.Duration) float64 {
				if alive(at - time.Minute) {
					return .02
				}
				return 0
			}
		}
		p.Counter("poll_timeouts", polls, timeouts)

		l = l.with(Labels{"partition": "0"})
		if !c.BreakdownOff {
			p.Gauge("approximate_backlog_age_seconds", l, age)
			p.Gauge("approximate_backlog_count", l, func(at time.Duration) float64 { return math.Trunc(tasks(at) / 5 * age(at)) })
		}
		p.Gauge("pending_polls", l, while(Always(5)))
		p.Counter("tasks_added", l.with(added("sync_match")), func(at time.Duration) float64 { return tasks(at) - waiting(at) })
		p.Counter("tasks_added", l.with(added("backlog")), waiting)
		if c.Detailed {
			c.addQueueDetails(q, kind, taken, waiting)
		}
	}
}

// added are the labels of tasks_added for what became of a task.
func added(result string) Labels { return Labels{"task_add_result": result, "forwarded": "false"} }

// addQueueDetails adds what Detailed asks for: what the server itself measures of tasks that are taken, and the
// writes of those that are not.
func (c *Cluster) addQueueDetails(q Queue, kind string, taken, waiting Value) {
	l := c.TaskLabels(q.Name, kind)
	soon := Lasting(Spread{4 * time.Millisecond: .9, 18 * time.Millisecond: .1})
	c.Matching().Counter("poll_success_sync", l.with(Labels{"operation": "PollWorkflowTaskQueue"}), taken)
	c.Matching().Timer("task_dispatch_latency", l.with(Labels{"source": "history", "forwarded": "false"}), taken, soon)
	name := q.Name
	if c.BreakdownOff {
		name = omitted
	}
	c.History().Timer("task_schedule_to_start_latency", Labels{"namespace": c.Namespace, "taskqueue": name, "task_type": kind}, taken, soon)
	// Writes are not counted by task queue.
	c.Matching().addTo("persistence_requests", c.in("CreateTasks"), waiting)
}

// addTo adds a rate to a counter that may exist.
func (p Process) addTo(name string, l Labels, perSecond Value) {
	before := p.cluster.waiting
	total := perSecond
	if before != nil {
		total = func(at time.Duration) float64 { return before(at) + perSecond(at) }
	}
	p.cluster.waiting = total
	p.Counter(name, l, total)
}
