package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The frontend refuses calls by its own limits, or passes on what fails behind it.
var frontendTexts = []text{
	{
		gate:  "rate_limited",
		when:  func(e *evidence.Evidence) bool { return e.Over(health.AdmissionRejects, 0.1) },
		what:  "requests are refused by a server limit, [[value]], and the services reach their own limit on database requests ([[throttling.admission_rejects_per_sec]])",
		why:   "The cause is the limit on persistence requests per second, which protects the database from the services. While the database is slow that limit keeps it alive; with a fast database it is too low for the load.",
		first: "Check the database's latency before raising a persistence limit.",
		actions: []advice{
			{explain.Investigate, health.Persistence, "Compare the database's latency and load with the configured persistence limits.", "The limit is right when the database has no room, and too low when it has.", 0.75, explain.RiskLow, nil},
			{explain.Configure, health.Frontend, "Raise the persistence limit of the service that refuses, in steps, while the database's latency stays low.", "The services are then allowed to use what the database can carry.", 0.5, explain.RiskMedium,
				map[string]string{"setting": "frontend.persistenceMaxQPS, history.persistenceMaxQPS, matching.persistenceMaxQPS"}},
		},
		watch: []health.SignalID{health.FrontendLimited, health.AdmissionRejects, health.PersistenceP99},
	},
	{
		gate:  "rate_limited",
		what:  "requests are refused by a server limit, [[value]]",
		why:   "The load has reached a limit of the server's configuration, and refused work waits however sound the services behind it are. The cause of each refusal names the limit: requests per second of a host or a namespace, concurrent polls, or requests to the database.",
		first: "Sort the refusals by cause, namespace and operation, and decide whether that load is wanted.",
		actions: []advice{
			{explain.Investigate, health.Frontend, "Sort the refusals by cause, namespace and operation.", "The cause names the limit; a limit that stops a runaway client does its job.", 0.8, explain.RiskLow, nil},
			{explain.Configure, health.Frontend, "For the cause RpsLimit, raise the request limit of the namespace or of the host in steps, while the database has room.", "Wanted load needs a limit above it.", 0.55, explain.RiskMedium,
				map[string]string{"setting": "frontend.namespaceRPS, frontend.rps"}},
			{explain.Configure, health.Frontend, "For the cause ConcurrentLimit, run fewer pollers per worker or raise the limit on concurrent long-running requests.", "Idle pollers occupy the limit as long as they wait.", 0.45, explain.RiskMedium,
				map[string]string{"setting": "frontend.namespaceCount"}},
		},
		watch: []health.SignalID{health.FrontendLimited, health.FrontendErrRatio, health.WorkflowBacklogAge},
	},
	historyDead.about("frontend_failing", evidence.HistorySilent, historyDead.what),
	refused.about("frontend_failing", rateLimited, refused.what),
	{
		gate:  "frontend_failing",
		what:  "most API calls fail, [[value]] of them",
		why:   "Clients can't start, signal or query workflows. The frontend passes on what the services behind it return, so look there when their conditions fire too; without any, it is the network, certificates or membership.",
		first: "Read which error the frontend returns, and from which service it comes.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts},
		actions: []advice{
			{explain.Investigate, health.Frontend, "Read the errors in the frontend's log by operation and kind.", "They name the service that does not answer.", 0.75, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendErrRatio, health.WorkflowStarts},
	},
	historyDead.about("frontend_errors", evidence.HistorySilent, historyDead.what),
	refused.about("frontend_errors", rateLimited, refused.what),
	{
		gate:  "frontend_errors",
		what:  "API calls fail, [[value]] of them, through no fault of the clients",
		why:   "Clients retry, so users may not notice yet. Usually a service behind the frontend fails part of the time.",
		first: "Read which error the frontend returns, and from which service it comes.",
		hints: []health.SignalID{health.MembershipChanges, health.TaskRestarts},
		actions: []advice{
			{explain.Investigate, health.Frontend, "Read the errors in the frontend's log by operation and kind.", "They name the service that does not answer.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendErrRatio, health.FrontendErrors},
	},
	{
		gate:  "frontend_slow",
		what:  "API calls are slow, [[value]] for the slowest",
		why:   "Clients wait. The frontend does little itself, so the time is spent behind it, in the history service or the database.",
		first: "Find the operation that is slow, and follow it to the service behind.",
		hints: []health.SignalID{health.CPUThrottle, health.GCPause},
		actions: []advice{
			{explain.Investigate, health.Frontend, "Compare the latency of single operations: reads, starts and updates take different paths.", "The slow path names the slow service.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.FrontendP99, health.TransitionP99},
	},
	{
		gate:  "client_errors",
		own:   true,
		what:  "clients send requests that can't succeed, [[value]]",
		why:   "Unknown namespaces, invalid arguments and missing permissions are the client's mistakes. They cost the cluster little and hide the client's real failure.",
		first: "Find the client by operation, error type and namespace.",
		actions: []advice{
			{explain.Alert, health.Workers, "Inform the team that owns the client, with the operation and the error type.", "Only the client can be corrected.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ClientErrors},
	},
}

// historyDead: the frontend answers, the history service reports nothing at all.
var historyDead = text{
	what:  "API calls fail ([[frontend.error_ratio]]) and the history service reports nothing",
	why:   "Every call that touches a workflow goes through the history service, and its processes neither report nor answer: they are most likely down. The clients' retries come on top of the usual demand.",
	first: "Look at the history processes: are they running, and what did they log last?",
	actions: []advice{
		{explain.Restart, health.History, "Bring the history processes back, after reading the end of their logs.", "No other process can own their shards when none is left.", 0.75, explain.RiskMedium, nil},
		{explain.Investigate, health.History, "Look for out-of-memory kills, failed deploys and lost nodes.", "They end processes without a log line.", 0.65, explain.RiskLow, nil},
	},
	watch: []health.SignalID{health.FrontendErrRatio, health.TargetsUp},
}

// rateLimited: requests are refused by a limit of the server, more than a handful a minute. Where the refusals are not
// known by their cause, all of them count.
func rateLimited(e *evidence.Evidence) bool {
	if e.Knows(health.FrontendLimited) {
		return e.Over(health.FrontendLimited, 0.1)
	}
	return e.Over(health.RateLimitEvents, 0.1)
}

var refused = text{
	what:  "requests are refused for a rate limit, [[throttling.rate_limit_events_per_sec]]",
	why:   "The load has reached a limit, and refused work waits, however sound the services behind it are. A limit protects the cluster from a burst; against regular load it is too low.",
	first: "Find out which limit it is (system, namespace or persistence) and whether the load behind it is wanted.",
	actions: []advice{
		{explain.Investigate, health.Frontend, "See which namespace and operation are refused, and whether that load is wanted.", "A limit that stops a runaway client does its job.", 0.75, explain.RiskLow, nil},
		{explain.Configure, health.Frontend, "Raise the limit that is hit, in steps, while the database has room.", "Wanted load needs a limit above it.", 0.6, explain.RiskMedium, map[string]string{"setting": "frontend.rps, frontend.namespaceRPS"}},
	},
	watch: []health.SignalID{health.RateLimitEvents, health.FrontendErrRatio, health.WorkflowBacklogAge},
}
