package health

import (
	"slices"
	"time"
)

// Memory is all that must survive from one cycle to the next, and a restart. Its zero value is a
// cluster that was never seen. It goes through JSON unchanged.
type Memory struct {
	State State     `json:"state"`
	Since time.Time `json:"since"`
	Stale bool      `json:"stale"`
	// CriticalCycles counts the critical cycles in a row.
	CriticalCycles int `json:"critical_cycles"`
	// Firing are the gates that fired when they were last known, sorted.
	Firing     []GateID   `json:"firing,omitempty"`
	Bottleneck Bottleneck `json:"bottleneck"`
	// BetterCycles counts the cycles in a row that argue for a better state than State; Better is the worst
	// state among them.
	BetterCycles int   `json:"better_cycles,omitempty"`
	Better       State `json:"better,omitempty"`
	// Unseen counts the cycles in a row in which a happy cluster could not be seen well enough to be called happy.
	Unseen int `json:"unseen,omitempty"`
	// Turns are the times of the latest turns for the worse, oldest first, by which flapping is noticed.
	Turns []time.Time `json:"turns,omitempty"`
	// Waiting are task queues that starved and have not shown since that their tasks were dispatched.
	Waiting []WaitingQueue `json:"waiting,omitempty"`
	// Candidate is a bottleneck that was seen once and waits for a second cycle.
	Candidate Bottleneck `json:"candidate,omitempty"`
	Baseline  Baseline   `json:"baseline"`
	Band      Band       `json:"band"`
	// Seq is the number of the last event.
	Seq int64 `json:"seq"`
}

// Baseline is what a cluster normally does, learned in happy cycles only, so that a collapse does not
// teach it that little is normal.
type Baseline struct {
	TransitionsPerSec float64 `json:"transitions_per_sec"`
	StartsPerSec      float64 `json:"starts_per_sec"`
	ClosedPerSec      float64 `json:"closed_per_sec,omitempty"`
	// Cycles is how many cycles it has learned from.
	Cycles int `json:"cycles"`
}

const (
	// A rise counts within ten minutes of 30-second cycles, a decline within a day: the quiet night
	// does not make the morning's load a surprise.
	baselineRise    = 1.0 / 20
	baselineDecline = 1.0 / 2880

	// The bands' edges in transitions per second, crossed with a tenth of margin.
	midFrom    = 50
	highFrom   = 500
	bandMargin = 0.1
)

// learn takes a happy cycle into the baseline.
func (b Baseline) learn(s Snapshot) Baseline {
	transitions, ok := s.Value(TransitionRate)
	if !ok {
		return b
	}
	starts, ok := s.Value(WorkflowStarts)
	if !ok {
		starts = b.StartsPerSec
	}
	if closed, ok := s.Value(ClosedRate); ok {
		b.ClosedPerSec = approach(b.ClosedPerSec, closed)
	}
	b.TransitionsPerSec = approach(b.TransitionsPerSec, transitions)
	b.StartsPerSec = approach(b.StartsPerSec, starts)
	b.Cycles++
	return b
}

func approach(from, to float64) float64 {
	if to > from {
		return from + (to-from)*baselineRise
	}
	return from + (to-from)*baselineDecline
}

// bandFor moves a band along with the baseline.
func bandFor(current Band, transitionsPerSec float64) Band {
	up, down := 1+bandMargin, 1-bandMargin
	switch current {
	case High:
		if transitionsPerSec >= highFrom*down {
			return High
		}
	case Mid:
		if transitionsPerSec >= midFrom*down && transitionsPerSec <= highFrom*up {
			return Mid
		}
	default:
		if transitionsPerSec <= midFrom*up {
			return Starter
		}
	}
	switch {
	case transitionsPerSec > highFrom:
		return High
	case transitionsPerSec > midFrom:
		return Mid
	default:
		return Starter
	}
}

// Bands lists the scale bands, smallest first.
func Bands() []Band { return []Band{Starter, Mid, High} }

func (m Memory) firing(id GateID) bool {
	_, found := slices.BinarySearch(m.Firing, id)
	return found
}
