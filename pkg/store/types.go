package store

import (
	"encoding/json"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Cycle is what one cycle of a cluster hands to the store.
type Cycle struct {
	Verdict  health.Verdict
	Snapshot health.Snapshot
	// Memory is the state machine's memory after this cycle. It is stored as JSON and handed back by LoadMemory.
	Memory json.RawMessage
	// Interval is the time between two cycles of this cluster. What lies further apart than three of
	// them is a gap.
	Interval time.Duration
}

// Now is the last cycle of a cluster.
type Now struct {
	Cluster string
	// At is when the last cycle read its signals.
	At       time.Time
	Interval time.Duration
	// Seq is the number of the cluster's last event, 0 before the first.
	Seq      int64
	Verdict  health.Verdict
	Snapshot health.Snapshot
}

// Head is where a cluster's events, cycles and explanations have come to: what a live view polls.
type Head struct {
	Cluster string
	// Seq is the number of the cluster's last event, 0 before the first.
	Seq int64
	// At is when the last cycle read its signals.
	At time.Time
	// AssessedAt is when the last explanation was ready, zero before the first. It moves on with every explanation
	// that is stored, by a microsecond when one is stored after a younger one.
	AssessedAt time.Time
}

// Span is a run of cycles with the same state, staleness and bottleneck, without a gap between them.
type Span struct {
	Cluster    string
	State      health.State
	Stale      bool
	Bottleneck health.Bottleneck
	// Coverage is the lowest coverage of the run, 0 to 1.
	Coverage float64
	// From is the first cycle of the run and To the last.
	From, To time.Time
	// Interval is the longest time between two cycles that the run was written with.
	Interval time.Duration
}

// SeriesQuery asks for signals over time.
type SeriesQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	Signals  []health.SignalID
	// From and To bound the time of the cycles: From is included, To is not.
	From, To time.Time
	// Points is the most points that a series should have, as a panel is wide. 0 means 1,000.
	Points int
}

// Series is one signal of one cluster over time, oldest first.
type Series struct {
	Cluster string
	Signal  health.SignalID
	Points  []Point
}

// Point is the worst value of a signal in the bucket that begins at At, or the value of the cycle at At
// when there are few enough cycles to return them all.
type Point struct {
	At time.Time
	// Value is nil when the signal was unknown, or when there was no cycle.
	Value *float64
}

// EventQuery asks for events, newest first.
type EventQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the events: From is included, To is not. A zero time is no bound.
	From, To time.Time
	// Kinds to read. Empty means all.
	Kinds []health.EventKind
	// Brief reads only the gates that fired and the queues that starved, a tenth of the evidence.
	Brief bool
	// Limit is the most events to return. 0 means 100, more than 10,000 means 10,000.
	Limit int
}

// Event is a stored event with the evidence of the cycle that brought it.
type Event struct {
	Cluster string
	health.Event
	Coverage float64
	Gates    []health.GateResult
	Queues   []health.TaskQueue
	// Signals holds the known values.
	Signals map[health.SignalID]float64
}
