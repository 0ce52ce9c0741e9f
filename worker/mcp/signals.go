package mcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

const signalsHelp = `Measured values of one cluster. Without start: the values of the last cycle, with the reason for each unknown one. With start: a series over time with a bounded number of points; a point is the worst value of its step, and null is unknown, never zero. Without signals it returns the primary signals and those of firing gates. Ids of signals are those of the tool gates.`

type signalsQuestion struct {
	Cluster  string   `json:"cluster,omitempty" jsonschema:"name of the cluster, as listed by the tool clusters; may be left out when there is only one"`
	Signals  []string `json:"signals,omitempty" jsonschema:"ids such as persistence.latency_p99_ms"`
	Services []string `json:"services,omitempty" jsonschema:"all signals of services: cluster, frontend, history, matching, persistence, visibility, system_worker, replication, workers"`
	Start    string   `json:"start,omitempty" jsonschema:"for a series: RFC 3339, or before now such as -3h or -7d"`
	End      string   `json:"end,omitempty" jsonschema:"for a series: as start; now by default"`
	Points   int      `json:"points,omitempty" jsonschema:"most points of each series: 60 by default, at most 200"`
}

type signalRow struct {
	Signal  string   `json:"signal"`
	Title   string   `json:"title"`
	Meaning string   `json:"meaning"`
	Service string   `json:"service"`
	Unit    string   `json:"unit"`
	Value   *float64 `json:"value" jsonschema:"null is unknown"`
	Words   string   `json:"words" jsonschema:"the value with its unit"`
	Unknown string   `json:"unknown,omitempty" jsonschema:"reason for an unknown value"`
	Witness string   `json:"witness,omitempty" jsonschema:"the substitute metric that the value was read from"`
}

type pointRow struct {
	At    time.Time `json:"at"`
	Value *float64  `json:"value"`
}

// seriesRow is a signal over time. The lowest, highest and last known value save reading the points.
type seriesRow struct {
	Signal  string     `json:"signal"`
	Title   string     `json:"title"`
	Unit    string     `json:"unit"`
	Worse   string     `json:"worse" jsonschema:"direction in which it gets worse: higher, lower or neutral"`
	Known   int        `json:"known" jsonschema:"number of points with a known value"`
	Lowest  *pointRow  `json:"lowest"`
	Highest *pointRow  `json:"highest"`
	Last    *pointRow  `json:"last" jsonschema:"the last known value"`
	Points  []pointRow `json:"points"`
}

type signalsAnswer struct {
	Cluster   string      `json:"cluster"`
	At        *time.Time  `json:"at,omitempty" jsonschema:"time of the values"`
	Stale     bool        `json:"stale"`
	Values    []signalRow `json:"values,omitempty"`
	From      *time.Time  `json:"from,omitempty"`
	To        *time.Time  `json:"to,omitempty"`
	Series    []seriesRow `json:"series,omitempty"`
	Notices   []string    `json:"notices"`
	Truncated ownText     `json:"truncated,omitempty"`
}

const usualPoints = 60

func (q questions) signals(ctx context.Context, in signalsQuestion) (signalsAnswer, error) {
	c, err := q.cluster(ctx, in.Cluster)
	if err != nil {
		return signalsAnswer{}, err
	}
	wanted, err := wantedSignals(c, in)
	if err != nil {
		return signalsAnswer{}, err
	}
	a := signalsAnswer{Cluster: c.Cluster, Stale: c.Stale(), Notices: []string{}}
	if in.Start == "" && in.End == "" {
		if in.Points != 0 {
			return a, query.Invalidf("points needs a time range: give start, such as -3h")
		}
		a.now(c, wanted)
		return a, nil
	}
	return a, q.series(ctx, in, wanted, &a)
}

// wantedSignals are those named, those of services, or those that answer most questions.
func wantedSignals(c view.Present, in signalsQuestion) ([]health.Signal, error) {
	ids, err := query.ParseNames("signals", in.Signals, func(id string) bool { _, ok := health.LookupSignal(health.SignalID(id)); return ok },
		"the tool gates and `copilot signals --list` list the ids")
	if err != nil {
		return nil, err
	}
	known := query.Values(query.ServicesAndCluster)
	services, err := query.ParseNames("services", in.Services, query.OneOf(query.PlainNames(known)), query.Listing(known))
	if err != nil {
		return nil, err
	}
	firing := map[health.SignalID]bool{}
	for _, g := range c.Verdict.Gates {
		if g.Result == health.Fired {
			firing[g.Signal] = true
		}
	}
	var all []health.Signal
	for _, s := range health.Signals() {
		named := slices.Contains(ids, string(s.ID)) || slices.Contains(services, string(s.Service))
		if named || len(ids)+len(services) == 0 && (s.Class == health.Primary || firing[s.ID]) {
			all = append(all, s)
		}
	}
	return all, nil
}

// now fills in the values of the last cycle.
func (a *signalsAnswer) now(c view.Present, wanted []health.Signal) {
	a.At = view.Moment(c.At)
	if c.Silent {
		a.Notices = append(a.Notices, fmt.Sprintf("Cycles have stopped: these values are of %s and do not describe the present.", view.Clock(c.At)))
	}
	var left leftOut
	for _, s := range first(&left, wanted, maxSignals, "signals") {
		row := signalRow{Signal: string(s.ID), Title: s.Title, Meaning: s.Meaning, Service: string(s.Service), Unit: string(s.Unit), Words: "unknown", Witness: plain(c.Snapshot.Witness[s.ID])}
		if v, ok := c.Snapshot.Value(s.ID); ok {
			row.Value, row.Words = &v, s.Format(v)
		} else {
			row.Unknown = cmp.Or(plain(c.Snapshot.Unknown[s.ID]), "no reason recorded")
		}
		a.Values = append(a.Values, row)
	}
	a.Truncated = left.text()
}

// series fills in the values of a time range.
func (q questions) series(ctx context.Context, in signalsQuestion, wanted []health.Signal, a *signalsAnswer) error {
	from, to, err := timeRange(in.Start, in.End, q.view.Now(), 3*time.Hour)
	if err != nil {
		return err
	}
	points := in.Points
	switch {
	case points == 0:
		points = usualPoints
	case points < 2 || points > maxPoints:
		return query.Invalidf("points is %d: it is a number from 2 to %d", points, maxPoints)
	}
	a.From, a.To = &from, &to
	var left leftOut
	wanted = first(&left, wanted, maxSeries, "signals; name signals for others")
	asked := store.SeriesQuery{Clusters: []string{a.Cluster}, From: from, To: to, Points: points}
	for _, s := range wanted {
		asked.Signals = append(asked.Signals, s.ID)
	}
	found, err := q.store.Series(ctx, asked)
	if err != nil {
		return err
	}
	for _, s := range found {
		signal, _ := health.LookupSignal(s.Signal)
		row := seriesRow{Signal: string(s.Signal), Title: signal.Title, Unit: string(signal.Unit), Worse: string(signal.Worse), Points: []pointRow{}}
		// A bucket at either edge may make it one point more than was asked for.
		for _, p := range first(&left, s.Points, maxPoints+2, "points") {
			row.add(pointRow{p.At.UTC(), p.Value})
		}
		a.Series = append(a.Series, row)
	}
	if len(found) == 0 || !slices.ContainsFunc(a.Series, func(s seriesRow) bool { return s.Known > 0 }) {
		a.Notices = append(a.Notices, fmt.Sprintf("No known value between %s and %s.", view.Clock(from), view.Clock(to)))
	}
	a.Truncated = left.text()
	return nil
}

func (r *seriesRow) add(p pointRow) {
	r.Points = append(r.Points, p)
	if p.Value == nil {
		return
	}
	r.Known++
	r.Last = &p
	if r.Lowest == nil || *p.Value < *r.Lowest.Value {
		r.Lowest = &p
	}
	if r.Highest == nil || *p.Value > *r.Highest.Value {
		r.Highest = &p
	}
}

// Text is one line for each signal.
func (a signalsAnswer) Text() string {
	var p page
	if a.From == nil {
		p.line("Cluster %q, values of %s:", a.Cluster, momentText(a.At))
	} else {
		p.line("Cluster %q from %s to %s:", a.Cluster, view.Clock(*a.From), view.Clock(*a.To))
	}
	for _, v := range a.Values {
		p.line("- %s (%s): %s", v.Title, v.Signal, strings.TrimSpace(strings.Join([]string{v.Words, v.Unknown}, " ")))
	}
	for _, s := range a.Series {
		signal, _ := health.LookupSignal(health.SignalID(s.Signal))
		say := func(p *pointRow) string {
			if p == nil {
				return "unknown"
			}
			return fmt.Sprintf("%s at %s", signal.Format(*p.Value), view.Clock(p.At))
		}
		p.line("- %s (%s): lowest %s, highest %s, last %s; %d of %d points known", s.Title, s.Signal, say(s.Lowest), say(s.Highest), say(s.Last), s.Known, len(s.Points))
	}
	return p.end(a.Truncated, a.Notices)
}
