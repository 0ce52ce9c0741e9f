package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// queryVersion is the version of the query JSON that this plugin reads. Queries without a version
// count as version 1.
const queryVersion = 1

// Limits of a query. They protect the database and the browser, not the user from himself.
const (
	maxClusters      = 500
	maxNameLength    = 200
	defaultRows      = 100
	maxRows          = 1000
	defaultPoints    = 1000
	maxPoints        = 10_000
	alertHeader      = backend.FromAlertHeaderName
	longestTimeRange = 366 * 24 * time.Hour
)

// queryJSON is a query as the query editor and alert rules send it. Fields that the plugin does not
// know are Grafana's or an older version's, and are ignored.
type queryJSON struct {
	QueryType       string   `json:"queryType"`
	Version         *int     `json:"version"`
	Clusters        []string `json:"clusters"`
	Signals         []string `json:"signals"`
	Services        []string `json:"services"`
	States          []string `json:"states"`
	Kinds           []string `json:"kinds"`
	Gates           []string `json:"gates"`
	Severities      []string `json:"severities"`
	Patterns        []string `json:"patterns"`
	Results         []string `json:"results"`
	Measure         string   `json:"measure"`
	IncludeResolved bool     `json:"includeResolved"`
	Limit           int      `json:"limit"`
	Live            bool     `json:"live"`
	// OnlyFired is how stored queries of older versions ask for the result "fired".
	OnlyFired bool `json:"onlyFired"`
}

// measure is the number that a query is about, or the form of its answer.
type measure string

// The measures of a status query.
const (
	measureState     measure = "state"
	measureStaleness measure = "staleness"
	measureCoverage  measure = "coverage"
	// measureWorkerLimited is the bottleneck as a number: 1 when workers limit progress.
	measureWorkerLimited measure = "worker_limited"
	// The two worst gates that fire, as numbers: what the message of an alert can name.
	measureFirstGate  measure = "first_gate"
	measureSecondGate measure = "second_gate"
)

// The measures of queries about logs and models. The table is for people.
const (
	measureTable   measure = "table"
	measureCounts  measure = "counts"
	measureDollars measure = "dollars"
	measureTokens  measure = "tokens"
	measureCalls   measure = "calls"
	measureBudget  measure = "budget"
)

// The measures of each query type that has any, the default first.
var (
	statusMeasures = []measure{measureState, measureStaleness, measureCoverage, measureWorkerLimited, measureFirstGate, measureSecondGate}
	logMeasures    = []measure{measureTable, measureCounts}
	usageMeasures  = []measure{measureDollars, measureTokens, measureCalls, measureTable, measureBudget}
)

// ask is a query after validation: whoever holds one need not check it again.
type ask struct {
	kind queryType
	// clusters to answer for, sorted; none means all of them.
	clusters []string
	// Filters; an empty one lets everything through.
	signals    []health.SignalID
	services   []health.Service
	states     []health.State
	kinds      []health.EventKind
	gates      []health.GateID
	severities []explain.Severity
	// patterns are ids of log patterns, also of an operator's own.
	patterns []string
	// results of gates.
	results []health.Result
	// measure is one of the query type's measures; empty when it has none.
	measure measure
	// resolved asks for issues that are no longer there as well.
	resolved bool
	// rows is the most rows that an answer has, where it has no other bound.
	rows int
	live bool
	// forAlert: an alert rule asks. It needs one number, stable labels, and the healthy rows too.
	forAlert bool
	from, to time.Time
	// points is the most points that a series has.
	points int
}

// severities are those of issues, the worst first.
var severities = []explain.Severity{explain.Critical, explain.Warning}

// badQuery is a mistake in the query itself.
type badQuery struct{ text string }

func (b badQuery) Error() string { return b.text }

func badQueryf(format string, args ...any) error { return badQuery{fmt.Sprintf(format, args...)} }

// parseQuery validates a query. Every error is a badQuery.
func parseQuery(q backend.DataQuery, forAlert bool) (ask, error) {
	var j queryJSON
	if raw := bytes.TrimSpace(q.JSON); len(raw) > 0 {
		if err := json.Unmarshal(raw, &j); err != nil {
			return ask{}, describeJSONError(err)
		}
	}
	if j.Version != nil && *j.Version != queryVersion {
		return ask{}, badQueryf("this query has version %d and the plugin reads version %d: update the plugin, or build the query again in the query editor", *j.Version, queryVersion)
	}
	name := q.QueryType
	if name == "" {
		name = j.QueryType
	}
	kind, err := parseQueryType(name)
	if err != nil {
		return ask{}, err
	}
	a := ask{kind: kind, resolved: j.IncludeResolved, live: j.Live && !forAlert, forAlert: forAlert}
	if forAlert && kind.insteadForAlerts != "" {
		return ask{}, badQueryf("query type %q can't be used in an alert rule: %s", kind.name, kind.insteadForAlerts)
	}
	if a.clusters, err = parseClusters(j.Clusters); err != nil {
		return ask{}, err
	}
	if err := a.parseFilters(j); err != nil {
		return ask{}, err
	}
	if a.rows, err = parseLimit(j.Limit); err != nil {
		return ask{}, err
	}
	return a, a.parseTime(q)
}

// describeJSONError names the field that has the wrong type, and not the Go type that it should have.
func describeJSONError(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return badQueryf("the query's field %q can't be a %s: build the query again in the query editor", wrong.Field, wrong.Value)
	}
	return badQueryf("the query is not a JSON object (%v): build it again in the query editor", err)
}

func parseClusters(names []string) ([]string, error) {
	if len(names) > maxClusters {
		return nil, badQueryf("clusters: %d names are too many, the most is %d; leave the filter empty for all clusters", len(names), maxClusters)
	}
	var clusters []string
	for _, n := range names {
		switch {
		case n == "":
			continue // an empty variable
		case len(n) > maxNameLength:
			return nil, badQueryf("clusters: a name of %d bytes is too long, the most is %d", len(n), maxNameLength)
		case !plausible(n):
			return nil, badQueryf("clusters: %q is not a cluster name", n)
		}
		clusters = append(clusters, n)
	}
	slices.Sort(clusters)
	return slices.Compact(clusters), nil
}

func (a *ask) parseFilters(j queryJSON) error {
	var err error
	if a.signals, err = parseNames("signals", j.Signals, func(id health.SignalID) bool {
		_, ok := health.LookupSignal(id)
		return ok
	}, "the query editor lists the signals"); err != nil {
		return err
	}
	if a.gates, err = parseNames("gates", j.Gates, func(id health.GateID) bool {
		_, ok := health.LookupGate(id)
		return ok
	}, "the query editor lists the gates"); err != nil {
		return err
	}
	if a.services, err = a.parseServices(j.Services); err != nil {
		return err
	}
	if a.severities, err = parseNames("severities", j.Severities, oneOf(severities), listing(severities)); err != nil {
		return err
	}
	kinds := []health.EventKind{health.StateChanged, health.StalenessChanged, health.BottleneckChanged}
	if a.kinds, err = parseNames("kinds", j.Kinds, oneOf(kinds), listing(kinds)); err != nil {
		return err
	}
	if a.patterns, err = parseNames("patterns", j.Patterns, plausible, "the id of a log pattern is a short text"); err != nil {
		return err
	}
	if j.OnlyFired {
		j.Results = append(j.Results, string(health.Fired))
	}
	results := []health.Result{health.Fired, health.NotKnowable, health.Passed}
	if a.results, err = parseNames("results", j.Results, oneOf(results), listing(results)); err != nil {
		return err
	}
	for _, name := range j.States {
		s, err := health.ParseState(name)
		if err != nil {
			return badQueryf("states: %v", err)
		}
		a.states = append(a.states, s)
	}
	if everyState(a.states) {
		a.states = nil // a variable at "All"
	}
	return a.parseMeasure(j.Measure)
}

// everyState: a filter that lets through whatever there is.
func everyState(states []health.State) bool {
	for _, s := range append(health.States(), health.Unknown) {
		if !slices.Contains(states, s) {
			return false
		}
	}
	return true
}

// parseServices knows the services of the rules. Those of logs are what the lines' labels call them.
func (a *ask) parseServices(names []string) ([]health.Service, error) {
	if a.kind.labelledServices {
		return parseNames("services", names, func(s health.Service) bool { return plausible(string(s)) }, "a service is named as the label of its log lines names it")
	}
	services := append(health.Services(), health.Cluster)
	return parseNames("services", names, oneOf(services), listing(services))
}

// parseMeasure takes the query type's first measure when none is named. An alert rule can't read the table.
func (a *ask) parseMeasure(name string) error {
	measures := slices.Clone(a.kind.measures)
	if a.forAlert {
		measures = slices.DeleteFunc(measures, func(m measure) bool { return m == measureTable })
	}
	switch {
	case len(measures) == 0:
		return nil
	case name == "":
		a.measure = measures[0]
		return nil
	case !slices.Contains(measures, measure(name)) && slices.Contains(a.kind.measures, measure(name)):
		return badQueryf("measure: %q is for people and can't be used in an alert rule; %s", name, listing(measures))
	case !slices.Contains(measures, measure(name)):
		return badQueryf("measure: %q is not one of them; %s", name, listing(measures))
	}
	a.measure = measure(name)
	return nil
}

// plausible: what can't be a name in the database need not be looked for there.
func plausible(name string) bool {
	return len(name) <= maxNameLength && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// parseNames checks the names of a filter and drops repetitions, keeping the order.
func parseNames[T ~string](field string, names []string, known func(T) bool, hint string) ([]T, error) {
	var all []T
	for _, n := range names {
		if n == "" || slices.Contains(all, T(n)) {
			continue
		}
		if !known(T(n)) {
			return nil, badQueryf("%s: there is no %q; %s", field, n, hint)
		}
		all = append(all, T(n))
	}
	return all, nil
}

func oneOf[T ~string](all []T) func(T) bool {
	return func(x T) bool { return slices.Contains(all, x) }
}

func listing[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = string(x)
	}
	return "there are " + strings.Join(names, ", ")
}

func parseLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultRows, nil
	case limit < 0 || limit > maxRows:
		return 0, badQueryf("limit: %d is not a number from 1 to %d", limit, maxRows)
	default:
		return limit, nil
	}
}

// parseTime takes the time range over, and as many points as the panel has room for: its width, or
// fewer when the user set a longer minimal interval.
func (a *ask) parseTime(q backend.DataQuery) error {
	a.from, a.to = q.TimeRange.From, q.TimeRange.To
	width := a.to.Sub(a.from)
	if width < 0 {
		return badQueryf("the time range ends (%s) before it begins (%s)", a.to.UTC().Format(time.RFC3339), a.from.UTC().Format(time.RFC3339))
	}
	if width > longestTimeRange {
		return badQueryf("the time range of %d days is too long, the most is %d", int(width.Hours()/24), int(longestTimeRange.Hours()/24))
	}
	if width == 0 {
		a.to = a.to.Add(time.Millisecond) // a moment: the store wants a range
	}
	points := q.MaxDataPoints
	if points <= 0 {
		points = defaultPoints
	}
	if q.Interval > 0 {
		points = min(points, int64(width/q.Interval)+1)
	}
	a.points = int(min(max(points, 1), maxPoints))
	return nil
}
