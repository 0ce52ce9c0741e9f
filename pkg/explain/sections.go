package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// sections tell the story at length, in the order in which an operator asks.
func (w writer) sections(x Explanation) Sections {
	s := Sections{Setting: w.setting(), Inciting: w.inciting(), Standing: w.standing(), Reactions: []Reaction{}}
	for _, role := range w.Services {
		s.Reactions = append(s.Reactions, Reaction{role.Service, role.Role, w.reaction(role)})
	}
	s.ToDo, s.Next = toDo(x.Actions), strings.Join(x.Watch, " ")
	if s.Next == "" {
		s.Next = "Nothing in particular."
	}
	return s
}

func toDo(actions []Action) string {
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
	parts := []string{fmt.Sprintf("%s runs in the %s band of load.", w.name(), w.Band)}
	if starts, ok := w.Signal(health.WorkflowStarts); ok {
		demand := fmt.Sprintf("Clients ask for workflow starts at %s", starts.Value)
		if starts.Amount == 0 {
			demand = "Clients ask for no workflow starts"
		}
		if rate, ok := w.Signal(health.TransitionRate); ok {
			demand += fmt.Sprintf(", and state transitions are written at %s", rate.Value)
		}
		parts = append(parts, demand+".")
	} else {
		parts = append(parts, "What clients ask for is unknown.")
	}
	if len(w.Changes) == 0 && !w.knows(health.TaskRestarts) && !w.knows(health.MembershipChanges) {
		return strings.Join(append(parts, "Whether anything was restarted or deployed just before is unknown."), " ")
	}
	if len(w.Changes) == 0 {
		return strings.Join(append(parts, "No restart and no membership change was seen just before."), " ")
	}
	var changes []string
	for _, c := range w.Changes {
		changes = append(changes, fmt.Sprintf("%s %s (%s)", uncapital(c.Title), c.Value, c.When))
	}
	return strings.Join(append(parts, "Just before: "+strings.Join(changes, ", ")+"."), " ")
}

func (w writer) inciting() string {
	g, _, ok := w.lead()
	if !ok || (w.recovered() && !g.Deciding) {
		return "Nothing: no deciding gate fires."
	}
	way := map[health.Op]string{health.Above: "above", health.Below: "below"}[g.Op]
	title := string(g.Signal)
	trend := ""
	if s, known := w.Signal(g.Signal); known {
		title = s.Title
		if s.Trend != UnknownTrend {
			trend = ", " + string(s.Trend)
		}
	}
	text := fmt.Sprintf("%s: %s is %s, %s its threshold of %s%s.", g.Title, title, g.Value, way, g.Threshold, trend)
	if g.Overridden {
		text += " The threshold is this cluster's own, from its configuration."
	}
	if others := len(w.apart) - 1; others > 0 {
		text += " Other gates fire beside it."
	}
	return text
}

func (w writer) reaction(role ServiceRole) string {
	name := capital(serviceNames[role.Service])
	verb := "is"
	if role.Service == health.Workers {
		verb = "are"
	}
	var seen []string
	for _, id := range role.Because {
		// A milder gate over the same signal says less in more words.
		milder := !slices.ContainsFunc(w.apart, func(g Gate) bool { return g.ID == id })
		if g, ok := w.Gate(id); ok && len(seen) < 3 && !milder {
			seen = append(seen, uncapital(g.Title)+inBrackets(g.Value))
		}
	}
	because := strings.Join(seen, "; ")
	switch role.Role {
	case Blocked:
		if role.Behind != "" {
			return fmt.Sprintf("%s %s blocked behind %s: %s.", name, verb, serviceNames[role.Behind], because)
		}
		return fmt.Sprintf("%s %s blocked: %s.", name, verb, because)
	case UnderPressure:
		return fmt.Sprintf("%s %s under pressure: %s.", name, verb, because)
	case Artefact:
		return fmt.Sprintf("%s only %s the trouble with %s: %s.", name, map[string]string{"is": "reflects", "are": "reflect"}[verb], serviceNames[role.Behind], because)
	case Fine:
		return fmt.Sprintf("%s %s fine as far as %s known.", name, verb, map[string]string{"is": "it is", "are": "they are"}[verb])
	default:
		if role.Service == health.History && historySilent(w.Evidence) {
			return name + " reports nothing, and is most likely down."
		}
		return fmt.Sprintf("Nothing is known about %s.", serviceNames[role.Service])
	}
}

// standing says where it stands, and is honest about what nobody knows.
func (w writer) standing() string {
	parts := []string{fmt.Sprintf("The state is %s", w.State)}
	if w.Lasting != "" && w.At.After(w.Since) {
		parts[0] = fmt.Sprintf("The state has been %s for %s", w.State, w.Lasting)
	}
	if w.Stale {
		parts[0] += ", and stale: it could not be judged anew"
	}
	parts[0] += fmt.Sprintf("; %s of the deciding gates are known.", w.facts["coverage"])
	switch w.Bottleneck {
	case health.ServerLimited:
		parts = append(parts, "The server side limits progress.")
	case health.WorkerLimited:
		parts = append(parts, "The workers limit progress; scaling the server does not help.")
	case health.Mixed:
		parts = append(parts, "Server and workers both limit progress; begin with the server.")
	}
	if w.State == health.Stressed && !w.Stale && w.criticalFires() {
		parts = append(parts, "A gate argues for critical, but has not fired long enough to be believed.")
	}
	for _, rule := range w.ScalingRules {
		parts = append(parts, rule.Text)
	}
	for _, s := range w.Signals {
		if s.Remark != "" && s.Standing != AtRest {
			parts = append(parts, fmt.Sprintf("%s of %s %s.", s.Title, s.Value, s.Remark))
		}
	}
	for _, gap := range w.Gaps[:min(3, len(w.Gaps))] {
		var titles []string
		for _, id := range gap.Signals[:min(3, len(gap.Signals))] {
			if s, ok := health.LookupSignal(id); ok {
				titles = append(titles, s.Title)
			}
		}
		more := ""
		if len(gap.Signals) > len(titles) {
			more = " and more"
		}
		parts = append(parts, fmt.Sprintf("Unknown: %s%s (%s).", strings.Join(titles, ", "), more, strings.TrimRight(gap.Reason, ".")))
	}
	if w.LogsUnavailable != "" {
		parts = append(parts, fmt.Sprintf("Logs were unavailable: %s", ensureEnd(w.LogsUnavailable)))
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
