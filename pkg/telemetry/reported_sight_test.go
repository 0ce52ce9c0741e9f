package telemetry_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// hardToSee are clusters whose settings, or whose Prometheus, hide a part of what happens.
var hardToSee = []story{
	{
		promise: "the breakdown is off on server 1.29, and a dead queue shows in the writes to the backlog",
		cluster: writesToBacklog(1),
		options: synthetic.Options{
			Version: synthetic.V(29), Build: "1.29.1", Queues: onlyMain, BreakdownOff: true,
			Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5),
		},
		right: theWorkersOrUnknown(),
	},
	{
		promise: "the breakdown is off on server 1.31 with opentelemetry, and half the work finds no worker",
		cluster: writesToBacklog(5),
		options: synthetic.Options{
			Version: synthetic.V(31), Framework: synthetic.OpenTelemetry, Queues: onlyMain, BreakdownOff: true,
			Completions: synthetic.Then(10, 5), Transitions: synthetic.Then(160, 85),
		},
		right: theWorkersOrUnknown(),
	},
	{
		promise: "the breakdown is off on server 1.32 at 2 starts/s, a fifth of which find no worker",
		cluster: breakdownOff(synthetic.Always(.4)),
		options: synthetic.Options{
			Build: "1.32.1", Queues: onlyMain, BreakdownOff: true,
			Starts: synthetic.Always(2), Completions: synthetic.Then(2, 1.6), Transitions: synthetic.Then(32, 26),
		},
		right: theWorkersOrUnknown(),
	},
	{
		promise: "the breakdown is off and all is well: nothing is wrong",
		options: synthetic.Options{Queues: onlyMain, BreakdownOff: true, Detailed: true, Build: "1.32.1"},
		right:   []claim{atMost(health.Happy), neverLimitedBy(health.ServerLimited, health.WorkerLimited, health.Mixed, applicationLimited)},
		last:    synthetic.Fault,
	},
	{
		promise: "matching unloads a queue in which 40 activities wait",
		cluster: unloaded(unloading{queue: "nightly", kind: "Activity", tasks: 40}),
		options: synthetic.Options{Queues: onlyMain},
		right:   waitsUndispatched("nightly"),
	},
	{
		promise: "matching unloads a queue in which 20,000 tasks wait, with opentelemetry",
		cluster: unloaded(unloading{queue: "month-end", kind: "Workflow", tasks: 20_000, lasts: 6 * time.Minute}),
		options: synthetic.Options{Queues: onlyMain, Framework: synthetic.OpenTelemetry},
		right:   waitsUndispatched("month-end"),
	},
	{
		promise: "matching unloads a queue in which 3 tasks wait, server 1.29",
		cluster: unloaded(unloading{queue: "nightly", kind: "Workflow", tasks: 3}),
		options: synthetic.Options{Queues: onlyMain, Version: synthetic.V(29), Build: "1.29.1", Detailed: true},
		right:   waitsUndispatched("nightly"),
	},
	{
		promise: "matching unloads a queue and later a worker takes its tasks: happy again",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := unloaded(unloading{queue: "nightly", kind: "Workflow", tasks: 500})(o)
			taken := synthetic.Fault + 12*time.Minute
			l := c.TaskLabels("nightly", "Workflow")
			l["operation"] = "PollWorkflowTaskQueue"
			c.Matching().Counter("poll_success", l, synthetic.Born(taken, synthetic.Changing(taken+time.Minute, 500.0/60, 0)))
			l = c.TaskLabels("nightly", "Workflow")
			l["partition"] = "0"
			c.Matching().Gauge("pending_polls", l, synthetic.Changing(taken, 0, 5))
			return c
		},
		options: synthetic.Options{Queues: onlyMain},
		right: []claim{
			calmBefore,
			every("it is critical or stale until they are taken", later, func(j judged) bool {
				return j.at >= 12*time.Minute || j.verdict.State == health.Critical || j.verdict.Stale
			}),
			every("it is happy six minutes later", 18*time.Minute, func(j judged) bool { return j.decided() && j.verdict.State == health.Happy }),
		},
		last: synthetic.Fault + 22*time.Minute,
	},
	{
		promise: "the prefix prod_temporal, and all is well",
		options: synthetic.Options{Prefix: "prod_temporal_", Detailed: true},
		right:   sound,
	},
	{
		promise: "the prefix prod_temporal with opentelemetry on server 1.29, and a queue is dead",
		options: with(losingBilling(29), func(o *synthetic.Options) { o.Prefix, o.Framework = "prod_temporal_", synthetic.OpenTelemetry }),
		right:   theWorkers("billing"),
	},
	{
		promise: "the prefix temporal, as the SDK's, and a queue is dead",
		options: with(losingBilling(32), func(o *synthetic.Options) { o.Prefix = "temporal_" }),
		right:   theWorkers("billing"),
	},
	{
		promise: "labels renamed by Kubernetes, and all is well",
		options: with(synthetic.Options{}, inKubernetes),
		right:   all(sound, workersRead(10)),
	},
	{
		promise: "labels renamed by Kubernetes on server 1.29, and a queue is dead",
		options: with(losingBilling(29), inKubernetes),
		right:   theWorkers("billing"),
	},
	{
		promise: "a collector wrote the one job into service_name: seen, or explained",
		options: synthetic.Options{JobAsServiceName: true},
		right:   seenOrExplained("service_name"),
		last:    synthetic.Fault,
	},
	{
		promise: "a collector wrote each service's job into service_name: seen, or explained",
		options: synthetic.Options{JobAsServiceName: true, JobPerService: true, Detailed: true},
		right:   seenOrExplained("service_name"),
		last:    synthetic.Fault,
	},
	{
		promise: "a collector wrote each service's job into service_name, and a queue is dead: not happy",
		options: with(losingBilling(32), func(o *synthetic.Options) { o.JobAsServiceName, o.JobPerService = true, true }),
		right:   theWorkersOrUnknown(),
	},
	{
		promise: "a collector wrote the one job into service_name, and the database is down: not happy",
		options: with(storeDown, func(o *synthetic.Options) { o.JobAsServiceName = true }),
		cluster: failing(storeFailure{perSecond: 250, errorType: "serviceerror.Unavailable", refreshes: 14, calls: 9}),
		right:   []claim{calmBefore, neverHappyUnlessStale, neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "Prometheus has metrics of Temporal Cloud only: unknown, and said so",
		cluster: temporalCloud,
		right:   unknownBecause("Temporal Cloud"),
		last:    synthetic.Fault,
	},
	{
		promise: "Prometheus has metrics of Temporal Cloud only, and the selector is empty: unknown, and said so",
		cluster: temporalCloud,
		// A selector that the workers' series have too, as an empty one would.
		settings: func(c *telemetry.Cluster) { c.Selector = fmt.Sprintf("case=%q", c.Name) },
		right:    unknownBecause("Temporal Cloud"),
		last:     synthetic.Fault,
	},
	{
		promise: "nothing is scraped any more: stale, not happy",
		options: synthetic.Options{Detailed: true, Life: everything(synthetic.Fault)},
		right:   []claim{calmBefore, happyBefore, neverHappyUnlessStale, neverLimitedBy(health.WorkerLimited, health.ServerLimited)},
	},
}

// with changes options.
func with(o synthetic.Options, change func(*synthetic.Options)) synthetic.Options {
	change(&o)
	return o
}

// inKubernetes has service discovery's own labels beside Temporal's.
func inKubernetes(o *synthetic.Options) {
	o.TargetLabels = labels("namespace", "temporal-prod", "service_name", "temporal-headless", "pod", "temporal-0")
	o.WorkerTargetLabels = labels("namespace", "shop", "pod", "worker-0")
}

// writesToBacklog is a cluster in which tasks per second, of no known queue, begin to be written to the backlog.
func writesToBacklog(perSecond float64) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		c.Matching().Counter("persistence_requests", operation("CreateTasks"), synthetic.SinceFault(perSecond))
		return c
	}
}

// seenOrExplained: all is well and known to be, or the reason for not knowing names a label or a setting.
func seenOrExplained(what string) []claim {
	return []claim{
		atMost(health.Happy),
		every("it is happy, or unknown because of "+what, -10*time.Minute, func(j judged) bool {
			return j.decided() && j.verdict.State == health.Happy || strings.Contains(j.snapshot.Unknown[health.TransitionRate], what)
		}),
	}
}

// temporalCloud is a Prometheus that has Temporal Cloud's own metrics, and those of SDK workers.
func temporalCloud(o synthetic.Options) *synthetic.Cluster {
	c := synthetic.New(o)
	c.Drop(func(l synthetic.Labels) bool { return l["job"] == "temporal" })
	p := c.Scraped("temporal-cloud", "metrics.temporal.io:443")
	namespace := labels("temporal_namespace", "orders.a1b2c", "region", "aws-us-east-1")
	for metric, rate := range map[string]float64{
		"temporal_cloud_v1_workflow_success_count":           10,
		"temporal_cloud_v1_workflow_failed_count":            0,
		"temporal_cloud_v1_poll_success_count":               90,
		"temporal_cloud_v1_poll_success_sync_count":          88,
		"temporal_cloud_v1_poll_timeout_count":               1,
		"temporal_cloud_v1_state_transition_count":           160,
		"temporal_cloud_v1_total_action_count":               60,
		"temporal_cloud_v1_frontend_service_request_count":   100,
		"temporal_cloud_v1_frontend_service_error_count":     0,
		"temporal_cloud_v1_frontend_service_pending_request": 4,
		"temporal_cloud_v1_resource_exhausted_error_count":   0,
		"temporal_cloud_v1_service_latency_p99":              .08,
		"temporal_cloud_v1_approximate_backlog_count":        0,
	} {
		p.Gauge(metric, namespace, synthetic.Always(rate))
	}
	return c
}

// everything ends the life of all services at a time.
func everything(end time.Duration) func(string) (time.Duration, time.Duration) {
	return func(string) (time.Duration, time.Duration) { return 0, end }
}
