package explain

import (
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Explanation says why a cluster is in its state. It goes through JSON unchanged.
type Explanation struct {
	Cluster string       `json:"cluster"`
	At      time.Time    `json:"at"`
	State   health.State `json:"state"`
	Stale   bool         `json:"stale"`
	// EventSeq is the number of the event that is explained; 0 when it was asked for without one.
	EventSeq int64 `json:"event_seq,omitempty"`
	// Cause names the root cause by the mildest gate over its signal, so that a cause which gets worse stays the same; empty
	// where no gate leads. Code sets it, also where a model explains.
	Cause health.GateID `json:"cause,omitempty"`
	// Summary is three sentences: what happened, why, what to do first.
	Summary string `json:"summary"`
	// Factors are what contributed, the most important first.
	Factors []Factor `json:"factors"`
	// Actions are what to do, the best first.
	Actions []Action `json:"actions"`
	Issues  []Issue  `json:"issues"`
	// Watch are what shows whether it gets better, in sentences.
	Watch    []string `json:"watch"`
	Sections Sections `json:"sections"`
	// RuledOut are the likely causes that were considered and are not the cause, or can't be ruled out. Code sets it, also
	// where a model explains.
	RuledOut []RuledOut `json:"ruled_out,omitempty"`
	// Made is "rules", or the id of the model that wrote it.
	Made string `json:"made"`
	// Instead says why the rules wrote it although a model was asked for; empty when none was.
	Instead string `json:"instead,omitempty"`
	// Depth is how much explaining was asked for.
	Depth Depth `json:"depth"`
	// Confidence is 0 to 1 and never above the verdict's coverage.
	Confidence  float64 `json:"confidence"`
	Fingerprint string  `json:"fingerprint"`
	// Dropped counts what a model said and the evidence does not bear out.
	Dropped Dropped `json:"dropped,omitzero"`
}

// Made by the rules, not by a model.
const MadeByRules = "rules"

// The most that an explanation holds of each.
const (
	MaxFactors = 6
	MaxActions = 6
	MaxWatch   = 4
)

// Factor is something that contributed. It points at a gate, a log pattern or a document.
type Factor struct {
	Title  string          `json:"title"`
	Detail string          `json:"detail"`
	Gate   health.GateID   `json:"gate,omitempty"`
	Signal health.SignalID `json:"signal,omitempty"`
	// Value is the signal's value with its unit, from the evidence.
	Value string `json:"value,omitempty"`
	// Pattern is the log pattern, Document the document that the factor points at.
	Pattern  string `json:"log_pattern,omitempty"`
	Document string `json:"document,omitempty"`
}

// RuledOut is a cause that was considered.
type RuledOut struct {
	// Cause names it, in the middle of a sentence.
	Cause string `json:"cause"`
	// Against is the evidence against it, or what is missing to tell.
	Against string `json:"against"`
	// Open: it can't be ruled out, because what would tell is unknown. Check then says how to find out.
	Open  bool   `json:"open,omitempty"`
	Check string `json:"check,omitempty"`
}

// ActionType says what kind of thing to do.
type ActionType string

// The types of actions.
const (
	Scale       ActionType = "scale"
	Restart     ActionType = "restart"
	Configure   ActionType = "configure"
	Alert       ActionType = "alert"
	Investigate ActionType = "investigate"
)

// ActionTypes lists the types of actions.
func ActionTypes() []ActionType { return []ActionType{Scale, Restart, Configure, Alert, Investigate} }

// Risk is what an action may break.
type Risk string

// The risks: low changes nothing or can be undone at once, medium moves or delays work, high may lose work.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// Risks lists the risks, smallest first.
func Risks() []Risk { return []Risk{RiskLow, RiskMedium, RiskHigh} }

// Action is a suggestion to a person. Nothing executes it.
type Action struct {
	Type   ActionType     `json:"action_type"`
	Target health.Service `json:"target_service"`
	// Description says what to do, Reason why.
	Description string `json:"description"`
	Reason      string `json:"reason"`
	// Confidence is 0 to 1 and never above the verdict's coverage.
	Confidence float64           `json:"confidence"`
	Risk       Risk              `json:"risk_level"`
	Parameters map[string]string `json:"parameters,omitempty"`
	// Gate is the fired gate that the action answers; empty for advice that no gate asked for.
	Gate health.GateID `json:"gate,omitempty"`
}

// Severity of an issue.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Issue is a problem with an identity: as long as its rule fires for its service it is the same issue.
type Issue struct {
	// ID is rule@service. The rule is the mildest gate over the same signal, so that an issue that gets
	// worse stays the same issue.
	ID               string            `json:"id"`
	Severity         Severity          `json:"severity"`
	Service          health.Service    `json:"service"`
	Gate             health.GateID     `json:"gate"`
	Title            string            `json:"title"`
	Description      string            `json:"description"`
	LikelyCause      string            `json:"likely_cause"`
	RelatedSignals   []health.SignalID `json:"related_signals"`
	RelatedLogs      []string          `json:"related_logs,omitempty"`
	SuggestedActions []Action          `json:"suggested_actions"`
}

// Sections tell the story at length.
type Sections struct {
	// Setting: which cluster, what was normal, what changed just before.
	Setting string `json:"setting"`
	// Inciting is the signal that set it off.
	Inciting string `json:"inciting_signal"`
	// Reactions say how each service takes it.
	Reactions []Reaction `json:"reactions"`
	// Standing is the state, what limits progress, and what is not visible.
	Standing string `json:"standing"`
	// ToDo and Next are what to do and what to watch.
	ToDo string `json:"what_to_do"`
	Next string `json:"what_to_watch"`
}

// Reaction is how a service takes it.
type Reaction struct {
	Service health.Service `json:"service"`
	Role    evidence.Role  `json:"role"`
	Text    string         `json:"text"`
}

// Dropped counts parts of a model's draft that were left out.
type Dropped struct {
	// Factors and Actions named what the evidence does not contain, or blamed a gate that passed.
	Factors int `json:"factors,omitempty"`
	Actions int `json:"actions,omitempty"`
	// Sentences held a number, a name or a claim that is not in the evidence.
	Sentences int `json:"sentences,omitempty"`
}

// Any tells whether anything was dropped.
func (d Dropped) Any() bool { return d != Dropped{} }

// Depth is how much explaining a situation needs.
type Depth string

// The depths.
const (
	// None: the state speaks for itself.
	None Depth = "none"
	// Quick: the small model, a few sentences.
	Quick Depth = "quick"
	// Deep: the large model, with everything there is.
	Deep Depth = "deep"
)
