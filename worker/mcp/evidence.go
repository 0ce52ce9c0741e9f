package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

const evidenceHelp = `The evidence behind the newest assessment of a cluster, or behind one of its events: every gate that fired or is unknown with its value and threshold, signals that stand out, services, task queues, log patterns, deploys and membership changes. Use it to check an explanation, or for an event without one.`

type evidenceQuestion struct {
	eventQuestion
	All bool `json:"all,omitempty" jsonschema:"true adds the gates that passed and the signals within their limits"`
}

type passageRow struct {
	Document string `json:"document_id" jsonschema:"id for the tool runbook"`
	Title    string `json:"title"`
	Section  string `json:"section,omitempty"`
}

type evidenceAnswer struct {
	Cluster string    `json:"cluster"`
	At      time.Time `json:"at" jsonschema:"time of the cycle"`
	// Origin says which record the evidence was read from.
	Origin     string                 `json:"origin" jsonschema:"assessment: the evidence of an explanation; event: what was recorded with an event; cycle: the last cycle"`
	Assessment string                 `json:"assessment,omitempty"`
	Event      *eventRow              `json:"event,omitempty"`
	State      string                 `json:"state"`
	Stale      bool                   `json:"stale" jsonschema:"true when the cycle had insufficient data for a verdict; state is then the last known one"`
	Lasting    string                 `json:"lasting,omitempty"`
	Coverage   float64                `json:"coverage"`
	Bottleneck string                 `json:"bottleneck"`
	Gates      []evidence.Gate        `json:"gates" jsonschema:"fired gates first, causes before their symptoms, then unknown ones"`
	Passed     int                    `json:"passed" jsonschema:"number of gates that passed"`
	Cleared    []health.GateID        `json:"cleared" jsonschema:"gates that fired in the cycle before and passed in this one"`
	Signals    []evidence.Signal      `json:"signals"`
	Gaps       []evidence.Gap         `json:"gaps" jsonschema:"unknown signals and the reasons"`
	Services   []evidence.ServiceRole `json:"services"`
	Queues     []queueRow             `json:"queues"`
	Changes    []evidence.Change      `json:"changes" jsonschema:"deploys and membership changes"`
	Patterns   []evidence.LogPattern  `json:"log_patterns" jsonschema:"known errors in the logs; samples are redacted lines of other programs"`
	Passages   []passageRow           `json:"passages" jsonschema:"documents that fit the situation"`
	Notices    []string               `json:"notices"`
	Truncated  ownText                `json:"truncated,omitempty"`
}

func (q questions) evidence(ctx context.Context, in evidenceQuestion) (evidenceAnswer, error) {
	c, err := q.cluster(ctx, in.Cluster)
	if err != nil {
		return evidenceAnswer{}, err
	}
	event, err := q.event(ctx, c, in.Event)
	if err != nil {
		return evidenceAnswer{}, err
	}
	stored, _, err := q.assessment(ctx, c, in.Event)
	if err != nil {
		return evidenceAnswer{}, err
	}
	e, a := chosenEvidence(c, event, stored)
	if a.Origin == "cycle" && c.Silent {
		a.Notices = append(a.Notices, fmt.Sprintf("Cycles have stopped: this is of %s and does not describe the present.", view.Clock(c.At)))
	}
	a.fill(e, in.All)
	return a, nil
}

// event is one of the cluster's events; nil when none is asked for.
func (q questions) event(ctx context.Context, c view.Present, seq int64) (*store.Event, error) {
	if seq <= 0 {
		return nil, nil
	}
	found, err := q.store.EventsAfter(ctx, c.Cluster, seq-1, 1)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Seq != seq {
		return nil, noEvent(c, seq)
	}
	return &found[0], nil
}

// chosenEvidence prefers what an explanation was written from. Where there is none, evidence is gathered from the event
// that was asked for, or from the last cycle.
func chosenEvidence(c view.Present, event *store.Event, stored store.Assessment) (evidence.Evidence, evidenceAnswer) {
	a := evidenceAnswer{Notices: []string{}}
	if event != nil {
		row := rowOfEvent(*event)
		a.Event = &row
	}
	var e evidence.Evidence
	if json.Unmarshal(stored.Evidence, &e) == nil && e.Cluster != "" {
		a.Origin, a.Assessment = "assessment", stored.ID
		if current, _ := view.Explain(c, stored); event == nil && !current.Current() {
			a.Notices = append(a.Notices, current.Outdated())
		}
		return e, a
	}
	if event != nil {
		a.Origin = "event"
		return view.EvidenceOf(*event), a
	}
	a.Origin = "cycle"
	a.Notices = append(a.Notices, "No assessment with evidence is stored; this is what the last cycle measured.")
	return evidence.Gather(evidence.Input{Verdict: c.Verdict, Snapshot: c.Snapshot}), a
}

// fill takes over what stands out, or all.
func (a *evidenceAnswer) fill(e evidence.Evidence, all bool) {
	a.Cluster, a.At, a.State, a.Stale, a.Lasting = e.Cluster, e.At.UTC(), e.State.String(), e.Stale, e.Lasting
	a.Coverage, a.Bottleneck = e.Coverage, string(e.Bottleneck)
	var left leftOut
	gates, signals := e.Gates, e.Signals
	if !all {
		gates = kept(e.Gates, func(g evidence.Gate) bool { return g.Result != health.Passed })
		signals = kept(e.Signals, func(s evidence.Signal) bool { return s.Standing == evidence.Beyond || s.Standing == evidence.Near })
	}
	for _, g := range e.Gates {
		if g.Result == health.Passed {
			a.Passed++
		}
	}
	a.Gates = first(&left, gates, maxSignals, "gates")
	a.Signals = first(&left, signals, maxSignals, "signals")
	a.Cleared = first(&left, e.Cleared, maxIDs, "cleared gates")
	a.Gaps = first(&left, e.Gaps, maxReasons, "reasons for unknown signals")
	for i := range a.Gaps {
		a.Gaps[i].Signals = first(&left, a.Gaps[i].Signals, maxIDs, "unknown signals of a reason")
	}
	a.Services = first(&left, e.Services, maxIDs, "services")
	a.Queues = first(&left, queuesOf(e.Queues), maxIDs, "task queues")
	a.Changes = first(&left, e.Changes, maxIDs, "changes")
	a.Patterns = first(&left, e.Patterns, maxReasons, "log patterns")
	a.Passages = []passageRow{}
	for _, p := range e.Passages {
		a.Passages = append(a.Passages, passageRow{p.DocumentID, p.Title, p.Section})
	}
	if e.LogsUnavailable != "" {
		a.Notices = append(a.Notices, "No logs were read: "+e.LogsUnavailable)
	}
	a.Truncated = left.text()
}

func kept[T any](all []T, keep func(T) bool) []T {
	var some []T
	for _, x := range all {
		if keep(x) {
			some = append(some, x)
		}
	}
	return some
}

// Text is the evidence in lines, without what passed.
func (a evidenceAnswer) Text() string {
	var p page
	p.line("Cluster %q at %s: %s, coverage %s, bottleneck %s; %d gates passed. Origin: %s.", a.Cluster, view.Clock(a.At), a.State,
		health.Ratio.Format(a.Coverage), a.Bottleneck, a.Passed, strings.TrimSpace(a.Origin+" "+a.Assessment))
	for _, g := range a.Gates {
		if g.Result != health.Passed {
			p.line("- %s: %s (%s): %s. %s", g.Result, g.Title, g.ID, comparison(g), g.Note)
		}
	}
	for _, s := range a.Signals {
		if s.Standing == evidence.Beyond || s.Standing == evidence.Near {
			p.line("- signal %s (%s): %s, %s, %s", s.Title, s.ID, s.Value, s.Standing, s.Trend)
		}
	}
	for _, queue := range a.Queues {
		p.line("- %s", queue.text())
	}
	for _, c := range a.Changes {
		p.line("- change: %s %s, %s", c.Title, c.Value, c.When)
	}
	for _, l := range a.Patterns {
		p.line("- log pattern %s in %s: %s; %s Sample: %q", l.ID, l.Service, l.Lines(), l.Meaning, l.Sample)
	}
	for _, g := range a.Gaps {
		p.line("- unknown: %s (%d signals)", g.Reason, len(g.Signals))
	}
	return p.end(a.Truncated, a.Notices)
}
