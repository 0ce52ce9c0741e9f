package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// The cluster as a whole: processes that do not report, hang, or can't be trusted by their peers.
var clusterTexts = []text{
	{
		gate:  "certificates_expired",
		own:   true,
		what:  "certificates of the server have expired ([[value]])",
		why:   "New connections that present or check such a certificate are refused. Open connections survive until they are renewed, so the failure spreads with every restart, scaling and reconnect.",
		first: "Find which certificate has expired (internode, frontend, or a client certificate authority) and renew it; do not restart processes before the new one is in place.",
		actions: []advice{
			{explain.Configure, health.Cluster, "Renew the expired certificate and distribute it to every process that presents or trusts it.", "The server reloads certificate files when a refresh interval is configured, else with a rolling restart.", 0.8, explain.RiskMedium, nil},
			{explain.Investigate, health.Cluster, "Check the renewal that should have replaced it: its last run, its errors, and the certificates that it renews next.", "An expired certificate means that a renewal failed unnoticed.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CertsExpired, health.FrontendErrRatio, health.TargetsUp},
	},
	{
		gate:  "suspected_deadlock",
		what:  "the server's deadlock detector waits for [[value]] of its components",
		why:   "A component of a server process did not release its lock in time. The process is alive and may answer its health check while its shards or queues no longer move.",
		first: "Save the goroutine dump that the deadlock detector writes to the log, then restart that process alone.",
		hints: []health.SignalID{health.CPUThrottle, health.GCPause, health.PoolUtilization},
		actions: []advice{
			{explain.Investigate, health.Cluster, "Find the process and the component in the log of the deadlock detector, and keep its goroutine dump.", "The dump is the only evidence of the cause, and a restart destroys it.", 0.75, explain.RiskLow, nil},
			{explain.Restart, health.Cluster, "Restart the process that is named there, and no other.", "Its shards move to processes that work.", 0.6, explain.RiskMedium, nil},
			{explain.Investigate, health.Persistence, "Check the database and the CPU limits of that process.", "A slow database call under a lock, or a throttled process, looks like a deadlock to the detector.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.Deadlocks, health.TransitionRate, health.HistoryBacklogAge},
	},
	{
		gate:  "targets_down",
		when:  evidence.HistorySilent,
		what:  "the history service reports nothing, and only [[value]] of the server processes can be scraped",
		why:   "Processes that neither report nor answer are most likely down. Every call that touches a workflow goes through the history service, so clients are refused until it is back.",
		first: "Look at the history processes: are they running, and what did they log last?",
		actions: []advice{
			{explain.Restart, health.History, "Bring the history processes back, after reading the end of their logs.", "No other process can own their shards when none is left.", 0.75, explain.RiskMedium, nil},
			{explain.Investigate, health.History, "Look for out-of-memory kills, failed deploys and lost nodes.", "They end processes without a log line.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TargetsUp, health.FrontendErrRatio},
	},
	{
		gate:  "targets_down",
		what:  "only [[value]] of the server processes can be scraped",
		why:   "Either the others are down, or part of the cluster is out of sight. The verdict rests on the processes that report.",
		first: "See which targets Prometheus reports as down, and whether those processes run.",
		hints: []health.SignalID{health.TaskRestarts, health.MembershipChanges},
		actions: []advice{
			{explain.Investigate, health.Cluster, "Open the targets page of Prometheus and compare it with what is deployed.", "That separates a process that is down from one that is only not scraped.", 0.8, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.TargetsUp},
	},
	{
		gate:  "certificates_expiring",
		own:   true,
		what:  "certificates of the server expire soon ([[value]])",
		why:   "Once a certificate has expired, processes or clients that rely on it can't open new connections. Nothing fails until then.",
		first: "Renew the certificates that are named in the server's log, and check why the automatic renewal has not done so.",
		actions: []advice{
			{explain.Configure, health.Cluster, "Renew the certificate and distribute it before it expires.", "A planned renewal moves no work; an expired certificate stops it.", 0.8, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CertsExpiring, health.CertsExpired},
	},
}
