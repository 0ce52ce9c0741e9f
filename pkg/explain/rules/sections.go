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

// sections give the details, in the order in which an operator asks.
func (w writer) sections(x explain.Explanation) explain.Sections {
	s := explain.Sections{Setting: w.setting(), Inciting: w.inciting(), Standing: w.standing(), Reactions: []explain.Reaction{}}
	for _, role := range w.Services {
		// Most clusters do not replicate.
		if role.Role == evidence.RoleUnknown && optionalServices[role.Service] {
			continue
		}
		s.Reactions = append(s.Reactions, explain.Reaction{Service: role.Service, Role: role.Role, Text: w.reaction(role)})
	}
	s.ToDo, s.Next = ToDo(x.Actions), strings.Join(x.Watch, " ")
	if s.Next == "" {
		s.Next = "Nothing in particular."
	}
	return s
}

// optionalServices are those that a cluster need not have: all their gates are optional.
var optionalServices = func() map[health.Service]bool {
	optional := map[health.Service]bool{}
	for _, g := range health.Gates() {
		if before, seen := optional[g.Service]; !seen || before {
			optional[g.Service] = g.Optional
		}
	}
	return optional
}()

// ToDo is what to do, in sentences.
func ToDo(actions []explain.Action) string {
	if len(actions) == 0 {
		return "Nothing needs to be done."
	}
	var steps []string
	for _, a := range actions {
		steps = append(steps, a.Description)
	}
	return strings.Join(steps, " ")
}

func (w writer) setting() string {
	parts := []string{fmt.Sprintf("%s runs in the %s scale band.", w.name(), w.Band)}
	if starts, ok := w.Signal(health.WorkflowStarts); ok {
		demand := fmt.Sprintf("Clients request workflow starts at %s", starts.Value)
		if starts.Amount == 0 {
			demand = "Clients request no workflow starts"
		}
		if rate, ok := w.Signal(health.TransitionRate); ok {
			demand += fmt.Sprintf(", and state transitions are written at %s", rate.Value)
		}
		parts = append(parts, demand+".")
	} else {
		parts = append(parts, "The demand is unknown.")
	}
	if len(w.Changes) == 0 && !w.Knows(health.TaskRestarts) && !w.Knows(health.MembershipChanges) {
		return strings.Join(append(parts, "Whether anything was restarted or deployed just before is unknown."), " ")
	}
	if len(w.Changes) == 0 {
		return strings.Join(append(parts, "No restart and no membership change was seen just before."), " ")
	}
	var changes []string
	for _, c := range w.Changes {
		changes = append(changes, fmt.Sprintf("%s %s (%s)", sentence.Uncapital(c.Title), c.Value, c.When))
	}
	return strings.Join(append(parts, "Just before: "+strings.Join(changes, ", ")+"."), " ")
}

func (w writer) inciting() string {
	g, _, ok := w.lead()
	if !ok || (w.recovered() && !g.Deciding) {
		return "None: no deciding condition fires."
	}
	way := map[health.Op]string{health.Above: "above", health.Below: "below"}[g.Op]
	title := string(g.Signal)
	trend := ""
	if s, known := w.Signal(g.Signal); known {
		title = s.Title
		if s.Trend != evidence.UnknownTrend {
			trend = ", " + string(s.Trend)
		}
	}
	text := fmt.Sprintf("%s: %s at %s, %s its threshold of %s%s.", g.Title, title, g.Value, way, g.Threshold, trend)
	if g.Overridden {
		text += " The threshold is this cluster's own, from its configuration."
	}
	if witness := w.witness(g); witness != "" {
		text += fmt.Sprintf(" The value is read from %s.", strings.TrimRight(witness, "."))
	}
	if others := len(w.apart) - 1; others > 0 {
		text += " Other conditions fire as well."
	}
	return text
}

// witness is what a gate's value was read from, empty where that is the first choice.
func (w writer) witness(g evidence.Gate) string {
	if g.Witness != "" {
		return g.Witness
	}
	s, _ := w.Signal(g.Signal)
	return s.Witness
}

func (w writer) reaction(role evidence.ServiceRole) string {
	name := sentence.Capital(evidence.ServiceNames[role.Service])
	verb := "is"
	if role.Service == health.Workers {
		verb = "are"
	}
	var seen []string
	for _, id := range role.Because {
		// A milder gate over the same signal says less in more words.
		milder := !slices.ContainsFunc(w.apart, func(g evidence.Gate) bool { return g.ID == id })
		if g, ok := w.Gate(id); ok && len(seen) < 3 && !milder {
			seen = append(seen, sentence.Uncapital(g.Title)+inBrackets(g.Value))
		}
	}
	because := strings.Join(seen, "; ")
	switch role.Role {
	case evidence.Blocked:
		if role.Behind != "" {
			return fmt.Sprintf("%s %s blocked behind %s: %s.", name, verb, evidence.ServiceNames[role.Behind], because)
		}
		return fmt.Sprintf("%s %s blocked: %s.", name, verb, because)
	case evidence.UnderPressure:
		return fmt.Sprintf("%s %s degraded: %s.", name, verb, because)
	case evidence.Artefact:
		return fmt.Sprintf("%s only %s the problem with %s: %s.", name, map[string]string{"is": "reflects", "are": "reflect"}[verb], evidence.ServiceNames[role.Behind], because)
	case evidence.Fine:
		return fmt.Sprintf("%s %s healthy as far as %s known.", name, verb, map[string]string{"is": "it is", "are": "they are"}[verb])
	default:
		if role.Service == health.History && evidence.HistorySilent(w.Evidence) {
			return name + " reports nothing, and is most likely down."
		}
		return fmt.Sprintf("%s: unknown.", name)
	}
}

// standing is the state and its coverage: what limits progress, what holds, and what is not visible.
func (w writer) standing() string {
	parts := []string{fmt.Sprintf("The state is %s", w.State)}
	if w.Lasting != "" && w.At.After(w.Since) {
		parts[0] = fmt.Sprintf("The state has been %s for %s", w.State, w.Lasting)
	}
	if w.Stale {
		parts[0] += ", and stale: the last cycle knew too little for a new verdict"
	}
	parts[0] += fmt.Sprintf("; %s of the deciding conditions are known.", w.facts["coverage"])
	switch w.Bottleneck {
	case health.ServerLimited:
		if g, _, ok := w.lead(); ok && evidence.Beside(g.ID) {
			parts = append(parts, "The cause is on the server side; workflows that run are not limited by it.")
		} else {
			parts = append(parts, "The server side limits progress.")
		}
	case health.WorkerLimited:
		parts = append(parts, "The workers limit progress; scaling the server does not help.")
	case health.Mixed:
		begin := "the server"
		if g, _, ok := w.lead(); ok && w.blamed(g) == health.Workers {
			begin = "the workers"
		}
		parts = append(parts, fmt.Sprintf("Server and workers both limit progress; begin with %s.", begin))
	case health.ApplicationLimited:
		parts = append(parts, "The application limits progress: workflow code, activities or clients. Scaling the server or the workers does not help.")
	}
	if w.Flapping {
		parts = append(parts, "The state is flapping: it became worse again and again within half an hour, so an improvement has to hold longer than usual before the state follows.")
	}
	if w.State == health.Stressed && !w.Stale && w.criticalFires() {
		parts = append(parts, "A critical condition fires; the state follows when it holds for enough cycles in a row.")
	}
	for _, rule := range w.ScalingRules {
		parts = append(parts, rule.Text)
	}
	for _, s := range w.Signals {
		if s.Remark != "" && s.Standing != evidence.AtRest {
			parts = append(parts, fmt.Sprintf("%s of %s %s.", s.Title, s.Value, s.Remark))
		}
	}
	if w.State == health.Happy && !w.Stale {
		known, all := w.KnownConditions()
		parts = append(parts, fmt.Sprintf("Happy covers %d of %d conditions.", known, all))
	}
	if groups := w.Hidden(false); len(groups) > 0 {
		parts = append(parts, fmt.Sprintf("Not visible: %s.", evidence.HiddenText(groups)))
	}
	if w.LogsUnavailable != "" {
		parts = append(parts, fmt.Sprintf("Logs were unavailable: %s", sentence.End(w.LogsUnavailable)))
	}
	return strings.Join(parts, " ")
}

func (w writer) criticalFires() bool {
	for _, g := range w.fired {
		if g.Deciding && g.Severity == health.Critical {
			return true
		}
	}
	return false
}
