package rules

import (
	"fmt"
	"slices"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Rule is the mildest gate over the same signal: what an issue is named for, and a root cause as Cause names it.
func Rule(g evidence.Gate) health.GateID {
	id, severity := g.ID, g.Severity
	for _, other := range health.Gates() {
		if other.Signal == g.Signal && other.Op == g.Op && other.Service == g.Service && other.Severity < severity {
			id, severity = other.ID, other.Severity
		}
	}
	return id
}

// issueID names the issue that a gate's firing is part of.
func issueID(g evidence.Gate) string { return fmt.Sprintf("%s@%s", Rule(g), g.Service) }

// Unknowable are the ids of issues of which the evidence can't tell whether they are there: none of the
// rule's gates fires, and at least one of them can't be known. When the verdict is stale that is every
// issue that doesn't fire: silence heals nothing. An issue that is neither unknowable nor in the
// explanation is gone.
func Unknowable(e *evidence.Evidence) []string {
	fires, open := map[string]bool{}, map[string]bool{}
	for _, g := range e.Gates {
		id := issueID(g)
		switch {
		case g.Side == health.SideEarly:
		case g.Result == health.Fired:
			fires[id] = true
		case g.Result == health.NotKnowable || e.Stale:
			open[id] = true
		}
	}
	ids := []string{}
	for id := range open {
		if !fires[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (w writer) issues() []explain.Issue {
	issues := []explain.Issue{}
	for _, g := range w.apart {
		t, ok := textOf(w.Evidence, g.ID)
		if !ok || g.Side == health.SideEarly {
			continue
		}
		service := evidence.Culprit(g)
		if g.Service == health.Frontend {
			service = w.blamed(g)
		}
		issue := explain.Issue{
			ID: issueID(g), Severity: explain.Warning, Service: service, Gate: g.ID,
			Title: g.Title, Description: sentence.Capital(w.what(g, t)) + ".", LikelyCause: sentence.First(w.fill(g, t.why)),
			RelatedSignals: w.known(g.Signal, t.watch), SuggestedActions: []explain.Action{},
		}
		if g.Severity == health.Critical {
			issue.Severity = explain.Critical
		}
		if w.shadow(g) {
			issue.LikelyCause = fmt.Sprintf("It is a consequence of %s.", w.cause())
			lead, _, _ := w.lead()
			issue.SuggestedActions = append(issue.SuggestedActions, explain.Action{
				Type: explain.Investigate, Target: w.blamed(lead), Description: fmt.Sprintf("Fix %s first.", w.cause()),
				Reason: "It is the likely cause of this one.", Confidence: w.CapConfidence(0.6), Risk: explain.RiskLow, Gate: lead.ID,
			})
		} else {
			for _, a := range t.actions {
				if action := w.action(g, a); action.Description != "" {
					issue.SuggestedActions = append(issue.SuggestedActions, action)
				}
			}
		}
		for _, p := range w.Patterns {
			if about := p.About(); (about == service || about == g.Service) && !slices.Contains(issue.RelatedLogs, p.ID) {
				issue.RelatedLogs = append(issue.RelatedLogs, p.ID)
			}
		}
		issues = append(issues, issue)
	}
	return issues
}

// known are the signals of a text that the evidence knows, the gate's own first.
func (w writer) known(own health.SignalID, others []health.SignalID) []health.SignalID {
	ids := []health.SignalID{own}
	for _, id := range others {
		if w.Knows(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
