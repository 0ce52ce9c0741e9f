package telemetry_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// serverParts are clusters of whose server one part fails, is late, or refuses work.
var serverParts = slices.Concat(limits, []story{
	{
		promise: "only archival is late: timers are not",
		options: synthetic.Options{Detailed: true},
		cluster: late("ArchivalTaskArchiveExecution", 10*time.Minute),
		right: []claim{
			calmBefore, atMost(health.Stressed), names("archiv"), neverFires("history_backlog", "history_backlog_critical"),
			neverLimitedBy(health.WorkerLimited, health.Mixed),
		},
	},
	{
		promise: "only timers are late, server 1.29: the server's, timers named",
		options: synthetic.Options{Detailed: true, Version: synthetic.V(29), Build: "1.29.1"},
		cluster: late("TimerActiveTaskUserTimer", 3*time.Minute),
		right:   all(theServers(health.Stressed), []claim{names("timer")}),
	},
	{
		promise: "only calls to other systems are late, for a destination that does not answer",
		options: synthetic.Options{Detailed: true},
		cluster: late("OutboundTaskStateMachineTask", 10*time.Minute),
		right:   []claim{calmBefore, atMost(health.Stressed), names("outbound", "nexus", "callback"), neverFires("history_backlog_critical"), neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "history tasks are written to the dead-letter queue",
		options: synthetic.Options{Build: "1.32.1", Detailed: true},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("dlq_writes", labels("task_category", "transfer"), synthetic.SinceFault(.5))
			c.History().Counter("task_terminal_failures", labels("operation", "TransferActiveTaskActivity", "task_type", "TransferActiveTaskActivity"), synthetic.SinceFault(.5))
			return c
		},
		right: theServersPart("dead-letter", "dead letter", "dlq", "given up"),
	},
	{
		promise: "histories are lost or corrupt",
		options: synthetic.Options{Version: synthetic.V(29), Build: "1.29.1"},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("data_loss_errors", nil, synthetic.SinceFault(.1))
			c.History().Counter("task_errors_corruption", labels("operation", "TransferActiveTaskActivity"), synthetic.SinceFault(.1))
			return c
		},
		right: []claim{calmBefore, neverHappyUnlessStale, limitedBy(health.ServerLimited), names("loss", "lost", "corrupt")},
	},
	{
		promise: "schedules miss their time",
		options: synthetic.Options{Detailed: true},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.System().Counter("schedule_missed_catchup_window", labels("namespace", "orders"), synthetic.SinceFault(.05))
			return c
		},
		right: []claim{calmBefore, neverHappyUnlessStale, atMost(health.Stressed), names("schedule"), neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "the server's own worker service is gone: schedules and batches do not run",
		options: synthetic.Options{Detailed: true, Life: only("worker")},
		right:   all(theServers(health.Stressed), []claim{atMost(health.Stressed), names("worker service", "system worker", "internal worker", "schedules")}),
	},
	{
		promise: "the server's own worker service is down, and scraping says so, server 1.28",
		options: synthetic.Options{Version: synthetic.V(28), Life: only("worker")},
		cluster: down("worker"),
		right:   []claim{calmBefore, neverHappyUnlessStale, atMost(health.Stressed), neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "the history service is gone: not happy, the server's",
		options: synthetic.Options{Detailed: true, Life: only("history"), Completions: synthetic.Then(10, 0)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := down("history")(o)
			c.Frontend().Counter("service_requests", operation("StartWorkflowExecution"), synthetic.Then(10, 60))
			c.Frontend().Counter("service_error_with_type", operation("StartWorkflowExecution", "error_type", "serviceerror.Unavailable"), synthetic.SinceFault(60))
			return c
		},
		right: []claim{calmBefore, neverHappyUnlessStale, atLeast(health.Critical, later), limitedBy(health.ServerLimited), neverFires("workflow_pollers_gone")},
	},
	{
		promise: "the matching service is gone: not happy, never the workers'",
		options: synthetic.Options{Version: synthetic.V(29), Life: only("matching"), Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 12)},
		cluster: down("matching"),
		right:   []claim{calmBefore, neverHappyUnlessStale, neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "the frontend service is gone: not happy",
		options: synthetic.Options{Life: only("frontend"), Tasks: synthetic.Then(10, 0), Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 3)},
		cluster: down("frontend"),
		right:   []claim{calmBefore, neverHappyUnlessStale, neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "replication to another cluster is stuck: named, and no worker blamed",
		options: synthetic.Options{Detailed: true, Build: "1.32.1"},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			standby := labels("operation", "ReplicatorQueueProcessor", "target_cluster", "standby")
			c.History().Counter("replication_stream_stuck", labels("from_cluster_id", "1", "to_cluster_id", "2"), synthetic.SinceFault(.2))
			c.History().Counter("replication_tasks_failed", standby, synthetic.SinceFault(2))
			c.History().Counter("replication_tasks_applied", standby, synthetic.Then(100, 0))
			return c
		},
		right: []claim{calmBefore, neverHappyUnlessStale, atMost(health.Stressed), names("replicat"), neverLimitedBy(health.WorkerLimited)},
	},
	{
		promise: "a certificate is about to expire: named, never critical",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Frontend().Gauge("certificates_expiring", nil, synthetic.Then(0, 1))
			c.Frontend().Gauge("certificates_expired", nil, synthetic.Always(0))
			return c
		},
		right: []claim{calmBefore, atMost(health.Stressed), names("certificate"), neverLimitedBy(health.WorkerLimited, health.Mixed)},
	},
	{
		promise: "a certificate has expired: not happy",
		options: synthetic.Options{Version: synthetic.V(29)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.Frontend().Gauge("certificates_expiring", nil, synthetic.Always(0))
			c.Frontend().Gauge("certificates_expired", nil, synthetic.Then(0, 2))
			return c
		},
		right: []claim{calmBefore, neverHappyUnlessStale, names("certificate"), neverLimitedBy(health.WorkerLimited, health.Mixed)},
	},
	{
		promise: "a process suspects a deadlock: the server's, named",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Gauge("dd_current_suspected_deadlocks", nil, synthetic.Then(0, 1))
			return c
		},
		right: all(theServers(health.Stressed), []claim{names("deadlock")}),
	},
	{
		promise: "shards move all the time: the server's",
		options: synthetic.Options{Version: synthetic.V(29), Completions: synthetic.Then(10, 8), Transitions: synthetic.Then(160, 130)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			shards := labels("operation", "ShardController")
			c.History().CounterFrom(512, "sharditem_created_count", shards, synthetic.Then(0, 6))
			c.History().CounterFrom(0, "sharditem_removed_count", shards, synthetic.Then(0, 6))
			c.History().CounterFrom(4, "membership_changed_count", nil, synthetic.Then(0, .1))
			return c
		},
		right: theServers(health.Stressed),
	},
	{
		promise: "history backs off for matching's rate limit, with opentelemetry and server 1.30: critical, the server's",
		options: synthetic.Options{
			Version: synthetic.V(30), Framework: synthetic.OpenTelemetry, Completions: synthetic.Then(10, 6), Transitions: synthetic.Then(160, 100),
			QueueLatency: synthetic.Turning(quickTasks, synthetic.Spread{30 * time.Millisecond: .5, 400 * time.Second: .5}),
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			c.History().Counter("task_errors_throttled", labels("operation", "TransferActiveTaskActivity"), synthetic.SinceFault(80))
			return c
		},
		right: theServers(health.Critical),
	},
	{
		promise: "calls that start and signal take seconds while lists are quick: the server's",
		options: synthetic.Options{
			Version: synthetic.V(31), Completions: synthetic.Then(10, 9),
			CallLatency: synthetic.Turning(synthetic.Spread{20 * time.Millisecond: 1}, synthetic.Spread{500 * time.Millisecond: .8, 4 * time.Second: .2}),
		},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			// So many that the calls that matter vanish in a quantile of all.
			c.Frontend().Counter("service_requests", operation("ListWorkflowExecutions"), synthetic.Always(2000))
			c.Frontend().Timer("service_latency", operation("ListWorkflowExecutions"), synthetic.Always(2000), synthetic.Lasting(synthetic.Spread{8 * time.Millisecond: 1}))
			return c
		},
		right: theServers(health.Stressed),
	},
})

// limits has calls that are refused for a limit, and whose limit it is, by cause.
var limits = func() (stories []story) {
	causes := []struct {
		cause string
		right []claim
	}{
		{"RpsLimit", theServers(health.Stressed)},
		{"ConcurrentLimit", theServers(health.Stressed)},
		{"SystemOverloaded", theServers(health.Stressed)},
		{"PersistenceLimit", theServers(health.Stressed)},
		{"APSLimit", theServers(health.Stressed)},
		{"OpsLimit", perhapsTheApplications},
		{"PollersLimit", perhapsTheApplications},
		{"BusyWorkflow", theApplications},
	}
	for i, c := range causes {
		o := synthetic.Options{Version: synthetic.V(25 + i)}
		if i%2 == 1 {
			o.Framework = synthetic.OpenTelemetry
		}
		stories = append(stories, story{
			promise: fmt.Sprintf("a third of the signals is refused for %s on server %s", c.cause, o.Version),
			options: o,
			cluster: func(o synthetic.Options) *synthetic.Cluster {
				cluster := synthetic.New(o)
				cluster.Frontend().Counter("service_requests", operation("SignalWorkflowExecution"), synthetic.Then(60, 80))
				exhausted(cluster, "SignalWorkflowExecution", c.cause, 27)
				return cluster
			},
			right: c.right,
		})
	}
	return stories
}()

// late is a cluster with one type of history tasks that is late from the fault on.
func late(kind string, by time.Duration) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		task := operation(kind, "task_type", kind)
		c.History().Counter("task_requests", task, synthetic.Always(5))
		c.History().Timer("task_latency_queue", task, synthetic.Always(5), synthetic.Turning(quickTasks, synthetic.Spread{by / 2: .5, by: .5}))
		return c
	}
}

// only ends the life of one service with the fault.
func only(gone string) func(string) (time.Duration, time.Duration) {
	return func(service string) (time.Duration, time.Duration) {
		if service == gone {
			return 0, synthetic.Fault
		}
		return 0, synthetic.Length
	}
}

// down is a cluster whose service cannot be scraped from the fault on: its series end, and up is 0.
func down(service string) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		c.Scraped("temporal", "temporal-"+service+"-0:9090").Gauge("up", nil, synthetic.Then(1, 0))
		return c
	}
}
