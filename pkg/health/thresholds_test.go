package health_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func number(x float64) *float64 { return &x }

func TestThresholdsThatCannotBeAreRefusedWithTheKeyAndTheFix(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*health.Thresholds)
		want   string
	}{
		{"an unknown gate", func(t *health.Thresholds) {
			t.Gates = map[health.GateID]health.Override{"histroy_backlog": {}}
		}, "gates.histroy_backlog: there is no such gate; `copilot gates` lists them"},
		{"a threshold that is no number", func(t *health.Thresholds) {
			t.Gates = map[health.GateID]health.Override{"persistence_slow": {Threshold: number(math.NaN())}}
		}, "gates.persistence_slow.threshold NaN: it is a finite number, 0 or above"},
		{"a share above one", func(t *health.Thresholds) {
			t.Gates = map[health.GateID]health.Override{"persistence_errors": {Threshold: number(5)}}
		}, "gates.persistence_errors.threshold 5: persistence.error_ratio is a share from 0 to 1"},
		{"a critical threshold before the stressed one", func(t *health.Thresholds) {
			t.Gates = map[health.GateID]health.Override{"history_backlog": {Threshold: number(200)}}
		}, "gates.history_backlog_critical (120) contradicts gates.history_backlog (200)"},
		{"no critical cycle", func(t *health.Thresholds) { t.CriticalCycles = 0 }, "critical_cycles 0: it is a number from 1 to 100"},
		{"no recovery cycle", func(t *health.Thresholds) { t.RecoveryCycles = 0 }, "recovery_cycles 0: it is a number from 1 to 100"},
		{"too many recovery cycles", func(t *health.Thresholds) { t.RecoveryCycles = 101 }, "recovery_cycles 101"},
		{"a band that is none", func(t *health.Thresholds) { t.Band = "huge" }, `band "huge"`},
		{"a coverage that is none", func(t *health.Thresholds) { t.MinCoverage = math.NaN() }, "min_coverage NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			thresholds := health.DefaultThresholds()
			c.change(&thresholds)
			assert.ErrorContains(t, thresholds.Validate(), c.want)
		})
	}
	require.NoError(t, health.DefaultThresholds().Validate())
}

func TestAnOverrideDecidesAndIsVisibleInTheEvidence(t *testing.T) {
	slow := health.Snapshot{Cluster: "c", At: start, Signals: with(healthy(), values{health.PersistenceP99: 150})}

	verdict, _ := health.Evaluate(health.Memory{}, slow, health.DefaultThresholds())
	assert.Equal(t, health.Stressed, verdict.State)
	assert.False(t, gate(t, verdict, "persistence_slow").Overridden)

	own := health.DefaultThresholds()
	own.Gates = map[health.GateID]health.Override{"persistence_slow": {Threshold: number(200)}}
	require.NoError(t, own.Validate())
	verdict, _ = health.Evaluate(health.Memory{}, slow, own)
	assert.Equal(t, health.Happy, verdict.State)
	g := gate(t, verdict, "persistence_slow")
	assert.True(t, g.Overridden)
	assert.InDelta(t, 200, g.Threshold, 0)
}

func TestAnOverrideBelowTheDefaultFiresAndMovesTheRecoveryAlong(t *testing.T) {
	hidden := without(healthy(), health.StarvedQueues)
	own := health.DefaultThresholds()
	own.Gates = map[health.GateID]health.Override{
		"backlog_growing": {Threshold: number(0.004)}, "persistence_slow": {Threshold: number(20)}, "schedules_missed": {Threshold: number(2)},
	}
	require.NoError(t, own.Validate())
	judge := func(memory health.Memory, changes values) health.Verdict {
		v, _ := health.Evaluate(memory, snapshotOf(with(hidden, changes), 0), own)
		return v
	}
	firing := health.Memory{State: health.Stressed, Firing: []health.GateID{"backlog_growing", "persistence_slow", "schedules_missed"}}

	v := judge(health.Memory{}, values{health.TasksAdded: 200, health.BacklogGrowth: 0.81, health.PersistenceP99: 21, health.SchedulesMissed: 2.1})
	for _, id := range firing.Firing {
		assert.Equal(t, health.Fired, gate(t, v, id).Result, id)
	}
	v = judge(firing, values{health.TasksAdded: 200, health.BacklogGrowth: 0.61, health.PersistenceP99: 15.1, health.SchedulesMissed: 2.1})
	for _, id := range firing.Firing {
		assert.Equal(t, health.Fired, gate(t, v, id).Result, "%s is not yet at its recovery threshold", id)
	}
	v = judge(firing, values{health.TasksAdded: 200, health.BacklogGrowth: 0.2, health.PersistenceP99: 15, health.SchedulesMissed: 2})
	for _, id := range firing.Firing {
		assert.Equal(t, health.Passed, gate(t, v, id).Result, id)
	}
}

func TestAGateThatIsSwitchedOffIsGoneFromTheEvidence(t *testing.T) {
	failing := health.Snapshot{Cluster: "c", At: start, Signals: with(healthy(), values{
		health.CompletionRate: 0.3, health.FailedRate: 7, health.SuccessRate: 3})}
	own := health.DefaultThresholds()
	own.Gates = map[health.GateID]health.Override{"completion_collapsed": {Disabled: true}, "completion_degraded": {Disabled: true}}
	require.NoError(t, own.Validate())
	verdict, _ := health.Evaluate(health.Memory{}, failing, own)
	assert.Equal(t, health.Happy, verdict.State)
	for _, g := range verdict.Gates {
		assert.NotContains(t, string(g.ID), "completion")
	}
}

func TestTheTableOfSignalsIsWhole(t *testing.T) {
	seen := map[health.SignalID]bool{}
	numbers := map[health.Class]map[int]bool{}
	for _, s := range health.Signals() {
		assert.False(t, seen[s.ID], "signal %s stands twice", s.ID)
		seen[s.ID] = true
		assert.NotEmpty(t, s.Title, s.ID)
		assert.NotEmpty(t, s.Meaning, s.ID)
		assert.Regexp(t, `^[a-z_]+\.[a-z0-9_]+$`, string(s.ID))
		if numbers[s.Class] == nil {
			numbers[s.Class] = map[int]bool{}
		}
		numbers[s.Class][s.Number] = true
	}
	for class, upTo := range map[health.Class]int{health.Primary: 12, health.Amplifier: 14, health.Worker: 6, health.WorkerAmplifier: 6} {
		for n := 1; n <= upTo; n++ {
			assert.True(t, numbers[class][n], "%s signal %d is missing", class, n)
		}
	}
}

func TestStatesGoThroughTextAndHaveALevelOnlyWhenKnown(t *testing.T) {
	for _, s := range append(health.States(), health.Unknown) {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back health.State
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	level, ok := health.Critical.Level()
	assert.True(t, ok)
	assert.Equal(t, 2, level)
	_, ok = health.Unknown.Level()
	assert.False(t, ok, "unknown has no level: it must never be taken for happy")
	var s health.State
	assert.ErrorContains(t, s.UnmarshalText([]byte("fine")), `no such state "fine"`)
}
