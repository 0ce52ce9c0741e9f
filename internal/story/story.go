// Package story fills a store for tests with the history of three clusters, and asks about it.
package story

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// The story that the tests tell: "prod" was healthy, lost its workers at minute 5 and is critical;
// "lab" runs, but too little of it is known; "old" was happy until its worker stopped, half an hour ago.
var (
	Begins = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	Ends   = Begins.Add(10 * time.Minute)
	// Now is a moment after the last cycle.
	Now = Ends.Add(5 * time.Second)
)

// Interval is the time between two cycles.
const Interval = 30 * time.Second

// Chapter is a stretch of cycles of a cluster that read alike.
type Chapter struct {
	cycles     int
	State      health.State
	stale      bool
	Bottleneck health.Bottleneck
	Coverage   float64
	Gates      []health.GateResult
	Signals    map[health.SignalID]float64
	Queues     []health.TaskQueue
	Warnings   []health.Warning
}

// Gate is the result of a gate at its usual threshold.
func Gate(id health.GateID, value *float64, result health.Result) health.GateResult {
	g, ok := health.LookupGate(id)
	if !ok {
		panic("no gate " + id)
	}
	return health.GateResult{
		ID: id, Signal: g.Signal, Value: value, Op: g.Op, Threshold: g.Threshold.For(health.Starter), Result: result,
		Severity: g.Severity, Service: g.Service, Side: g.Side, Deciding: g.Deciding,
	}
}

// Healthy are cycles of a cluster without a fault.
func Healthy(cycles int) Chapter {
	return Chapter{
		cycles: cycles, State: health.Happy, Bottleneck: health.BottleneckHealthy, Coverage: 1,
		Gates: []health.GateResult{
			Gate("history_backlog_critical", new(0.1), health.Passed),
			Gate("persistence_slow", new(12.0), health.Passed),
			Gate("queues_starved", new(0.0), health.Passed),
		},
		Signals: map[health.SignalID]float64{
			health.TransitionRate: 160, health.HistoryBacklogAge: 0.1, health.PersistenceP99: 12, health.FrontendP99: 60,
			health.StarvedQueues: 0, health.PoolUtilization: 25, health.WorkflowSlots: 199, health.ActivitySlots: 199,
		},
	}
}

// WithoutWorkers are cycles of a cluster that has lost its workers.
func WithoutWorkers(cycles int) Chapter {
	c := Healthy(cycles)
	c.State, c.Bottleneck, c.Coverage = health.Critical, health.WorkerLimited, 0.75
	c.Gates = []health.GateResult{
		Gate("history_backlog_critical", new(0.06), health.Passed),
		Gate("persistence_slow", nil, health.NotKnowable),
		Gate("queues_starved", new(2.0), health.Fired),
		Gate("starved_too_long", new(155.0), health.Fired),
	}
	c.Gates[1].Note = "the query returned nothing"
	c.Gates[2].Note = "worst: workflow queue orders in namespace shop"
	c.Signals = map[health.SignalID]float64{
		health.TransitionRate: 5, health.HistoryBacklogAge: 0.06, health.StarvedQueues: 2, health.StarvedOldestAge: 155,
		health.LogPatternRate: 24,
	}
	c.Queues = []health.TaskQueue{
		{Namespace: "shop", Name: "orders", Type: "workflow", OldestAgeSec: new(155.0), Backlog: new(985.0), InflowPerSec: new(5.0), Pollers: new(0.0), Starved: true},
		{Namespace: "shop", Name: "mail", Type: "activity", Backlog: new(0.0), Pollers: new(20.0)},
	}
	c.Warnings = []health.Warning{{Rule: health.NeverScaleDownAtZero, Text: "No task slot is free. Do not scale workers down: that makes the backlog worse."}}
	return c
}

func unknown(cycles int) Chapter {
	return Chapter{
		cycles: cycles, State: health.Happy, stale: true, Bottleneck: health.BottleneckHealthy, Coverage: 0.1,
		Gates: []health.GateResult{Gate("history_backlog_critical", nil, health.NotKnowable)},
	}
}

// Tell stores chapters of a cluster, one cycle every 30 seconds from a time on.
func Tell(t testing.TB, s *store.Store, cluster string, from time.Time, chapters ...Chapter) {
	t.Helper()
	var (
		cycles []store.Cycle
		seq    int64
		since  time.Time
		before = Chapter{State: health.Unknown, Bottleneck: health.BottleneckUnknown}
	)
	at := from
	for _, c := range chapters {
		for i := range c.cycles {
			v := health.Verdict{
				Cluster: cluster, At: at, State: c.State, Stale: c.stale, Coverage: c.Coverage, Bottleneck: c.Bottleneck,
				Band: health.Starter, Gates: c.Gates, Warnings: c.Warnings,
			}
			if i == 0 {
				if c.State != before.State {
					since = at
				}
				seq++
				v.Event = &health.Event{
					Seq: seq, Kind: kindOf(before, c), At: at, From: before.State, To: c.State, Stale: c.stale,
					FromBottleneck: before.Bottleneck, Bottleneck: c.Bottleneck,
				}
			}
			v.Since = since
			cycles = append(cycles, store.Cycle{
				Verdict: v, Interval: Interval, Memory: []byte(`{}`),
				Snapshot: health.Snapshot{Cluster: cluster, At: at, Signals: c.Signals, Queues: c.Queues},
			})
			before = c
			at = at.Add(Interval)
		}
	}
	require.NoError(t, s.SaveCycles(t.Context(), cycles))
}

func kindOf(before, after Chapter) health.EventKind {
	switch {
	case before.State != after.State:
		return health.StateChanged
	case before.stale != after.stale:
		return health.StalenessChanged
	default:
		return health.BottleneckChanged
	}
}

// TellAll stores the whole story.
func TellAll(t testing.TB, s *store.Store) {
	t.Helper()
	stressed := WithoutWorkers(3)
	stressed.State = health.Stressed
	Tell(t, s, "prod", Begins, Healthy(10), stressed, WithoutWorkers(8))
	Tell(t, s, "lab", Begins, Healthy(4), unknown(17))
	Tell(t, s, "old", Begins.Add(-30*time.Minute), Healthy(20))
	tellExplanations(t, s)
}
