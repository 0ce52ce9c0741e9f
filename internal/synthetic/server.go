package synthetic

import (
	"strings"
	"time"
)

func (c *Cluster) addServer() {
	for _, p := range []Process{c.Frontend(), c.History(), c.Matching(), c.System()} {
		p.addRuntime()
	}
	c.addFrontend()
	c.addHistory()
	c.Matching().Counter("persistence_requests", c.in("GetTasks"), Always(5))
	if c.Detailed {
		c.addDetails()
	}
}

// in are the labels of an operation in the cluster's namespace.
func (c *Cluster) in(operation string) Labels {
	return Labels{"namespace": c.Namespace, "operation": operation}
}

// addRuntime adds what every process of the server exports.
func (p Process) addRuntime() {
	p.up(Always(1))
	p.Gauge("num_goroutines", nil, Always(900))
	p.putCounterLikeGauge("memory_mallocs", 1e9, 1e4)
	p.Timer("memory_gc_pause_ms", nil, Always(.2), Lasting(Spread{500 * time.Microsecond: .5, 1500 * time.Microsecond: .5}))
	p.Counter("persistence_requests", Labels{"namespace": "system", "operation": "ListNamespaces"}, Always(.5))
	if p.cluster.Build != "" {
		p.Gauge("build_information", Labels{"build_version": p.cluster.Build, "go_version": "go1.26.8"}, Always(1))
	}
}

// putCounterLikeGauge adds a number that only grows and that the server exports as a gauge.
func (p Process) putCounterLikeGauge(name string, total, perSecond float64) {
	p.put(name, name, nil, counter(p.from, p.until, total, Always(perSecond)))
}

func (c *Cluster) addFrontend() {
	p := c.Frontend()
	latency := func(usual Spread) Spreads {
		if c.CallLatency != nil {
			return c.CallLatency
		}
		return Lasting(usual)
	}
	p.Counter("service_requests", c.in("StartWorkflowExecution"), c.Starts)
	p.Counter("service_requests", c.in("RespondWorkflowTaskCompleted"), Of(c.Completions, 4, 0))
	p.Counter("service_requests", c.in("PollWorkflowTaskQueue"), Of(c.Completions, 4, 0))
	p.Timer("service_latency", c.in("StartWorkflowExecution"), c.Starts, latency(Spread{20 * time.Millisecond: .9, 60 * time.Millisecond: .1}))
	c.History().Timer("service_latency", c.in("RecordWorkflowTaskStarted"), Of(c.Starts, 5, 0), latency(Spread{10 * time.Millisecond: .9, 50 * time.Millisecond: .1}))
}

func (c *Cluster) addHistory() {
	p := c.History()
	writes := Of(c.Starts, 15, 2)
	p.Counter("persistence_requests", c.in("UpdateWorkflowExecution"), writes)
	p.Timer("persistence_latency", c.in("UpdateWorkflowExecution"), writes, c.DatabaseLatency)
	p.Observations("state_transition_count", Labels{"namespace": c.Namespace}, c.Transitions)
	p.Counter("workflow_success", c.in("CompletionStats"), c.Completions)
	transfers := c.task("TransferActiveTaskActivity")
	p.Counter("task_requests", transfers, Of(c.Transitions, 1.4, 1))
	p.Timer("task_latency_queue", transfers, Of(c.Transitions, .7, 1), c.QueueLatency)
	shards := Labels{"operation": "ShardController"}
	p.Gauge("numshards_gauge", shards, Always(float64(c.Shards)))
	p.CounterFrom(float64(c.Shards), "sharditem_created_count", shards, Always(0))
	p.CounterFrom(4, "membership_changed_count", nil, Always(0))
}

// task are the labels of a type of history tasks.
func (c *Cluster) task(kind string) Labels {
	return c.in(kind).with(Labels{"task_type": kind})
}

// addDetails adds what Detailed asks for.
func (c *Cluster) addDetails() {
	h := c.History()
	// The visibility store takes two writes a workflow.
	visibility := Labels{"operation": "UpsertWorkflowExecution", "visibility_plugin_name": "elasticsearch"}
	h.Counter("visibility_persistence_requests", visibility, Of(c.Starts, 2, 0))
	h.Timer("visibility_persistence_latency", visibility, Of(c.Starts, 2, 0), Lasting(Spread{3 * time.Millisecond: .9, 15 * time.Millisecond: .1}))
	indexing := c.task("VisibilityTaskStartExecution")
	h.Counter("task_requests", indexing, c.Starts)
	h.Timer("task_latency_queue", indexing, c.Starts, Lasting(Spread{50 * time.Millisecond: .9, 200 * time.Millisecond: .1}))
	timers := c.task("TimerActiveTaskUserTimer")
	h.Counter("task_requests", timers, c.Starts)
	h.Timer("task_latency_queue", timers, c.Starts, Lasting(quickTasks))
	for _, operation := range []string{"GetWorkflowExecution", "GetOrCreateShard"} {
		h.Counter("persistence_requests", c.in(operation), Of(c.Starts, .5, .1))
	}
	for _, p := range []Process{c.Frontend(), h, c.Matching()} {
		pool := Labels{"db_kind": "main"}
		p.Gauge("persistence_sql_in_use", pool, Always(3))
		p.Gauge("persistence_sql_max_open_conn", pool, Always(20))
	}
	c.addSystemQueues()
}

// addSystemQueues adds the task queues and the workers that every server has for itself.
func (c *Cluster) addSystemQueues() {
	for _, queue := range []string{"temporal-sys-history-scanner-taskqueue-0", "temporal-sys-per-ns-tq", "default-worker-tq"} {
		for _, kind := range []string{"Workflow", "Activity"} {
			l := Labels{"namespace": "temporal-system", "taskqueue": queue, "task_type": kind, "partition": "0"}
			c.Matching().Gauge("approximate_backlog_age_seconds", l, Always(0))
			c.Matching().Gauge("approximate_backlog_count", l, Always(0))
			c.Matching().Gauge("pending_polls", l, Always(2))
			c.Matching().Counter("poll_timeouts", l, Always(.04))
		}
	}
	for _, pool := range []string{"WorkflowWorker", "ActivityWorker"} {
		l := Labels{"namespace": "temporal-system", "task_queue": "temporal-sys-history-scanner-taskqueue-0", "worker_type": pool}
		c.System().sdk("temporal_worker_task_slots_available", l, Always(1000))
		c.System().sdk("temporal_worker_task_slots_used", l, Always(0))
		c.System().sdk("temporal_num_pollers", l.with(Labels{"poller_type": strings.ToLower(strings.TrimSuffix(pool, "Worker")) + "_task"}), Always(2))
	}
}

// sdk adds a gauge of the SDK that a process of the server runs itself: the server's prefix is not put before it.
func (p Process) sdk(name string, l Labels, v Value) {
	plain := *p.cluster
	plain.Prefix = ""
	p.cluster = &plain
	p.Gauge(name, l, v)
}
