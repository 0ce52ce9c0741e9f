package synthetic

import (
	"maps"
	"slices"
	"time"
)

// Options describe a cluster. The zero value is a healthy cluster of version 1.32 with ten workflow starts
// per second on two task queues, whose server's metrics are made with tally.
type Options struct {
	// Name keeps the cluster apart from the others of a Prometheus: the label "case" of all its series.
	Name string
	// ScrapedFrom and ScrapedUntil bound what of the cluster's life Prometheus has; 0 is from its beginning or to its
	// end. What is cut off is not loaded.
	ScrapedFrom, ScrapedUntil time.Duration
	// Version decides which metrics exist.
	Version Version
	// Build is the version in build_information, "1.32.1"; empty when it is not exported.
	Build string
	// Detailed adds the metrics of which a small input can do without: schedule-to-start and dispatch latencies,
	// writes to the backlog, the visibility store, the server's own task queues and workers, connection pools.
	Detailed bool

	Framework Framework
	// Prefix is put before the name of every metric of the server.
	Prefix string
	// TargetLabels are labels that scraping adds to the server's series, and WorkerTargetLabels to the workers'. A
	// label of the process's own of the same name becomes exported_<label>.
	TargetLabels, WorkerTargetLabels Labels
	// JobPerService: each service has a job of its own, temporal-<service>.
	JobPerService bool
	// JobAsServiceName: a collector overwrote service_name with the job, on all series.
	JobAsServiceName bool
	// BreakdownOff is metrics.breakdownByTaskQueue: false.
	BreakdownOff bool

	Namespace string
	// Starts, Completions and Transitions are rates per second; a completion follows each start, and a start
	// makes 16 transitions, where they are not set.
	Starts, Completions, Transitions Value
	// Tasks is the rate of those starts that make tasks at once; all do where it is not set.
	Tasks Value
	// CallLatency is that of API calls, DatabaseLatency that of the state store's, and QueueLatency how late
	// history tasks are.
	CallLatency, DatabaseLatency, QueueLatency Spreads
	Queues                                     []Queue
	Shards                                     int

	// Generation is appended to the names of the server's processes, and Life bounds when a service's process runs;
	// nil is all the time. Clusters of the same name are generations of one cluster.
	Generation string
	Life       func(service string) (from, until time.Duration)
}

// The default spreads.
var (
	quickDatabase = Spread{4 * time.Millisecond: .9, 30 * time.Millisecond: .1}
	quickTasks    = Spread{30 * time.Millisecond: .9, 90 * time.Millisecond: .1}
)

func (o Options) withDefaults() Options {
	if o.ScrapedUntil == 0 {
		o.ScrapedUntil = Length
	}
	if o.Version == (Version{}) {
		o.Version = V(32)
	}
	if o.Framework == "" {
		o.Framework = Tally
	}
	if o.Namespace == "" {
		o.Namespace = "orders"
	}
	if o.Starts == nil {
		o.Starts = Always(10)
	}
	if o.Completions == nil {
		o.Completions = o.Starts
	}
	if o.Transitions == nil {
		o.Transitions = Of(o.Starts, 16, .5)
	}
	if o.Tasks == nil {
		o.Tasks = o.Starts
	}
	if o.DatabaseLatency == nil {
		o.DatabaseLatency = Lasting(quickDatabase)
	}
	if o.QueueLatency == nil {
		o.QueueLatency = Lasting(quickTasks)
	}
	if o.Queues == nil {
		o.Queues = []Queue{{Name: "main", Share: .9}, {Name: "billing", Share: .1}}
	}
	if o.Shards == 0 {
		o.Shards = 512
	}
	if o.Life == nil {
		o.Life = func(string) (time.Duration, time.Duration) { return 0, Length }
	}
	return o
}

// Cluster is a synthetic cluster: its series, by their labels.
type Cluster struct {
	Options
	series map[string]*series
	// waiting is the rate of tasks, of all queues, that no worker took when they came.
	waiting Value
}

// New returns a cluster that is healthy apart from what the options say.
func New(o Options) *Cluster {
	c := &Cluster{Options: o.withDefaults(), series: map[string]*series{}}
	c.addServer()
	for _, q := range c.Queues {
		c.addQueue(q)
		c.addWorkers(q)
	}
	return c
}

// Labels are those of a series, without the metric's name.
type Labels map[string]string

// with returns the labels and more.
func (l Labels) with(more Labels) Labels {
	all := maps.Clone(l)
	if all == nil {
		all = Labels{}
	}
	maps.Copy(all, more)
	return all
}

// Drop removes the series that a function picks by their full labels, the metric's name among them as __name__.
func (c *Cluster) Drop(picked func(Labels) bool) {
	maps.DeleteFunc(c.series, func(_ string, s *series) bool { return picked(s.labels) })
}

// Metrics are the names of the cluster's metrics, sorted.
func (c *Cluster) Metrics() []string {
	names := map[string]bool{}
	for _, s := range c.series {
		names[s.labels[metricName]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Join adds the series of another generation of the cluster.
func (c *Cluster) Join(other *Cluster) {
	maps.Copy(c.series, other.series)
}
