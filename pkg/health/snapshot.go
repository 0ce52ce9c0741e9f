package health

import (
	"math"
	"time"
)

// Snapshot is what one cycle could read of one cluster, at one evaluation time.
type Snapshot struct {
	Cluster string    `json:"cluster"`
	At      time.Time `json:"at"`
	// Signals holds the known values. A signal that is not in the map is unknown.
	Signals map[SignalID]float64 `json:"signals"`
	// Unknown says why a signal has no value.
	Unknown map[SignalID]string `json:"unknown,omitempty"`
	// Witness says what a signal was read from, where that is not the first choice on this cluster.
	Witness map[SignalID]string `json:"witness,omitempty"`
	// Few are unknown signals of which it is known that too little happened to measure them.
	Few map[SignalID]bool `json:"few,omitempty"`
	// Queues are the worst task queues by name, at most ten, worst first.
	Queues []TaskQueue `json:"queues,omitempty"`
}

// Blind is the snapshot of a cycle that could read nothing, with the reason for every signal.
func Blind(cluster string, at time.Time, reason string) Snapshot {
	unknown := make(map[SignalID]string, len(signals))
	for _, s := range signals {
		unknown[s.ID] = reason
	}
	return Snapshot{Cluster: cluster, At: at, Signals: map[SignalID]float64{}, Unknown: unknown}
}

// maxValue is beyond everything that a cluster can count, in any unit of the table.
const maxValue = 1e18

// Value returns a signal's value, and whether it is known. NaN, negative and impossibly large values
// are unknown: no signal in the table can have one, so they say that the reading went wrong.
func (s Snapshot) Value(id SignalID) (value float64, known bool) {
	v, ok := s.Signals[id]
	if !ok || math.IsNaN(v) || v < 0 || v > maxValue {
		return 0, false
	}
	return v, true
}

// TaskQueue is one task queue as the matching service sees it. A nil number is unknown.
type TaskQueue struct {
	Namespace string `json:"namespace"`
	Name      string `json:"task_queue"`
	// Type is "workflow" or "activity".
	Type string `json:"type"`
	// OldestAgeSec is the age of the oldest waiting task, in seconds.
	OldestAgeSec *float64 `json:"oldest_age_sec"`
	// Backlog is the number of waiting tasks, summed over the queue's partitions.
	Backlog *float64 `json:"backlog"`
	// InflowPerSec is the rate of tasks that found no poller and went to the backlog.
	InflowPerSec *float64 `json:"inflow_per_sec"`
	// DispatchedPerSec is the rate of tasks that pollers took.
	DispatchedPerSec *float64 `json:"dispatched_per_sec,omitempty"`
	// Pollers is the number of polls that are waiting for a task of this queue, or where the server does not
	// export it, of polls that ended within two minutes.
	Pollers *float64 `json:"pollers"`
	// SlotsAvailable is the number of free executor slots of the workers that poll this queue, from
	// SDK metrics.
	SlotsAvailable *float64 `json:"slots_available,omitempty"`
	// Starved: work waits or arrives and no worker takes it.
	Starved bool `json:"starved"`
	// Slotless: the queue starves because its workers have no free slot, not because there are none.
	Slotless bool `json:"slotless,omitempty"`
	// UnservedVersion is a worker version that tasks wait for and no worker polls for, while others are polled.
	UnservedVersion string `json:"unserved_version,omitempty"`
}

// LogCount is how often a log pattern was found in the lines of a service, in a stretch of time. It explains
// a verdict and never decides one.
type LogCount struct {
	// At is the beginning of the stretch, in the time of the lines.
	At time.Time `json:"at"`
	// Pattern is the pattern's id, Meaning what it stands for in one line.
	Pattern string `json:"pattern"`
	Meaning string `json:"meaning,omitempty"`
	// Service is what the lines' label calls the service: frontend, history, matching, worker, or a name of
	// the operator's own.
	Service string `json:"service"`
	// Count is the number of lines. AtLeast: more lines were there than could be read.
	Count   int  `json:"count"`
	AtLeast bool `json:"at_least,omitempty"`
	// Sample is one of the lines, redacted and cut.
	Sample string `json:"sample,omitempty"`
}
