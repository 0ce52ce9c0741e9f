package telemetry_test

import (
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// storeDown is a cluster in which nothing advances once the state store fails, on a server of any age.
var storeDown = synthetic.Options{
	Version: synthetic.V(29), Tasks: synthetic.Then(10, 0), Completions: synthetic.Then(10, 0), Transitions: synthetic.Then(160, 0),
	// A dead database looks fast.
	DatabaseLatency: synthetic.Turning(quickDatabase, synthetic.Spread{time.Millisecond: .9, 3 * time.Millisecond: .1}),
}

// storeFailure is how operations of the state store fail from the fault on, per second.
type storeFailure struct {
	perSecond float64
	errorType string
	// unlisted: persistence_errors does not count the type.
	unlisted bool
	// refreshes are attempts to open the connection pool anew, and calls those of clients that fail, per second.
	refreshes, calls float64
	callError        string
}

// failing is a cluster whose state store fails.
func failing(f storeFailure) func(synthetic.Options) *synthetic.Cluster {
	return func(o synthetic.Options) *synthetic.Cluster {
		c := synthetic.New(o)
		p := c.History()
		// What fails is tried again at once.
		writes := c.Starts
		p.Counter("persistence_requests", operation("UpdateWorkflowExecution"), func(at time.Duration) float64 {
			return 15*writes(at) + 2 + synthetic.Then(0, f.perSecond)(at)
		})
		if !f.unlisted {
			p.Counter("persistence_errors", operation("UpdateWorkflowExecution"), synthetic.SinceFault(f.perSecond))
		}
		p.Counter("persistence_error_with_type", operation("UpdateWorkflowExecution", "error_type", f.errorType), synthetic.SinceFault(f.perSecond))
		if f.refreshes > 0 {
			p.Counter("persistence_session_refresh_attempts", nil, synthetic.SinceFault(f.refreshes))
		}
		if f.calls > 0 {
			errorType := f.callError
			if errorType == "" {
				errorType = "serviceerror.Unavailable"
			}
			c.Frontend().Counter("service_error_with_type", operation("StartWorkflowExecution", "error_type", errorType), synthetic.SinceFault(f.calls))
		}
		return c
	}
}

// limping is a cluster that does a part of its work while its store fails.
func limping(minor int, share float64, latency synthetic.Spread) synthetic.Options {
	return synthetic.Options{
		Version: synthetic.V(minor), Completions: synthetic.Then(10, 10*share), Transitions: synthetic.Then(160, 160*share),
		DatabaseLatency: synthetic.Turning(quickDatabase, latency),
	}
}

// stores are clusters whose state store or visibility store fails, hangs or is slow.
var stores = []story{
	{
		promise: "PostgreSQL is down, and looks fast: critical, the server's",
		options: storeDown,
		cluster: failing(storeFailure{perSecond: 270, errorType: "serviceerror.Unavailable", refreshes: 258, calls: 5.3}),
		right:   all(theServers(health.Critical), []claim{decidedly(soon)}),
	},
	{
		promise: "PostgreSQL is down, clients get NamespaceNotFound: critical, the server's",
		options: with(storeDown, func(o *synthetic.Options) { o.Version, o.Build, o.Detailed = synthetic.V(32), "1.32.1", true }),
		cluster: failing(storeFailure{perSecond: 270, errorType: "serviceerror.Unavailable", refreshes: 258, calls: 5.3, callError: "serviceerror.NamespaceNotFound"}),
		right:   all(theServers(health.Critical), []claim{decidedly(soon)}),
	},
	{
		promise: "PostgreSQL is down under a server with opentelemetry: critical, the server's",
		options: with(storeDown, func(o *synthetic.Options) { o.Version, o.Framework = synthetic.V(28), synthetic.OpenTelemetry }),
		cluster: failing(storeFailure{perSecond: 270, errorType: "serviceerror.Unavailable", refreshes: 258, calls: 5.3}),
		right:   theServers(health.Critical),
	},
	{
		promise: "the database hangs: critical, the server's",
		options: with(storeDown, func(o *synthetic.Options) {
			o.DatabaseLatency = synthetic.Turning(quickDatabase, synthetic.Spread{8 * time.Second: 1})
			o.CallLatency = synthetic.Turning(synthetic.Spread{20 * time.Millisecond: 1}, synthetic.Spread{9 * time.Second: 1})
		}),
		cluster: failing(storeFailure{perSecond: 12, errorType: "context.deadlineExceededError", calls: .3}),
		right:   theServers(health.Critical),
	},
	{
		promise: "the database is slow: stressed, the server's",
		options: limping(30, .7, synthetic.Spread{40 * time.Millisecond: .9, 450 * time.Millisecond: .1}),
		right:   all(theServers(health.Stressed), []claim{atMost(health.Stressed)}),
	},
	{
		promise: "a small cluster's database is down, 1 start/s: critical, the server's",
		options: with(storeDown, func(o *synthetic.Options) {
			o.Version, o.Starts, o.Tasks = synthetic.V(31), synthetic.Always(1), synthetic.Then(1, 0)
			o.Completions, o.Transitions = synthetic.Then(1, 0), synthetic.Then(16, 0)
		}),
		cluster: failing(storeFailure{perSecond: 40, errorType: "serviceerror.Unavailable", refreshes: 30, calls: 1}),
		right:   theServers(health.Critical),
	},
	{
		promise: "MySQL has too many connections, a fifth of the operations fail: critical, the server's",
		options: limping(29, .7, synthetic.Spread{5 * time.Millisecond: .9, 60 * time.Millisecond: .1}),
		cluster: failing(storeFailure{perSecond: 38, errorType: "serviceerror.Unavailable", refreshes: 4, calls: 1.5}),
		right:   theServers(health.Critical),
	},
	{
		promise: "Cassandra times out, which persistence_errors leaves out: critical, the server's",
		options: limping(29, .5, synthetic.Spread{5 * time.Millisecond: .7, 10 * time.Second: .3}),
		cluster: failing(storeFailure{perSecond: 45, errorType: "persistence.TimeoutError", unlisted: true}),
		right:   theServers(health.Critical),
	},
	{
		promise: "Cassandra times out now and then: stressed at least, the server's",
		options: limping(32, .98, quickDatabase),
		cluster: failing(storeFailure{perSecond: 4, errorType: "persistence.TimeoutError", unlisted: true}),
		right:   theServers(health.Stressed),
	},
	{
		promise: "Cassandra times out under a server with opentelemetry: critical, the server's",
		options: with(limping(27, .5, synthetic.Spread{5 * time.Millisecond: .7, 10 * time.Second: .3}), func(o *synthetic.Options) { o.Framework = synthetic.OpenTelemetry }),
		cluster: failing(storeFailure{perSecond: 45, errorType: "persistence.TimeoutError", unlisted: true}),
		right:   theServers(health.Critical),
	},
	{
		promise: "Aurora DSQL refuses connections, its rate exceeded: critical, the server's",
		options: limping(32, .6, synthetic.Spread{6 * time.Millisecond: .9, 90 * time.Millisecond: .1}),
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := failing(storeFailure{perSecond: 30, errorType: "serviceerror.Unavailable", refreshes: 2, calls: 1})(o)
			p := c.History()
			p.Gauge("dsql_reservoir_size", nil, synthetic.Then(50, 0))
			p.Gauge("dsql_reservoir_target", nil, synthetic.Always(50))
			p.Counter("dsql_reservoir_empty_total", nil, synthetic.Then(0, 25))
			p.Counter("dsql_reservoir_refills_total", nil, synthetic.Then(.8, 0))
			p.Counter("dsql_tx_conflict_total", nil, synthetic.Always(.5))
			return c
		},
		right: theServers(health.Critical),
	},
	{
		promise: "one workflow's transaction is too large on a busy cluster: stressed at most, the application's",
		cluster: failingWrites("UpdateWorkflowExecution", "persistence.TransactionSizeLimitError", 1.2),
		right:   perhapsTheApplications,
	},
	{
		promise: "one workflow's transaction is too large on an idle cluster of server 1.32: stressed at most, the application's",
		options: idle,
		cluster: failingWrites("UpdateWorkflowExecution", "persistence.TransactionSizeLimitError", .3),
		right:   perhapsTheApplications,
	},
	{
		promise: "conditions that fail, as they do in normal work, are no errors",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			for errorType, perSecond := range map[string]float64{"persistence.CurrentWorkflowConditionFailedError": 3, "persistence.WorkflowConditionFailedError": 1, "serviceerror.NotFound": 8} {
				c.History().Counter("persistence_error_with_type", operation("UpdateWorkflowExecution", "error_type", errorType), synthetic.Always(perSecond))
			}
			return c
		},
		right: sound,
		last:  synthetic.Fault,
	},
	{
		promise: "Elasticsearch is slow and does not fail: the visibility store named, nothing else late",
		cluster: visibilitySlow,
		right:   all(theServersPart("visibility"), []claim{neverFires("history_backlog_critical")}),
	},
	{
		promise: "a SQL visibility store fails on server 1.29: the visibility store named",
		options: synthetic.Options{Version: synthetic.V(29), Build: "1.29.1"},
		cluster: visibilityDown("postgres12", "serviceerror.Unavailable"),
		right:   theServersPart("visibility"),
	},
	{
		promise: "OpenSearch fails under a server with opentelemetry: the visibility store named",
		options: synthetic.Options{Version: synthetic.V(27), Framework: synthetic.OpenTelemetry},
		cluster: visibilityDown("opensearch", "context.deadlineExceededError"),
		right:   theServersPart("visibility"),
	},
	{
		promise: "half the writes to a quiet cluster's visibility store fail: the visibility store named",
		options: synthetic.Options{Starts: synthetic.Always(.5), Transitions: synthetic.Always(8)},
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			writes := operation("UpsertWorkflowExecution", "visibility_plugin_name", "elasticsearch")
			c.History().Counter("visibility_persistence_requests", writes, synthetic.Then(1, 2))
			c.History().Counter("visibility_persistence_errors", writes, synthetic.SinceFault(1))
			c.History().Counter("visibility_persistence_error_with_type", operation("UpsertWorkflowExecution", "visibility_plugin_name", "elasticsearch", "error_type", "serviceerror.Unavailable"), synthetic.SinceFault(1))
			return c
		},
		right: theServersPart("visibility"),
	},
	{
		promise: "a client lists workflows with a query that does not parse: its own mistake",
		cluster: func(o synthetic.Options) *synthetic.Cluster {
			c := synthetic.New(o)
			list := operation("ListWorkflowExecutions", "visibility_plugin_name", "elasticsearch")
			c.Frontend().Counter("visibility_persistence_requests", list, synthetic.Then(1, 9))
			// The server leaves a query that it can't parse out of visibility_persistence_errors (updateErrorMetric).
			c.Frontend().Counter("visibility_persistence_error_with_type", operation("ListWorkflowExecutions", "visibility_plugin_name", "elasticsearch", "error_type", "serviceerror.InvalidArgument"), synthetic.SinceFault(8))
			return refusing(c, "ListWorkflowExecutions", "orders", "serviceerror.InvalidArgument", 8)
		},
		options: synthetic.Options{Detailed: true},
		right:   perhapsTheApplications,
	},
}

// visibilitySlow is a cluster whose visibility store takes seconds for a write.
func visibilitySlow(o synthetic.Options) *synthetic.Cluster {
	o.Detailed = true
	c := synthetic.New(o)
	p := c.History()
	writes := labels("operation", "UpsertWorkflowExecution", "visibility_plugin_name", "elasticsearch")
	p.Timer("visibility_persistence_latency", writes, synthetic.Then(20, 8),
		synthetic.Turning(synthetic.Spread{3 * time.Millisecond: .9, 15 * time.Millisecond: .1}, synthetic.Spread{4 * time.Second: .8, 9 * time.Second: .2}))
	p.Timer("task_latency_queue", operation("VisibilityTaskStartExecution", "task_type", "VisibilityTaskStartExecution"), synthetic.Then(10, 5),
		synthetic.Turning(synthetic.Spread{50 * time.Millisecond: 1}, synthetic.Spread{70 * time.Second: .5, 300 * time.Second: .5}))
	p.Gauge("pending_tasks", labels("task_category", "visibility"), piling(5))
	return c
}
