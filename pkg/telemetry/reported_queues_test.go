package telemetry_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// deadQueues are clusters in which a task queue loses its workers, or the workers a part of what they can do.
var deadQueues = slices.Concat(onEveryVersion, []story{
	{
		promise: "a dead queue of a quiet cluster, 0.3 starts/s, server 1.32",
		options: synthetic.Options{Starts: synthetic.Always(.3), Queues: deadBilling, Completions: synthetic.Then(.3, .27), Transitions: synthetic.Then(5, 4.5)},
		right:   theWorkers("billing"),
	},
	{
		promise: "a dead queue of a quiet cluster, 0.3 starts/s, server 1.29",
		options: synthetic.Options{
			Version: synthetic.V(29), Build: "1.29.1", Detailed: true,
			Starts: synthetic.Always(.3), Queues: deadBilling, Completions: synthetic.Then(.3, .27), Transitions: synthetic.Then(5, 4.5),
		},
		right: theWorkers("billing"),
	},
	{
		promise: "the dead queue has most of the load, server 1.32",
		options: losingMost(32),
		right:   theWorkers("billing"),
	},
	{
		promise: "the dead queue has most of the load, server 1.28",
		options: losingMost(28),
		right:   theWorkers("billing"),
	},
	{
		promise: "the only queue loses all workers, server 1.27",
		options: synthetic.Options{
			Version: synthetic.V(27), Detailed: true, Queues: []synthetic.Queue{{Name: "main", Share: 1, WorkersEnd: synthetic.Fault}},
			Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 10),
		},
		right: theWorkers("main"),
	},
	{
		promise: "one of twelve queues is dead, and its name has what tally replaces",
		options: synthetic.Options{Queues: twelveQueues(), Completions: synthetic.Then(10, 9.2), Transitions: synthetic.Then(160, 148)},
		right:   theWorkers("nightly_reports_3"),
	},
	{
		promise: "one of twelve queues is dead, with opentelemetry and server 1.29",
		options: synthetic.Options{
			Version: synthetic.V(29), Framework: synthetic.OpenTelemetry,
			Queues: twelveQueues(), Completions: synthetic.Then(10, 9.2), Transitions: synthetic.Then(160, 148),
		},
		right: theWorkers("nightly-reports-3"),
	},
	{
		promise: "a dead queue whose workers were never scraped, server 1.32",
		options: synthetic.Options{
			Queues: []synthetic.Queue{
				{Name: "main", Share: .9, Workers: []synthetic.SDK{synthetic.NoMetrics}},
				{Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, Workers: []synthetic.SDK{synthetic.NoMetrics}},
			},
			Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5),
		},
		right: theWorkers("billing"),
	},
	{
		promise: "a dead queue whose workers were never scraped, server 1.30",
		options: synthetic.Options{
			Version: synthetic.V(30), Build: "1.30.0", Detailed: true,
			Queues: []synthetic.Queue{
				{Name: "main", Share: .9, Workers: []synthetic.SDK{synthetic.NoMetrics}},
				{Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, Workers: []synthetic.SDK{synthetic.NoMetrics}},
			},
			Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5),
		},
		right: theWorkers("billing"),
	},
	{
		promise: "only the workers for activities of a queue are gone, server 1.32",
		options: losingActivities(32),
		right:   theWorkers("billing"),
	},
	{
		promise: "only the workers for activities of a queue are gone, server 1.29",
		options: losingActivities(29),
		right:   theWorkers("billing"),
	},
	{
		promise: "all slots for activities stay taken, server 1.32: as soon critical as without workers",
		options: takingAllSlots(32),
		right:   all(theWorkers("billing"), []claim{fires("activity_slots_exhausted")}),
	},
	{
		promise: "all slots for activities stay taken, server 1.29",
		options: takingAllSlots(29),
		right:   all(theWorkers("billing"), []claim{fires("activity_slots_exhausted")}),
	},
	{
		promise: "the workers come back and the backlog drains: happy again",
		options: comingBack(32),
		right:   recovers,
		last:    synthetic.Fault + 20*time.Minute,
	},
	{
		promise: "the workers come back and the backlog drains, server 1.29: happy again",
		options: comingBack(29),
		right:   recovers,
		last:    synthetic.Fault + 20*time.Minute,
	},
	{
		promise: "the current version of a worker deployment has no pollers while an old one polls",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			for _, kind := range []string{"Workflow", "Activity"} {
				l := labels("namespace", "orders", "taskqueue", "billing", "task_type", kind, "partition", "0", "worker_version", "billing:v2")
				c.Matching().Gauge("approximate_backlog_age_seconds", l, waitingFor(1))
				c.Matching().Gauge("approximate_backlog_count", l, waitingFor(.5))
				c.Matching().Gauge("pending_polls", l, synthetic.Always(0))
				l["task_add_result"], l["forwarded"] = "backlog", "false"
				c.Matching().Counter("tasks_added", l, synthetic.SinceFault(.5))
			}
			return c
		},
		options: synthetic.Options{Completions: synthetic.Then(10, 9.5), Transitions: synthetic.Then(160, 155)},
		right:   []claim{calmBefore, neverHappyUnlessStale, limitedBy(health.WorkerLimited), names("billing"), neverLimitedBy(health.ServerLimited, health.Mixed)},
	},
})

// onEveryVersion has the dead queue on the versions that the reports have not, with and without what a small input
// can do without.
var onEveryVersion = func() (stories []story) {
	for i, minor := range []int{25, 26, 27, 28, 29, 30, 31, 32} {
		for _, framework := range []synthetic.Framework{synthetic.Tally, synthetic.OpenTelemetry} {
			o := losingBilling(minor)
			o.Framework = framework
			// Alternating covers each version with and without details in half the time.
			o.Detailed = (i%2 == 0) == (framework == synthetic.Tally)
			extent := "few metrics"
			if o.Detailed {
				o.Build = fmt.Sprintf("1.%d.1", minor)
				extent = "all metrics"
			}
			stories = append(stories, story{
				promise: fmt.Sprintf("a dead queue of two on server 1.%d with %s and %s", minor, framework, extent),
				options: o,
				right:   theWorkers("billing"),
			})
		}
	}
	return stories
}()

// losingMost is a cluster whose queue for four fifths of the work loses its workers.
func losingMost(minor int) synthetic.Options {
	return synthetic.Options{
		Version:     synthetic.V(minor),
		Queues:      []synthetic.Queue{{Name: "main", Share: .2}, {Name: "billing", Share: .8, WorkersEnd: synthetic.Fault}},
		Completions: synthetic.Then(10, 2), Transitions: synthetic.Then(160, 40),
	}
}

func losingActivities(minor int) synthetic.Options {
	return synthetic.Options{
		Version: synthetic.V(minor), Detailed: true,
		Queues:      []synthetic.Queue{{Name: "main", Share: .9}, {Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, ActivitiesOnly: true}},
		Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 148),
	}
}

func takingAllSlots(minor int) synthetic.Options {
	o := losingActivities(minor)
	o.Queues[1].SlotsTaken = true
	return o
}

func comingBack(minor int) synthetic.Options {
	return synthetic.Options{
		Version: synthetic.V(minor), Detailed: true,
		Queues:      []synthetic.Queue{{Name: "main", Share: .9}, {Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, WorkersBack: synthetic.Fault + workersAreBack}},
		Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5),
	}
}

const workersAreBack = 8 * time.Minute

// recovers: critical while the workers are away, and happy within six minutes of their return, in few events.
var recovers = []claim{
	calmBefore,
	every("it is critical while the workers are away", later, func(j judged) bool { return j.at >= workersAreBack || j.verdict.State == health.Critical }),
	every("it is happy six minutes after they are back", workersAreBack+6*time.Minute, func(j judged) bool {
		return j.decided() && j.verdict.State == health.Happy
	}),
	atMostEvents(6),
}

// twelveQueues are queues with names as people give them, the fourth of which dies.
func twelveQueues() []synthetic.Queue {
	queues := make([]synthetic.Queue, 12)
	for i := range queues {
		queues[i] = synthetic.Queue{Name: fmt.Sprintf("nightly-reports-%d", i), Share: 1.0 / 12}
	}
	queues[3].WorkersEnd = synthetic.Fault
	return queues
}

// waitingFor grows by a rate per second from the fault on, and is renewed once a minute.
func waitingFor(perSecond float64) synthetic.Value {
	return func(at time.Duration) float64 {
		return perSecond * max(0, at-synthetic.Fault).Truncate(time.Minute).Seconds()
	}
}
