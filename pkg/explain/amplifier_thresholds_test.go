package explain_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEveryAmplifierHasAMarkOrSaysWhyItCannot(t *testing.T) {
	marked := map[health.SignalID]evidence.AmplifierThreshold{}
	for _, m := range evidence.AmplifierThresholds() {
		assert.NotContains(t, marked, m.Signal, "one mark for each")
		marked[m.Signal] = m
	}
	explains := map[int]bool{}
	for _, s := range health.Signals() {
		m, listed := marked[s.ID]
		if s.Class != health.Amplifier && s.Class != health.WorkerAmplifier {
			assert.Falsef(t, listed, "%s is no amplifier", s.ID)
			continue
		}
		require.Truef(t, listed, "%s has neither a mark nor a reason to have none", s.ID)
		assert.NotEqualf(t, m.Says == "", m.Without == "", "%s has either a meaning or a reason", s.ID)
		if m.Says != "" {
			assert.NotEqual(t, health.Neutral, s.Worse, s.ID)
			assert.Equalf(t, m.Op == health.Below, s.Worse == health.LowerIsWorse, "%s is beyond its mark on its worse side", s.ID)
		}
		if s.Class == health.Amplifier {
			explains[s.Number] = true
		}
	}
	for number := 1; number <= 14; number++ {
		assert.Truef(t, explains[number], "amplifier %d", number)
	}
}

func TestAnAmplifierStandsOutBeyondItsMarkAndNotAtIt(t *testing.T) {
	for _, m := range evidence.AmplifierThresholds() {
		if m.Says == "" {
			continue
		}
		step := 0.01
		if m.Op == health.Below {
			step = -step
		}
		at := func(value float64, own map[health.SignalID]float64) evidence.Standing {
			snapshot := health.Snapshot{Cluster: "c", At: start, Signals: with(healthy(), values{m.Signal: value})}
			verdict, _ := health.Evaluate(health.Memory{}, snapshot, health.DefaultThresholds())
			return signal(t, evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: snapshot, Thresholds: own}), m.Signal).Standing
		}
		assert.Equal(t, evidence.Beyond, at(m.At+step, nil), m.Signal)
		assert.NotEqual(t, evidence.Beyond, at(m.At, nil), m.Signal)
		own := map[health.SignalID]float64{m.Signal: m.At + 2*step}
		assert.NotEqual(t, evidence.Beyond, at(m.At+step, own), m.Signal, "the cluster's own mark counts")
		assert.Equal(t, evidence.Beyond, at(m.At+3*step, own), m.Signal)
	}
}

func TestOwnMarksAreChecked(t *testing.T) {
	type marks = map[health.SignalID]float64
	require.NoError(t, evidence.ValidateAmplifierThresholds(nil))
	require.NoError(t, evidence.ValidateAmplifierThresholds(marks{health.PoolUtilization: 90, health.PollersPerSlot: 1.5, health.CacheHitRate: 0.8}))
	for says, own := range map[string]marks{
		"marks.pool.size: there is no such signal":                                 {"pool.size": 1},
		"marks.persistence.latency_p99_ms: it is no amplifier":                     {health.PersistenceP99: 100},
		"marks.runtime.goroutines: it can't have a mark: it describes load":        {health.Goroutines: 100},
		"marks.grpc.server_queue_depth: it can't have a mark: no Temporal server":  {health.GRPCQueueDepth: 1},
		"marks.connection_pool.utilization_pct 101: it is a percentage from 0":     {health.PoolUtilization: 101},
		"marks.cache.hit_rate 1.1: it is a share from 0 to 1":                      {health.CacheHitRate: 1.1},
		"marks.connection_pool.churn_rate_per_sec -1: it is a finite number":       {health.PoolChurn: -1},
		"marks.connection_pool.churn_rate_per_sec NaN: it is a finite number, 0 o": {health.PoolChurn: math.NaN()},
	} {
		assert.ErrorContains(t, evidence.ValidateAmplifierThresholds(own), says)
	}
	err := evidence.ValidateAmplifierThresholds(marks{"b": 1, "a": 1})
	assert.Equal(t, []string{"marks.a", "marks.b"}, slices.Collect(func(yield func(string) bool) {
		for _, line := range []string{err.Error()[:7], err.Error()[len(err.Error())/2+1:][:7]} {
			yield(line)
		}
	}), "every mistake at once, in order")
}
