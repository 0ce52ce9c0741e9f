package plugin

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
	storyBegins = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	storyEnds   = storyBegins.Add(10 * time.Minute)
	// storyNow is a moment after the last cycle.
	storyNow = storyEnds.Add(5 * time.Second)
)

const cycleInterval = 30 * time.Second

// chapter is a stretch of cycles of a cluster that read alike.
type chapter struct {
	cycles     int
	state      health.State
	stale      bool
	bottleneck health.Bottleneck
	coverage   float64
	gates      []health.GateResult
	signals    map[health.SignalID]float64
	queues     []health.TaskQueue
	warnings   []health.Warning
}

func gate(id health.GateID, value *float64, result health.Result) health.GateResult {
	g, ok := health.LookupGate(id)
	if !ok {
		panic("no gate " + id)
	}
	return health.GateResult{
		ID: id, Signal: g.Signal, Value: value, Op: g.Op, Threshold: g.Threshold.For(health.Starter), Result: result,
		Severity: g.Severity, Service: g.Service, Side: g.Side, Deciding: g.Deciding,
	}
}

func healthy(cycles int) chapter {
	return chapter{
		cycles: cycles, state: health.Happy, bottleneck: health.BottleneckHealthy, coverage: 1,
		gates: []health.GateResult{
			gate("history_backlog_critical", new(0.1), health.Passed),
			gate("persistence_slow", new(12.0), health.Passed),
			gate("queues_starved", new(0.0), health.Passed),
		},
		signals: map[health.SignalID]float64{
			health.TransitionRate: 160, health.HistoryBacklogAge: 0.1, health.PersistenceP99: 12, health.FrontendP99: 60,
			health.StarvedQueues: 0, health.PoolUtilization: 25, health.WorkflowSlots: 199, health.ActivitySlots: 199,
		},
	}
}

func withoutWorkers(cycles int) chapter {
	c := healthy(cycles)
	c.state, c.bottleneck, c.coverage = health.Critical, health.WorkerLimited, 0.75
	c.gates = []health.GateResult{
		gate("history_backlog_critical", new(0.06), health.Passed),
		gate("persistence_slow", nil, health.NotKnowable),
		gate("queues_starved", new(2.0), health.Fired),
		gate("starved_too_long", new(155.0), health.Fired),
	}
	c.gates[1].Note = "the query returned nothing"
	c.gates[2].Note = "worst: workflow queue orders in namespace shop"
	c.signals = map[health.SignalID]float64{
		health.TransitionRate: 5, health.HistoryBacklogAge: 0.06, health.StarvedQueues: 2, health.StarvedOldestAge: 155,
		health.LogPatternRate: 24,
	}
	c.queues = []health.TaskQueue{
		{Namespace: "shop", Name: "orders", Type: "workflow", OldestAgeSec: new(155.0), Backlog: new(985.0), InflowPerSec: new(5.0), Pollers: new(0.0), Starved: true},
		{Namespace: "shop", Name: "mail", Type: "activity", Backlog: new(0.0), Pollers: new(20.0)},
	}
	c.warnings = []health.Warning{{Rule: health.NeverScaleDownAtZero, Text: "No task slot is free. Do not scale workers down: that makes the backlog worse."}}
	return c
}

func blind(cycles int) chapter {
	return chapter{
		cycles: cycles, state: health.Happy, stale: true, bottleneck: health.BottleneckHealthy, coverage: 0.1,
		gates: []health.GateResult{gate("history_backlog_critical", nil, health.NotKnowable)},
	}
}

// tell stores chapters of a cluster, one cycle every 30 seconds from a time on.
func tell(t testing.TB, s *store.Store, cluster string, from time.Time, chapters ...chapter) {
	t.Helper()
	var (
		cycles []store.Cycle
		seq    int64
		since  time.Time
		before = chapter{state: health.Unknown, bottleneck: health.BottleneckUnknown}
	)
	at := from
	for _, c := range chapters {
		for i := range c.cycles {
			v := health.Verdict{
				Cluster: cluster, At: at, State: c.state, Stale: c.stale, Coverage: c.coverage, Bottleneck: c.bottleneck,
				Band: health.Starter, Gates: c.gates, Warnings: c.warnings,
			}
			if i == 0 {
				if c.state != before.state {
					since = at
				}
				seq++
				v.Event = &health.Event{
					Seq: seq, Kind: kindOf(before, c), At: at, From: before.state, To: c.state, Stale: c.stale,
					FromBottleneck: before.bottleneck, Bottleneck: c.bottleneck,
				}
			}
			v.Since = since
			cycles = append(cycles, store.Cycle{
				Verdict: v, Interval: cycleInterval, Memory: []byte(`{}`),
				Snapshot: health.Snapshot{Cluster: cluster, At: at, Signals: c.signals, Queues: c.queues},
			})
			before = c
			at = at.Add(cycleInterval)
		}
	}
	require.NoError(t, s.SaveCycles(t.Context(), cycles))
}

func kindOf(before, after chapter) health.EventKind {
	switch {
	case before.state != after.state:
		return health.StateChanged
	case before.stale != after.stale:
		return health.StalenessChanged
	default:
		return health.BottleneckChanged
	}
}

// tellStory stores the whole story.
func tellStory(t testing.TB, s *store.Store) {
	t.Helper()
	stressed := withoutWorkers(3)
	stressed.state = health.Stressed
	tell(t, s, "prod", storyBegins, healthy(10), stressed, withoutWorkers(8))
	tell(t, s, "lab", storyBegins, healthy(4), blind(17))
	tell(t, s, "old", storyBegins.Add(-30*time.Minute), healthy(20))
	tellExplanations(t, s)
}
