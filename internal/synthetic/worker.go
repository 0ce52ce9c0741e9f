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
	// CoreSuffixes is Core with countersTotalSuffix and unitSuffix.
	CoreSuffixes SDK = "core-suffixes"
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
		target: Labels{"job": "orders-worker", "instance": fmt.Sprintf("%s-worker-%d:9464", queue, number)}.with(c.WorkerTargetLabels),
		own:    Labels{"namespace": c.Namespace, "task_queue": queue},
	}
}

// addWorkers adds what the workers of a queue say of themselves.
func (c *Cluster) addWorkers(q Queue) {
	sdks := q.Workers
	if len(sdks) == 0 {
		sdks = []SDK{Go}
	}
	gone := q.WorkersEnd > 0 && !q.ActivitiesOnly
	for i, sdk := range sdks {
		p := c.Worker(q.Name, i)
		if gone {
			// Without details nothing marks the worker's end: its last samples are seen for five more minutes.
			p.until, p.vanishes = q.WorkersEnd, c.Detailed
		}
		p.addWorker(sdk, q)
		if gone && q.WorkersBack > 0 {
			next := c.Worker(q.Name, i+len(sdks))
			next.from = q.WorkersBack
			next.addWorker(sdk, q)
		}
	}
}

// addWorker adds what one worker says of itself.
func (p Process) addWorker(sdk SDK, q Queue) {
	if p.cluster.Detailed && sdk != NoMetrics {
		p.up(Always(1))
	}
	switch sdk {
	case Go, GoOpenTelemetry:
		p.addGoWorker(sdk, q)
	case Core, CoreSeconds, CoreSuffixes, CoreTuner:
		p.addCoreWorker(sdk, q)
	case NoMetrics:
	}
}

// activities is a number that is 0 while nothing takes the queue's activities.
func (q Queue) activities(n float64) Value {
	return func(at time.Duration) float64 {
		// A worker that is gone has no number at all.
		if !q.ActivitiesOnly || q.serves("Activity", at) {
			return n
		}
		return 0
	}
}

// addSlots adds the slots of a worker with so many of each kind; one with a tuner exports used slots only.
func (p Process) addSlots(size float64, tuner bool, q Queue) {
	for _, pool := range []string{"WorkflowWorker", "ActivityWorker"} {
		free := Always(size - 5)
		if q.SlotsTaken && pool == "ActivityWorker" {
			free = q.activities(size - 5)
		}
		l := Labels{"worker_type": pool}
		if !tuner {
			p.Gauge("temporal_worker_task_slots_available", l, free)
		}
		p.Gauge("temporal_worker_task_slots_used", l, Of(free, -1, size))
	}
}

// addPollers adds the pollers of a worker, by their type.
func (p Process) addPollers(pollers map[string]Value) {
	for kind, n := range pollers {
		p.Gauge("temporal_num_pollers", Labels{"poller_type": kind}, n)
	}
}

func (p Process) addGoWorker(sdk SDK, q Queue) {
	p.addSlots(200, false, q)
	p.addPollers(map[string]Value{"workflow_task": Always(5), "activity_task": q.activities(5)})
	counters, bounds := "_total", goBounds
	if sdk == GoOpenTelemetry {
		counters, bounds = "", openTelemetryBounds
	}
	p.Counter("temporal_long_request"+counters, Labels{"operation": "PollWorkflowTaskQueue"}, Always(5))
	for _, timer := range []string{workflowWaits, activityWaits, longPolls} {
		p.histogram(timer, timer+"_seconds", nil, Born(q.FirstTask, Always(5)), Lasting(goWaits), 1, bounds)
	}
}

// The timers of all SDKs.
const (
	workflowWaits = "temporal_workflow_task_schedule_to_start_latency"
	activityWaits = "temporal_activity_schedule_to_start_latency"
	longPolls     = "temporal_long_request_latency"
)

func (p Process) addCoreWorker(sdk SDK, q Queue) {
	p.own = p.own.with(Labels{"service_name": "temporal-core-sdk"})
	p.addSlots(100, sdk == CoreTuner, q)
	if sdk == CoreTuner {
		p.Gauge("temporal_resource_slots_cpu_usage", nil, Always(40))
		p.Gauge("temporal_resource_slots_mem_usage", nil, Always(55))
	}
	p.addPollers(map[string]Value{"workflow_task": Always(1), "sticky_workflow_task": Always(4), "activity_task": q.activities(5)})
	unit, counters, timers := 1000.0, "", ""
	switch sdk {
	case CoreSeconds:
		unit = 1
	case CoreSuffixes:
		counters, timers = "_total", "_milliseconds"
	}
	p.Counter("temporal_long_request"+counters, Labels{"operation": "PollWorkflowTaskQueue"}, Always(5))
	p.Counter("temporal_sticky_cache_hit"+counters, nil, Always(40))
	scaled := func(bounds []float64) []float64 {
		s := make([]float64, len(bounds))
		for i, b := range bounds {
			s[i] = b * unit / 1000
		}
		return s
	}
	for _, timer := range []string{workflowWaits, activityWaits} {
		p.histogram(timer, timer+timers, nil, Born(q.FirstTask, Always(50)), Lasting(coreWaits), unit, scaled(coreWaitBounds))
	}
	p.histogram(longPolls, longPolls+timers, Labels{"operation": "PollWorkflowTaskQueue"}, Born(q.FirstTask, Always(5)), Lasting(corePolls), unit, scaled(corePollBounds))
}
