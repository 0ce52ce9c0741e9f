package query

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
	maxClusters   = 500
	maxNameLength = 200
	defaultRows   = 100
	MaxRows       = 1000
	defaultPoints = 1000
	MaxPoints     = 10_000
	// LongestTimeRange is that of the JSON resources and of the tools for assistants, which answer with every point.
	LongestTimeRange = 366 * 24 * time.Hour
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
	Assessments     []string `json:"assessments"`
	Documents       []string `json:"documents"`
	Measure         string   `json:"measure"`
	IncludeResolved bool     `json:"includeResolved"`
	Limit           int      `json:"limit"`
	Live            bool     `json:"live"`
	// OnlyFired is how stored queries of older versions ask for the result "fired".
	OnlyFired bool `json:"onlyFired"`
}

// Query is a query after validation: whoever holds one need not check it again.
type Query struct {
	Type Type
	// Clusters to answer for, sorted; none means all of them.
	Clusters []string
	// Filters; an empty one lets everything through.
	Signals    []health.SignalID
	Services   []health.Service
	States     []health.State
	Kinds      []health.EventKind
	Gates      []health.GateID
	Severities []explain.Severity
	// Patterns are ids of log patterns, also of an operator's own.
	Patterns []string
	// Results of gates.
	Results []health.Result
	// Assessments and Documents are ids; none means the newest, or none.
	Assessments, Documents []string
	// Measure is one of the query type's measures; empty when it has none.
	Measure Measure
	// Resolved asks for issues that are no longer there as well.
	Resolved bool
	// Rows is the most rows that an answer has, where it has no other bound.
	Rows int
	Live bool
	// ForAlert: an alert rule asks. It needs one number, stable labels, and the healthy rows too.
	ForAlert bool
	From, To time.Time
	// Points is the most points that a series has.
	Points int
}

// Invalid is a mistake in the query itself.
type Invalid struct{ Text string }

func (b Invalid) Error() string { return b.Text }

// Invalidf makes an Invalid that says what to correct.
func Invalidf(format string, args ...any) error { return Invalid{fmt.Sprintf(format, args...)} }

// Parse validates a query. Every error is Invalid.
func Parse(q backend.DataQuery, forAlert bool) (Query, error) {
	var j queryJSON
	if raw := bytes.TrimSpace(q.JSON); len(raw) > 0 {
		if err := json.Unmarshal(raw, &j); err != nil {
			return Query{}, describeJSONError(err)
		}
	}
	if j.Version != nil && *j.Version != queryVersion {
		return Query{}, Invalidf("this query has version %d and the plugin reads version %d: update the plugin, or build the query again in the query editor", *j.Version, queryVersion)
	}
	name := q.QueryType
	if name == "" {
		name = j.QueryType
	}
	kind, err := parseType(name)
	if err != nil {
		return Query{}, err
	}
	a := Query{Type: kind, Resolved: j.IncludeResolved, Live: j.Live && !forAlert, ForAlert: forAlert}
	if forAlert && kind.AlertNumber == "" {
		return Query{}, Invalidf("query type %q is not supported in alert rules: %s", kind.Name, kind.InsteadForAlerts)
	}
	j.openAll()
	if a.Clusters, err = ParseClusters(j.Clusters); err != nil {
		return Query{}, err
	}
	if err := a.parseFilters(j); err != nil {
		return Query{}, err
	}
	if a.Rows, err = parseLimit(j.Limit); err != nil {
		return Query{}, err
	}
	return a, a.parseTime(q)
}

// describeJSONError names the field that has the wrong type, and not the Go type that it should have.
func describeJSONError(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return Invalidf("the query's field %q can't be a %s: build the query again in the query editor", wrong.Field, wrong.Value)
	}
	return Invalidf("the query is not a JSON object (%v): build it again in the query editor", err)
}

// ParseClusters checks the names of clusters, sorts them and drops empty and repeated ones. Its errors are Invalid.
func ParseClusters(names []string) ([]string, error) {
	if len(names) > maxClusters {
		return nil, Invalidf("clusters: %d names are too many, the most is %d; leave the filter empty for all clusters", len(names), maxClusters)
	}
	var clusters []string
	for _, n := range names {
		switch {
		case n == "":
			continue // an empty variable
		case len(n) > maxNameLength:
			return nil, Invalidf("clusters: a name of %d bytes is too long, the most is %d", len(n), maxNameLength)
		case !plausible(n):
			return nil, Invalidf("clusters: %q is not a cluster name", n)
		}
		clusters = append(clusters, n)
	}
	slices.Sort(clusters)
	return slices.Compact(clusters), nil
}

func (a *Query) parseFilters(j queryJSON) error {
	var err error
	if a.Signals, err = ParseNames("signals", j.Signals, func(id health.SignalID) bool {
		_, ok := health.LookupSignal(id)
		return ok
	}, "the query editor lists the signals"); err != nil {
		return err
	}
	if a.Gates, err = ParseNames("gates", j.Gates, func(id health.GateID) bool {
		_, ok := health.LookupGate(id)
		return ok
	}, "the query editor lists the gates"); err != nil {
		return err
	}
	if a.Services, err = a.parseServices(j.Services); err != nil {
		return err
	}
	if a.Severities, err = ParseNames("severities", j.Severities, OneOf(Values(Severities)), Listing(Values(Severities))); err != nil {
		return err
	}
	kinds := Values(EventKinds)
	if a.Kinds, err = ParseNames("kinds", j.Kinds, OneOf(kinds), Listing(kinds)); err != nil {
		return err
	}
	if a.Patterns, err = ParseNames("patterns", j.Patterns, plausible, "the id of a log pattern is a short text"); err != nil {
		return err
	}
	if a.Assessments, err = ParseNames("assessments", j.Assessments, plausible, "an id of an assessment is a short text"); err != nil {
		return err
	}
	if a.Documents, err = ParseNames("documents", j.Documents, plausible, "the id of a document is a short text"); err != nil {
		return err
	}
	if j.OnlyFired {
		j.Results = append(j.Results, string(health.Fired))
	}
	results := Values(Results)
	if a.Results, err = ParseNames("results", j.Results, OneOf(results), Listing(results)); err != nil {
		return err
	}
	for _, name := range j.States {
		s, err := health.ParseState(name)
		if err != nil {
			return Invalidf("states: %v", err)
		}
		a.States = append(a.States, s)
	}
	if everyState(a.States) {
		a.States = nil // a variable at "All"
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
func (a *Query) parseServices(names []string) ([]health.Service, error) {
	if a.Type.labelledServices {
		return ParseNames("services", names, func(s health.Service) bool { return plausible(string(s)) }, "a service is named as the label of its log lines names it")
	}
	services := Values(ServicesAndCluster)
	return ParseNames("services", names, OneOf(services), Listing(services))
}

// parseMeasure takes the query type's first measure when none is named. An alert rule can't read the table.
func (a *Query) parseMeasure(name string) error {
	var measures []Measure
	exists := false
	for _, m := range a.Type.Measures {
		if m.Measure == Measure(name) {
			exists = true
		}
		if !a.ForAlert || m.Measure != MeasureTable {
			measures = append(measures, m.Measure)
		}
	}
	switch {
	case len(measures) == 0:
		return nil
	case name == "":
		a.Measure = measures[0]
		return nil
	case !slices.Contains(measures, Measure(name)) && exists:
		return Invalidf("measure: %q is not supported in alert rules; %s", name, Listing(measures))
	case !slices.Contains(measures, Measure(name)):
		return Invalidf("measure: %q is not one of them; %s", name, Listing(measures))
	}
	a.Measure = Measure(name)
	return nil
}

// plausible: what can't be a name in the database need not be looked for there.
func plausible(name string) bool {
	return len(name) <= maxNameLength && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// ParseNames checks the names of a filter and drops repetitions, keeping the order.
func ParseNames[T ~string](field string, names []string, known func(T) bool, hint string) ([]T, error) {
	var all []T
	for _, n := range names {
		if n == "" || slices.Contains(all, T(n)) {
			continue
		}
		if !known(T(n)) {
			return nil, Invalidf("%s: there is no %q; %s", field, n, hint)
		}
		all = append(all, T(n))
	}
	return all, nil
}

// OneOf knows the values of a list, for ParseNames.
func OneOf[T ~string](all []T) func(T) bool {
	return func(x T) bool { return slices.Contains(all, x) }
}

// Listing names the values of a list, as a hint for whoever named another.
func Listing[T ~string](all []T) string {
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
	case limit < 0 || limit > MaxRows:
		return 0, Invalidf("limit: %d is not a number from 1 to %d", limit, MaxRows)
	default:
		return limit, nil
	}
}

// everything is how variables at "All" read where Grafana does not put their values in: its own word, and the custom values for
// all that boards use with other data sources.
var everything = []string{"$__all", "*", ".*", ".+"}

// openAll empties the filters that let everything through.
func (j *queryJSON) openAll() {
	for _, filter := range []*[]string{&j.Clusters, &j.Signals, &j.Services, &j.States, &j.Kinds, &j.Gates, &j.Severities, &j.Patterns,
		&j.Results, &j.Assessments, &j.Documents} {
		if slices.ContainsFunc(*filter, func(name string) bool { return slices.Contains(everything, name) }) {
			*filter = nil
		}
	}
}

// longestHistory is how far back a query looks. No store is older, so "last 5 years" is answered with what there is, and a range
// from 1970 on costs no more.
const longestHistory = 10 * 366 * 24 * time.Hour

// parseTime takes the time range over, and as many points as the panel has room for: its width, or
// fewer when the user set a longer minimal interval.
func (a *Query) parseTime(q backend.DataQuery) error {
	a.From, a.To = q.TimeRange.From, q.TimeRange.To
	width := a.To.Sub(a.From)
	if width < 0 {
		return Invalidf("the time range ends (%s) before it begins (%s)", a.To.UTC().Format(time.RFC3339), a.From.UTC().Format(time.RFC3339))
	}
	if width > longestHistory {
		a.From, width = a.To.Add(-longestHistory), longestHistory
	}
	if width == 0 {
		a.To = a.To.Add(time.Millisecond) // a moment: the store wants a range
	}
	points := q.MaxDataPoints
	if points <= 0 {
		points = defaultPoints
	}
	if q.Interval > 0 {
		points = min(points, int64(width/q.Interval)+1)
	}
	a.Points = int(min(max(points, 1), MaxPoints))
	return nil
}

// PlainNames are the names of a filter as the store takes them.
func PlainNames[T ~string](names []T) []string {
	var all []string
	for _, n := range names {
		all = append(all, string(n))
	}
	return all
}
