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
	QueryType string   `json:"queryType"`
	Version   *int     `json:"version"`
	Clusters  []string `json:"clusters"`
	Signals   []string `json:"signals"`
	Services  []string `json:"services"`
	States    []string `json:"states"`
	Kinds     []string `json:"kinds"`
	Gates     []string `json:"gates"`
	Measure   string   `json:"measure"`
	OnlyFired bool     `json:"onlyFired"`
	Limit     int      `json:"limit"`
	Live      bool     `json:"live"`
}

// measure is the number that a status query is about.
type measure string

// The measures of a status query.
const (
	measureState     measure = "state"
	measureStaleness measure = "staleness"
	measureCoverage  measure = "coverage"
)

var measures = []measure{measureState, measureStaleness, measureCoverage}

// ask is a query after validation: whoever holds one need not check it again.
type ask struct {
	kind queryType
	// clusters to answer for, sorted; none means all of them.
	clusters []string
	// Filters; an empty one lets everything through.
	signals  []health.SignalID
	services []health.Service
	states   []health.State
	kinds    []health.EventKind
	gates    []health.GateID
	// measure is the leading number of a status.
	measure   measure
	onlyFired bool
	// rows is the most rows that an answer has, where it has no other bound.
	rows int
	live bool
	// forAlert: an alert rule asks. It needs one number, stable labels, and the healthy rows too.
	forAlert bool
	from, to time.Time
	// points is the most points that a series has.
	points int
}

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
	a := ask{kind: kind, onlyFired: j.OnlyFired, live: j.Live && !forAlert, forAlert: forAlert}
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
		case !utf8.ValidString(n) || strings.ContainsRune(n, 0):
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
	services := append(health.Services(), health.Cluster)
	if a.services, err = parseNames("services", j.Services, oneOf(services), listing(services)); err != nil {
		return err
	}
	kinds := []health.EventKind{health.StateChanged, health.StalenessChanged, health.BottleneckChanged}
	if a.kinds, err = parseNames("kinds", j.Kinds, oneOf(kinds), listing(kinds)); err != nil {
		return err
	}
	for _, name := range j.States {
		s, err := health.ParseState(name)
		if err != nil {
			return badQueryf("states: %v", err)
		}
		a.states = append(a.states, s)
	}
	a.measure = measureState
	if j.Measure != "" {
		a.measure = measure(j.Measure)
	}
	if !slices.Contains(measures, a.measure) {
		return badQueryf("measure: %q is not one of them; %s", j.Measure, listing(measures))
	}
	return nil
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
