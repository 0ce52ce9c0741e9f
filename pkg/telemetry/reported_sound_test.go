package telemetry_test

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// soundClusters are healthy clusters of all kinds.
var soundClusters = slices.Concat(healthyVersions, []story{
	{
		promise: "healthy at 2 starts/s",
		options: synthetic.Options{Starts: synthetic.Always(2)},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "healthy at 200 starts/s on 4,096 shards, server 1.29",
		options: synthetic.Options{Version: synthetic.V(29), Starts: synthetic.Always(200), Shards: 4096},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "healthy at one start in twenty seconds",
		options: synthetic.Options{Starts: synthetic.Always(.05), Transitions: synthetic.Always(.8)},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "idle without any traffic, server 1.25",
		options: synthetic.Options{Version: synthetic.V(25), Starts: synthetic.Always(0), Transitions: synthetic.Always(0)},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "idle without any traffic, server 1.29 with all metrics",
		options: synthetic.Options{Version: synthetic.V(29), Build: "1.29.1", Detailed: true, Starts: synthetic.Always(0), Transitions: synthetic.Always(0)},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "idle without any traffic, server 1.32 with opentelemetry",
		options: synthetic.Options{Framework: synthetic.OpenTelemetry, Starts: synthetic.Always(0), Transitions: synthetic.Always(0)},
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "idle, and no worker was ever started",
		options: synthetic.Options{
			Starts: synthetic.Always(0), Transitions: synthetic.Always(0),
			Queues: []synthetic.Queue{{Name: "main", Share: 1, WorkersEnd: synthetic.Step, Workers: []synthetic.SDK{synthetic.NoMetrics}}},
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Drop(func(l synthetic.Labels) bool { return l["taskqueue"] == "main" })
			return c
		},
		right: sound,
		last:  synthetic.Fault,
	},
	{
		promise: "a rolling upgrade from 1.31 to 1.32, visible in build_information by process",
		cluster: upgrade("1.31.1", "1.32.1"),
		right:   []claim{atMost(health.Happy), happyBefore, limitedByNothing},
	},
	{
		promise: "a rolling upgrade from 1.29 to 1.30 without build_information",
		cluster: upgrade("", ""),
		options: synthetic.Options{Version: synthetic.V(29)},
		right:   []claim{atMost(health.Happy), happyBefore, limitedByNothing},
	},
	{
		promise: "the whole cluster restarts, and its first numbers are wild",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			before, after := o, o
			before.Life = everything(synthetic.Fault)
			after.Generation = "b"
			after.Life = func(string) (time.Duration, time.Duration) { return synthetic.Fault, synthetic.Length }
			wild := func(usual, first synthetic.Spread) synthetic.Spreads {
				return func(at time.Duration) synthetic.Spread {
					if at >= synthetic.Fault && at < synthetic.Fault+30*time.Second {
						return first
					}
					return usual
				}
			}
			after.DatabaseLatency = wild(quickDatabase, synthetic.Spread{40 * time.Millisecond: .7, 900 * time.Millisecond: .3})
			after.QueueLatency = wild(quickTasks, synthetic.Spread{30 * time.Millisecond: .5, 45 * time.Second: .5})
			after.CallLatency = wild(synthetic.Spread{20 * time.Millisecond: 1}, synthetic.Spread{2 * time.Second: 1})
			after.Queues = []synthetic.Queue{{Name: "main", Share: 1}}
			c := synthetic.New(before)
			c.Join(synthetic.New(after))
			return c
		},
		options: synthetic.Options{Queues: onlyMain},
		right:   []claim{atMost(health.Happy), happyBefore},
	},
	{
		promise: "traffic that comes and goes within minutes",
		options: synthetic.Options{Starts: func(at time.Duration) float64 { return 10 + 8*math.Sin(at.Minutes()*math.Pi/4) }},
		right:   all(sound, []claim{atMostEvents(1)}),
	},
	{
		promise: "the night's traffic, a twentieth of the day's",
		options: synthetic.Options{Starts: synthetic.Then(10, .5)},
		right:   sound,
	},
	{
		promise: "a surge from 2 to 60 starts/s, served well",
		options: synthetic.Options{Starts: synthetic.Then(2, 60)},
		right:   sound,
	},
	{
		promise: "calls that wait for workers, and lists, take long: no start is slow",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			for _, call := range []string{"QueryWorkflow", "UpdateWorkflowExecution", "PollWorkflowExecutionUpdate", "GetWorkflowExecutionHistory"} {
				c.Frontend().Counter("service_requests", operation(call), synthetic.Always(5))
				c.Frontend().Timer("service_latency", operation(call), synthetic.Always(5), synthetic.Lasting(synthetic.Spread{200 * time.Millisecond: .6, 18 * time.Second: .4}))
			}
			return c
		},
		right: sound,
		last:  synthetic.Fault,
	},
	{
		promise: "a database that is slow every other minute makes few events",
		options: synthetic.Options{DatabaseLatency: func(at time.Duration) synthetic.Spread {
			if at >= synthetic.Fault && int(at.Minutes())%2 == 0 {
				return synthetic.Spread{40 * time.Millisecond: .9, 150 * time.Millisecond: .1}
			}
			return quickDatabase
		}},
		right: []claim{calmBefore, atMost(health.Stressed), neverLimitedBy(health.WorkerLimited), atMostEvents(6)},
		last:  lastCycle,
	},
})

// healthyVersions has every version healthy, with few metrics and with all, and some of them with opentelemetry.
var healthyVersions = func() (stories []story) {
	for minor := 25; minor <= 32; minor++ {
		for _, detailed := range []bool{false, true} {
			o := synthetic.Options{Version: synthetic.V(minor), Detailed: detailed}
			extent := "few metrics"
			if detailed {
				o.Build = fmt.Sprintf("1.%d.0", minor)
				extent = "all metrics"
			}
			// Every version speaks both dialects; one in two tests each.
			if (minor%2 == 0) == detailed {
				o.Framework = synthetic.OpenTelemetry
				extent += " and opentelemetry"
			}
			stories = append(stories, story{
				promise: fmt.Sprintf("healthy on server 1.%d with %s", minor, extent),
				options: o, right: sound, last: synthetic.Fault,
			})
		}
	}
	return stories
}()

var limitedByNothing = every("it is limited by nothing", -10*time.Minute, func(j judged) bool { return j.verdict.Bottleneck == health.BottleneckHealthy })

// upgrade is a cluster whose services are replaced by those of the next version, a minute after each other.
func upgrade(from, to string) func(synthetic.Options) *synthetic.Cluster {
	turns := map[string]time.Duration{"worker": 0, "matching": time.Minute, "history": 2 * time.Minute, "frontend": 3 * time.Minute}
	return func(o synthetic.Options) *synthetic.Cluster {
		before, after := o, o
		if before.Version == (synthetic.Version{}) {
			before.Version = synthetic.V(31)
		}
		before.Build, before.Life = from, func(service string) (time.Duration, time.Duration) { return 0, synthetic.Fault + turns[service] }
		after.Version = synthetic.V(before.Version.Minor + 1)
		after.Build, after.Generation = to, "b"
		after.Life = func(service string) (time.Duration, time.Duration) {
			return synthetic.Fault + turns[service], synthetic.Length
		}
		c := synthetic.New(before)
		c.Join(synthetic.New(after))
		return c
	}
}
