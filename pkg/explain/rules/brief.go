package rules

import (
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Brief is what an on-call engineer reads first: the root cause in one clause, what to do about it, and what follows from
// it. It is made of the present cycle alone, so it never speaks of an earlier situation.
type Brief struct {
	// Headline is the root cause as a clause: `work waits in the task queue "orders" and no worker polls it`.
	Headline string
	// Cause is the gate that leads; empty where none does.
	Cause health.GateID
	// Blamed is the service that the cause is about; empty where no gate leads.
	Blamed health.Service
	// Queue is the task queue that the cause is about; empty where it is about none, or about several.
	Queue evidence.Queue
	// Actions are what to do, the best first; none where nothing needs to be done.
	Actions []explain.Action
	// Recovery says how far the cluster is on its way back; empty where it is not.
	Recovery string
	// Chain are the firing gates: the root cause, other causes, then what follows from them.
	Chain []Link
}

// Link is a firing gate in the chain from cause to consequence.
type Link struct {
	evidence.Gate
	// Text is what happens, as a sentence.
	Text string
	// Root: the gate leads the explanation. Consequence: it only shows the failure of the root cause.
	Root, Consequence bool
}

// Summarize makes the brief of the evidence. It is pure.
func Summarize(e evidence.Evidence) Brief {
	w := newWriter(&e)
	b := Brief{Actions: w.actions(), Recovery: w.recovery(), Chain: w.chain()}
	lead, t, ok := w.lead()
	if ok {
		b.Cause, b.Blamed = lead.ID, w.blamed(lead)
		if strings.Contains(t.what, "[[queue]]") && len(e.Queues) > 0 {
			b.Queue = e.Queues[0]
		}
	}
	b.Headline = w.headline(lead, t, ok)
	return b
}

// headline is the root cause, or why there is none. Task queues go by their name alone: the rest stands beside it.
func (w writer) headline(lead evidence.Gate, t text, led bool) string {
	switch {
	case w.Waiting != "":
		return strings.TrimRight(sentence.Uncapital(w.Waiting), ".")
	case w.Stale && w.State != health.Unknown:
		return fmt.Sprintf("insufficient data for a verdict; last known state %s%s", w.State, w.hidden())
	case w.Stale || (w.State == health.Unknown && !led):
		return "insufficient data for a verdict" + w.hidden()
	case led:
		short := w
		short.facts = w.facts.With("queue", w.queueName())
		return short.what(lead, t)
	case w.State == health.Happy && w.AtMost(health.WorkflowStarts, 0):
		return "idle: no work is requested and none waits"
	case w.State == health.Happy && len(w.fired) > 0:
		return fmt.Sprintf("requested work is progressing; early sign: %s", sentence.Uncapital(w.fired[0].Title))
	case w.State == health.Happy:
		return "requested work is progressing"
	default:
		return "no condition fires any more; the state follows when the improvement has held"
	}
}

func (w writer) queueName() string {
	if len(w.Queues) == 0 {
		return ""
	}
	return fmt.Sprintf("%q", w.Queues[0].Name)
}

// hidden is the first reason why too little is known.
func (w writer) hidden() string {
	if groups := w.Hidden(true); len(groups) > 0 && groups[0].Reason != "" {
		return ": " + strings.TrimRight(sentence.Uncapital(groups[0].Reason), ".")
	}
	return ""
}

// recovery says what comes back, and when the state follows.
func (w writer) recovery() string {
	if w.Stale || w.State == health.Happy || w.State == health.Unknown {
		return ""
	}
	for _, g := range w.apart {
		if g.ClearsIn == "" || !g.Deciding {
			continue
		}
		title := g.Title
		if s, ok := w.Signal(g.Signal); ok {
			title = s.Title
		}
		return fmt.Sprintf("Recovering: %s is %s and clears at %s, in about %s at the present pace.", sentence.Uncapital(title), g.Value, g.Clears, g.ClearsIn)
	}
	if len(w.deciding()) == 0 {
		return "Recovering: no deciding condition fires any more; the state follows when that has held."
	}
	return ""
}

// deciding are the gates that fire and decide.
func (w writer) deciding() []evidence.Gate {
	var all []evidence.Gate
	for _, g := range w.fired {
		if g.Deciding {
			all = append(all, g)
		}
	}
	return all
}

// chain orders what fires: the root cause, causes of their own, consequences.
func (w writer) chain() []Link {
	lead, _, led := w.lead()
	var causes, consequences []Link
	for _, g := range w.apart {
		t, _ := textOf(w.Evidence, g.ID)
		link := Link{Gate: g, Text: sentence.Capital(w.what(g, t)) + ".", Root: led && g.ID == lead.ID, Consequence: w.shadow(g)}
		switch {
		case link.Root:
			causes = append([]Link{link}, causes...)
		case link.Consequence:
			consequences = append(consequences, link)
		default:
			causes = append(causes, link)
		}
	}
	return append(causes, consequences...)
}
