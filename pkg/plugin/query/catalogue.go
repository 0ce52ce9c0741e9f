package query

import "strings"

// Type is one row of the table of query types.
type Type struct {
	Name string
	// InsteadForAlerts is empty when alert rules can use the type, or says what they should use.
	InsteadForAlerts string
	// Measures to choose from, the default first; most types have none.
	Measures []Measure
	// labelledServices: its services are not those of the rules but what labels of log lines say.
	labelledServices bool
}

// Types is the catalogue of query types, in the order in which messages list them.
var Types = []Type{
	{Name: "status", Measures: statusMeasures},
	{Name: "timeline"},
	{Name: "signals"},
	{Name: "gates"},
	{Name: "services"},
	{Name: "queues",
		InsteadForAlerts: `it holds the worst ten task queues, so a queue that recovers vanishes instead of reading 0; use "signals" with matching.starved_queues, or "gates"`},
	{Name: "events",
		InsteadForAlerts: `an event is a moment and can't stay firing; use "status" with the measure "state" or "staleness"`},
	{Name: "workers",
		InsteadForAlerts: `it is a table of many numbers; use "gates" with the services "workers", or "signals" with the worker signals`},
	{Name: "summary",
		InsteadForAlerts: `it is text; use "issues", or "status" with the measure "state"`},
	{Name: "issues"},
	{Name: "actions",
		InsteadForAlerts: `it is advice; use "issues", which tells what the advice is for`},
	{Name: "assessments",
		InsteadForAlerts: `an assessment is a moment and can't stay firing; use "issues", or "status" with the measure "state"`},
	{Name: "logs", Measures: logMeasures, labelledServices: true},
	{Name: "usage", Measures: usageMeasures},
	{Name: "sources"},
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
