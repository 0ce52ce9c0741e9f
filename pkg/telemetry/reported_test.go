package telemetry_test

import (
	"slices"
	"testing"
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// TestWhatOperatorsReported holds the rules against faults that operators of Temporal reported in public, each
// rebuilt as a synthetic cluster whose fault begins at 20 minutes, and against the same kinds of faults under other
// names, numbers, stores and versions.
func TestWhatOperatorsReported(t *testing.T) {
	judgeAll(t, slices.Concat(reported, brief(deadQueues, hardToSee, stores, applications, fleets, soundClusters, serverParts)))
}

// brief shortens stories that set no end of their own: a few cycles before the fault, and as many after it as every
// claim needs. Sound clusters need fewer.
func brief(groups ...[]story) []story {
	stories := slices.Concat(groups...)
	for i := range stories {
		stories[i].first = synthetic.Fault - 150*time.Second
		if stories[i].last == 0 {
			stories[i].last = synthetic.Fault + later + time.Minute
		}
	}
	return stories
}

// What the faults are made of.
var (
	deadBilling = []synthetic.Queue{{Name: "main", Share: .9}, {Name: "billing", Share: .1, WorkersEnd: synthetic.Fault}}
	onlyMain    = []synthetic.Queue{{Name: "main", Share: 1}}
)

// losingBilling is a cluster whose queue for a tenth of the work loses its workers.
func losingBilling(minor int) synthetic.Options {
	return synthetic.Options{
		Version: synthetic.V(minor), Queues: deadBilling,
		Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5),
	}
}

// operation are the labels of an operation in the namespace of the reports.
func operation(name string, more ...string) synthetic.Labels {
	return labels(append([]string{"namespace", "orders", "operation", name}, more...)...)
}

// labels are pairs of a name and a value.
func labels(pairs ...string) synthetic.Labels {
	l := synthetic.Labels{}
	for i := 0; i < len(pairs); i += 2 {
		l[pairs[i]] = pairs[i+1]
	}
	return l
}

var reported = []story{
	{
		promise: "one queue of two loses its workers, server 1.32: critical, the workers', named",
		options: losingBilling(32),
		right:   all(theWorkers("billing"), []claim{happyBefore, decidedly(soon)}),
	},
	{
		promise: "one queue of two loses its workers, server 1.29, which counts no waiting polls: never happy",
		options: losingBilling(29),
		right:   theWorkers("billing"),
	},
	{
		promise: "the breakdown by task queue is off: a dead queue is not happy",
		cluster: breakdownOff(synthetic.Always(1)),
		options: synthetic.Options{Queues: onlyMain, BreakdownOff: true, Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 144.5)},
		right:   theWorkersOrUnknown(),
	},
	{
		promise: "matching unloads a queue without pollers: its backlog is still there",
		cluster: unloaded(unloading{queue: "nightly", kind: "Workflow", tasks: 500}),
		options: synthetic.Options{Queues: onlyMain},
		right:   waitsUndispatched("nightly"),
	},
	{
		promise: "Elasticsearch is down: stressed, the server's, the visibility store named",
		cluster: visibilityDown("elasticsearch", "serviceerror.Unavailable"),
		right:   theServersPart("visibility"),
	},
	{
		promise: "workflow code is not deterministic after a deploy: stressed, the application's",
		options: synthetic.Options{Completions: synthetic.Then(10, 7), Transitions: synthetic.Then(160, 130)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("failed_workflow_tasks", operation("RespondWorkflowTaskFailed", "failure", "NonDeterministicError"), synthetic.SinceFault(6))
			c.Frontend().Counter("service_requests", operation("RespondWorkflowTaskFailed"), synthetic.SinceFault(6))
			c.Worker("main", 0).Counter("temporal_workflow_task_execution_failed_total",
				labels("workflow_type", "OrderWorkflow", "failure_reason", "NonDeterminismError"), synthetic.SinceFault(6))
			return c
		},
		right: theApplications,
	},
	{
		promise: "a client misspells a namespace on an idle cluster: never critical, never the server's",
		options: idle,
		cluster: refused("StartWorkflowExecution", "ordres", "serviceerror.NamespaceNotFound", 1),
		right:   perhapsTheApplications,
	},
	{
		promise: "one workflow gets more signals than its lock takes: the application's",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Frontend().Counter("service_requests", operation("SignalWorkflowExecution"), synthetic.Then(5, 80))
			exhausted(c, "SignalWorkflowExecution", "BusyWorkflow", 30)
			return c
		},
		right: theApplications,
	},
	{
		promise: "healthy workers on the Rust core with its exporter's defaults: happy, all pollers, nothing late",
		options: synthetic.Options{Queues: []synthetic.Queue{{Name: "main", Share: 1, Workers: []synthetic.SDK{synthetic.Core}}}},
		right:   all(sound, workersRead(5)),
	},
	{
		promise: "a prefix before all of the server's metrics is found",
		options: synthetic.Options{Prefix: "temporal_"},
		right:   sound,
	},
	{
		promise: "matching's rate limit makes history back off: critical, the server's",
		options: synthetic.Options{
			Version: synthetic.V(29), Completions: synthetic.Then(10, 7), Transitions: synthetic.Then(160, 110),
			QueueLatency: synthetic.Turning(quickTasks, synthetic.Spread{30 * time.Millisecond: .7, 1000 * time.Second: .3}),
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("task_errors_throttled", labels("operation", "TransferActiveTaskActivity"), synthetic.SinceFault(40))
			return c
		},
		right: theServers(health.Critical),
	},
	{
		promise: "MySQL restarts into a storm of connections: critical, the server's, no worker blamed",
		options: synthetic.Options{
			Version: synthetic.V(29), Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 0),
			DatabaseLatency: synthetic.Turning(quickDatabase, synthetic.Spread{2 * time.Millisecond: .9, 8 * time.Second: .1}),
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("persistence_errors", operation("UpdateWorkflowExecution"), synthetic.SinceFault(140))
			c.History().Counter("persistence_session_refresh_attempts", nil, synthetic.SinceFault(14))
			c.Frontend().Counter("service_error_with_type", operation("StartWorkflowExecution", "error_type", "serviceerror.Unavailable"), synthetic.SinceFault(9))
			return c
		},
		right: all(theServers(health.Critical), []claim{decidedly(soon)}),
	},
	{
		promise: "starts that find a running workflow and write nothing demand nothing",
		options: synthetic.Options{Starts: synthetic.Always(.2), Transitions: synthetic.Always(4)},
		cluster: startsThatWriteNothing(20),
		right:   sound,
	},
	{
		promise: "one workflow's transaction is too large on a quiet cluster: stressed at most, the application's",
		options: synthetic.Options{Version: synthetic.V(29), Starts: synthetic.Always(.05), Transitions: synthetic.Always(.8)},
		cluster: failingWrites("UpdateWorkflowExecution", "persistence.TransactionSizeLimitError", .6),
		right:   perhapsTheApplications,
	},
	{
		promise: "starts that are delayed make one transition each: happy",
		options: synthetic.Options{Starts: synthetic.Then(.05, 10), Completions: synthetic.Always(.05), Transitions: synthetic.Then(.8, 10.5)},
		right:   sound,
	},
}

// idle is a cluster of which nothing is asked.
var idle = synthetic.Options{Starts: synthetic.Always(0), Transitions: synthetic.Always(.05)}

var (
	quickDatabase = synthetic.Spread{4 * time.Millisecond: .9, 30 * time.Millisecond: .1}
	quickTasks    = synthetic.Spread{30 * time.Millisecond: .9, 90 * time.Millisecond: .1}
)

// breakdownOff is a cluster whose queues share one name, in which tasks begin to wait.
func breakdownOff(waiting synthetic.Value) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		for _, kind := range []string{"Workflow", "Activity"} {
			l := c.TaskLabels("", kind)
			for name, value := range labels("partition", "0", "task_add_result", "backlog", "forwarded", "false") {
				l[name] = value
			}
			c.Matching().Counter("tasks_added", l, synthetic.From(synthetic.Fault, waiting))
		}
		return c
	}
}

// unloading is a queue of which matching forgets what waits in it.
type unloading struct {
	queue, kind string
	tasks       float64
	// lasts is how long the queue stays loaded after the fault; 0 is five and a half minutes.
	lasts time.Duration
}

// unloaded is a cluster in which tasks arrive within a minute at a queue whose workers left two minutes earlier;
// later matching unloads the queue, and its gauges fall to 0.
func unloaded(u unloading) func(synthetic.Options) *synthetic.Cluster {
	if u.lasts == 0 {
		u.lasts = 330 * time.Second
	}
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		l := c.TaskLabels(u.queue, u.kind)
		l["partition"] = "0"
		loaded := func(v synthetic.Value) synthetic.Value {
			return synthetic.Born(synthetic.Fault, func(at time.Duration) float64 {
				if at >= synthetic.Fault+u.lasts {
					return 0
				}
				return v(at)
			})
		}
		full := synthetic.Fault + time.Minute
		c.Matching().Gauge("approximate_backlog_count", l, loaded(synthetic.Changing(full, u.tasks/2, u.tasks)))
		c.Matching().Gauge("approximate_backlog_age_seconds", l, loaded(func(at time.Duration) float64 {
			return (at - synthetic.Fault).Truncate(time.Minute).Seconds()
		}))
		c.Matching().Gauge("pending_polls", l, synthetic.Changing(synthetic.Fault-2*time.Minute, 5, 0))
		l["task_add_result"], l["forwarded"] = "backlog", "false"
		c.Matching().Counter("tasks_added", l, synthetic.Born(synthetic.Fault, synthetic.Changing(full, u.tasks/60, 0)))
		return c
	}
}

// waitsUndispatched: a queue's tasks wait for minutes and are never dispatched.
func waitsUndispatched(queue string) []claim {
	return []claim{
		calmBefore, neverHappyUnlessStale, limitedBy(health.WorkerLimited), names(queue),
		eventually("it becomes critical", later, func(j judged) bool { return j.verdict.State == health.Critical }),
		every("it stays critical, or is stale", later, func(j judged) bool { return j.verdict.State == health.Critical || j.verdict.Stale }),
	}
}

// visibilityDown is a cluster whose visibility store fails: all that is written there is tried again and again.
func visibilityDown(plugin, errorType string) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		p := c.History()
		writes := operation("UpsertWorkflowExecution", "visibility_plugin_name", plugin)
		p.Counter("visibility_persistence_requests", writes, synthetic.Always(30))
		p.Counter("visibility_persistence_errors", writes, synthetic.SinceFault(30))
		p.Counter("visibility_persistence_error_with_type", operation("UpsertWorkflowExecution", "visibility_plugin_name", plugin, "error_type", errorType), synthetic.SinceFault(30))
		task := operation("VisibilityTaskStartExecution", "task_type", "VisibilityTaskStartExecution")
		p.Timer("task_latency_queue", task, synthetic.Then(20, 0), synthetic.Lasting(synthetic.Spread{200 * time.Millisecond: 1}))
		p.Counter("task_errors", task, synthetic.SinceFault(30))
		p.Gauge("pending_tasks", labels("task_category", "visibility"), piling(20))
		return c
	}
}

// piling grows by a rate per second from the fault on.
func piling(perSecond float64) synthetic.Value {
	return func(at time.Duration) float64 { return perSecond * max(0, at-synthetic.Fault).Seconds() }
}

// refused is a cluster that refuses calls of a client from the fault on.
func refused(call, namespace, errorType string, perSecond float64) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		return refusing(synthetic.New(o), call, namespace, errorType, perSecond)
	}
}

// refusing adds calls that are refused from the fault on.
func refusing(c *synthetic.Cluster, call, namespace, errorType string, perSecond float64) *synthetic.Cluster {
	calls := synthetic.SinceFault(perSecond)
	if namespace == c.Namespace && call == "StartWorkflowExecution" {
		accepted := c.Starts
		calls = func(at time.Duration) float64 { return accepted(at) + synthetic.Then(0, perSecond)(at) }
	}
	c.Frontend().Counter("service_requests", labels("namespace", namespace, "operation", call), calls)
	c.Frontend().Counter("service_error_with_type", labels("namespace", namespace, "operation", call, "error_type", errorType), synthetic.SinceFault(perSecond))
	return c
}

// exhausted adds calls that are refused with ResourceExhausted, and why.
func exhausted(c *synthetic.Cluster, call, cause string, perSecond float64) {
	c.Frontend().Counter("service_error_with_type", operation(call, "error_type", "serviceerror.ResourceExhausted"), synthetic.SinceFault(perSecond))
	c.Frontend().Counter("service_errors_resource_exhausted",
		operation(call, "resource_exhausted_cause", cause, "resource_exhausted_scope", "Namespace"), synthetic.SinceFault(perSecond))
}

// startsThatWriteNothing is a cluster with starts that succeed and find a workflow that runs.
func startsThatWriteNothing(perSecond float64) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		c.Frontend().Counter("service_requests", operation("StartWorkflowExecution", "x", "use_existing"), synthetic.Then(0, perSecond))
		return c
	}
}

// failingWrites is a cluster in which writes to the state store fail with one type of error.
func failingWrites(write, errorType string, perSecond float64) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		c.History().Counter("persistence_errors", operation(write), synthetic.SinceFault(perSecond))
		c.History().Counter("persistence_error_with_type", operation(write, "error_type", errorType), synthetic.SinceFault(perSecond))
		return c
	}
}

// workersRead: the workers' own numbers are right, and no task is called late.
func workersRead(pollers float64) []claim {
	const warm = -15 * time.Minute
	return []claim{
		reads(health.WorkflowPollers, warm, pollers, pollers),
		neverFires("workflow_schedule_to_start", "workflow_schedule_to_start_critical", "activity_schedule_to_start", "activity_schedule_to_start_critical",
			"worker_workflow_pollers_gone", "worker_activity_pollers_gone", "workflow_slots_exhausted", "activity_slots_exhausted"),
	}
}
