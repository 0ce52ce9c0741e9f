package health_test

import (
	"encoding/json"
	"flag"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	m.Run()
}

// anyValue draws values where thresholds are, besides the extremes.
func anyValue(s health.Signal) *rapid.Generator[float64] {
	edges := []float64{0, 1}
	for _, g := range health.Gates() {
		if g.Signal == s.ID {
			for _, b := range health.Bands() {
				edges = append(edges, g.Threshold.For(b), g.Recover.For(b))
			}
		}
	}
	top := 2000.0
	if s.Unit == health.Ratio {
		top = 1
	}
	return rapid.OneOf(
		rapid.SampledFrom(edges),
		rapid.Float64Range(0, top),
		rapid.Custom(func(t *rapid.T) float64 {
			return rapid.SampledFrom(edges).Draw(t, "edge") * rapid.Float64Range(0.5, 2).Draw(t, "around")
		}),
	)
}

// anySignals draws a snapshot in which every signal may be unknown.
func anySignals() *rapid.Generator[values] {
	return rapid.Custom(func(t *rapid.T) values {
		v := values{}
		mostlyKnown := rapid.Bool().Draw(t, "mostly known")
		for _, s := range health.Signals() {
			chance := rapid.IntRange(0, 9).Draw(t, "chance")
			if (mostlyKnown && chance < 9) || (!mostlyKnown && chance < 4) {
				v[s.ID] = anyValue(s).Draw(t, string(s.ID))
			}
		}
		return v
	})
}

// anyHistory draws cycles; healthy ones are mixed in, so that states really change.
func anyHistory() *rapid.Generator[[]values] {
	return rapid.SliceOfN(rapid.OneOf(anySignals(), rapid.Just(healthy()), rapid.Just(idle()), rapid.Just(values{}), mostlyHealthy()), 1, 12)
}

// mostlyHealthy draws a sound cluster of which some signals are unknown and some have other values.
func mostlyHealthy() *rapid.Generator[values] {
	return rapid.Custom(func(t *rapid.T) values {
		v := rapid.SampledFrom([]func() values{healthy, idle, busy}).Draw(t, "cluster")()
		for _, s := range health.Signals() {
			switch rapid.IntRange(0, 29).Draw(t, "chance") {
			case 0, 1:
				delete(v, s.ID)
			case 2:
				v[s.ID] = anyValue(s).Draw(t, string(s.ID))
			}
		}
		return v
	})
}

// anyThresholds draws how readily the state follows: as by default, or at once, so that damping hides nothing.
func anyThresholds() *rapid.Generator[health.Thresholds] {
	atOnce := health.DefaultThresholds()
	atOnce.CriticalCycles, atOnce.RecoveryCycles = 1, 1
	return rapid.SampledFrom([]health.Thresholds{health.DefaultThresholds(), atOnce})
}

func snapshotOf(v values, i int) health.Snapshot {
	return health.Snapshot{Cluster: "c", At: start.Add(time.Duration(i) * 30 * time.Second), Signals: v}
}

func run(memory health.Memory, cycles []values) ([]health.Verdict, health.Memory) {
	var all []health.Verdict
	for i, v := range cycles {
		var verdict health.Verdict
		verdict, memory = health.Evaluate(memory, snapshotOf(v, i), health.DefaultThresholds())
		all = append(all, verdict)
	}
	return all, memory
}

func TestPropertySameInputSameVerdictAndArgumentsStayUntouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, memory := run(health.Memory{}, anyHistory().Draw(t, "history"))
		v := anySignals().Draw(t, "signals")
		before, copied := maps.Clone(v), memory
		copied.Firing, copied.Turns, copied.Waiting = slices.Clone(memory.Firing), slices.Clone(memory.Turns), slices.Clone(memory.Waiting)
		one, afterOne := health.Evaluate(memory, snapshotOf(v, 0), health.DefaultThresholds())
		two, afterTwo := health.Evaluate(memory, snapshotOf(v, 0), health.DefaultThresholds())
		assert.Equal(t, one, two)
		assert.Equal(t, afterOne, afterTwo)
		assert.Equal(t, before, v)
		assert.Equal(t, copied, memory)
	})
}

func TestPropertyNeverHappyToCriticalInOneEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		verdicts, _ := run(health.Memory{}, anyHistory().Draw(t, "history"))
		last, seq := health.Unknown, int64(0)
		for _, v := range verdicts {
			if v.State == health.Critical {
				require.Contains(t, []health.State{health.Stressed, health.Critical}, last)
			}
			if v.Event != nil {
				require.Equal(t, seq+1, v.Event.Seq, "events are numbered without gaps")
				require.Equal(t, last, v.Event.From)
				seq++
			} else {
				require.Equal(t, last, v.State, "a state changes with an event only")
			}
			last = v.State
		}
	})
}

func TestPropertyAmplifiersAndWorkerSignalsNeverChangeAState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := anyHistory().Draw(t, "history")
		other := make([]values, len(history))
		for i, v := range history {
			other[i] = maps.Clone(v)
			noise := anySignals().Draw(t, "noise")
			for _, s := range health.Signals() {
				if s.Class == health.Primary || s.Class == health.Support {
					continue
				}
				delete(other[i], s.ID)
				if x, ok := noise[s.ID]; ok {
					other[i][s.ID] = x
				}
			}
		}
		one, _ := run(health.Memory{}, history)
		two, _ := run(health.Memory{}, other)
		for i := range one {
			require.Equal(t, one[i].State, two[i].State)
			require.Equal(t, one[i].Stale, two[i].Stale)
			require.Equal(t, one[i].Coverage, two[i].Coverage)
		}
	})
}

func TestPropertyUnknownNeverEqualsZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, memory := run(health.Memory{}, anyHistory().Draw(t, "history"))
		for range 6 {
			var verdict health.Verdict
			before := memory.State
			verdict, memory = health.Evaluate(memory, snapshotOf(values{}, 0), health.DefaultThresholds())
			require.True(t, verdict.Stale)
			require.Equal(t, before, verdict.State, "blindness changes nothing")
			require.Zero(t, verdict.Coverage)
			require.Empty(t, fired(verdict))
		}
		fresh, _ := health.Evaluate(health.Memory{}, snapshotOf(values{}, 0), health.DefaultThresholds())
		require.Equal(t, health.Unknown, fresh.State)
	})
}

func TestPropertyAWorseValueNeverYieldsABetterState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, memory := run(health.Memory{}, anyHistory().Draw(t, "history"))
		thresholds := anyThresholds().Draw(t, "thresholds")
		v := rapid.OneOf(anySignals(), mostlyHealthy(), rapid.Just(healthy()), rapid.Just(idle())).Draw(t, "signals")
		worse := maps.Clone(v)
		for _, s := range health.Signals() {
			x, ok := v[s.ID]
			if !ok || s.Worse == health.Neutral || rapid.IntRange(0, 3).Draw(t, "touch") > 0 {
				continue
			}
			if _, known := v[health.WorkflowsCreated]; s.ID == health.TransitionRate && !known {
				// Transitions then are the only witness of demand too: fewer of them mean that the starts found running workflows.
				continue
			}
			y := anyValue(s).Draw(t, "worse "+string(s.ID))
			if s.Worse == health.HigherIsWorse {
				worse[s.ID] = math.Max(x, y)
			} else {
				worse[s.ID] = math.Min(x, y)
			}
		}
		a, _ := health.Evaluate(memory, snapshotOf(v, 0), thresholds)
		b, _ := health.Evaluate(memory, snapshotOf(worse, 0), thresholds)
		if b.State < a.State && !(b.State == health.Unknown && b.Stale) {
			t.Fatalf("%s became %s\nbetter fired %v\nworse fired %v", a.State, b.State, fired(a), fired(b))
		}
	})
}

func TestPropertyMemorySurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := anyHistory().Draw(t, "history")
		kept, passed := health.Memory{}, health.Memory{}
		for i, v := range history {
			text, err := json.Marshal(passed)
			require.NoError(t, err)
			passed = health.Memory{}
			require.NoError(t, json.Unmarshal(text, &passed))
			var one, two health.Verdict
			one, kept = health.Evaluate(kept, snapshotOf(v, i), health.DefaultThresholds())
			two, passed = health.Evaluate(passed, snapshotOf(v, i), health.DefaultThresholds())
			require.Equal(t, one, two)
		}
	})
}

func TestPropertyNoNumberPanicsOrBecomesHappy(t *testing.T) {
	odd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -1, -math.MaxFloat64, -math.SmallestNonzeroFloat64})
	rapid.Check(t, func(t *rapid.T) {
		v := values{}
		for _, s := range health.Signals() {
			v[s.ID] = odd.Draw(t, string(s.ID))
		}
		verdict, memory := health.Evaluate(health.Memory{}, snapshotOf(v, 0), health.DefaultThresholds())
		require.Equal(t, health.Unknown, verdict.State)
		require.True(t, verdict.Stale)

		mixed := anySignals().Draw(t, "signals")
		for id := range mixed {
			if rapid.Bool().Draw(t, "odd") {
				mixed[id] = odd.Draw(t, "odd value")
			}
		}
		for range 3 {
			verdict, memory = health.Evaluate(memory, snapshotOf(mixed, 0), health.DefaultThresholds())
			_, err := json.Marshal(verdict)
			require.NoError(t, err, "a verdict is always JSON")
			_, err = json.Marshal(memory)
			require.NoError(t, err)
		}
	})
}

func TestPropertySignalClassesAreWhatTheGatesUse(t *testing.T) {
	for _, g := range health.Gates() {
		s, ok := health.LookupSignal(g.Signal)
		require.True(t, ok, "gate %s reads the unknown signal %s", g.ID, g.Signal)
		if g.Deciding {
			assert.Contains(t, []health.Class{health.Primary, health.Support}, s.Class, "gate %s decides on %s", g.ID, s.ID)
		}
		if g.Op == health.Above {
			assert.Equal(t, health.HigherIsWorse, s.Worse, "gate %s", g.ID)
		} else {
			assert.Equal(t, health.LowerIsWorse, s.Worse, "gate %s", g.ID)
		}
		assert.NotEmpty(t, g.Title, "gate %s", g.ID)
		assert.NotEmpty(t, g.Why, "gate %s", g.ID)
		assert.NotEmpty(t, g.Source, "gate %s", g.ID)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	_, memory := run(health.Memory{}, repeat(30, healthy()))
	snapshot := snapshotOf(healthy(), 0)
	thresholds := health.DefaultThresholds()
	for b.Loop() {
		_, memory = health.Evaluate(memory, snapshot, thresholds)
	}
}
