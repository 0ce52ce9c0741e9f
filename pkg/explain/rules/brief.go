package rules

import (
	"fmt"
	"slices"
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
	// Queue is the worst task queue that the cause is about; empty where it is about none.
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
		if about := len(e.Queues) > 0 && (strings.Contains(t.what, "[[queue]]") || (b.Blamed == health.Workers && e.Queues[0].Starved)); about {
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
		return w.short().what(lead, t) + w.inQueues(lead, t)
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

// short is the writer for one line: task queues go by their name alone.
func (w writer) short() writer {
	if len(w.Queues) > 0 {
		w.facts = w.facts.With("queue", fmt.Sprintf("%q", w.Queues[0].Name))
	}
	for _, q := range w.Queues {
		if q.UnservedVersion != "" {
			w.facts = w.facts.With("unserved", fmt.Sprintf("%q", q.Name))
			break
		}
	}
	return w
}

// namedQueues is how many task queues a headline names.
const namedQueues = 2

// inQueues names the task queues that wait for workers, where the cause is about the workers and its text names none.
func (w writer) inQueues(lead evidence.Gate, t text) string {
	if w.blamed(lead) != health.Workers || strings.Contains(t.what, "[[queue]]") || strings.Contains(t.what, "[[unserved]]") {
		return ""
	}
	var names []string
	for _, q := range w.Queues {
		if name := fmt.Sprintf("%q", q.Name); q.Starved && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch more := len(names) - namedQueues; {
	case len(names) == 0:
		return ""
	case len(names) == 1:
		return fmt.Sprintf(" (task queue %s)", names[0])
	case more > 0:
		return fmt.Sprintf(" (task queues %s and %d more)", strings.Join(names[:namedQueues], ", "), more)
	default:
		return fmt.Sprintf(" (task queues %s)", strings.Join(names, ", "))
	}
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
	if !w.decides() {
		return "Recovering: no deciding condition fires any more; the state follows when that has held."
	}
	return ""
}

// decides reports whether a deciding gate fires.
func (w writer) decides() bool {
	return slices.ContainsFunc(w.fired, func(g evidence.Gate) bool { return g.Deciding })
}

// chain orders what fires: the root cause, causes of their own, consequences.
func (w writer) chain() []Link {
	lead, _, led := w.lead()
	short := w.short()
	var causes, consequences []Link
	for _, g := range w.apart {
		t, _ := textOf(w.Evidence, g.ID)
		link := Link{Gate: g, Text: sentence.Capital(short.what(g, t)) + ".", Root: led && g.ID == lead.ID, Consequence: w.shadow(g)}
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
