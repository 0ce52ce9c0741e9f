package scenario

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestTheScenariosOfTheRepositoryAreSound(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := Load(file)
			require.NoError(t, err)
			require.NotEmpty(t, s.About)
		})
	}
}

func TestAScenarioSaysWhatHappensAndWhatIsExpected(t *testing.T) {
	s, err := Parse([]byte(`
about: trouble
phases:
  - name: calm
    expect: {state: [happy], within: 10s}
  - name: storm
    set: {rate: 4, workers: 0, activity_time: 50ms}
    expect: {state: [stressed, critical], bottleneck: [worker_limited], within: 1m, for: 5s, never: [happy]}
`))
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, s.Interval, "the default")
	require.Equal(t, "tally", s.MetricsFramework, "the default")
	storm := s.Phases[1]
	require.Equal(t, 50*time.Millisecond, *storm.Set.ActivityTime)
	require.Equal(t, 0, *storm.Set.Workers)
	require.Nil(t, storm.Set.FailShare)
	require.Equal(t, "stressed or critical, worker_limited", storm.Expect.String())
}

func TestMistakesInAScenarioAreNamed(t *testing.T) {
	phase := func(text string) string { return "phases:\n  - name: p\n" + text }
	for mistake, text := range map[string]string{
		"it has no phases":               "about: nothing",
		"field sate not found":           phase("    expect: {sate: [happy], within: 1s}"),
		"field worker not found":         phase("    set: {worker: 1}\n    expect: {state: [happy], within: 1s}"),
		`no such state "well"`:           phase("    expect: {state: [well], within: 1s}"),
		`bottleneck "me"`:                phase("    expect: {bottleneck: [me], within: 1s}"),
		"expect.within is missing":       phase("    expect: {state: [happy]}"),
		"neither a state nor a bottlene": phase("    expect: {within: 1s}"),
		"also under expect.never":        phase("    expect: {state: [happy], within: 1s, never: [happy]}"),
		"phase 1 (p): rate -1":           phase("    set: {rate: -1}\n    expect: {state: [happy], within: 1s}"),
		"phase 1 has no name":            "phases:\n  - expect: {state: [happy], within: 1s}",
		"interval 1ms":                   "interval: 1ms\n" + phase("    expect: {state: [happy], within: 1s}"),
		"history_hosts 3":                "history_hosts: 3\n" + phase("    expect: {state: [happy], within: 1s}"),
		`restart "all"`:                  phase("    restart: all\n    expect: {state: [happy], within: 1s}"),
		"needs history_hosts 2":          phase("    restart: history\n    expect: {state: [happy], within: 1s}"),
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, mistake)
	}
}

func TestAnExpectationIsMetByAFreshVerdictOnly(t *testing.T) {
	e := Expectation{States: []health.State{health.Critical}, Bottlenecks: []health.Bottleneck{health.WorkerLimited}}
	met := health.Verdict{State: health.Critical, Bottleneck: health.WorkerLimited}
	require.True(t, e.meets(met))

	for promise, change := range map[string]func(*health.Verdict){
		"not by another state":      func(v *health.Verdict) { v.State = health.Stressed },
		"not by another bottleneck": func(v *health.Verdict) { v.Bottleneck = health.ServerLimited },
		"not by a stale verdict":    func(v *health.Verdict) { v.Stale = true },
	} {
		t.Run(promise, func(t *testing.T) {
			v := met
			change(&v)
			require.False(t, e.meets(v))
		})
	}
	require.True(t, Expectation{States: e.States}.meets(health.Verdict{State: health.Critical, Bottleneck: health.ServerLimited}),
		"what is not named is not asked for")
}

func TestEvidenceHasToNameWhatIsExpected(t *testing.T) {
	dead := health.GateResult{ID: "queues_starved", Result: health.Fired, Value: new(1.0), Note: "worst: workflow queue orders-returns"}
	e := Expectation{States: []health.State{health.Stressed}, Names: []string{"orders-returns", "queues_starved"}}
	require.Equal(t, `stressed, "orders-returns" named, "queues_starved" named`, e.String())
	require.True(t, e.meets(health.Verdict{State: health.Stressed, Gates: []health.GateResult{dead}}))
	require.False(t, e.meets(health.Verdict{State: health.Stressed}), "nothing fired")
	dead.Result = health.Passed
	require.False(t, e.meets(health.Verdict{State: health.Stressed, Gates: []health.GateResult{dead}}), "a gate that passes does not count")
	require.Equal(t, stage.Options{Interval: time.Second, TwoHistoryHosts: true}, Scenario{Interval: time.Second, HistoryHosts: 2}.Stage(nil))
}

func TestTheReportShowsExpectedAgainstGot(t *testing.T) {
	phase := Phase{Name: "workers stop", Expect: Expectation{States: []health.State{health.Critical}, Within: time.Minute}}
	came := Outcome{Phase: phase, Detected: new(41 * time.Second), Last: health.Verdict{Cluster: "lab", State: health.Critical, Bottleneck: health.WorkerLimited}}
	missed := Outcome{Phase: phase, Failure: "happy, healthy after 1m0s", Last: health.Verdict{Cluster: "lab", State: health.Happy, Bottleneck: health.BottleneckHealthy}}

	var out strings.Builder
	ok, err := Report(&out, []Outcome{came})
	require.NoError(t, err)
	require.True(t, ok)
	require.Regexp(t, `workers stop +critical +critical, worker_limited +41s +1m0s +ok`, out.String())

	out.Reset()
	ok, err = Report(&out, []Outcome{came, missed})
	require.NoError(t, err)
	require.False(t, ok, "one phase that did not come as expected is enough")
	require.Regexp(t, `workers stop +critical +happy, healthy +- +1m0s +FAILED: happy, healthy after 1m0s`, out.String())
}
