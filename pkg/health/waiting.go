package health

import (
	"fmt"
	"maps"
	"time"
)

// QueueKey names a task queue of one type.
type QueueKey struct {
	Namespace string `json:"namespace"`
	Name      string `json:"task_queue"`
	// Type is "workflow" or "activity".
	Type string `json:"type"`
}

// Key names the queue.
func (q TaskQueue) Key() QueueKey { return QueueKey{q.Namespace, q.Name, q.Type} }

// WaitingQueue is a task queue that starved. It waits until there is evidence that its tasks were dispatched: a
// gauge that falls to 0 is none, since matching unloads an idle queue after five minutes and leaves its tasks in the
// database.
type WaitingQueue struct {
	QueueKey
	// Since is when the queue was first seen starving, Seen when it was last.
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"`
	// Backlog is the largest number of waiting tasks that was seen; 0 when it was never known.
	Backlog float64 `json:"backlog,omitempty"`
	// Slotless: the workers had no free slot.
	Slotless bool `json:"slotless,omitempty"`
}

const (
	// waitingAtMost is how many queues are remembered.
	waitingAtMost = 20
	// waitingFor is when a queue that was neither seen starving nor polled again is given up: workflows may have been
	// terminated, or their tasks expired, without a trace in any metric.
	waitingFor = 24 * time.Hour
)

// WaitingKeys are the queues that the next snapshot must include, however well they are.
func (m Memory) WaitingKeys() []QueueKey {
	keys := make([]QueueKey, len(m.Waiting))
	for i, w := range m.Waiting {
		keys[i] = w.QueueKey
	}
	return keys
}

// followWaiting updates the waiting queues by a snapshot. Held are those that no longer show their tasks without
// evidence that they were dispatched.
func followWaiting(waiting []WaitingQueue, s Snapshot) (next, held []WaitingQueue) {
	now := map[QueueKey]TaskQueue{}
	for _, q := range s.Queues {
		now[q.Key()] = q
	}
	for _, w := range waiting {
		q, seen := now[w.QueueKey]
		switch {
		case seen && q.Starved:
			w.Seen, w.Slotless = s.At, q.Slotless
			w.Backlog = max(w.Backlog, valueOf(q.Backlog))
			next = append(next, w)
		case seen && (valueOf(q.Pollers) > 0 || valueOf(q.DispatchedPerSec) > 0), s.At.Sub(w.Seen) > waitingFor:
		default:
			next, held = append(next, w), append(held, w)
		}
		delete(now, w.QueueKey)
	}
	for _, q := range s.Queues {
		if _, fresh := now[q.Key()]; fresh && q.Starved && len(next) < waitingAtMost {
			next = append(next, WaitingQueue{q.Key(), s.At, s.At, valueOf(q.Backlog), q.Slotless})
		}
	}
	return next, held
}

// aged is the snapshot with the age of the oldest task in a starved queue, where that queue has been seen starving for
// longer than its gauge says: server 1.29 keeps the age at 0 until a task is dispatched.
func (s Snapshot) aged(waiting []WaitingQueue) Snapshot {
	var longest time.Duration
	for _, w := range waiting {
		if w.Seen.Equal(s.At) {
			longest = max(longest, s.At.Sub(w.Since))
		}
	}
	if age, known := s.Value(StarvedOldestAge); longest == 0 || known && age >= longest.Seconds() {
		return s
	}
	s.Signals, s.Unknown, s.Witness = maps.Clone(s.Signals), maps.Clone(s.Unknown), maps.Clone(s.Witness)
	if s.Signals == nil {
		s.Signals = map[SignalID]float64{}
	}
	if s.Witness == nil {
		s.Witness = map[SignalID]string{}
	}
	s.Signals[StarvedOldestAge] = longest.Seconds()
	s.Witness[StarvedOldestAge] = "how long the queue has been seen starving"
	delete(s.Unknown, StarvedOldestAge)
	return s
}

// withholding is the snapshot without the zeros that held queues belie.
func (s Snapshot) withholding(held []WaitingQueue) Snapshot {
	if len(held) == 0 {
		return s
	}
	signals, unknown := maps.Clone(s.Signals), maps.Clone(s.Unknown)
	if unknown == nil {
		unknown = map[SignalID]string{}
	}
	for _, w := range held {
		reason := fmt.Sprintf("the tasks that waited in %s queue %q are no longer reported and none was dispatched: matching unloads an idle queue and leaves its tasks in the database", w.Type, w.Name)
		ids := []SignalID{StarvedQueues, StarvedOldestAge, BacklogGrowth}
		switch {
		case w.Type == "activity":
			ids = append(ids, ActivityBacklogAge)
		default:
			ids = append(ids, WorkflowBacklogAge)
		}
		if w.Slotless {
			ids = append(ids, SlotlessQueues)
		}
		for _, id := range ids {
			if v, known := signals[id]; known && v <= 0 || id == BacklogGrowth {
				delete(signals, id)
				unknown[id] = reason
			}
		}
	}
	s.Signals, s.Unknown = signals, unknown
	return s
}

func valueOf(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
