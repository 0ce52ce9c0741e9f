package synthetic

import (
	"fmt"
	"time"
)

// SDK is an SDK together with its exporter's options, which decide how its metrics are called.
type SDK string

const (
	// Go is the Go SDK with contrib/tally and the Prometheus naming scope.
	Go SDK = "go"
	// GoOpenTelemetry is the Go SDK with contrib/opentelemetry and its defaults: counters are gauges without a
	// suffix, and the smallest bucket above 0 is 5 s.
	GoOpenTelemetry SDK = "go-opentelemetry"
	// Core is an SDK on the Rust core with its exporter's defaults: milliseconds in buckets from 100 on.
	Core SDK = "core"
	// CoreSeconds is the same with useSecondsForDurations.
	CoreSeconds SDK = "core-seconds"
	// CoreTuner is Core with a resource-based tuner, which exports used slots only.
	CoreTuner SDK = "core-tuner"
	// NoMetrics is a worker that is not scraped.
	NoMetrics SDK = "none"
)

// The bounds of the SDKs' timers, in the unit of each.
var (
	goBounds            = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}
	openTelemetryBounds = []float64{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000}
	coreWaitBounds      = []float64{100, 500, 1000, 5000, 10000, 100000, 1000000}
	corePollBounds      = []float64{50, 100, 500, 1000, 2500, 10000}
)

// How long tasks wait for a healthy worker, and polls for a task. The core counts its waits coarsely.
var (
	goWaits   = Spread{10 * time.Millisecond: .9, 30 * time.Millisecond: .1}
	coreWaits = Spread{3 * time.Millisecond: .9, 12 * time.Millisecond: .1}
	corePolls = Spread{80 * time.Millisecond: .9, 900 * time.Millisecond: .1}
)

// Worker is the process of a queue's worker.
func (c *Cluster) Worker(queue string, number int) Process {
	return Process{
		cluster: c, until: Length,
		target: Labels{"job": "orders-worker", "instance": fmt.Sprintf("%s-worker-%d:9464", queue, number)},
		own:    Labels{"namespace": c.Namespace, "task_queue": queue},
	}
}

// addWorkers adds what the workers of a queue say of themselves.
func (c *Cluster) addWorkers(q Queue) {
	sdks := q.Workers
	if len(sdks) == 0 {
		sdks = []SDK{Go}
	}
	for i, sdk := range sdks {
		p := c.Worker(q.Name, i)
		if q.WorkersEnd > 0 && !q.ActivitiesOnly {
			// Without details the worker is taken for one whose end nothing marks: its last samples are seen for
			// five more minutes.
			p.until, p.vanishes = q.WorkersEnd, c.Detailed
		}
		activities := Always(5)
		if q.WorkersEnd > 0 && q.ActivitiesOnly {
			activities = Changing(q.WorkersEnd, 5, 0)
		}
		if c.Detailed && sdk != NoMetrics {
			p.up(Always(1))
		}
		switch sdk {
		case Go, GoOpenTelemetry:
			p.addGoWorker(sdk, activities)
		case Core, CoreSeconds, CoreTuner:
			p.addCoreWorker(sdk, activities)
		case NoMetrics:
		}
	}
}

// addSlots adds the slots and the pollers of a worker.
func (p Process) addSlots(available, used float64, pollers map[string]Value) {
	for _, pool := range []string{"WorkflowWorker", "ActivityWorker"} {
		if available > 0 {
			p.Gauge("temporal_worker_task_slots_available", Labels{"worker_type": pool}, Always(available))
		}
		p.Gauge("temporal_worker_task_slots_used", Labels{"worker_type": pool}, Always(used))
	}
	for kind, n := range pollers {
		p.Gauge("temporal_num_pollers", Labels{"poller_type": kind}, n)
	}
}

func (p Process) addGoWorker(sdk SDK, activities Value) {
	p.addSlots(195, 5, map[string]Value{"workflow_task": Always(5), "activity_task": activities})
	counters, bounds := "_total", goBounds
	if sdk == GoOpenTelemetry {
		counters, bounds = "", openTelemetryBounds
	}
	p.Counter("temporal_long_request"+counters, Labels{"operation": "PollWorkflowTaskQueue"}, Always(5))
	for _, timer := range []string{"temporal_workflow_task_schedule_to_start_latency", "temporal_activity_schedule_to_start_latency", "temporal_long_request_latency"} {
		p.histogram(timer, timer+"_seconds", nil, Always(5), Lasting(goWaits), 1, bounds)
	}
}

func (p Process) addCoreWorker(sdk SDK, activities Value) {
	p.own = p.own.with(Labels{"service_name": "temporal-core-sdk"})
	available := 95.0
	if sdk == CoreTuner {
		available = 0
		p.Gauge("temporal_resource_slots_cpu_usage", nil, Always(40))
		p.Gauge("temporal_resource_slots_mem_usage", nil, Always(55))
	}
	p.addSlots(available, 5, map[string]Value{"workflow_task": Always(1), "sticky_workflow_task": Always(4), "activity_task": activities})
	p.Counter("temporal_long_request", Labels{"operation": "PollWorkflowTaskQueue"}, Always(5))
	p.Counter("temporal_sticky_cache_hit", nil, Always(40))
	unit := 1000.0
	if sdk == CoreSeconds {
		unit = 1
	}
	scaled := func(bounds []float64) []float64 {
		s := make([]float64, len(bounds))
		for i, b := range bounds {
			s[i] = b * unit / 1000
		}
		return s
	}
	for _, timer := range []string{"temporal_workflow_task_schedule_to_start_latency", "temporal_activity_schedule_to_start_latency"} {
		p.histogram(timer, timer, nil, Always(50), Lasting(coreWaits), unit, scaled(coreWaitBounds))
	}
	const polls = "temporal_long_request_latency"
	p.histogram(polls, polls, Labels{"operation": "PollWorkflowTaskQueue"}, Always(5), Lasting(corePolls), unit, scaled(corePollBounds))
}
