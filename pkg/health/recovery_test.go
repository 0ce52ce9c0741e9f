package health_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func events(verdicts []health.Verdict) (all []health.Event) {
	for _, v := range verdicts {
		if v.Event != nil {
			all = append(all, *v.Event)
		}
	}
	return all
}

func TestRecoveryIsConfirmed(t *testing.T) {
	slow := with(healthy(), values{health.PersistenceP99: 300})
	sick := with(healthy(), values{health.HistoryBacklogAge: 200})
	for _, story := range []struct {
		name   string
		cycles []values
		want   []string
	}{
		{"one good cycle is no recovery", []values{slow, healthy(), slow, healthy(), slow}, []string{"stressed", "stressed", "stressed", "stressed", "stressed"}},
		{"two good cycles in a row are", []values{slow, healthy(), healthy()}, []string{"stressed", "stressed", "happy"}},
		{"a cycle that knows too little starts the count again", []values{slow, healthy(), {}, healthy(), healthy()},
			[]string{"stressed", "stressed", "stressed", "stressed", "happy"}},
		{"the state follows to the worst of the better cycles", []values{sick, sick, sick, healthy(), slow, healthy(), healthy()},
			[]string{"stressed", "stressed", "critical", "critical", "stressed", "stressed", "happy"}},
		{"a cluster that was never seen is happy at once", []values{healthy()}, []string{"happy"}},
		{"a turn for the worse needs no confirmation", []values{healthy(), slow}, []string{"happy", "stressed"}},
	} {
		t.Run(story.name, func(t *testing.T) {
			verdicts, _ := watch(t, health.Memory{}, story.cycles...)
			assert.Equal(t, story.want, states(verdicts))
		})
	}
	t.Run("the number of cycles is the cluster's choice", func(t *testing.T) {
		for _, cycles := range []int{1, 4} {
			thresholds := health.DefaultThresholds()
			thresholds.RecoveryCycles = cycles
			_, memory := watch(t, health.Memory{}, slow)
			for i := range cycles {
				assert.Equal(t, health.Stressed, memory.State, "%d of %d", i, cycles)
				_, memory = health.Evaluate(memory, snapshotOf(healthy(), i), thresholds)
			}
			assert.Equal(t, health.Happy, memory.State)
		}
	})
	t.Run("the bottleneck stays as long as the state that it explains", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, slow, slow, healthy(), slow, healthy(), healthy())
		for _, v := range verdicts[:5] {
			assert.Equal(t, health.ServerLimited, v.Bottleneck)
		}
		assert.Equal(t, health.BottleneckHealthy, verdicts[5].Bottleneck)
	})
}

func TestFlappingIsDamped(t *testing.T) {
	for fault, bad := range map[string]values{
		"stressed": with(healthy(), values{health.PersistenceP99: 300}),
		"critical": with(healthy(), values{health.HistoryBacklogAge: 200}),
		"worker":   with(healthy(), values{health.StarvedQueues: 1, health.StarvedOldestAge: 60}),
		"code":     with(healthy(), values{health.NonDeterminism: 3}),
	} {
		for _, period := range []int{2, 3, 4, 5, 6, 8, 10} {
			for _, badCycles := range []int{1, period / 2, period - 1} {
				for offset := range period {
					var cycles []values
					for i := range 40 {
						if (i+offset)%period < badCycles {
							cycles = append(cycles, bad)
						} else {
							cycles = append(cycles, healthy())
						}
					}
					verdicts, _ := watch(t, health.Memory{}, cycles...)
					assert.LessOrEqual(t, len(events(verdicts)), 6, "%s, %d of %d cycles, offset %d: %v", fault, badCycles, period, offset, events(verdicts))
				}
			}
		}
	}
}

func TestFlappingIsNoticedAndEnds(t *testing.T) {
	slow := with(healthy(), values{health.PersistenceP99: 300})
	outbreak := []values{slow, healthy(), healthy()}
	cycles := []values{healthy()}
	for range 3 {
		cycles = append(cycles, outbreak...)
	}
	cycles = append(cycles, repeat(8, healthy())...)
	verdicts, memory := watch(t, health.Memory{}, cycles...)

	for i, v := range verdicts {
		// The third turn for the worse is in cycle 7.
		assert.Equal(t, i >= 7, v.Flapping, "cycle %d", i)
	}
	assert.Equal(t, health.Stressed, verdicts[16].State, "nine good cycles are no recovery of a cluster that flaps")
	assert.Equal(t, health.Happy, verdicts[17].State, "ten are")
	assert.Len(t, memory.Turns, 3)

	t.Run("half an hour after the third last turn it is over", func(t *testing.T) {
		// The first turn was in cycle 1; 60 cycles are half an hour.
		last := health.Verdict{}
		for i := 18; i <= 60; i++ {
			last, memory = health.Evaluate(memory, snapshotOf(healthy(), i), health.DefaultThresholds())
			assert.True(t, last.Flapping, "cycle %d", i)
		}
		last, memory = health.Evaluate(memory, snapshotOf(healthy(), 61), health.DefaultThresholds())
		assert.False(t, last.Flapping)
		assert.Len(t, memory.Turns, 2)
	})
	t.Run("a single long fault does not flap", func(t *testing.T) {
		sick := with(healthy(), values{health.HistoryBacklogAge: 200})
		verdicts, _ := watch(t, health.Memory{}, append([]values{healthy()}, append(repeat(40, sick), repeat(2, healthy())...)...)...)
		assert.Equal(t, health.Happy, verdicts[len(verdicts)-1].State)
		for _, v := range verdicts {
			assert.False(t, v.Flapping)
		}
	})
}
