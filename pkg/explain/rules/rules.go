package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// ByRules explains the evidence without a model. It is pure: the same evidence has the same explanation.
func ByRules(e Evidence) Explanation {
	w := newWriter(&e)
	x := Explanation{
		Cluster: e.Cluster, At: e.At, State: e.State, Stale: e.Stale, Made: MadeByRules,
		Depth: TriageByRules(e), Confidence: capConfidence(0.9, e), Fingerprint: e.Fingerprint(),
		Factors: w.factors(), Actions: w.actions(), Issues: w.issues(), Watch: w.watch(),
	}
	if e.Event != nil {
		x.EventSeq = e.Event.Seq
	}
	x.Summary = w.summary(x)
	x.Sections = w.sections(x)
	return x
}

// writer writes about one evidence.
type writer struct {
	*Evidence
	facts Facts
	// fired and apart are Fired and distinct, made once.
	fired, apart []Gate
}

func newWriter(e *Evidence) writer {
	w := writer{Evidence: e, facts: e.Facts(), fired: e.Fired()}
	w.apart = w.distinct()
	return w
}

// capConfidence bounds a confidence by how much of the cluster is known.
func capConfidence(confidence float64, e Evidence) float64 {
	if math.IsNaN(confidence) {
		return 0
	}
	return math.Round(100*max(0, min(confidence, e.Coverage, 1))) / 100
}

// lead is the gate that the explanation begins with: the first fired one that decides a state, or else the
// first critical one.
func (w writer) lead() (Gate, text, bool) {
	i := slices.IndexFunc(w.fired, func(g Gate) bool { return g.Deciding || g.Severity == health.Critical })
	if i < 0 {
		return Gate{}, text{}, false
	}
	t, ok := textOf(w.Evidence, w.fired[i].ID)
	return w.fired[i], t, ok
}

// fill writes a text about a gate; what can't be filled in is left out.
func (w writer) fill(g Gate, template string) string {
	return w.facts.fill(template, factsOf(g))
}

// what is the clause of what happens. Where it refers to what is unknown, the gate's title and value stand in.
func (w writer) what(g Gate, t text) string {
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
		if m, ok := markOf(id, nil); ok {
			if s, known := w.Signal(id); known && s.Standing == Beyond {
				return fmt.Sprintf("Here %s (%s).", m.Says, s.Value)
			}
		}
	}
	return ""
}

const (
	maxFactors = 6
	maxActions = 6
	maxWatch   = 4
)

// factors are the fired gates, each with its why; milder gates over the same signal add nothing.
func (w writer) factors() []Factor {
	factors := []Factor{}
	logged, said := map[health.Service]bool{}, map[string]bool{}
	for i, g := range w.apart {
		t, ok := textOf(w.Evidence, g.ID)
		if !ok || len(factors) == maxFactors {
			continue
		}
		why := w.fill(g, t.why)
		if i > 0 && w.shadow(g) {
			why = fmt.Sprintf("It is a consequence of %s: fix that first.", w.cause())
		} else if said[why] {
			why = ""
		}
		said[why] = true
		parts := nonEmpty(capital(w.what(g, t))+".", why, w.hint(t))
		if about := culprit(g); !logged[about] {
			logged[about] = true
			parts = append(parts, nonEmpty(w.logged(about))...)
		}
		detail := strings.Join(parts, " ")
		factors = append(factors, Factor{Title: g.Title, Detail: detail, Gate: g.ID, Signal: g.Signal, Value: g.Value})
	}
	return factors
}

// distinct are the fired gates without the milder ones over the same signal, and without an early sign
// where something else fires.
func (w writer) distinct() []Gate {
	var all []Gate
	for _, g := range w.fired {
		worse := slices.ContainsFunc(w.fired, func(other Gate) bool {
			return other.Signal == g.Signal && other.Op == g.Op && (other.Severity > g.Severity ||
				(other.Severity == g.Severity && other.ID != g.ID && rowOf(other.ID) < rowOf(g.ID)))
		})
		early := g.Side == health.SideEarly && w.fired[0].Side != health.SideEarly
		if !worse && !early {
			all = append(all, g)
		}
	}
	return all
}

// shadow reports whether a gate only shows the failure that leads the explanation.
func (w writer) shadow(g Gate) bool {
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
	blamed := culprit(lead)
	if culprit(g) == blamed && g.Service != blamed {
		return true
	}
	return slices.Contains(behind[blamed], culprit(g)) && g.Side != health.SideWorker && culprit(g) != blamed
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
	return fmt.Sprintf("the problem with %s", serviceNames[w.blamed(lead)])
}

// blamed is the service that the leading gate blames; a frontend that fails before a silent history service only
// passes on.
func (w writer) blamed(lead Gate) health.Service {
	if lead.Service == health.Frontend && historySilent(w.Evidence) {
		return health.History
	}
	return culprit(lead)
}

func (w writer) actions() []Action {
	actions := []Action{}
	// One step of a kind for a service is enough: what another gate would add is the same in other words.
	add := func(a Action) {
		same := func(b Action) bool {
			return a.Description == b.Description || (a.Gate != b.Gate && a.Type == b.Type && a.Target == b.Target)
		}
		if a.Description != "" && a.Reason != "" && len(actions) < maxActions && !slices.ContainsFunc(actions, same) {
			actions = append(actions, a)
		}
	}
	switch {
	case w.Waiting != "":
		add(w.action(Gate{}, unloaded))
	case w.Stale:
		add(Action{Investigate, health.Cluster, "Check that Prometheus answers and still scrapes this cluster.", "Without signals there is no verdict.", capBlind(w.Evidence), RiskLow, nil, ""})
	}
	for _, g := range w.apart {
		if w.shadow(g) {
			continue
		}
		t, _ := textOf(w.Evidence, g.ID)
		for _, a := range t.actions {
			add(w.action(g, a))
		}
	}
	for _, rule := range w.ScalingRules {
		if a, ok := scalingAdvice[rule.Rule]; ok {
			add(w.action(Gate{}, a))
		}
	}
	return actions
}

// unloaded is what to do about a task queue that was unloaded with its tasks.
var unloaded = advice{Investigate, health.Workers, "Check pollers and backlog of that task queue with temporal task-queue describe, and start its workers.",
	"Its tasks stay in the database until a worker polls; the state improves when they are dispatched.", 0.75, RiskLow, nil}

// capBlind is the confidence in looking at the telemetry: being blind is what makes it certain, so the
// cap by coverage would turn it upside down, but nothing may claim more than is known.
func capBlind(e *Evidence) float64 { return capConfidence(0.9, *e) }

func (w writer) action(g Gate, a advice) Action {
	return Action{a.kind, a.target, w.fill(g, a.do), w.fill(g, a.because), capConfidence(a.confidence, *w.Evidence), a.risk, a.parameters, g.ID}
}

// scalingAdvice is what the scaling rules come to when they hold. Never scaling down at zero is part of
// the text about the gates themselves.
var scalingAdvice = map[health.ScalingRule]advice{
	health.RestartToRedistribute: {Restart, health.Workers, "Restart the workers one after the other, so that cached workflows spread over all of them.",
		"One worker holds far more cached workflows than the others, and new workers get new workflows only.", 0.5, RiskMedium, nil},
	health.PollerExecutorMismatch: {Configure, health.Workers, "Configure no more pollers than executor slots.",
		"Pollers beyond the slots do nothing.", 0.6, RiskLow, nil},
}

// watch are the signals that show whether it gets better, with where they are now.
func (w writer) watch() []string {
	watch := []string{}
	var seen []health.SignalID
	for _, g := range w.apart {
		t, _ := textOf(w.Evidence, g.ID)
		for _, id := range t.watch {
			s, ok := w.Signal(id)
			if !ok || slices.Contains(seen, id) || len(watch) == maxWatch {
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

func (w writer) watchLine(s Signal) string {
	line := fmt.Sprintf("%s: %s", s.Title, s.Value)
	if s.Trend != UnknownTrend {
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

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

func firstOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func nonEmpty(parts ...string) []string {
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// uncapital makes a sentence go on after a colon. Names in capitals stay.
func uncapital(s string) string {
	if len(s) < 2 || (s[1] >= 'A' && s[1] <= 'Z') || strings.HasPrefix(s, "Prometheus") || strings.HasPrefix(s, "Temporal") {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func ensureStop(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
