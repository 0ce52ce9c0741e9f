package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

const verdictHelp = `The verdict of the rules on one cluster as of its last cycle: state, how fresh it is, coverage, bottleneck, the firing conditions with causes before their symptoms, what is unknown and why, and the worst task queues. It answers what is wrong now and since when. While stale is true there is no current verdict: report the state as unknown, not as healthy.`

// clusterQuestion is a question about one cluster.
type clusterQuestion struct {
	Cluster string `json:"cluster,omitempty" jsonschema:"name of the cluster, as listed by the tool clusters; may be left out when there is only one"`
}

// conditionRow is a gate that fires or is unknown, with its numbers in words and in the signal's unit.
type conditionRow struct {
	Gate      string   `json:"gate" jsonschema:"id of the gate"`
	Title     string   `json:"title"`
	Severity  string   `json:"severity" jsonschema:"the state that results when it fires"`
	Service   string   `json:"service"`
	Side      string   `json:"side" jsonschema:"attribution: server, worker, application, waiting, progress, early or telemetry"`
	Signal    string   `json:"signal"`
	Value     *float64 `json:"value" jsonschema:"in the unit of the signal; null is unknown"`
	Threshold float64  `json:"threshold" jsonschema:"in the unit of the signal"`
	// Comparison is both in words: "155 s > 90 s".
	Comparison string `json:"comparison"`
	Deciding   bool   `json:"deciding" jsonschema:"false for conditions that only determine the bottleneck"`
	Overridden bool   `json:"overridden,omitempty" jsonschema:"true when the threshold is set in the configuration"`
	Note       string `json:"note,omitempty"`
	Witness    string `json:"witness,omitempty" jsonschema:"the substitute metric that the value was read from"`
	Runbook    string `json:"runbook,omitempty" jsonschema:"id of the runbook to read first"`
}

type unknownRow struct {
	Reason     string   `json:"reason"`
	Conditions []string `json:"conditions" jsonschema:"ids of the gates that are unknown for this reason; empty when all are"`
	Deciding   int      `json:"deciding" jsonschema:"number of deciding gates among them"`
	Services   []string `json:"services"`
}

// queueRow is a task queue; an empty number is unknown.
type queueRow struct {
	evidence.Queue
	Problem string `json:"problem,omitempty"`
}

type verdictAnswer struct {
	AsOf    time.Time `json:"as_of"`
	Cluster string    `json:"cluster"`
	State   string    `json:"state" jsonschema:"the state now: happy, stressed, critical or unknown"`
	Meaning string    `json:"meaning"`
	Stale   bool      `json:"stale"`
	// LastState is the last known state, also while the cluster is stale.
	LastState    string                 `json:"last_state"`
	Since        *time.Time             `json:"since" jsonschema:"start of the last known state"`
	Lasting      string                 `json:"lasting,omitempty"`
	LastCycle    *time.Time             `json:"last_cycle"`
	Coverage     float64                `json:"coverage" jsonschema:"share of the deciding conditions that are known, 0 to 1"`
	Bottleneck   string                 `json:"bottleneck"`
	Band         string                 `json:"band" jsonschema:"the scale band whose thresholds apply: starter, mid or high"`
	Flapping     bool                   `json:"flapping,omitempty"`
	LastEvent    int64                  `json:"last_event" jsonschema:"number of the last event, for the tools explanation and evidence; 0 before the first"`
	RootCause    string                 `json:"root_cause" jsonschema:"the root cause as of the last cycle, or why there is none"`
	Actions      []string               `json:"actions" jsonschema:"what to do, the first action first"`
	Recovery     string                 `json:"recovery,omitempty" jsonschema:"how far the cluster is on its way back, and when it is expected to clear"`
	Firing       []conditionRow         `json:"firing" jsonschema:"conditions that fire, causes before their symptoms"`
	Unknown      []unknownRow           `json:"unknown" jsonschema:"what is unknown and why, the largest group of deciding conditions first"`
	Services     []evidence.ServiceRole `json:"services" jsonschema:"services that are not fine; an artefact only shows the failure of another service"`
	Queues       []queueRow             `json:"queues" jsonschema:"the worst task queues, the worst first"`
	ScalingRules []string               `json:"scaling_rules"`
	Notices      []string               `json:"notices"`
	Truncated    ownText                `json:"truncated,omitempty"`
}

// meanings say what a state is, so that it is not guessed from its name.
var meanings = map[health.State]string{
	health.Happy:    "all deciding conditions that apply are known and none fires",
	health.Stressed: "degraded: conditions fire, work still progresses",
	health.Critical: "requested work is not progressing",
	health.Unknown:  "insufficient data for a verdict; this is not healthy",
}

func (q questions) verdict(ctx context.Context, in clusterQuestion) (verdictAnswer, error) {
	c, err := q.cluster(ctx, in.Cluster)
	if err != nil {
		return verdictAnswer{}, err
	}
	a := verdictAnswer{
		AsOf: q.now(), Cluster: c.Cluster, State: c.State().String(), Meaning: meanings[c.State()], Stale: c.Stale(),
		LastState: c.Verdict.State.String(), Since: view.Moment(c.Verdict.Since), LastCycle: view.Moment(c.At),
		Coverage: c.Coverage(), Bottleneck: c.Bottleneck(), Band: string(c.Verdict.Band), Flapping: c.Verdict.Flapping, LastEvent: c.Seq,
		Actions: []string{}, Firing: []conditionRow{}, Unknown: []unknownRow{}, Services: []evidence.ServiceRole{}, Queues: []queueRow{}, ScalingRules: []string{}, Notices: []string{},
	}
	a.Lasting = lasting(c, a.AsOf)
	if c.Silent {
		// Nothing that the last cycle found holds any more, so none of it is repeated here.
		a.Unknown = append(a.Unknown, unknownRow{Reason: "cycles have stopped, so all conditions are unknown", Conditions: []string{}, Services: []string{}, Deciding: deciding(c.Verdict.Gates)})
		a.Notices = append(a.Notices, fmt.Sprintf("Cycles have stopped: the last one was at %s. Check that the worker runs and that its configuration contains the cluster.", view.Clock(c.At)))
		return a, nil
	}
	if c.Verdict.Stale {
		a.Notices = append(a.Notices, fmt.Sprintf("The last cycle had insufficient data for a verdict: coverage %s; last known state %s.", health.Ratio.Format(c.Verdict.Coverage), a.LastState))
	}
	var left leftOut
	b, err := q.view.Brief(ctx, c)
	if err != nil {
		return verdictAnswer{}, err
	}
	e, brief := b.Evidence, b.Rules
	a.RootCause, a.Recovery = cut(brief.Headline, maxSentence), cut(brief.Recovery, maxSentence)
	for _, action := range brief.Actions {
		a.Actions = append(a.Actions, fmt.Sprintf("%s (confidence %s, risk %s)", action.Description, health.Ratio.Format(action.Confidence), action.Risk))
	}
	a.Firing = first(&left, conditions(e.Fired(), c.Verdict.Gates), maxFiring, "firing conditions")
	a.Unknown = first(&left, unknowns(e.Gates), maxReasons, "reasons for unknown conditions")
	for _, s := range e.Services {
		if s.Role != evidence.Fine {
			a.Services = append(a.Services, s)
		}
	}
	a.Queues = append(a.Queues, queuesOf(e.Queues)...)
	for _, r := range e.ScalingRules {
		a.ScalingRules = append(a.ScalingRules, r.Text)
	}
	a.Truncated = left.text()
	return a, nil
}

func deciding(gates []health.GateResult) int {
	return len(kept(gates, func(g health.GateResult) bool { return g.Deciding }))
}

// conditions adds to gates in words the numbers of the results that they were written from.
func conditions(gates []evidence.Gate, results []health.GateResult) []conditionRow {
	all := make([]conditionRow, 0, len(gates))
	for _, g := range gates {
		row := conditionRow{
			Gate: string(g.ID), Title: g.Title, Severity: g.Severity.String(), Service: string(g.Service), Side: string(g.Side),
			Signal: string(g.Signal), Comparison: comparison(g), Deciding: g.Deciding, Overridden: g.Overridden,
			Note: cut(g.Note, maxSentence), Witness: g.Witness,
		}
		if i := slices.IndexFunc(results, func(r health.GateResult) bool { return r.ID == g.ID }); i >= 0 {
			row.Value, row.Threshold = results[i].Value, results[i].Threshold
		}
		if known, ok := health.LookupGate(g.ID); ok {
			row.Runbook = known.Runbook
		}
		all = append(all, row)
	}
	return all
}

func comparison(g evidence.Gate) string {
	value := g.Value
	if value == "" {
		value = "unknown"
	}
	return fmt.Sprintf("%s %s %s", value, g.Op, g.Threshold)
}

// unknowns groups unknown gates by reason.
func unknowns(gates []evidence.Gate) []unknownRow {
	var all []unknownRow
	for _, g := range gates {
		if g.Result != health.NotKnowable {
			continue
		}
		reason := g.Note
		if reason == "" {
			reason = "no reason recorded"
		}
		i := slices.IndexFunc(all, func(r unknownRow) bool { return r.Reason == reason })
		if i < 0 {
			i = len(all)
			all = append(all, unknownRow{Reason: reason})
		}
		row := &all[i]
		if len(row.Conditions) < maxIDs {
			row.Conditions = append(row.Conditions, string(g.ID))
		}
		if !slices.Contains(row.Services, string(g.Service)) {
			row.Services = append(row.Services, string(g.Service))
		}
		if g.Deciding {
			row.Deciding++
		}
	}
	slices.SortStableFunc(all, func(x, y unknownRow) int { return y.Deciding - x.Deciding })
	for i := range all {
		all[i].Reason = cut(all[i].Reason, maxSentence)
	}
	return all
}

func queuesOf(queues []evidence.Queue) []queueRow {
	var all []queueRow
	for _, queue := range queues {
		row := queueRow{Queue: queue}
		switch {
		case queue.UnservedVersion != "":
			row.Problem = "tasks require worker version " + queue.UnservedVersion + ", which no worker runs"
		case queue.Slotless:
			row.Problem = "tasks wait and its workers have no free slot"
		case queue.Starved && queue.Pollers == "0":
			row.Problem = "tasks wait and it has no workers: no poller"
		case queue.Starved:
			row.Problem = "tasks wait and no worker takes them"
		}
		all = append(all, row)
	}
	return all
}

// Text is the verdict in lines.
func (a verdictAnswer) Text() string {
	var p page
	p.line("Cluster %q is %s: %s.", a.Cluster, a.State, a.Meaning)
	if a.Stale {
		p.line("No current verdict. Last known state: %s, since %s; last cycle %s.", a.LastState, momentText(a.Since), momentText(a.LastCycle))
	} else {
		p.line("Since %s (%s); last cycle %s; coverage %s; bottleneck %s; last event %d.", momentText(a.Since), a.Lasting, momentText(a.LastCycle),
			health.Ratio.Format(a.Coverage), a.Bottleneck, a.LastEvent)
	}
	if a.RootCause != "" {
		p.line("Root cause: %s.", strings.TrimSuffix(a.RootCause, "."))
	}
	if a.Recovery != "" {
		p.line("%s", a.Recovery)
	}
	for i, action := range a.Actions {
		p.line("Action %d: %s", i+1, action)
	}
	for i, c := range a.Firing {
		if i == 0 {
			p.line("Firing, causes first:")
		}
		p.line("%s", strings.TrimSpace(fmt.Sprintf("- %s (%s, %s, %s): %s. %s", c.Title, c.Gate, c.Severity, c.Service, c.Comparison, c.Note)))
	}
	for i, u := range a.Unknown {
		if i == 0 {
			p.line("Unknown, which is not healthy:")
		}
		p.line("- %s", strings.Join(slices.DeleteFunc([]string{u.Reason, strings.Join(u.Conditions, ", ")}, func(s string) bool { return s == "" }), ": "))
	}
	for i, queue := range a.Queues {
		if i == 0 {
			p.line("Worst task queues:")
		}
		p.line("- %s", queue.text())
	}
	for _, rule := range a.ScalingRules {
		p.line("Scaling rule: %s", rule)
	}
	return p.end(a.Truncated, a.Notices)
}

func (r queueRow) text() string {
	text := fmt.Sprintf("%s queue %q in namespace %q", r.Type, r.Name, r.Namespace)
	if r.Problem != "" {
		text += ": " + r.Problem
	}
	for _, number := range [][2]string{{"oldest task", r.Oldest}, {"backlog", r.Backlog}, {"inflow", r.Inflow}, {"pollers", r.Pollers}, {"free slots", r.Slots}} {
		if number[1] != "" {
			text += fmt.Sprintf("; %s %s", number[0], number[1])
		}
	}
	return text
}
