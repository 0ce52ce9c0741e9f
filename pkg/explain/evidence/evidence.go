// Package evidence gathers what an explanation may speak of: a verdict's gates and signals with their numbers in words,
// what changed, what logs and documents say, and what is unknown.
package evidence

import (
	"math"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Evidence is all that an explanation may speak of. It is made by rules alone, holds nothing that
// needs to be kept secret, and goes through JSON unchanged. Every number in it is written once, as
// text with its unit; whoever needs the number in a sentence takes that text.
type Evidence struct {
	Cluster string       `json:"cluster"`
	At      time.Time    `json:"at"`
	State   health.State `json:"state"`
	Since   time.Time    `json:"since"`
	// Lasting is how long the state has lasted, in words: "4 minutes".
	Lasting string `json:"lasting"`
	// Stale: the last cycle knew too little for a verdict; State is the last one that was decided.
	Stale bool `json:"stale"`
	// Flapping: the state became worse several times of late, so an improvement has to hold longer.
	Flapping bool `json:"flapping,omitempty"`
	// Coverage is the share of deciding gates whose result is known, 0 to 1.
	Coverage   float64           `json:"coverage"`
	Bottleneck health.Bottleneck `json:"bottleneck"`
	Band       health.Band       `json:"band"`
	// Event is the change that is explained; nil when the explanation was asked for.
	Event *health.Event `json:"event"`
	// Gates are all gates: fired ones first, causes before their symptoms, then unknown, then passed.
	Gates []Gate `json:"gates"`
	// Cleared are gates that fired in the cycle before and pass now, causes before their symptoms.
	Cleared []health.GateID `json:"cleared,omitempty"`
	// Signals are the known signals in the order of the table of signals.
	Signals []Signal `json:"signals"`
	// Gaps are what is unknown and why: only signals that a gate reads.
	Gaps []Gap `json:"gaps,omitempty"`
	// Waiting is why a task queue still counts as waiting although its tasks are no longer reported; empty when none does.
	Waiting string `json:"waiting,omitempty"`
	// Services say which service is blocked, which is degraded, and which only shows the failure of another.
	Services []ServiceRole `json:"services"`
	// Queues are the worst task queues, worst first, at most five.
	Queues []Queue `json:"queues,omitempty"`
	// ScalingRules are the scaling rules that hold.
	ScalingRules []health.Warning `json:"scaling_rules,omitempty"`
	// Changes are deploys and membership changes now and in the cycles before.
	Changes []Change `json:"changes,omitempty"`
	// Patterns are the log patterns around the event, most frequent first.
	Patterns []LogPattern `json:"log_patterns,omitempty"`
	// LogsUnavailable says why there are no log patterns; empty when logs were read.
	LogsUnavailable string `json:"logs_unavailable,omitempty"`
	// Passages are what documents say about the situation.
	Passages []Passage `json:"passages,omitempty"`
	// Feedback is what editors said of earlier explanations with the same root cause, newest first, at most three.
	Feedback []string `json:"feedback,omitempty"`
}

// Gate is a gate's part of the evidence, with its numbers in words.
type Gate struct {
	ID       health.GateID   `json:"id"`
	Title    string          `json:"title"`
	Result   health.Result   `json:"result"`
	Severity health.State    `json:"severity"`
	Service  health.Service  `json:"service"`
	Side     health.Side     `json:"side"`
	Signal   health.SignalID `json:"signal"`
	// Value is empty when the signal is unknown.
	Value     string    `json:"value,omitempty"`
	Op        health.Op `json:"op"`
	Threshold string    `json:"threshold"`
	// Fires and Clears are the gate's two thresholds while it fires; empty where they are not known.
	Fires  string `json:"fires,omitempty"`
	Clears string `json:"clears,omitempty"`
	// ClearsIn is how long the value needs to come back to Clears at the pace of the last cycles, in words; empty where it
	// does not come back.
	ClearsIn string `json:"clears_in,omitempty"`
	Deciding bool   `json:"deciding"`
	// Overridden: the threshold comes from the cluster's config.
	Overridden bool   `json:"overridden,omitempty"`
	Note       string `json:"note,omitempty"`
	// Witness is what the value was read from, where that is not the first choice on this cluster.
	Witness string `json:"witness,omitempty"`
}

// Standing compares a signal with the threshold that is decisive for it.
type Standing string

// The standings. A signal without a gate or an amplifier threshold has none.
const (
	WellWithin Standing = "well within"
	Near       Standing = "near"
	// Beyond is above a ceiling or below a floor.
	Beyond Standing = "beyond"
	// AtRest: it would be beyond, but the gate does not apply: "no task waits".
	AtRest     Standing = "at rest"
	NoStanding Standing = "no threshold"
)

// Trend is where a signal went over the last cycles.
type Trend string

// The trends. Unknown is not steady: it takes four known values to tell.
const (
	Rising       Trend = "rising"
	Falling      Trend = "falling"
	Steady       Trend = "steady"
	UnknownTrend Trend = "unknown"
)

// Signal is a known signal in words.
type Signal struct {
	ID      health.SignalID `json:"id"`
	Title   string          `json:"title"`
	Class   health.Class    `json:"class"`
	Service health.Service  `json:"service"`
	// Amount is the number behind Value, in the unit of the table of signals.
	Amount   float64  `json:"amount"`
	Value    string   `json:"value"`
	Standing Standing `json:"standing"`
	Trend    Trend    `json:"trend"`
	// Remark says what must be known to read the value, such as that a dead database looks fast.
	Remark string `json:"remark,omitempty"`
	// Witness is what the value was read from, where that is not the first choice on this cluster.
	Witness string `json:"witness,omitempty"`
}

// Gap is a reason and the signals that are unknown for it.
type Gap struct {
	Reason  string            `json:"reason"`
	Signals []health.SignalID `json:"signals"`
}

// Role is what a service has to do with the state.
type Role string

// The roles, worst first.
const (
	Blocked       Role = "blocked"
	UnderPressure Role = "under pressure"
	// Artefact: its numbers are odd only because another service fails.
	Artefact    Role = "artefact"
	RoleUnknown Role = "unknown"
	Fine        Role = "fine"
)

// ServiceRole is the role of a service.
type ServiceRole struct {
	Service health.Service `json:"service"`
	Role    Role           `json:"role"`
	// Behind is the service that is the cause, when it is not the service itself.
	Behind health.Service `json:"behind,omitempty"`
	// Because are the fired gates that say so.
	Because []health.GateID `json:"because,omitempty"`
}

// Queue is a task queue in words; a number that is unknown is empty.
type Queue struct {
	Namespace string `json:"namespace"`
	Name      string `json:"task_queue"`
	Type      string `json:"type"`
	Oldest    string `json:"oldest,omitempty"`
	Backlog   string `json:"backlog,omitempty"`
	Inflow    string `json:"inflow,omitempty"`
	Pollers   string `json:"pollers,omitempty"`
	Slots     string `json:"slots,omitempty"`
	Starved   bool   `json:"starved"`
	// Slotless: it starves because its workers have no free slot.
	Slotless bool `json:"slotless,omitempty"`
	// UnservedVersion is a worker version that its tasks wait for and no worker runs.
	UnservedVersion string `json:"unserved_version,omitempty"`
}

// Change is a deploy or membership signal that was not zero.
type Change struct {
	Signal health.SignalID `json:"signal"`
	Title  string          `json:"title"`
	Value  string          `json:"value"`
	// When is "now" or how long before, in words: "2 minutes before".
	When string `json:"when"`
}

// Passage is a part of a document that was found for the situation.
type Passage struct {
	DocumentID string  `json:"document_id"`
	Title      string  `json:"title"`
	Section    string  `json:"section,omitempty"`
	Text       string  `json:"text"`
	Score      float64 `json:"score"`
	Method     string  `json:"method,omitempty"`
	Source     string  `json:"source,omitempty"`
}

// Gate finds a gate of the evidence.
func (e *Evidence) Gate(id health.GateID) (Gate, bool) {
	for _, g := range e.Gates {
		if g.ID == id {
			return g, true
		}
	}
	return Gate{}, false
}

// Signal finds a known signal of the evidence.
func (e *Evidence) Signal(id health.SignalID) (Signal, bool) {
	for _, s := range e.Signals {
		if s.ID == id {
			return s, true
		}
	}
	return Signal{}, false
}

// Fired are the gates that fired, causes before their symptoms.
func (e *Evidence) Fired() []Gate {
	var fired []Gate
	for _, g := range e.Gates {
		if g.Result == health.Fired {
			fired = append(fired, g)
		}
	}
	return fired
}

// Role is the role of a service; unknown for one that is not in the grid.
func (e *Evidence) Role(service health.Service) ServiceRole {
	for _, r := range e.Services {
		if r.Service == service {
			return r
		}
	}
	return ServiceRole{Service: service, Role: RoleUnknown}
}

// Over asks whether a signal is known and above a number, in the unit of the table of signals.
func (e *Evidence) Over(id health.SignalID, x float64) bool {
	s, ok := e.Signal(id)
	return ok && s.Amount > x
}

// AtMost asks whether a signal is known and not above a number.
func (e *Evidence) AtMost(id health.SignalID, x float64) bool {
	s, ok := e.Signal(id)
	return ok && s.Amount <= x
}

// Knows asks whether a signal is known.
func (e *Evidence) Knows(id health.SignalID) bool {
	_, ok := e.Signal(id)
	return ok
}

// Trend is where a signal goes; unknown when it is not known.
func (e *Evidence) Trend(id health.SignalID) Trend {
	if s, ok := e.Signal(id); ok {
		return s.Trend
	}
	return UnknownTrend
}

// CapConfidence bounds a confidence by how much of the cluster is known, in whole percent and never above it.
func (e *Evidence) CapConfidence(confidence float64) float64 {
	if math.IsNaN(confidence) {
		return 0
	}
	sure := max(0, min(confidence, e.Coverage, 1))
	if rounded := math.Round(100*sure) / 100; rounded <= e.Coverage {
		return rounded
	}
	return math.Floor(100*sure) / 100
}
