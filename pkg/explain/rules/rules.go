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

// Explain explains the evidence without a model. It is pure: the same evidence has the same explanation.
func Explain(e evidence.Evidence) explain.Explanation {
	w := newWriter(&e)
	x := explain.Explanation{
		Cluster: e.Cluster, At: e.At, State: e.State, Stale: e.Stale, Made: explain.MadeByRules,
		Depth: Triage(e), Confidence: e.CapConfidence(0.9), Fingerprint: e.Fingerprint(),
		Factors: w.factors(), Actions: w.actions(), Issues: w.issues(), Watch: w.watch(),
	}
	if e.Event != nil {
		x.EventSeq = e.Event.Seq
	}
	x.Summary = w.summary(x)
	x.Sections = w.sections(x)
	x.RuledOut, x.Cause = w.ruledOut(), w.causeRule()
	return x
}

// writer writes about one evidence.
type writer struct {
	*evidence.Evidence
	facts evidence.Facts
	// fired and apart are Fired and distinct, made once.
	fired, apart []evidence.Gate
}

func newWriter(e *evidence.Evidence) writer {
	w := writer{Evidence: e, facts: e.Facts(), fired: e.Fired()}
	w.apart = w.distinct()
	return w
}

// lead is the gate that the explanation begins with: the first fired one that decides a state, or else the
// first critical one.
func (w writer) lead() (evidence.Gate, text, bool) {
	i := slices.IndexFunc(w.fired, func(g evidence.Gate) bool { return g.Deciding || g.Severity == health.Critical })
	if i < 0 {
		return evidence.Gate{}, text{}, false
	}
	t, ok := textOf(w.Evidence, w.fired[i].ID)
	return w.fired[i], t, ok
}

// causeRule names the root cause as Explanation.Cause does.
func (w writer) causeRule() health.GateID {
	lead, _, ok := w.lead()
	if !ok {
		return ""
	}
	return Rule(lead)
}

// Cause names the root cause of a verdict as Explanation.Cause does; empty where no gate leads.
func Cause(v health.Verdict, s health.Snapshot) health.GateID {
	if !v.Fires() {
		return "" // most cycles: no evidence needs to be gathered
	}
	e := evidence.Gather(evidence.Input{Verdict: v, Snapshot: s})
	return newWriter(&e).causeRule()
}

// fill writes a text about a gate. [[value]] and [[threshold]] are the gate's own. A sentence with a reference that
// stands for nothing is left out: what can't be known is not said.
func (w writer) fill(g evidence.Gate, template string) string {
	own := evidence.Facts{"threshold": g.Threshold}
	if g.Value != "" {
		own["value"] = g.Value
	}
	var kept []string
	for _, draft := range sentence.Split(template) {
		if complete, ok := w.facts.Replace(draft, own); ok {
			kept = append(kept, complete)
		}
	}
	return strings.Join(kept, " ")
}

// what is the clause of what happens. Where it refers to what is unknown, the gate's title and value stand in.
func (w writer) what(g evidence.Gate, t text) string {
	if clause := w.fill(g, t.what); clause != "" {
		return clause
	}
	return strings.ToLower(g.Title[:1]) + g.Title[1:] + inBrackets(g.Value)
}

func inBrackets(value string) string {
	if value == "" {
		return ""
	}
	return " (" + value + ")"
}

// hint is the first amplifier that stands out and says more about the why.
func (w writer) hint(t text) string {
	for _, id := range t.hints {
		if m, ok := evidence.LookupAmplifierThreshold(id, nil); ok {
			if s, known := w.Signal(id); known && s.Standing == evidence.Beyond {
				return fmt.Sprintf("Here %s (%s).", m.Says, s.Value)
			}
		}
	}
	return ""
}

// factors are the fired gates, each with its why; milder gates over the same signal add nothing.
func (w writer) factors() []explain.Factor {
	factors := []explain.Factor{}
	logged, said := map[health.Service]bool{}, map[string]bool{}
	for i, g := range w.apart {
		t, ok := textOf(w.Evidence, g.ID)
		if !ok || len(factors) == explain.MaxFactors {
			continue
		}
		why := w.fill(g, t.why)
		if i > 0 && w.shadow(g) {
			why = fmt.Sprintf("It is a consequence of %s: fix that first.", w.cause())
		} else if said[why] {
			why = ""
		}
		said[why] = true
		detail := sentence.Join(sentence.Capital(w.what(g, t))+".", why, w.hint(t))
		if about := evidence.Culprit(g); !logged[about] {
			logged[about] = true
			detail = sentence.Join(detail, w.logged(about))
		}
		factors = append(factors, explain.Factor{Title: g.Title, Detail: detail, Gate: g.ID, Signal: g.Signal, Value: g.Value})
	}
	return factors
}

// logged is what logs say of a service: its most frequent pattern.
func (w writer) logged(service health.Service) string {
	for _, p := range w.Patterns {
		if p.About() == service && p.Meaning != "" {
			return fmt.Sprintf("Logs confirm it: %s (%s lines).", sentence.Uncapital(strings.TrimRight(p.Meaning, ".")), w.facts["log."+p.ID])
		}
	}
	return ""
}

// distinct are the fired gates without the milder ones over the same signal, and without an early sign
// where something else fires.
func (w writer) distinct() []evidence.Gate {
	var all []evidence.Gate
	for _, g := range w.fired {
		worse := slices.ContainsFunc(w.fired, func(other evidence.Gate) bool {
			return other.Signal == g.Signal && other.Op == g.Op && (other.Severity > g.Severity ||
				(other.Severity == g.Severity && other.ID != g.ID && evidence.Precedes(other.ID, g.ID)))
		})
		early := g.Side == health.SideEarly && w.fired[0].Side != health.SideEarly
		if !worse && !early {
			all = append(all, g)
		}
	}
	return all
}

// shadow reports whether a gate only shows the failure that leads the explanation.
func (w writer) shadow(g evidence.Gate) bool {
	lead, _, ok := w.lead()
	if !ok || g.ID == lead.ID {
		return false
	}
	if t, ok := textOf(w.Evidence, g.ID); ok && t.own {
		return false
	}
	if g.Side == health.SideProgress {
		return true
	}
	blamed := evidence.Culprit(lead)
	if evidence.Culprit(g) == blamed && g.Service != blamed {
		return true
	}
	return evidence.Behind(blamed, evidence.Culprit(g)) && g.Side != health.SideWorker && evidence.Culprit(g) != blamed
}

// cause names what leads the explanation, in the middle of a sentence.
func (w writer) cause() string {
	lead, _, ok := w.lead()
	if !ok {
		return "the problem above"
	}
	if lead.Side == health.SideApplication {
		return "the problem with the application"
	}
	return fmt.Sprintf("the problem with %s", evidence.ServiceNames[w.blamed(lead)])
}

// blamed is the service that the leading gate blames; a frontend that fails before a silent history service only
// passes on.
func (w writer) blamed(lead evidence.Gate) health.Service {
	if lead.Service == health.Frontend && evidence.HistorySilent(w.Evidence) {
		return health.History
	}
	return evidence.Culprit(lead)
}

// Culprit is the service that the leading gate blames; false where no gate leads.
func Culprit(e *evidence.Evidence) (health.Service, bool) {
	w := newWriter(e)
	lead, _, ok := w.lead()
	if !ok {
		return "", false
	}
	return w.blamed(lead), true
}

func (w writer) actions() []explain.Action {
	actions := []explain.Action{}
	// One step of a kind for a service is enough: what another gate would add is the same in other words.
	add := func(a explain.Action) {
		same := func(b explain.Action) bool {
			return a.Description == b.Description || (a.Gate != b.Gate && a.Type == b.Type && a.Target == b.Target)
		}
		if a.Description != "" && a.Reason != "" && len(actions) < explain.MaxActions && !slices.ContainsFunc(actions, same) {
			actions = append(actions, a)
		}
	}
	switch {
	case w.Waiting != "":
		add(w.action(evidence.Gate{}, unloaded))
	case w.Stale:
		add(w.action(evidence.Gate{}, unseen))
	}
	// An early sign on a cluster that works is something to watch: who is told to act has been told that something is wrong.
	calm := w.State == health.Happy && !w.Stale && !w.decides()
	for _, g := range w.apart {
		if w.shadow(g) || (calm && g.Side == health.SideEarly) {
			continue
		}
		t, _ := textOf(w.Evidence, g.ID)
		for _, a := range t.actions {
			add(w.action(g, a))
		}
	}
	for _, rule := range w.ScalingRules {
		if a, ok := scalingAdvice[rule.Rule]; ok {
			add(w.action(evidence.Gate{}, a))
		}
	}
	return actions
}

// unseen is what to do about a cluster of which too little is known.
var unseen = advice{explain.Investigate, health.Cluster, "Check that Prometheus answers and still scrapes this cluster.",
	"Without signals there is no verdict.", 0.9, explain.RiskLow, nil}

// unloaded is what to do about a task queue that was unloaded with its tasks.
var unloaded = advice{explain.Investigate, health.Workers, "Check pollers and backlog of that task queue with temporal task-queue describe, and start its workers.",
	"Its tasks stay in the database until a worker polls; the state improves when they are dispatched.", 0.75, explain.RiskLow, nil}

func (w writer) action(g evidence.Gate, a advice) explain.Action {
	return explain.Action{
		Type: a.kind, Target: a.target, Description: w.fill(g, a.do), Reason: w.fill(g, a.because),
		Confidence: w.CapConfidence(a.confidence), Risk: a.risk, Parameters: a.parameters, Gate: g.ID,
	}
}

// scalingAdvice is what the scaling rules come to when they hold. Never scaling down at zero is part of
// the text about the gates themselves.
var scalingAdvice = map[health.ScalingRule]advice{
	health.RestartToRedistribute: {explain.Restart, health.Workers, "Restart the workers one after the other, so that cached workflows spread over all of them.",
		"One worker holds far more cached workflows than the others, and new workers get new workflows only.", 0.5, explain.RiskMedium, nil},
	health.PollerExecutorMismatch: {explain.Configure, health.Workers, "Configure no more pollers than executor slots.",
		"Pollers beyond the slots do nothing.", 0.6, explain.RiskLow, nil},
}

// watch are the signals that show whether it gets better, with where they are now.
func (w writer) watch() []string {
	watch := []string{}
	var seen []health.SignalID
	for _, g := range w.apart {
		t, _ := textOf(w.Evidence, g.ID)
		for _, id := range t.watch {
			s, ok := w.Signal(id)
			if !ok || slices.Contains(seen, id) || len(watch) == explain.MaxWatch {
				continue
			}
			seen = append(seen, id)
			watch = append(watch, w.watchLine(s))
		}
	}
	if len(watch) == 0 && w.State == health.Happy && w.Event != nil {
		for _, id := range []health.SignalID{health.TransitionRate, health.WorkflowBacklogAge, health.HistoryBacklogAge} {
			if s, ok := w.Signal(id); ok {
				watch = append(watch, w.watchLine(s))
			}
		}
	}
	return watch
}

func (w writer) watchLine(s evidence.Signal) string {
	line := fmt.Sprintf("%s: %s", s.Title, s.Value)
	if s.Trend != evidence.UnknownTrend {
		line += " and " + string(s.Trend)
	}
	for _, g := range w.Gates {
		if g.Signal == s.ID && g.Result == health.Fired {
			// A gate passes at its threshold.
			way := map[health.Op]string{health.Above: " or below", health.Below: " or above"}[g.Op]
			if strings.HasPrefix(g.Threshold, "0") && g.Op == health.Above && !strings.Contains(g.Threshold, ".") {
				way = "" // Nothing counted is below none.
			}
			return fmt.Sprintf("%s; clears at %s%s.", line, g.Threshold, way)
		}
	}
	return line + "."
}
