package llm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	maxTitle    = 120
	maxDetail   = 700
	maxSentence = 400
)

// Check makes an explanation of a model's draft: what the evidence bears out stays, with its numbers from
// the evidence; the rest is dropped and counted. The state, the issues, the services' roles and the setting
// are the rules' whatever the draft says. Where too little is left, there is an error that tells the model
// what was wrong.
func Check(e evidence.Evidence, d Draft, made string) (explain.Explanation, error) {
	return checked(newChecker(&e), d, made)
}

// Again holds a draft that stood up once against later evidence of the same situation: the same words with
// the new evidence's numbers. A number that the model wrote out was true of the old evidence only, so
// sentences with one are dropped, even where the new evidence happens to hold the same. made is who wrote
// the draft. There is an error where too little is left; then the situation is not the same, and needs an
// explanation of its own. Depth is what the rules would ask for.
func Again(e evidence.Evidence, d Draft, made string) (explain.Explanation, error) {
	c := newChecker(&e)
	numberless := *c.lint
	numberless.numbers = nil
	c.unfilled = &numberless
	return checked(c, d, made)
}

func checked(c *checker, d Draft, made string) (explain.Explanation, error) {
	e := *c.Evidence
	if d.State != e.State.String() {
		return explain.Explanation{}, fmt.Errorf("the state is %s and can't be changed, but the draft says %q", e.State, d.State)
	}
	x := rules.Explain(e)
	x.Made = made
	x.Summary = sentence.Join(c.one(d.Summary.What), c.one(d.Summary.Why), c.one(d.Summary.First))
	complete := len(sentence.Split(x.Summary)) >= 3
	x.Factors = c.factors(d.Factors)
	x.Actions = c.actions(d.Actions)
	x.Watch = c.watch(d.Watch)
	x.Sections.ToDo = rules.ToDo(x.Actions)
	if len(x.Watch) > 0 {
		x.Sections.Next = strings.Join(x.Watch, " ")
	}
	x.Dropped = c.dropped

	decides := slices.ContainsFunc(x.Factors, func(f explain.Factor) bool { g, ok := e.Gate(f.Gate); return ok && g.Deciding })
	_, leads := rules.Culprit(c.Evidence)
	switch {
	case !complete:
		c.complain("summary needs three sentences (what, why, first) that the evidence bears out")
	case leads && !decides:
		c.complain("no factor names a deciding gate that fired")
	case leads && len(x.Actions) == 0:
		c.complain("no action is left that answers a gate that fired")
	default:
		return x, nil
	}
	return explain.Explanation{Dropped: c.dropped}, fmt.Errorf("%s", strings.Join(c.complaints, "; "))
}

// checker holds a draft against the evidence.
type checker struct {
	*evidence.Evidence
	facts evidence.Facts
	lint  *linter
	// unfilled is what sentences are held to before their references are filled in; nil for a new draft.
	unfilled   *linter
	dropped    explain.Dropped
	complaints []string
}

func newChecker(e *evidence.Evidence) *checker {
	return &checker{Evidence: e, facts: e.Facts(), lint: newLinter(e)}
}

const maxComplaints = 8

func (c *checker) complain(format string, args ...any) {
	if len(c.complaints) < maxComplaints {
		c.complaints = append(c.complaints, sentence.Cut(fmt.Sprintf(format, args...), 200))
	}
}

// text keeps the sentences that the evidence bears out, up to a length.
func (c *checker) text(draft string, limit int) string {
	var kept []string
	length := 0
	for _, part := range sentence.Split(draft) {
		complete, why := c.sentence(part)
		if why != "" {
			c.dropped.Sentences++
			c.complain("%s in %q", why, sentence.Cut(part, 80))
			continue
		}
		if length += len(complete) + 1; length > limit {
			break
		}
		kept = append(kept, complete)
	}
	return strings.Join(kept, " ")
}

// sentence fills in a sentence's references, and says what is wrong with it; empty when nothing is.
func (c *checker) sentence(draft string) (complete, why string) {
	if c.unfilled != nil {
		if wrong := c.unfilled.check(evidence.Reference.ReplaceAllString(draft, " ")); len(wrong) > 0 {
			return "", wrong[0]
		}
	}
	complete, ok := c.facts.Replace(draft, nil)
	wrong := c.lint.check(complete)
	switch {
	case !ok:
		return "", "a reference stands for nothing"
	case len(wrong) > 0:
		return "", wrong[0]
	case len(complete) > maxSentence:
		return "", "too long"
	}
	return complete, c.untrue(complete)
}

// one keeps the first true sentence.
func (c *checker) one(draft string) string {
	return sentence.End(sentence.Capital(sentence.First(c.text(draft, maxSentence))))
}

var (
	claimsState  = regexp.MustCompile(`(?i)\b(?:state|cluster|system|it)\b[^.;:]{0,40}\b(?:is|are|became|becomes|remains|stays|turned)\s+(?:now\s+|still\s+|actually\s+|really\s+|completely\s+)?(happy|healthy|stressed|critical)\b`)
	systemWorker = regexp.MustCompile(`(?i)\b(?:internal|system|server's(?: own)?) workers?(?: service)?\b`)
	blames       = regexp.MustCompile(`(?i)\b(?:caus\w*|because|due to|fault|blame\w*|culprit|fail\w*|error\w*|slow\w*|down|dead|overload\w*|exhaust\w*|block\w*|stall\w*|hang\w*|hung|unavailable|crash\w*|saturat\w*|broken|timeouts?|times? out|too small|restart\w*|scale\w*)\b`)
	negates      = regexp.MustCompile(`(?i)\b(?:not|no|never|until|once|when|if|whether|isn't|wasn't)\b`)
	exonerates   = regexp.MustCompile(`(?i)\b(?:not|no|nor|never|none|nothing|fine|healthy|sound|within|normal|without|rather than|instead of|only shows?|symptom|artefact|passed|passes|isn't|aren't|don't|doesn't|behind|if|whether)\b`)
	services     = map[health.Service]*regexp.Regexp{
		health.Persistence: regexp.MustCompile(`(?i)\b(?:database|persistence|dsql|postgres\w*|mysql|cassandra)\b`),
		health.Frontend:    regexp.MustCompile(`(?i)\bfrontend\b`),
		health.History:     regexp.MustCompile(`(?i)\bhistory (?:service|hosts?|process\w*|nodes?|pods?)\b`),
		health.Matching:    regexp.MustCompile(`(?i)\bmatching (?:service|hosts?|process\w*|nodes?|pods?)\b`),
		health.Visibility:  regexp.MustCompile(`(?i)\b(?:visibility|elasticsearch|opensearch)\b`),
		health.Replication: regexp.MustCompile(`(?i)\breplication\b`),
		health.Workers:     regexp.MustCompile(`(?i)\bworkers?\b`),
	}
)

// untrue finds claims that contradict the evidence: another state, or blame on a service none of whose
// gates fired. It reads words, not meaning, so it looks for plain cases and lets exonerations pass.
func (c *checker) untrue(sentence string) string {
	if m := claimsState.FindStringSubmatch(sentence); m != nil && !negates.MatchString(m[0]) {
		said := strings.ToLower(m[1])
		if said == "healthy" {
			said = health.Happy.String()
		}
		if said != c.State.String() {
			return "the state is " + c.State.String()
		}
	}
	if !blames.MatchString(sentence) || exonerates.MatchString(sentence) {
		return ""
	}
	// The server's own worker service is not the application's workers.
	sentence = systemWorker.ReplaceAllString(sentence, " ")
	var innocent health.Service
	for service, expr := range services {
		if !expr.MatchString(sentence) {
			continue
		}
		// A sentence that names a failing service too says how the one affects the other.
		if c.involved(service) {
			return ""
		}
		innocent = max(innocent, service)
	}
	if innocent != "" {
		return "no gate blames " + evidence.ServiceNames[innocent]
	}
	return ""
}

// involved: a gate of the service fired, or it is silent while others fail because of that.
func (c *checker) involved(service health.Service) bool {
	role := c.Role(service)
	culprit, leads := rules.Culprit(c.Evidence)
	return len(role.Because) > 0 || (leads && culprit == service)
}

func (c *checker) factors(drafts []DraftFactor) []explain.Factor {
	factors := []explain.Factor{}
	for _, d := range drafts {
		f, why := c.factor(d)
		same := func(other explain.Factor) bool {
			return other.Gate == f.Gate && other.Signal == f.Signal && other.Pattern == f.Pattern && other.Document == f.Document
		}
		switch {
		case why != "":
			c.dropped.Factors++
			c.complain("factor %q: %s", sentence.Cut(d.Title, 60), why)
		case len(factors) < explain.MaxFactors && !slices.ContainsFunc(factors, same):
			factors = append(factors, f)
		}
	}
	return factors
}

func (c *checker) factor(d DraftFactor) (explain.Factor, string) {
	f := explain.Factor{Gate: health.GateID(d.Gate), Signal: health.SignalID(d.Signal), Pattern: d.Pattern, Document: d.Document}
	pointed := false
	if f.Gate != "" {
		g, ok := c.Gate(f.Gate)
		switch {
		case !ok:
			return f, "there is no gate " + sentence.Cut(d.Gate, 40) + " in the evidence"
		case g.Result != health.Fired:
			return f, "gate " + d.Gate + " did not fire"
		case f.Signal == "":
			f.Signal = g.Signal
		}
		pointed = true
	}
	if f.Signal != "" {
		s, ok := c.Signal(f.Signal)
		if !ok {
			return f, "there is no known signal " + sentence.Cut(d.Signal, 40) + " in the evidence"
		}
		f.Value = s.Value
		pointed = pointed || s.Standing == evidence.Beyond || s.Standing == evidence.Near
	}
	if f.Pattern != "" {
		if !slices.ContainsFunc(c.Patterns, func(p evidence.LogPattern) bool { return p.ID == f.Pattern }) {
			return f, "there is no log pattern " + sentence.Cut(d.Pattern, 40) + " in the evidence"
		}
		pointed = true
	}
	if f.Document != "" {
		if !slices.ContainsFunc(c.Passages, func(p evidence.Passage) bool { return p.DocumentID == f.Document }) {
			return f, "there is no document " + sentence.Cut(d.Document, 40) + " in the evidence"
		}
		pointed = true
	}
	if !pointed {
		return f, "it points at nothing in the evidence"
	}
	f.Title = strings.TrimRight(c.text(d.Title, maxTitle), ".")
	if f.Title == "" {
		if g, ok := c.Gate(f.Gate); ok {
			f.Title = g.Title
		} else if s, ok := c.Signal(f.Signal); ok {
			f.Title = s.Title
		}
	}
	f.Detail = c.text(d.Detail, maxDetail)
	if f.Title == "" || f.Detail == "" {
		return f, "nothing that the evidence bears out is left of it"
	}
	return f, ""
}

// targets are the services that an action may be aimed at.
func targets() []health.Service {
	return append([]health.Service{health.Cluster}, health.Services()...)
}

var scalesDown = regexp.MustCompile(`(?i)\bscal\w*\s+(?:\w+\s+){0,3}(?:down|in)\b|\b(?:fewer|reduce|remove|stop|drain|terminate)\s+(?:\w+\s+){0,3}workers?\b`)

func (c *checker) actions(drafts []DraftAction) []explain.Action {
	actions := []explain.Action{}
	for _, d := range drafts {
		a, why := c.action(d)
		switch {
		case why != "":
			c.dropped.Actions++
			c.complain("action %q: %s", sentence.Cut(d.Description, 60), why)
		case len(actions) < explain.MaxActions && !slices.ContainsFunc(actions, func(b explain.Action) bool { return a.Description == b.Description }):
			actions = append(actions, a)
		}
	}
	return actions
}

func (c *checker) action(d DraftAction) (explain.Action, string) {
	a := explain.Action{Type: explain.ActionType(d.Type), Target: health.Service(d.Target), Risk: explain.Risk(d.Risk), Gate: health.GateID(d.Gate),
		Confidence: c.CapConfidence(d.Confidence)}
	switch {
	case !slices.Contains(explain.ActionTypes(), a.Type):
		return a, "there is no such type of action"
	case !slices.Contains(targets(), a.Target):
		return a, "there is no such target"
	case !slices.Contains(explain.Risks(), a.Risk):
		return a, "there is no such risk"
	}
	if a.Gate != "" {
		if g, ok := c.Gate(a.Gate); !ok || g.Result != health.Fired {
			return a, "gate " + sentence.Cut(d.Gate, 40) + " did not fire"
		}
	} else if a.Type != explain.Investigate && a.Type != explain.Alert && !c.involved(a.Target) {
		// What changes something needs a reason in the evidence.
		return a, "nothing in the evidence asks for it"
	}
	if c.holds(health.NeverScaleDownAtZero) && scalesDown.MatchString(d.Description) && !exonerates.MatchString(d.Description) {
		return a, "a scaling rule warns against it"
	}
	a.Description, a.Reason = c.text(d.Description, maxDetail), c.text(d.Reason, maxDetail)
	if a.Description == "" || a.Reason == "" {
		return a, "nothing that the evidence bears out is left of it"
	}
	return a, ""
}

func (c *checker) holds(rule health.ScalingRule) bool {
	return slices.ContainsFunc(c.ScalingRules, func(w health.Warning) bool { return w.Rule == rule })
}

func (c *checker) watch(drafts []string) []string {
	watch := []string{}
	for _, d := range drafts {
		if text := c.text(d, maxSentence); text != "" && len(watch) < explain.MaxWatch {
			watch = append(watch, text)
		}
	}
	return watch
}
