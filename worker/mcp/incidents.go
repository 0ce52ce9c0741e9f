package mcp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

const incidentsHelp = `What happened in a time range, of one cluster or of all: the periods of each state with their durations (unknown is a period too), the events with the summaries of their explanations, and the issues with their durations. By default the last 24 hours. Details of an event: the tools explanation and evidence with its number.`

type incidentsQuestion struct {
	Cluster string `json:"cluster,omitempty" jsonschema:"name of a cluster; all clusters when left out"`
	Start   string `json:"start,omitempty" jsonschema:"RFC 3339, or before now such as -3h or -7d; -24h by default"`
	End     string `json:"end,omitempty" jsonschema:"as start; now by default"`
	Limit   int    `json:"limit,omitempty" jsonschema:"most events and most issues: 25 by default, at most 100"`
}

type periodRow struct {
	Cluster string    `json:"cluster"`
	State   string    `json:"state"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int       `json:"seconds"`
	Words   string    `json:"words" jsonschema:"the duration in words"`
}

type eventRow struct {
	Cluster    string    `json:"cluster"`
	Event      int64     `json:"event" jsonschema:"the event's number"`
	At         time.Time `json:"at"`
	Kind       string    `json:"kind" jsonschema:"what changed: state, staleness or bottleneck"`
	From       string    `json:"from" jsonschema:"state before"`
	To         string    `json:"to" jsonschema:"state after"`
	Stale      bool      `json:"stale"`
	Bottleneck string    `json:"bottleneck"`
	Fired      []string  `json:"fired" jsonschema:"titles of the gates that fired, causes first"`
	Lasted     string    `json:"lasted,omitempty" jsonschema:"time until the next event of the cluster, until its cycles stopped, or until the end of the time range"`
	Summary    string    `json:"summary" jsonschema:"summary of its explanation; empty when there is none"`
}

type issueRow struct {
	Cluster     string     `json:"cluster"`
	Issue       string     `json:"issue" jsonschema:"the same when it recurs"`
	Title       string     `json:"title"`
	Severity    string     `json:"severity" jsonschema:"critical or warning"`
	Service     string     `json:"service"`
	Gate        string     `json:"gate"`
	OpenedAt    time.Time  `json:"opened_at"`
	ResolvedAt  *time.Time `json:"resolved_at" jsonschema:"null while it is open"`
	Lasted      string     `json:"lasted" jsonschema:"from opening to resolution, or until now"`
	Stale       bool       `json:"stale" jsonschema:"true when it may be resolved: the newest assessment is outdated"`
	LikelyCause string     `json:"likely_cause"`
}

type incidentsAnswer struct {
	From      time.Time   `json:"from"`
	To        time.Time   `json:"to"`
	Periods   []periodRow `json:"periods" jsonschema:"periods of a state, by cluster, the worst first, and time"`
	Events    []eventRow  `json:"events" jsonschema:"newest first"`
	Issues    []issueRow  `json:"issues" jsonschema:"open ones first, the worst first"`
	Notices   []string    `json:"notices"`
	Truncated ownText     `json:"truncated,omitempty"`
}

const (
	usualIncidents = 25
	mostIncidents  = 100
)

func (q questions) incidents(ctx context.Context, in incidentsQuestion) (incidentsAnswer, error) {
	now := q.view.Now()
	from, to, err := timeRange(in.Start, in.End, now, 24*time.Hour)
	if err != nil {
		return incidentsAnswer{}, err
	}
	limit, err := rows(in.Limit, usualIncidents, mostIncidents)
	if err != nil {
		return incidentsAnswer{}, err
	}
	var wanted []string
	if in.Cluster != "" {
		c, err := q.cluster(ctx, in.Cluster)
		if err != nil {
			return incidentsAnswer{}, err
		}
		wanted = []string{c.Cluster}
	}
	clusters, notices, err := q.view.Clusters(ctx, wanted)
	if err != nil {
		return incidentsAnswer{}, err
	}
	a := incidentsAnswer{From: from, To: view.Earlier(to, now).UTC(), Periods: []periodRow{}, Events: []eventRow{}, Issues: []issueRow{}, Notices: notices.Texts()}
	if len(clusters) == 0 {
		return a, nil
	}
	var left leftOut
	if err := q.periods(ctx, &a, clusters, &left); err != nil {
		return incidentsAnswer{}, err
	}
	if err := q.events(ctx, &a, clusters, wanted, limit, &left); err != nil {
		return incidentsAnswer{}, err
	}
	if err := q.issues(ctx, &a, wanted, limit, &left); err != nil {
		return incidentsAnswer{}, err
	}
	a.Truncated = left.text()
	return a, nil
}

// periods are the states over time, as the timeline panel draws them.
func (q questions) periods(ctx context.Context, a *incidentsAnswer, clusters []view.Present, left *leftOut) error {
	var names []string
	for _, c := range clusters {
		names = append(names, c.Cluster)
	}
	runs, err := q.view.Spans(ctx, names, a.From, a.To)
	if err != nil {
		return err
	}
	var all []periodRow
	for _, name := range names {
		points := view.Clip(view.Changes(runs[name], q.view.Now()), a.From, a.To)
		for i, p := range points {
			end := a.To
			if i+1 < len(points) {
				end = points[i+1].At.UTC()
			}
			state := view.StateAt(p.Value).String()
			// A period that only changes in staleness or bottleneck, and the point that ends a series, begin no other state.
			if n := len(all); n > 0 && all[n-1].Cluster == name && all[n-1].State == state {
				all[n-1].To = end
			} else if end.After(p.At) {
				all = append(all, periodRow{Cluster: name, State: state, From: p.At.UTC(), To: end})
			}
		}
	}
	for i := range all {
		lasted := all[i].To.Sub(all[i].From)
		all[i].Seconds, all[i].Words = int(lasted.Seconds()), health.Lasting(lasted)
	}
	a.Periods = first(left, all, maxPeriods, "periods; name a cluster or a shorter time range for others")
	return nil
}

func (q questions) events(ctx context.Context, a *incidentsAnswer, clusters []view.Present, wanted []string, limit int, left *leftOut) error {
	found, err := q.store.Events(ctx, store.EventQuery{Clusters: wanted, From: a.From, To: a.To, Brief: true, Limit: limit + 1})
	if err != nil {
		return err
	}
	if len(found) > limit {
		found = found[:limit]
		*left = append(*left, fmt.Sprintf("the newest %d events", limit))
	}
	explanations, err := view.ExplanationsOf(ctx, q.store, found)
	if err != nil {
		return err
	}
	until := map[string]time.Time{}
	for _, c := range clusters {
		until[c.Cluster] = a.To
		if c.Silent {
			until[c.Cluster] = view.Earlier(c.At, a.To)
		}
	}
	for _, e := range found {
		row := rowOfEvent(e)
		row.Lasted, until[e.Cluster] = health.Lasting(until[e.Cluster].Sub(e.At)), e.At
		row.Summary = cut(explanations.Of(e).Summary, maxSentence)
		a.Events = append(a.Events, row)
	}
	return nil
}

// maxFiredTitles is how many conditions an event names: the evidence has all.
const maxFiredTitles = 5

func rowOfEvent(e store.Event) eventRow {
	row := eventRow{
		Cluster: e.Cluster, Event: e.Seq, At: e.At.UTC(), Kind: string(e.Kind), From: e.From.String(), To: e.To.String(),
		Stale: e.Stale, Bottleneck: string(e.Bottleneck), Fired: []string{},
	}
	recorded := view.EvidenceOf(e)
	fired := recorded.Fired()
	for _, g := range fired[:min(len(fired), maxFiredTitles)] {
		row.Fired = append(row.Fired, g.Title)
	}
	if more := len(fired) - len(row.Fired); more > 0 {
		row.Fired = append(row.Fired, fmt.Sprintf("and %d more", more))
	}
	return row
}

func (q questions) issues(ctx context.Context, a *incidentsAnswer, clusters []string, limit int, left *leftOut) error {
	explained, _, _, err := q.view.Explained(ctx, clusters)
	if err != nil {
		return err
	}
	found, err := q.view.Issues(ctx, store.IssueQuery{Clusters: clusters, From: a.From, To: a.To, Limit: limit + 1}, explained)
	if err != nil {
		return err
	}
	if len(found) > limit {
		found = found[:limit]
		*left = append(*left, fmt.Sprintf("the worst %d issues", limit))
	}
	for _, i := range found {
		row := issueRow{
			Cluster: i.Cluster, Issue: i.ID, Title: i.Title, Severity: i.Severity, Service: i.Service, Gate: i.Gate, OpenedAt: i.OpenedAt.UTC(),
			Lasted: health.Lasting(i.Until.Sub(i.OpenedAt)), Stale: i.Outdated, LikelyCause: cut(i.LikelyCause, maxSentence),
		}
		if i.ResolvedAt != nil {
			row.ResolvedAt = view.Moment(*i.ResolvedAt)
		}
		a.Issues = append(a.Issues, row)
	}
	return nil
}

// Text is the time range in lines.
func (a incidentsAnswer) Text() string {
	var p page
	p.line("From %s to %s: %d events, %d issues.", view.Clock(a.From), view.Clock(a.To), len(a.Events), len(a.Issues))
	for _, r := range a.Periods {
		if r.State != health.Happy.String() {
			p.line("- %q was %s from %s to %s (%s)", r.Cluster, r.State, view.Clock(r.From), view.Clock(r.To), r.Words)
		}
	}
	for _, e := range a.Events {
		p.line("- event %d of %q at %s: %s", e.Event, e.Cluster, view.Clock(e.At), e.text())
	}
	for _, i := range a.Issues {
		status := "open for"
		if i.ResolvedAt != nil {
			status = "resolved after"
		}
		p.line("- issue %q of %q (%s, %s), %s %s: %s", i.Title, i.Cluster, i.Severity, i.Service, status, i.Lasted, i.LikelyCause)
	}
	return p.end(a.Truncated, a.Notices)
}

func (e eventRow) text() string {
	var text string
	switch {
	case e.Kind == string(health.StateChanged):
		text = fmt.Sprintf("from %s to %s", e.From, e.To)
	case e.Stale:
		text = "insufficient data; last known state " + e.To
	case e.Kind == string(health.StalenessChanged):
		text = "data is sufficient again; state " + e.To
	default:
		text = "bottleneck " + e.Bottleneck + "; state " + e.To
	}
	if len(e.Fired) > 0 {
		text += "; firing: " + strings.Join(e.Fired, " · ")
	}
	if e.Summary != "" {
		text += ". " + e.Summary
	}
	return text
}
