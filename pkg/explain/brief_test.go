package explain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

// late is a cluster whose history tasks were late in the cycles before, and are as late now as the last value says.
func late(seconds ...float64) evidence.Evidence {
	gate, _ := health.LookupGate("history_backlog")
	now := health.Snapshot{Cluster: "prod", At: start}
	var before []health.Snapshot
	for i, v := range seconds {
		s := health.Snapshot{Cluster: "prod", Signals: values{health.HistoryBacklogAge: v}}
		s.At = start.Add(-time.Duration(len(seconds)-1-i) * 30 * time.Second)
		before, now = append(before, s), s
	}
	last := seconds[len(seconds)-1]
	return evidence.Gather(evidence.Input{Snapshot: now, Before: before[:len(before)-1], Verdict: health.Verdict{
		Cluster: "prod", At: start, State: health.Stressed, Since: start.Add(-time.Hour), Coverage: 1, Bottleneck: health.ServerLimited,
		Gates: []health.GateResult{{
			ID: gate.ID, Signal: gate.Signal, Op: gate.Op, Threshold: 20, Bounds: &health.Bounds{Fires: 30, Clears: 20}, Value: &last,
			Result: health.Fired, Severity: health.Stressed, Service: gate.Service, Side: gate.Side, Deciding: true,
		}},
	}})
}

func TestAValueThatComesBackSaysWhenItsConditionClears(t *testing.T) {
	e := late(160, 140, 120, 100, 80)
	g, _ := e.Gate("history_backlog")
	assert.Equal(t, "30 s", g.Fires)
	assert.Equal(t, "20 s", g.Clears)
	assert.Equal(t, "2 minutes", g.ClearsIn, "60 s to go at 20 s in each half minute")
	assert.Equal(t, "Recovering: history backlog age is 80 s and clears at 20 s, in about 2 minutes at the present pace.", rules.Summarize(e).Recovery)
}

func TestNoPaceIsDrawnOutOfWhatDoesNotComeBack(t *testing.T) {
	for name, e := range map[string]evidence.Evidence{
		"it rises":          late(80, 100, 120, 140),
		"it stays":          late(80, 80, 80, 80),
		"it takes hours":    late(9000, 8999.99, 8999.98, 8999.97),
		"too few are known": late(100, 80),
	} {
		g, _ := e.Gate("history_backlog")
		assert.Empty(t, g.ClearsIn, name)
		assert.Empty(t, rules.Summarize(e).Recovery, name)
	}
}

func TestAFiringGateTellsBothOfItsBounds(t *testing.T) {
	var memory health.Memory
	var verdict health.Verdict
	snapshot := health.Snapshot{Cluster: "prod", Signals: with(healthy(), values{health.HistoryBacklogAge: 70})}
	for i := range 2 {
		snapshot.At = start.Add(time.Duration(i) * 30 * time.Second)
		verdict, memory = health.Evaluate(memory, snapshot, health.DefaultThresholds())
	}
	for _, g := range verdict.Gates {
		if g.Result != health.Fired {
			assert.Nil(t, g.Bounds, g.ID)
			continue
		}
		gate, _ := health.LookupGate(g.ID)
		assert.Equal(t, &health.Bounds{Fires: gate.Threshold.For(verdict.Band), Clears: gate.Recover.For(verdict.Band)}, g.Bounds, g.ID)
		assert.Equal(t, g.Bounds.Clears, g.Threshold, "while it fires it is compared with the bound at which it clears")
	}
}
