package telemetry_test

import (
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// applications are sound clusters whose workflow code, activities or clients fail.
var applications = []story{
	{
		promise: "non-determinism that only the Go SDK counts",
		options: synthetic.Options{Version: synthetic.V(28), Completions: synthetic.Then(10, 8), Transitions: synthetic.Then(160, 140)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Worker("main", 0).Counter("temporal_workflow_task_execution_failed_total",
				labels("workflow_type", "OrderWorkflow", "failure_reason", "NonDeterminismError"), synthetic.SinceFault(4))
			return c
		},
		right: theApplications,
	},
	{
		promise: "non-determinism that only the core counts",
		options: synthetic.Options{
			Queues:      []synthetic.Queue{{Name: "main", Share: 1, Workers: []synthetic.SDK{synthetic.Core}}},
			Completions: synthetic.Then(10, 9), Transitions: synthetic.Then(160, 150),
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Worker("main", 0).Counter("temporal_workflow_task_execution_failed",
				labels("service_name", "temporal-core-sdk", "workflow_type", "order", "failure_reason", "NonDeterminismError"), synthetic.SinceFault(2))
			return c
		},
		right: theApplications,
	},
	{
		promise: "non-determinism that only the requests of RespondWorkflowTaskFailed show, server 1.25",
		options: synthetic.Options{Version: synthetic.V(25), Completions: synthetic.Then(10, 7), Transitions: synthetic.Then(160, 130)},
		cluster: taskFailures(taskFailure{calls: 6}),
		right:   theApplications,
	},
	{
		promise: "workflow tasks fail for a nil pointer, server 1.29 with opentelemetry",
		options: synthetic.Options{
			Version: synthetic.V(29), Framework: synthetic.OpenTelemetry, Build: "1.29.1",
			Completions: synthetic.Then(10, 5), Transitions: synthetic.Then(160, 100),
		},
		cluster: taskFailures(taskFailure{calls: 10, failure: "WorkflowWorkerUnhandledFailure"}),
		right:   theApplications,
	},
	{
		promise: "workflow tasks fail for a message that is too large on a quiet cluster",
		options: synthetic.Options{Starts: synthetic.Always(.5), Completions: synthetic.Then(.5, .3), Transitions: synthetic.Then(8, 6)},
		cluster: taskFailures(taskFailure{calls: .5, failure: "GrpcMessageTooLarge"}),
		right:   theApplications,
	},
	{
		promise: "one failed workflow task a minute on a busy cluster is within the normal range",
		cluster: taskFailures(taskFailure{calls: 1.0 / 60, failure: "WorkflowWorkerUnhandledFailure"}),
		right:   []claim{calmBefore, atMost(health.Stressed), neverLimitedBy(health.ServerLimited, health.WorkerLimited, health.Mixed)},
	},
	{
		promise: "activities fail and are retried for ever: completions stop while starts go on",
		options: synthetic.Options{Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 80)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("activity_task_fail", operation("RespondActivityTaskFailed", "activityType", "Charge", "workflowType", "OrderWorkflow", "taskqueue", "main"), synthetic.SinceFault(25))
			c.Frontend().Counter("service_requests", operation("RespondActivityTaskFailed"), synthetic.SinceFault(25))
			c.Worker("main", 0).Counter("temporal_activity_execution_failed_total", labels("activity_type", "Charge"), synthetic.SinceFault(25))
			return c
		},
		right: theirOwnFailure,
	},
	{
		promise: "activities time out: their own",
		options: synthetic.Options{Version: synthetic.V(29), Completions: synthetic.Then(10, 4), Transitions: synthetic.Then(160, 100)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("start_to_close_timeout", operation("TimerActiveTaskActivityTimeout"), synthetic.SinceFault(6))
			c.History().Counter("activity_task_timeout", operation("TimerActiveTaskActivityTimeout", "activityType", "Charge"), synthetic.SinceFault(6))
			return c
		},
		right: theirOwnFailure,
	},
	{
		promise: "most workflows fail on a sound cluster: the application's",
		options: synthetic.Options{Completions: synthetic.Then(10, 3), Transitions: synthetic.Always(150)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("workflow_failed", operation("CompletionStats"), synthetic.SinceFault(7))
			return c
		},
		right: all(theirOwnFailure, []claim{fires("completion_collapsed")}),
	},
	{
		promise: "a client floods a busy cluster with starts that are not valid",
		cluster: refused("StartWorkflowExecution", "orders", "serviceerror.InvalidArgument", 100),
		right:   perhapsTheApplications,
	},
	{
		promise: "a client floods a busy cluster with signals to workflows that do not exist",
		options: synthetic.Options{Version: synthetic.V(29)},
		cluster: refused("SignalWorkflowExecution", "orders", "serviceerror.NotFound", 120),
		right:   perhapsTheApplications,
	},
	{
		promise: "a client without permission floods a cluster with opentelemetry",
		options: synthetic.Options{Version: synthetic.V(30), Framework: synthetic.OpenTelemetry},
		cluster: refused("StartWorkflowExecution", "orders", "serviceerror.PermissionDenied", 60),
		right:   perhapsTheApplications,
	},
	{
		promise: "a client misspells a namespace on a busy cluster",
		cluster: refused("StartWorkflowExecution", "ordres", "serviceerror.NamespaceNotFound", 40),
		right:   perhapsTheApplications,
	},
	{
		promise: "a client misspells a namespace when it polls and when it signals, on an idle cluster of server 1.28",
		options: with(idle, func(o *synthetic.Options) { o.Version = synthetic.V(28) }),
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := refused("SignalWithStartWorkflowExecution", "ordres", "serviceerror.NamespaceNotFound", 3)(o)
			return refusing(c, "PollWorkflowTaskQueue", "ordres", "serviceerror.NamespaceNotFound", 2)
		},
		right: perhapsTheApplications,
	},
	{
		promise: "starts of workflows that already run are refused on an idle cluster",
		options: idle,
		cluster: refused("StartWorkflowExecution", "orders", "serviceerror.WorkflowExecutionAlreadyStarted", 20),
		right:   perhapsTheApplications,
	},
	{
		promise: "one workflow gets more updates than its lock takes",
		options: synthetic.Options{Version: synthetic.V(29)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Frontend().Counter("service_requests", operation("UpdateWorkflowExecution"), synthetic.Then(5, 60))
			exhausted(c, "UpdateWorkflowExecution", "BusyWorkflow", 25)
			return c
		},
		right: theApplications,
	},
	{
		promise: "one workflow gets more updates than its lock takes, on a quiet cluster with opentelemetry",
		options: synthetic.Options{Framework: synthetic.OpenTelemetry, Starts: synthetic.Always(.2), Transitions: synthetic.Then(4, 12)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Frontend().Counter("service_requests", operation("UpdateWorkflowExecution"), synthetic.Then(1, 12))
			exhausted(c, "UpdateWorkflowExecution", "BusyWorkflow", 8)
			return c
		},
		right: theApplications,
	},
	{
		promise: "starts that find a running workflow, on an otherwise idle cluster without a transition",
		options: synthetic.Options{Starts: synthetic.Always(0), Transitions: synthetic.Always(0)},
		cluster: startsThatWriteNothing(20),
		right:   sound,
	},
	{
		promise: "starts that find a running workflow, server 1.28 with opentelemetry",
		options: synthetic.Options{Version: synthetic.V(28), Framework: synthetic.OpenTelemetry, Starts: synthetic.Always(1), Transitions: synthetic.Always(16)},
		cluster: startsThatWriteNothing(80),
		right:   sound,
	},
	{
		promise: "delayed starts that make no task yet, server 1.29",
		options: synthetic.Options{
			Version: synthetic.V(29), Starts: synthetic.Then(.05, 10), Tasks: synthetic.Always(.05),
			Completions: synthetic.Always(.05), Transitions: synthetic.Then(.8, 10.5),
		},
		right: sound,
	},
	{
		promise: "delayed starts that make no task yet, server 1.32 with opentelemetry, 40/s",
		options: synthetic.Options{
			Framework: synthetic.OpenTelemetry, Starts: synthetic.Then(1, 41), Tasks: synthetic.Always(1),
			Completions: synthetic.Always(1), Transitions: synthetic.Then(16, 56),
		},
		right: sound,
	},
	{
		promise: "workflows run for days and none completes: happy",
		options: synthetic.Options{Completions: synthetic.Always(0)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			// Their tasks are completed all the same.
			c.Frontend().Counter("service_requests", operation("RespondWorkflowTaskCompleted"), synthetic.Always(40))
			c.Frontend().Counter("service_requests", operation("PollWorkflowTaskQueue"), synthetic.Always(40))
			return c
		},
		right: sound,
		last:  synthetic.Fault + 5*time.Minute,
	},
}

// theirOwnFailure: the application fails on a sound cluster, however badly.
var theirOwnFailure = all([]claim{calmBefore, neverHappyUnlessStale, limitedBy(applicationLimited), neverLimitedBy(health.WorkerLimited)}, notTheServers)

// taskFailure is how often workflow tasks fail from the fault on. The counter by failure is only there when the
// failure has a name.
type taskFailure struct {
	calls   float64
	failure string
}

// taskFailures is a cluster whose workflow tasks fail and are retried.
func taskFailures(f taskFailure) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		c.Frontend().Counter("service_requests", operation("RespondWorkflowTaskFailed"), synthetic.SinceFault(f.calls))
		if f.failure != "" {
			c.History().Counter("failed_workflow_tasks", operation("RespondWorkflowTaskFailed", "failure", f.failure), synthetic.SinceFault(f.calls))
		}
		return c
	}
}
