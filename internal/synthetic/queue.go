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
	// WorkersEnd is when its workers are gone; 0 is never. ActivitiesOnly: those for workflows go on.
	WorkersEnd     time.Duration
	ActivitiesOnly bool
	// Workers are the SDKs of its worker processes, one each; none is one with the Go SDK.
	Workers []SDK
}

// omitted is what stands for a task queue's name where the breakdown by task queue is off.
const omitted = "__omitted__"

// backlogRefresh is how often the gauges of a waiting backlog are renewed.
const backlogRefresh = time.Minute

// Tasks are the labels of a task queue's metrics at the matching service; kind is "Workflow" or "Activity".
func (c *Cluster) Tasks(queue, kind string) Labels {
	if c.BreakdownOff {
		queue = omitted
	}
	l := Labels{"namespace": c.Namespace, "taskqueue": queue, "task_type": kind}
	if c.Detailed && c.Version.before(V(30)) {
		return l.with(Labels{"worker_build_id": "__unversioned__"})
	}
	return l.with(Labels{"worker_version": "__unversioned__"})
}

// end is when nothing takes the queue's tasks of a kind any more; ok is false when that never comes.
func (q Queue) end(kind string) (end time.Duration, ok bool) {
	return q.WorkersEnd, q.WorkersEnd > 0 && (kind == "Activity" || !q.ActivitiesOnly)
}

// addQueue adds what the matching service knows of a queue. A start makes five tasks of each kind; once the
// workers are gone only the first of them comes.
func (c *Cluster) addQueue(q Queue) {
	tasks := Of(c.Starts, 5*q.Share, 0)
	for _, kind := range []string{"Workflow", "Activity"} {
		end, dies := q.end(kind)
		alive := func(at time.Duration) bool { return !dies || at < end }
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
			if alive(at) {
				return 0
			}
			return (at - end).Truncate(backlogRefresh).Seconds()
		}
		p, l := c.Matching(), c.Tasks(q.Name, kind)
		polls := l.with(Labels{"operation": "PollWorkflowTaskQueue"})
		p.Counter("poll_success", polls, while(tasks))
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
			p.Gauge("approximate_backlog_count", l, func(at time.Duration) float64 { return math.Trunc(waiting(at) * age(at)) })
		}
		p.Gauge("pending_polls", l, while(Always(5)))
		p.Counter("tasks_added", l.with(added("sync_match")), func(at time.Duration) float64 { return tasks(at) - waiting(at) })
		p.Counter("tasks_added", l.with(added("backlog")), waiting)
		if c.Detailed {
			c.addQueueDetails(q, kind, while(tasks), waiting)
		}
	}
}

// added are the labels by which tasks_added tells what became of a task.
func added(result string) Labels { return Labels{"task_add_result": result, "forwarded": "false"} }

// addQueueDetails adds what Detailed asks for: what the server itself measures of tasks that are taken, and the
// writes of those that are not.
func (c *Cluster) addQueueDetails(q Queue, kind string, taken, waiting Value) {
	l := c.Tasks(q.Name, kind)
	soon := Lasting(Spread{4 * time.Millisecond: .9, 18 * time.Millisecond: .1})
	c.Matching().Counter("poll_success_sync", l.with(Labels{"operation": "PollWorkflowTaskQueue"}), taken)
	c.Matching().Timer("task_dispatch_latency", l.with(Labels{"source": "history", "forwarded": "false"}), taken, soon)
	name := q.Name
	if c.BreakdownOff {
		name = omitted
	}
	c.History().Timer("task_schedule_to_start_latency", Labels{"namespace": c.Namespace, "taskqueue": name, "task_type": kind}, taken, soon)
	// Writes are not told apart by task queue.
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
