package health

import (
	"slices"
	"time"
)

// Op is the comparison of a gate.
type Op string

// A gate fires above or below its threshold, never at it.
const (
	Above Op = ">"
	Below Op = "<"
)

// Result is what came of a gate.
type Result string

// A gate fires, passes, or is unknown because a signal that it needs is.
const (
	Fired       Result = "fired"
	Passed      Result = "passed"
	NotKnowable Result = "unknown"
)

// Side says whose trouble a fired gate is.
type Side string

// The sides. The first three name a culprit; the others tell what is wrong without saying whose
// fault it is, and leave that to the first three.
const (
	// SideServer: frontend, history, matching or the database.
	SideServer Side = "server"
	// SideWorker: workers are gone, or have no slot left.
	SideWorker Side = "worker"
	// SideApplication: workflows fail on a sound cluster.
	SideApplication Side = "application"
	// SideWaiting: tasks wait for a worker. Workers are to blame unless a server gate fires as well.
	SideWaiting Side = "waiting"
	// SideProgress: work that is demanded does not advance.
	SideProgress Side = "progress"
	// SideEarly: an early sign that is nobody's fault yet.
	SideEarly Side = "early"
	// SideTelemetry: the cluster can't be seen well enough.
	SideTelemetry Side = "telemetry"
)

// GateID names a gate, in config and in evidence.
type GateID string

// GateResult is one gate's part of a verdict's evidence.
type GateResult struct {
	ID     GateID   `json:"id"`
	Signal SignalID `json:"signal"`
	// Value is nil when the signal is unknown.
	Value *float64 `json:"value"`
	Op    Op       `json:"op"`
	// Threshold is the number that the value was compared with in this cycle: the profile's, an
	// override, or the recovery threshold while the gate was already firing.
	Threshold float64 `json:"threshold"`
	// Bounds are set while the gate fires; nil in rows of earlier versions.
	Bounds *Bounds `json:"bounds,omitempty"`
	Result Result  `json:"result"`
	// Severity is the state that the gate argues for when it fires.
	Severity State   `json:"severity"`
	Service  Service `json:"service"`
	Side     Side    `json:"side"`
	// Deciding is false for gates that only classify the bottleneck.
	Deciding bool `json:"deciding"`
	// Overridden: the threshold comes from the cluster's config.
	Overridden bool `json:"overridden,omitempty"`
	// Witness is what the value was read from, where that is not the first choice on this cluster.
	Witness string `json:"witness,omitempty"`
	// Note says in words why the gate does not apply, is unknown, or which task queue it is about.
	Note string `json:"note,omitempty"`
}

// Bounds are the two thresholds of a gate in a cycle, in the signal's unit: beyond Fires it starts to fire, and it stops when
// the value has come back to Clears. They differ so that a value that dances around a threshold does not make the state
// dance.
type Bounds struct {
	Fires  float64 `json:"fires"`
	Clears float64 `json:"clears"`
}

// ScalingRule names one of the scaling rules.
type ScalingRule string

// The scaling rules (Tihomir Surdilovic, "Temporal Workers", 2024).
const (
	NeverScaleDownAtZero   ScalingRule = "never_scale_down_at_zero"
	StickyQueueWarning     ScalingRule = "sticky_queue_warning"
	RestartToRedistribute  ScalingRule = "restart_to_redistribute"
	PollerExecutorMismatch ScalingRule = "poller_executor_mismatch"
)

// Warning is a scaling rule that holds now.
type Warning struct {
	Rule ScalingRule `json:"rule"`
	Text string      `json:"text"`
}

// Verdict is the result of one cycle.
type Verdict struct {
	Cluster string    `json:"cluster"`
	At      time.Time `json:"at"`
	State   State     `json:"state"`
	// Since is when the state began.
	Since time.Time `json:"since"`
	// Stale: this cycle knew too little for a verdict; State is the last one that was decided.
	Stale bool `json:"stale"`
	// Flapping: the state turned worse several times of late, so an improvement has to hold longer.
	Flapping bool `json:"flapping,omitempty"`
	// Coverage is the share of deciding gates whose result is known, 0 to 1: the verdict's confidence.
	Coverage   float64      `json:"coverage"`
	Bottleneck Bottleneck   `json:"bottleneck"`
	Band       Band         `json:"band"`
	Gates      []GateResult `json:"gates"`
	Warnings   []Warning    `json:"warnings,omitempty"`
	// Event is set when this cycle changed the state, the staleness or the bottleneck.
	Event *Event `json:"event"`
}

// Fires reports whether any gate fires.
func (v Verdict) Fires() bool {
	return slices.ContainsFunc(v.Gates, func(g GateResult) bool { return g.Result == Fired })
}

// Band is a scale band: which profile of thresholds applies.
type Band string

// The bands, by baseline state transitions per second.
const (
	Starter Band = "starter"
	Mid     Band = "mid"
	High    Band = "high"
)

// EventKind says what changed. When several things change in one cycle there is one event, named
// for the first of them in this order.
type EventKind string

// The kinds of events.
const (
	StateChanged      EventKind = "state"
	StalenessChanged  EventKind = "staleness"
	BottleneckChanged EventKind = "bottleneck"
)

// Event is a change worth telling. Events of a cluster are numbered from 1 without gaps.
type Event struct {
	Seq            int64      `json:"seq"`
	Kind           EventKind  `json:"kind"`
	At             time.Time  `json:"at"`
	From           State      `json:"from"`
	To             State      `json:"to"`
	Stale          bool       `json:"stale"`
	FromBottleneck Bottleneck `json:"from_bottleneck"`
	Bottleneck     Bottleneck `json:"bottleneck"`
}

// ServiceStatus is what the gates say about one service.
type ServiceStatus struct {
	Service Service `json:"service"`
	// State is the worst severity among the service's fired gates; Happy when its known gates passed;
	// Unknown when nothing about the service is known.
	State State `json:"state"`
	// Gates are the service's gates, fired ones first.
	Gates []GateResult `json:"gates"`
}

// ServiceStatuses groups a verdict's gates by service. It has no threshold of its own.
func ServiceStatuses(v Verdict) []ServiceStatus {
	statuses := make([]ServiceStatus, 0, len(Services()))
	for _, service := range Services() {
		status := ServiceStatus{Service: service}
		for _, g := range v.Gates {
			if g.Service != service {
				continue
			}
			status.Gates = append(status.Gates, g)
			switch g.Result {
			case Fired:
				status.State = max(status.State, g.Severity)
			case Passed:
				// A gate that rests for want of demand knows nothing about the service.
				if g.Value != nil {
					status.State = max(status.State, Happy)
				}
			}
		}
		slices.SortStableFunc(status.Gates, func(a, b GateResult) int { return Urgency(a.Result, a.Severity) - Urgency(b.Result, b.Severity) })
		statuses = append(statuses, status)
	}
	return statuses
}

// Urgency sorts results of gates: fired ones first, worst first, then unknown, then passed ones.
func Urgency(result Result, severity State) int {
	switch result {
	case Fired:
		return int(Critical - severity)
	case NotKnowable:
		return 10
	default:
		return 20
	}
}
