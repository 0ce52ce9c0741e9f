package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Workflow and activity code, and clients: the cluster is sound, and scaling the server does not help.
var workflowTexts = []text{
	{
		gate:  "workflow_nondeterminism",
		own:   true,
		what:  "workflows fail with non-determinism errors, [[value]]",
		why:   "The workflow code does not match the history of running workflows, usually since a deploy that changed the order of commands without versioning. Each such workflow task is retried without end, and its workflow does not advance.",
		first: "Roll the workers back to the version that wrote the histories.",
		actions: []advice{
			{explain.Restart, health.Workers, "Roll back the last deploy of the workflow workers; the workflows continue by themselves.", "The old code replays the histories that it wrote.", 0.85, explain.RiskMedium, nil},
			{explain.Configure, health.Workers, "Release the change again behind patching (workflow.GetVersion or patched) or with Worker Versioning, and test it by replaying real histories.", "Running workflows then keep the old path.", 0.7, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Find the workflow types and the first differing event in the worker's log.", "They show whether a deploy or code such as random numbers or map iteration is the cause.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.NonDeterminism, health.WorkflowTaskFailures},
	},
	{
		gate:  "workflow_messages_too_large",
		own:   true,
		what:  "workflow tasks fail because a payload or message is too large, [[value]]",
		why:   "A result, an argument or the sum of the commands of one workflow task exceeds the size limit. The task is retried without end and fails the same way each time.",
		first: "Find the workflow type in the log, and make it pass a reference instead of the data.",
		actions: []advice{
			{explain.Configure, health.Workers, "Store large data outside of Temporal and pass a reference, or compress it with a payload codec.", "The limits protect the database and the history; raising them moves the failure to a later point.", 0.75, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Reset or terminate the workflows that are stuck once the code is corrected.", "A workflow that repeats the oversized command does not recover with the old code.", 0.5, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.OversizedMessages, health.WorkflowTaskFailures},
	},
	{
		gate:  "workflow_tasks_failing",
		what:  "workflow tasks fail again and again, [[value]] of those that finish",
		why:   "A failed workflow task is retried without end, and its workflow waits until the code is corrected or rolled back. Usual reasons are a panic in workflow code, a type that is not registered on the workers, and data that can't be decoded.",
		first: "Read the failure of the workflow tasks in the workers' log, and roll back if it began with a deploy.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the failures of workflow tasks by workflow type and message.", "Most of them usually share one cause.", 0.8, explain.RiskLow, nil},
			{explain.Restart, health.Workers, "Roll back the workers' last deploy if the failures began with it.", "The workflows continue by themselves as soon as a task succeeds.", 0.6, explain.RiskMedium, nil},
		},
		watch: []health.SignalID{health.WorkflowTaskFailureRatio, health.WorkflowTaskFailures},
	},
	{
		gate:  "hot_workflow",
		own:   true,
		what:  "one workflow gets more calls than it can take, and [[value]] of them are refused",
		why:   "Signals, updates and queries of one workflow are handled one after the other under its lock. The bound belongs to the workflow, so neither a larger cluster nor a higher limit raises it.",
		first: "Find the workflow by the refusals with the cause BusyWorkflow, and spread its signals over several workflows or send them in batches.",
		hints: []health.SignalID{health.HotShardRatio, health.CASFailures},
		actions: []advice{
			{explain.Investigate, health.Workers, "Find the workflow and its caller in the frontend's and history's log, by the errors with the cause BusyWorkflow.", "One workflow and one caller usually make all refusals.", 0.8, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Partition the work over several workflows by key, or collect events and send them as one signal.", "Each workflow then stays below what its lock takes.", 0.7, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Have the callers retry with backoff instead of at once.", "Immediate retries of refused calls keep the workflow busy.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.BusyWorkflow, health.TransitionP99},
	},
	{
		gate:  "oversized_transaction",
		own:   true,
		what:  "a workflow is too large to be written, and its transaction is refused [[value]]",
		why:   "The data that one workflow writes at once exceeds the limit of the database. The server retries it without end; other workflows are not affected.",
		first: "Find the workflow in the history log by the transaction size error, then terminate or reset it.",
		actions: []advice{
			{explain.Investigate, health.History, "Find the workflow id and run id in the log line about the transaction size.", "Only that workflow has to be treated.", 0.8, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Terminate the workflow, or reset it to an event before it grew, with temporal workflow terminate or reset.", "The write can't succeed, however often it is retried.", 0.7, explain.RiskHigh, nil},
			{explain.Configure, health.Workers, "Bound what the workflow starts at once and continue as new earlier.", "Many pending activities, timers and signals make one transaction large.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.OversizedTransactions},
	},
	{
		gate:  "activities_timing_out",
		what:  "activities time out, [[value]] of the attempts that end",
		why:   "Workers took the activities and did not answer in time: the workers died or were restarted, the code hangs on a dependency, or the start-to-close time-out is shorter than the work.",
		first: "Compare the run time of the activities with their time-outs, and look for workers that restart.",
		hints: []health.SignalID{health.TaskSlotsAvailable},
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the time-outs by activity type and kind: heartbeat, start-to-close, schedule-to-close.", "A missed heartbeat is a dead or blocked worker; start-to-close is slow work.", 0.75, explain.RiskLow, nil},
			{explain.Configure, health.Workers, "Set a heartbeat time-out on long activities and have them report progress.", "A dead worker is then noticed in seconds instead of at the end of the time-out.", 0.55, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityTimeoutRatio, health.ActivityTimeouts},
	},
	{
		gate:  "activities_failing",
		what:  "most activity attempts fail, [[value]] of those that finish",
		why:   "Activities return errors and are retried: a dependency is down, credentials have expired, or a deploy broke them. The workflows wait, and the cluster itself is sound.",
		first: "Read the activities' errors by type, then look at the dependency that they name.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the failed attempts by activity type and error message.", "Most of them usually share one dependency.", 0.8, explain.RiskLow, nil},
			{explain.Restart, health.Workers, "Roll back the workers' last deploy if the failures began with it.", "Failures that begin with a deploy usually end with its rollback.", 0.5, explain.RiskMedium, nil},
			{explain.Alert, health.Workers, "Inform the team that owns the activities; the Temporal cluster needs nothing.", "The cause is in their code or in what it calls.", 0.65, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ActivityFailureRatio, health.ActivityFailures},
	},
	{
		gate:  "completion_collapsed",
		when:  serverSound,
		what:  "most workflows end badly, and only [[value]] of those that closed succeeded",
		why:   "No condition of the server fires, so the workflows themselves fail, time out or are terminated. Look at the application: a bad deploy, a dependency that is down, or input that it can't process.",
		first: "Open the workflows that failed most recently and read their failure; then compare with the application's last deploy.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "Most of them usually share one cause.", 0.8, explain.RiskLow, nil},
			{explain.Restart, health.Workers, "Roll the application back if the failures began with its last deploy.", "Failures that begin with a deploy usually end with its rollback.", 0.5, explain.RiskMedium, nil},
			{explain.Alert, health.Workers, "Inform the team that owns the failing workflows; the Temporal cluster needs nothing.", "The failure is in the application.", 0.7, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
	{
		gate:  "completion_collapsed",
		what:  "most workflows end badly, and only [[value]] of those that closed succeeded",
		why:   "More workflows fail, time out or are terminated than succeed. Conditions of the server fire as well, so part of this may be time-outs that the server causes.",
		first: "Fix the server first, then look at the failures that remain.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "That separates time-outs from failures of the application.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
	{
		gate:  "completion_degraded",
		what:  "workflows end badly more often than usual: [[value]] of those that closed succeeded",
		why:   "Some workflows fail, time out or are terminated. When no other condition fires the application is the cause, not the cluster.",
		first: "Open the workflows that failed most recently and read their failure.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Group the recently failed workflows by type and failure message.", "Most of them usually share one cause.", 0.75, explain.RiskLow, nil},
			{explain.Alert, health.Workers, "Inform the team that owns the failing workflows.", "The failure is in the application.", 0.6, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.CompletionRate, health.FailedRate},
	},
	{
		gate:  "workflow_task_attempts",
		what:  "workflow tasks need many attempts, [[value]]",
		why:   "Some workflows repeat the same workflow task instead of advancing.",
		first: "Find the workflows with pending workflow tasks of many attempts.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Read the failure of the pending workflow task with temporal workflow describe.", "It names the error that every attempt ends with.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.WorkflowTaskAttempts, health.WorkflowTaskFailures},
	},
	{
		gate:  "workflows_stopped_closing",
		what:  "workflows start as usual and hardly any closes, [[value]]",
		why:   "Work comes in and does not reach its end, although no other condition names the reason. Usual reasons are an activity or a child that every workflow waits for, and workflow code that waits for a signal that no longer comes.",
		first: "Open a running workflow that should be finished and see what it waits for.",
		actions: []advice{
			{explain.Investigate, health.Workers, "Describe some of the oldest running workflows: their pending activities, children and timers.", "They usually wait for the same thing.", 0.65, explain.RiskLow, nil},
			{explain.Investigate, health.Workers, "Compare the time of the last completions with the application's deploys.", "A deploy that changed the last step of a workflow shows only here.", 0.5, explain.RiskLow, nil},
		},
		watch: []health.SignalID{health.ClosedRate, health.WorkflowStarts},
	},
}

// serverSound: no gate fires that blames the server.
func serverSound(e *evidence.Evidence) bool {
	for _, g := range e.Fired() {
		if g.Side == health.SideServer {
			return false
		}
	}
	return true
}
