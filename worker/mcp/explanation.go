package mcp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

const explanationHelp = `The newest explanation of a cluster, or that of an event: what happened, the contributing factors, the recommended actions (the best first), issues, what to watch, and the confidence. It answers why, and what to do first. When current is false it explains an earlier situation: do not present it as the present one, and do not recommend its actions for now.`

// eventQuestion is a question about a cluster, or about one of its events.
type eventQuestion struct {
	Cluster string `json:"cluster,omitempty" jsonschema:"name of the cluster, as listed by the tool clusters; may be left out when there is only one"`
	Event   int64  `json:"event,omitempty" jsonschema:"number of an event, from the tools incidents or verdict; without it the newest explanation"`
}

type explanationAnswer struct {
	AsOf    time.Time `json:"as_of"`
	Cluster string    `json:"cluster"`
	State   string    `json:"state" jsonschema:"the state now"`
	// Current: the explanation is of the situation that holds now.
	Current        bool             `json:"current" jsonschema:"true when it explains the present situation, false when an earlier one"`
	Assessment     string           `json:"assessment" jsonschema:"id of the assessment"`
	Event          int64            `json:"event,omitempty" jsonschema:"number of the explained event; absent when it explains none"`
	ExplainedAt    *time.Time       `json:"explained_at" jsonschema:"time of the explained cycle"`
	ExplainedState string           `json:"explained_state"`
	Made           string           `json:"made" jsonschema:"author: rules, or the id of a model restricted to the evidence"`
	Instead        string           `json:"instead,omitempty" jsonschema:"reason for a rule-based text although a model is configured"`
	Confidence     float64          `json:"confidence" jsonschema:"0 to 1, never above the coverage"`
	Coverage       float64          `json:"coverage" jsonschema:"share of the deciding conditions that were known, 0 to 1"`
	Summary        string           `json:"summary"`
	Factors        []explain.Factor `json:"factors" jsonschema:"what contributed, the most important first"`
	Actions        []explain.Action `json:"actions" jsonschema:"recommended actions, the best first; nothing executes them"`
	Issues         []explain.Issue  `json:"issues"`
	Watch          []string         `json:"watch"`
	Sections       explain.Sections `json:"sections"`
	Dropped        explain.Dropped  `json:"dropped" jsonschema:"number of parts of a model's text that were dropped for lack of evidence"`
	Runbooks       []string         `json:"runbooks" jsonschema:"ids of the runbooks of its gates, for the tool runbook"`
	Notices        []string         `json:"notices"`
	Truncated      ownText          `json:"truncated,omitempty"`
}

func (q questions) explanation(ctx context.Context, in eventQuestion) (explanationAnswer, error) {
	c, err := q.cluster(ctx, in.Cluster)
	if err != nil {
		return explanationAnswer{}, err
	}
	stored, found, err := q.assessment(ctx, c, in.Event)
	if err != nil {
		return explanationAnswer{}, err
	}
	if !found {
		return explanationAnswer{}, unexplained(c, in.Event)
	}
	e, readable := view.Explain(c, stored)
	a := explanationAnswer{
		AsOf: q.now(), Cluster: c.Cluster, State: c.State().String(), Current: e.Current(), Assessment: stored.ID, Event: stored.EventSeq,
		ExplainedAt: view.Moment(stored.At), ExplainedState: stored.State.String(), Made: stored.Made, Instead: stored.Instead,
		Confidence: stored.Confidence, Coverage: stored.Coverage, Summary: stored.Summary, Notices: []string{},
	}
	if stored.Stale {
		a.ExplainedState = health.Unknown.String()
	}
	if !a.Current {
		a.Notices = append(a.Notices, earlier(e, in.Event))
	}
	if !readable {
		a.Notices = append(a.Notices, view.Unreadable(stored))
	}
	if stored.LogsUnavailable != "" {
		a.Notices = append(a.Notices, "No logs were read: "+stored.LogsUnavailable)
	}
	var left leftOut
	a.Factors = first(&left, e.Whole.Factors, explain.MaxFactors, "factors")
	a.Actions = first(&left, e.Whole.Actions, explain.MaxActions, "actions")
	a.Issues = first(&left, e.Whole.Issues, maxIssues, "issues")
	a.Watch = first(&left, e.Whole.Watch, explain.MaxWatch, "sentences on what to watch")
	a.Sections, a.Dropped, a.Runbooks = e.Whole.Sections, e.Whole.Dropped, runbooksOf(e.Whole)
	if a.Sections.Reactions == nil {
		a.Sections.Reactions = []explain.Reaction{}
	}
	a.Truncated = left.text()
	return a, nil
}

// assessment is the newest one of a cluster, or of one of its events.
func (q questions) assessment(ctx context.Context, c view.Present, event int64) (store.Assessment, bool, error) {
	if event < 0 {
		return store.Assessment{}, false, query.Invalidf("event is %d: it is a number from 1 to %d, or left out for the newest explanation", event, c.Seq)
	}
	if event > c.Seq {
		return store.Assessment{}, false, noEvent(c, event)
	}
	found, err := q.store.Assessments(ctx, store.AssessmentQuery{Clusters: []string{c.Cluster}, EventSeq: event, Limit: 1})
	if err != nil || len(found) == 0 {
		return store.Assessment{}, false, err
	}
	return found[0], true, nil
}

func noEvent(c view.Present, event int64) error {
	return query.Invalidf("cluster %q has no event %d: its last event has the number %d; the tool incidents lists events", c.Cluster, event, c.Seq)
}

func unexplained(c view.Present, event int64) error {
	if event > 0 {
		return query.Invalidf("event %d of cluster %q has no explanation; the tool evidence shows what was measured", event, c.Cluster)
	}
	return query.Invalidf("cluster %q has no explanation yet; the tools verdict and evidence show what was measured. The worker explains after each change and every few minutes: check that it runs", c.Cluster)
}

// earlier says that an explanation is not of the present. Of an event that was asked for by number, that is expected.
func earlier(e view.Explained, event int64) string {
	if event > 0 {
		return fmt.Sprintf("This explains event %d at %s, which is not the present situation.", event, view.Clock(e.Assessment.At))
	}
	return e.Outdated()
}

// runbooksOf are the runbooks of the gates that an explanation names, each once, in its order.
func runbooksOf(x explain.Explanation) []string {
	ids := []string{}
	add := func(id health.GateID) {
		if gate, ok := health.LookupGate(id); ok && !slices.Contains(ids, gate.Runbook) {
			ids = append(ids, gate.Runbook)
		}
	}
	for _, a := range x.Actions {
		add(a.Gate)
	}
	for _, f := range x.Factors {
		add(f.Gate)
	}
	for _, i := range x.Issues {
		add(i.Gate)
	}
	return ids
}

// Text is the explanation in lines.
func (a explanationAnswer) Text() string {
	var p page
	if !a.Current {
		p.line("This does not explain the present.")
	}
	p.line("%s", a.Summary)
	p.line("Cluster %q, explained cycle %s (%s); state now: %s; written by %s; confidence %s.", a.Cluster, momentText(a.ExplainedAt), a.ExplainedState,
		a.State, a.Made, health.Ratio.Format(a.Confidence))
	for i, f := range a.Factors {
		if i == 0 {
			p.line("Contributing factors:")
		}
		p.line("%d. %s: %s", i+1, f.Title, f.Detail)
	}
	for i, action := range a.Actions {
		if i == 0 {
			p.line("Recommended actions, the best first:")
		}
		p.line("%d. %s %s (%s %s, confidence %s, risk %s)", i+1, action.Description, action.Reason, action.Type, action.Target,
			health.Ratio.Format(action.Confidence), action.Risk)
	}
	for i, w := range a.Watch {
		if i == 0 {
			p.line("Watch next:")
		}
		p.line("- %s", w)
	}
	return p.end(a.Truncated, a.Notices)
}
