// Package workflows holds what must survive a crash of the worker: one observation loop per cluster,
// and the schedule that keeps the store small.
//
// Workflows decide with pkg/health and do no I/O; activities read and write. Every workflow, update and
// activity takes one struct and returns one.
package workflows

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Names by which workflows, updates, queries and activities are known outside of this package.
const (
	// UpdateObserveNow runs a cycle at once and returns its verdict.
	UpdateObserveNow = "observe_now"
	// UpdateConfigure takes over a changed configuration of a running cluster.
	UpdateConfigure = "configure"
	// QueryMemory returns what a cluster's workflow remembers.
	QueryMemory = "memory"

	ActivityReadSignals = "ReadSignals"
	ActivityStoreCycles = "StoreCycles"
	ActivityLoadMemory  = "LoadMemory"
	ActivityPrune       = "Prune"
)

// ErrNotConfigured is the type of the error with which ReadSignals says that a cluster is no longer in
// the configuration. Its workflow then ends.
const ErrNotConfigured = "ClusterNotConfigured"

// ErrOutOfStep is the type of the error with which StoreCycles says that the numbers of the events do not
// follow what the store holds: it was lost, or restored from a backup. The workflow then begins again
// behind the store's last event.
const ErrOutOfStep = "EventsOutOfStep"

// ObserveID is the workflow id of a cluster's observation: one cluster, one workflow.
func ObserveID(cluster string) string { return "copilot-observe/" + cluster }

// Settings is what the configuration says about the observation of a cluster. It holds no address and
// no secret: those stay in the worker's process.
type Settings struct {
	// Interval between two cycles.
	Interval   time.Duration     `json:"interval"`
	Thresholds health.Thresholds `json:"thresholds"`
	// Assess: events are explained. Runs that an earlier release began do so from when the worker hands them
	// its settings, so that their histories replay.
	Assess bool `json:"assess,omitempty"`
	// LogsEvery is the time between two readings of the cluster's logs, 0 when nobody reads them.
	LogsEvery time.Duration `json:"logs_every,omitempty"`
}

// minInterval is the shortest interval that Prometheus can say something new about.
const minInterval = time.Second

// completed are the settings with what an earlier release did not know: its runs and its updates say nothing about
// recovery.
func (s Settings) completed() Settings {
	if s.Thresholds.RecoveryCycles == 0 {
		s.Thresholds.RecoveryCycles = health.DefaultThresholds().RecoveryCycles
	}
	return s
}

func (s Settings) validate() error {
	if s.Interval < minInterval {
		return fmt.Errorf("interval %s: a cycle takes at least %s", s.Interval, minInterval)
	}
	return s.Thresholds.Validate()
}

// ObserveInput starts an observation, or carries it over to the next run.
type ObserveInput struct {
	Cluster  string   `json:"cluster"`
	Settings Settings `json:"settings"`

	// Memory is the state machine's, empty in the first run.
	Memory health.Memory `json:"memory"`
	// Attached: the memory continues what the store holds, so that event numbers do.
	Attached bool `json:"attached"`
	// Waiting are cycles that the store has not taken yet, oldest first, as compressed JSON.
	Waiting []byte `json:"waiting,omitempty"`
	// Dropped counts cycles without an event that had to be given up during a very long outage of the store.
	Dropped int `json:"dropped,omitempty"`
	// LogRate is what the logs said last, nil before they were read.
	LogRate *LogRate `json:"log_rate,omitempty"`
	// Recovering are the gates that fired before an improvement that has yet to hold.
	Recovering []health.GateID `json:"recovering,omitempty"`
	// Cause is the root cause that was explained, and one that may take its place.
	Cause Causes `json:"cause,omitzero"`
}

// Cycle is one observation as it goes to the store.
type Cycle struct {
	Verdict  health.Verdict  `json:"verdict"`
	Snapshot health.Snapshot `json:"snapshot"`
	// Memory is the state machine's memory after the cycle.
	Memory   health.Memory `json:"memory"`
	Interval time.Duration `json:"interval"`
	// Firing are the gates that fired before the cycle, or before the improvement that it confirms, where it has an
	// event: its explanation says what cleared.
	Firing []health.GateID `json:"firing,omitempty"`
}

// ObserveNowInput asks for a cycle at once.
type ObserveNowInput struct{}

// ObserveNowOutput is the verdict of that cycle.
type ObserveNowOutput struct {
	Verdict health.Verdict `json:"verdict"`
}

// ConfigureOutput says whether anything changed.
type ConfigureOutput struct {
	Changed bool `json:"changed"`
}

// MemoryOutput answers the query for a cluster's memory.
type MemoryOutput struct {
	Cluster  string          `json:"cluster"`
	Settings Settings        `json:"settings"`
	Memory   health.Memory   `json:"memory"`
	Last     *health.Verdict `json:"last"`
	// Waiting and Dropped count the cycles that the store has not taken, and those that it never will.
	Waiting  int  `json:"waiting"`
	Dropped  int  `json:"dropped"`
	Attached bool `json:"attached"`
	// StoreError is why the last attempt to store failed, empty when it went well.
	StoreError string `json:"store_error,omitempty"`
}

// ReadSignalsInput asks for all signals of a cluster at one time.
type ReadSignalsInput struct {
	Cluster string    `json:"cluster"`
	At      time.Time `json:"at"`
	// Keep are task queues that waited when they were last seen: the snapshot says how they are now.
	Keep []health.QueueKey `json:"keep,omitempty"`
}

// ReadSignalsOutput is what could be read; what could not is unknown in it, with a reason.
type ReadSignalsOutput struct {
	Snapshot health.Snapshot `json:"snapshot"`
}

// StoreCyclesInput holds cycles of one cluster, oldest first.
type StoreCyclesInput struct {
	Cycles []Cycle `json:"cycles"`
}

// StoreCyclesOutput is empty: the store has them all.
type StoreCyclesOutput struct{}

// LoadMemoryInput asks what the store remembers of a cluster.
type LoadMemoryInput struct {
	Cluster string `json:"cluster"`
}

// LoadMemoryOutput is the stored memory; Found is false for a cluster that the store has never seen.
type LoadMemoryOutput struct {
	Memory json.RawMessage `json:"memory,omitempty"`
	Found  bool            `json:"found"`
}

// PruneInput says how much history stays.
type PruneInput struct {
	Retention time.Duration `json:"retention"`
}

// PruneOutput counts what went.
type PruneOutput struct {
	Rows int64 `json:"rows"`
}
