// Package query is what the plugin can be asked: the catalogue of query types with the words of their options, and the
// reading of queries from JSON.
package query

import "strings"

// Type is a query type: what it is called, what it obeys and whether alert rules can use it. The catalogue is the only
// place that says so; the query editor's table and the one in docs/queries.md are generated from it.
type Type struct {
	// Name is how query JSON spells it, Label how people read it.
	Name, Label string
	// Sentence says what it answers.
	Sentence string
	// Options that it obeys, beside the clusters.
	Options []Option
	// Measures to choose from, the default first; most types have none.
	Measures []MeasureInfo
	// AlertNumber is what an alert rule compares. It is empty when alert rules can't use the type.
	AlertNumber string
	// InsteadForAlerts says what alert rules should use where they can't use the type.
	InsteadForAlerts string
	// labelledServices: its services are not those of the rules but what labels of log lines say.
	labelledServices bool
}

// Option is a field of query JSON that some query types obey.
type Option string

// The options, in the order in which the query editor shows them.
const (
	OptionMeasure         Option = "measure"
	OptionSignals         Option = "signals"
	OptionGates           Option = "gates"
	OptionPatterns        Option = "patterns"
	OptionSeverities      Option = "severities"
	OptionServices        Option = "services"
	OptionStates          Option = "states"
	OptionResults         Option = "results"
	OptionKinds           Option = "kinds"
	OptionIncludeResolved Option = "includeResolved"
	OptionLimit           Option = "limit"
	OptionLive            Option = "live"
	OptionAssessments     Option = "assessments"
	OptionDocuments       Option = "documents"
)

// Types is the catalogue of query types, in the order in which people look: what is, what to do, what was, why.
var Types = []Type{
	{
		Name: "status", Label: "Status now",
		Sentence:    "The state of each cluster as of its last cycle, its start and its coverage.",
		Options:     []Option{OptionMeasure, OptionStates, OptionLive},
		Measures:    statusMeasures,
		AlertNumber: "the measure",
	},
	{
		Name: "cause", Label: "Root cause",
		Sentence:    "The root cause of each cluster's state in one line, and what to do first, as of its last cycle.",
		Options:     []Option{OptionStates, OptionLive},
		AlertNumber: "the state, with the words for a message as labels: not as the condition",
	},
	{
		Name: "chain", Label: "Cause and consequences",
		Sentence:         "The firing conditions from root cause to consequence: value, bounds, trend and expected time to clear.",
		Options:          []Option{OptionStates, OptionLimit},
		InsteadForAlerts: `it holds what fires now, so a condition that passes vanishes instead of reading 0; use "gates"`,
	},
	{
		Name: "topology", Label: "Cluster map",
		Sentence:         "The parts of a cluster and their roles in the present state, for the node graph.",
		Options:          []Option{OptionStates},
		InsteadForAlerts: `it is a picture; use "services", which tells the state of each service`,
	},
	{
		Name: "deciding", Label: "Deciding signals",
		Sentence:         "The signal of a firing condition over time with its bounds, the root cause first; key signals when none fires.",
		Options:          []Option{OptionMeasure},
		Measures:         decidingMeasures,
		InsteadForAlerts: `its signal changes with the root cause; use "signals"`,
	},
	{
		Name: "explanation", Label: "Explanation",
		Sentence:         "The complete explanation, section by section: the newest, or one by its id.",
		Options:          []Option{OptionAssessments},
		InsteadForAlerts: `it is text; use "status" with the measure "state", and "cause" for the words of the message`,
	},
	{
		Name: "similar", Label: "Similar incidents",
		Sentence:         "Past incidents with the root cause of the present one, or of an explanation: when, how long, and what cleared them.",
		Options:          []Option{OptionAssessments, OptionLimit},
		InsteadForAlerts: `it is history; use "status" with the measure "state"`,
	},
	{
		Name: "summary", Label: "Summary",
		Sentence:         "The newest explanation of each cluster: what happened, the cause, the recommended action.",
		Options:          []Option{OptionStates},
		InsteadForAlerts: `it is text; use "issues", or "status" with the measure "state"`,
	},
	{
		Name: "issues", Label: "Issues",
		Sentence:    "Issues that are open now, or were open in the time range, worst first, with their likely cause.",
		Options:     []Option{OptionStates, OptionSeverities, OptionServices, OptionIncludeResolved, OptionLimit},
		AlertNumber: "open issues of each cluster and severity",
	},
	{
		Name: "actions", Label: "Recommended actions",
		Sentence:         "Recommended actions, the best first, with confidence and risk. No action is taken automatically.",
		Options:          []Option{OptionStates, OptionLimit},
		InsteadForAlerts: `it is advice; use "issues", which tells what the advice is for`,
	},
	{
		Name: "timeline", Label: "State timeline",
		Sentence:    "State changes over the time range; a gap is an unknown state.",
		AlertNumber: "the state",
	},
	{
		Name: "services", Label: "Services",
		Sentence:    "The state of each service of a cluster, as its gates see it.",
		Options:     []Option{OptionServices, OptionStates},
		AlertNumber: "the state",
	},
	{
		Name: "gates", Label: "Gates",
		Sentence:    "The conditions behind the state: signal, value, threshold and result of each.",
		Options:     []Option{OptionGates, OptionServices, OptionResults},
		AlertNumber: "1 fired, 0 passed",
	},
	{
		Name: "signals", Label: "Signals over time",
		Sentence:    "Measured values over the time range. A gap is an unknown value, never zero.",
		Options:     []Option{OptionSignals, OptionServices},
		AlertNumber: "the value",
	},
	{
		Name: "queues", Label: "Task queues",
		Sentence: "The worst task queues: age of the oldest waiting task, backlog and pollers.",
		Options:  []Option{OptionLimit},
		InsteadForAlerts: `it holds the worst ten task queues, so a queue that recovers vanishes instead of reading 0; ` +
			`use "signals" with matching.starved_queues, or "gates"`,
	},
	{
		Name: "workers", Label: "Workers and bottleneck",
		Sentence:         "Which side limits progress, the worker signals, and the scaling rules that hold.",
		InsteadForAlerts: `it is a table of many numbers; use "gates" with the services "workers", or "signals" with the worker signals`,
	},
	{
		Name: "events", Label: "Events",
		Sentence:         "Changes of state, staleness or bottleneck in the time range, newest first, with their explanations.",
		Options:          []Option{OptionKinds, OptionStates, OptionLimit, OptionLive},
		InsteadForAlerts: `an event is a moment and can't stay firing; use "status" with the measure "state" or "staleness"`,
	},
	{
		Name: "changes", Label: "What changed",
		Sentence:         "Restarts, membership changes and moved shards in the time range, newest first.",
		Options:          []Option{OptionLimit},
		InsteadForAlerts: `a change is a moment and can't stay firing; use "signals" with process_restarts or the shard signals`,
	},
	{
		Name: "assessments", Label: "Assessments",
		Sentence:         "All explanations in the time range: time, author, confidence, and what was dropped.",
		Options:          []Option{OptionLimit},
		InsteadForAlerts: `an assessment is a moment and can't stay firing; use "issues", or "status" with the measure "state"`,
	},
	{
		Name: "logs", Label: "Log patterns",
		Sentence:         "Known errors in the logs of the time range, by pattern and service.",
		Options:          []Option{OptionMeasure, OptionPatterns, OptionServices, OptionLimit},
		Measures:         logMeasures,
		AlertNumber:      "lines over time",
		labelledServices: true,
	},
	{
		Name: "runbook", Label: "Runbooks",
		Sentence:         "Runbooks by id or condition, section by section.",
		Options:          []Option{OptionDocuments, OptionGates},
		InsteadForAlerts: `it is a document; alert messages link it`,
	},
	{
		Name: "usage", Label: "Model usage and cost",
		Sentence:    "LLM calls and their cost, and the budget of the day.",
		Options:     []Option{OptionMeasure},
		Measures:    usageMeasures,
		AlertNumber: "all but the table",
	},
	{
		Name: "sources", Label: "Sources of the copilot",
		Sentence:    "Whether the copilot's cycles, metrics, logs and models work.",
		Options:     []Option{OptionMeasure},
		Measures:    sourceMeasures,
		AlertNumber: "1 failing, 0 working",
	},
}

func parseType(name string) (Type, error) {
	var names []string
	for _, t := range Types {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if name == "" {
		return Type{}, Invalidf("the query has no queryType; it is one of %s", strings.Join(names, ", "))
	}
	return Type{}, Invalidf("there is no query type %q; it is one of %s", name, strings.Join(names, ", "))
}
