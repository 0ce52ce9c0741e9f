package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The visibility store: workflows run without it, so no remedy touches the history service.
var visibilityTexts = []text{
	{
		gate:  "visibility_failing",
		what:  "the visibility store fails, and [[value]] of its operations return an error",
		why:   "Lists, searches, batch jobs and the Web UI return errors or old results. Running workflows advance; the tasks that write to the store wait and are retried until it is back.",
		first: "Check the visibility store itself (Elasticsearch, OpenSearch or the SQL database): is it up, does it have disk space, and does it accept the server's credentials?",
		actions: []advice{
			{explain.Investigate, health.Visibility, "Check the store's health, its disk space and whether its index or schema accepts writes.", "A full disk makes an index read-only, and a missing search attribute fails every write.", 0.8, explain.RiskLow, nil},
			{explain.Restart, health.Visibility, "Bring the visibility store back; leave the history service running.", "The waiting tasks are written as soon as the store accepts them, and a restart of history makes it load them again.", 0.65, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.VisibilityErrRatio, health.VisibilityBacklogAge},
	},
	{
		gate:  "visibility_slow",
		what:  "writes to the visibility store are slow, [[value]] for the slowest",
		why:   "Slow writes occupy the visibility queue, and lists fall behind next. Usual reasons are a store that is short of CPU or disk, too few index shards, or many custom search attributes that change often.",
		first: "Look at the load, the disk and the slow operations of the visibility store.",
		actions: []advice{
			{explain.Investigate, health.Visibility, "Compare the store's own write latency with what the server sees.", "The difference is spent in the server's bulk processor or on the network.", 0.65, explain.RiskLow, nil},
			{explain.Scale, health.Visibility, "Give the visibility store more CPU or disk if it runs at its limit.", "Every start, close and upsert of search attributes is a write.", 0.45, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.VisibilityP99, health.VisibilityBacklogAge},
	},
	{
		gate:  "visibility_late",
		what:  "lists and searches lag behind by [[value]]",
		why:   "The tasks that write to the visibility store wait. Workflows run on; people and clients that list them see an earlier moment, and a batch job may miss new workflows.",
		first: "Check the visibility store's write latency and errors; while it catches up, wait.",
		hints: []health.SignalID{health.RetryTime},
		actions: []advice{
			{explain.Investigate, health.Visibility, "Check whether the store is slow, refuses writes, or catches up after an outage.", "A lag that falls needs nothing.", 0.7, explain.RiskLow, nil},
			{explain.Configure, health.Visibility, "Raise the server's limit on visibility writes if the store has room and the limit is what holds them back.", "The limit applies to every history host.", 0.4, explain.RiskMedium, map[string]string{"setting": "system.visibilityPersistenceMaxWriteQPS"}},
		},
		watch: []health.SignalID{health.VisibilityBacklogAge, health.VisibilityP99},
	},
	{
		gate:  "visibility_queries_slow",
		what:  "list and count calls are slow, [[value]] for the slowest",
		why:   "Queries of the Web UI or of a client scan more than the store can serve quickly.",
		first: "Find the query and the client that sends it.",
		actions: []advice{
			{explain.Investigate, health.Visibility, "Find expensive queries in the store's slow log: missing time bounds, counts without a filter, wildcards.", "One dashboard or script usually sends them.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.VisibilityQueryP99},
	},
}
