package rules

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// summary is three sentences: what happened, why, what to do first.
func (w writer) summary(x explain.Explanation) string {
	g, t, ok := w.lead()
	switch {
	case w.Stale:
		return w.summaryStale()
	case w.recovered() && !g.Deciding:
		return w.summaryRecovered()
	case ok:
		// The why is one sentence here; the rest of it stands with the factor.
		why := sentence.First(w.fill(g, t.why))
		joint := ":"
		if w.State == health.Happy {
			joint = ", but"
		}
		return sentence.Join(fmt.Sprintf("%s%s %s.", w.opening(), joint, w.what(g, t)), why, "First: "+sentence.Uncapital(w.fill(g, t.first)))
	default:
		return w.summaryCalm(x)
	}
}

// opening says what became of the cluster.
func (w writer) opening() string {
	name := w.name()
	if w.Event != nil && w.Event.Kind == health.StateChanged && w.Event.To == w.State {
		switch {
		case w.Event.From == health.Unknown:
			return fmt.Sprintf("%s is observed for the first time and is %s", name, w.State)
		case w.Event.From == health.Critical && w.State == health.Stressed:
			return fmt.Sprintf("%s is no longer critical but still stressed", name)
		default:
			return fmt.Sprintf("%s went from %s to %s", name, w.Event.From, w.State)
		}
	}
	if w.Lasting != "" && w.State != health.Unknown && w.At.After(w.Since) {
		return fmt.Sprintf("%s has been %s for %s", name, w.State, w.Lasting)
	}
	return fmt.Sprintf("%s is %s", name, w.State)
}

func (w writer) name() string {
	if w.Cluster == "" {
		return "The cluster"
	}
	return w.Cluster
}

func (w writer) summaryStale() string {
	known := fmt.Sprintf("only %s of the deciding conditions are known", w.facts["coverage"])
	switch {
	case w.Coverage == 0:
		known = "none of the deciding conditions is known"
	case w.Coverage >= 0.5:
		known = fmt.Sprintf("%s of the deciding conditions are known, but not those that a verdict needs", w.facts["coverage"])
	}
	what := fmt.Sprintf("%s can't be judged: %s; the last known state is %s.", w.name(), known, w.State)
	if w.State == health.Unknown {
		what = fmt.Sprintf("%s can't be judged: %s, and its state is unknown because no earlier verdict exists.", w.name(), known)
	}
	why := "Signals that decide are missing, and an absent signal is not a healthy one."
	do := "First: check that Prometheus answers and still scrapes this cluster; then check the cluster itself from a client."
	if groups := w.Hidden(true); len(groups) > 0 && groups[0].Reason != "" {
		why = fmt.Sprintf("Signals that decide are missing: %s", sentence.End(groups[0].Reason))
		if w.Coverage >= 0.5 {
			why = fmt.Sprintf("Not visible: %s.", evidence.HiddenText(groups[:1]))
			do = "First: check that part of the cluster by hand, and restore its metrics: without them there is no new verdict."
		}
	}
	if w.Waiting != "" {
		why = sentence.Capital(sentence.End(w.Waiting))
		do = "First: " + sentence.Uncapital(unloaded.do)
	}
	// A gate that fires is evidence by itself, however little else is known.
	if g, t, ok := w.lead(); ok {
		do = fmt.Sprintf("First: check that Prometheus answers, and act on what still fires: %s.", w.what(g, t))
	}
	return strings.Join([]string{what, why, do}, " ")
}

// recovered: the event is that all is well again.
func (w writer) recovered() bool {
	return w.State == health.Happy && w.Event != nil && w.Event.Kind == health.StateChanged && w.Event.From != health.Unknown
}

func (w writer) summaryRecovered() string {
	why := "Every deciding condition that fired passes again, and work advances."
	if len(w.Cleared) > 0 {
		why = fmt.Sprintf("No longer firing: %s.", w.titles(w.Cleared))
	}
	do := "First: nothing needs to be done now; note what was changed, and watch the backlogs drain."
	if g, t, ok := w.lead(); ok {
		do = fmt.Sprintf("First: watch what has not recovered yet: %s.", w.what(g, t))
	}
	return fmt.Sprintf("%s: work advances again. %s %s", w.opening(), why, do)
}

func (w writer) summaryCalm(x explain.Explanation) string {
	switch {
	case w.State == health.Happy && w.AtMost(health.WorkflowStarts, 0):
		return fmt.Sprintf("%s: no work is requested and none waits; an idle cluster is healthy. %s First: nothing needs to be done.", w.opening(), w.covers())
	case w.State == health.Happy && len(x.Factors) > 0:
		return fmt.Sprintf("%s: work advances as requested. An early sign, which decides nothing yet: %s First: %s",
			w.opening(), sentence.End(sentence.Uncapital(x.Factors[0].Detail)), sentence.Uncapital(cmp.Or(w.earlyFirst(), "keep an eye on it.")))
	case w.State == health.Happy:
		return fmt.Sprintf("%s: work advances as requested. %s First: nothing needs to be done.", w.opening(), w.covers())
	case w.State == health.Unknown:
		return fmt.Sprintf("%s: there is no verdict yet. No condition fires, and too little is known to call it healthy. First: check that its signals are read.", w.opening())
	default:
		return w.summaryLeaving()
	}
}

// summaryLeaving: no gate fires and the state is not happy. An improvement has to hold, or too little is known to leave
// the state.
func (w writer) summaryLeaving() string {
	why := "The state improves when enough is known and the improvement has held for some cycles."
	if w.Flapping {
		why = "The state is flapping, so the improvement has to hold longer than usual before the state follows."
	} else if groups := w.Hidden(true); len(groups) > 0 {
		why = fmt.Sprintf("The state improves when the improvement has held for some cycles; not visible: %s.", evidence.HiddenText(groups[:min(len(groups), maxHidden)]))
	}
	return fmt.Sprintf("%s: no condition fires in this cycle. %s First: wait for the next cycles, and see what is unknown.", w.opening(), why)
}

// maxHidden is how many reasons a summary names; the section about the state names them all.
const maxHidden = 2

// covers is what "happy" is said of, in one sentence.
func (w writer) covers() string {
	known, all := w.KnownConditions()
	text := fmt.Sprintf("Happy covers %d of %d conditions", known, all)
	groups := w.Hidden(true)
	if len(groups) == 0 {
		return text + "."
	}
	more := ""
	if len(groups) > maxHidden {
		more = " and more"
	}
	// A reason may end as a question does.
	return fmt.Sprintf("%s; not visible: %s%s.", text, evidence.HiddenText(groups[:min(len(groups), maxHidden)]), more)
}

func (w writer) earlyFirst() string {
	for _, g := range w.fired {
		if t, ok := textOf(w.Evidence, g.ID); ok {
			return w.fill(g, t.first)
		}
	}
	return ""
}

func (w writer) titles(ids []health.GateID) string {
	var titles []string
	for _, id := range ids[:min(3, len(ids))] {
		if g, ok := w.Gate(id); ok {
			titles = append(titles, sentence.Uncapital(g.Title))
		}
	}
	return strings.Join(titles, "; ")
}
