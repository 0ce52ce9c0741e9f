package explain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

// gather judges one cycle after some others.
func gather(now values, before ...values) evidence.Evidence {
	var snapshots []health.Snapshot
	for i, v := range append(before, now) {
		snapshots = append(snapshots, health.Snapshot{Cluster: "c", At: start.Add(time.Duration(i) * 30 * time.Second), Signals: v})
	}
	last := snapshots[len(snapshots)-1]
	verdict, _ := health.Evaluate(health.Memory{}, last, health.DefaultThresholds())
	return evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: last, Before: snapshots[:len(snapshots)-1]})
}

func signal(t *testing.T, e evidence.Evidence, id health.SignalID) evidence.Signal {
	t.Helper()
	s, ok := e.Signal(id)
	require.True(t, ok, "%s is known", id)
	return s
}

func TestASignalStandsWithinNearOrBeyondItsThreshold(t *testing.T) {
	for _, c := range []struct {
		name  string
		id    health.SignalID
		value float64
		want  evidence.Standing
	}{
		{"far below a ceiling is well within", health.PersistenceP99, 41, evidence.WellWithin},
		{"three quarters of a ceiling is still within", health.PersistenceP99, 75, evidence.WellWithin},
		{"above three quarters of a ceiling is near", health.PersistenceP99, 76, evidence.Near},
		{"above a ceiling is beyond", health.PersistenceP99, 101, evidence.Beyond},
		{"of two ceilings the worse counts", health.HistoryBacklogAge, 31, evidence.Beyond},
		{"everything is well above a floor for shares", health.TargetsUp, 1, evidence.WellWithin},
		{"little above a floor for shares is near", health.TargetsUp, 0.92, evidence.Near},
		{"polls that time out on a quiet cluster are at rest", health.PollTimeouts, 1, evidence.AtRest},
		{"an amplifier above its mark is beyond", health.PoolUtilization, 95, evidence.Beyond},
		{"an amplifier near its mark is near", health.PoolUtilization, 70, evidence.Near},
		{"what has neither gate nor mark has no threshold", health.CleanupRate, 400, evidence.NoStanding},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, signal(t, gather(with(healthy(), values{c.id: c.value})), c.id).Standing)
		})
	}
	t.Run("and what rests says why", func(t *testing.T) {
		assert.Equal(t, "no task waits", signal(t, gather(with(healthy(), values{health.PollTimeouts: 1})), health.PollTimeouts).Remark)
	})
}

func TestATrendTakesFourValuesAndIsNoNoise(t *testing.T) {
	series := func(all ...float64) evidence.Evidence {
		var cycles []values
		for _, v := range all {
			if v < 0 {
				cycles = append(cycles, without(healthy(), health.HistoryBacklogAge))
			} else {
				cycles = append(cycles, with(healthy(), values{health.HistoryBacklogAge: v}))
			}
		}
		return gather(cycles[len(cycles)-1], cycles[:len(cycles)-1]...)
	}
	const unknown = -1
	for _, c := range []struct {
		name   string
		values []float64
		want   evidence.Trend
	}{
		{"rising", []float64{1, 2, 4, 8, 16, 32}, evidence.Rising},
		{"falling", []float64{90, 80, 60, 40, 20, 5}, evidence.Falling},
		{"steady", []float64{20, 21, 20, 19, 20, 21}, evidence.Steady},
		{"a single odd cycle is no trend", []float64{20, 20, 90, 20, 20, 20}, evidence.Steady},
		{"a change within the noise is none", []float64{0.1, 0.1, 0.1, 0.8, 0.8, 0.8}, evidence.Steady},
		{"three values are too few", []float64{1, 50, 100}, evidence.UnknownTrend},
		{"unknown values are not zeros", []float64{20, unknown, 20, unknown, 20, unknown, 20}, evidence.Steady},
		{"only the last ten cycles before count", []float64{0, 0, 0, 0, 0, 0, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40}, evidence.Steady},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, signal(t, series(c.values...), health.HistoryBacklogAge).Trend)
		})
	}
}

func TestRolesTellTheCulpritFromItsShadows(t *testing.T) {
	roles := func(name string) map[health.Service]evidence.Role {
		all := map[health.Service]evidence.Role{}
		for _, r := range storyNamed(t, name).Services {
			all[r.Service] = r.Role
		}
		return all
	}
	const blocked, pressure, artefact, fine, unknown = evidence.Blocked, evidence.UnderPressure, evidence.Artefact, evidence.Fine, evidence.RoleUnknown
	type byService = map[health.Service]evidence.Role
	for name, want := range map[string]byService{
		"no worker":             {health.Frontend: fine, health.History: fine, health.Matching: artefact, health.Persistence: fine, health.Workers: blocked},
		"starved slots":         {health.Frontend: fine, health.History: fine, health.Matching: artefact, health.Persistence: fine, health.Workers: blocked},
		"database down":         {health.Frontend: blocked, health.History: fine, health.Matching: fine, health.Persistence: blocked, health.Workers: fine},
		"database hung":         {health.Frontend: artefact, health.History: artefact, health.Matching: fine, health.Persistence: blocked, health.Workers: fine},
		"database slow":         {health.Frontend: fine, health.History: fine, health.Matching: fine, health.Persistence: pressure, health.Workers: fine},
		"history dead":          {health.Frontend: blocked, health.History: unknown, health.Matching: fine, health.Persistence: fine, health.Workers: fine},
		"rate limited":          {health.Frontend: pressure, health.History: fine, health.Matching: artefact, health.Persistence: fine, health.Workers: artefact},
		"visibility store down": {health.Visibility: pressure, health.History: fine, health.Replication: unknown, health.Workers: fine},
		"missed schedules":      {health.SystemWorker: pressure, health.Workers: fine},
		"replication stuck":     {health.Replication: pressure, health.History: fine},
		"failing workflows":     {health.Frontend: fine, health.History: fine, health.Matching: fine, health.Persistence: fine, health.Workers: pressure},
		"blind":                 {health.Frontend: unknown, health.History: unknown, health.Matching: unknown, health.Persistence: unknown, health.Workers: unknown},
	} {
		t.Run(name, func(t *testing.T) {
			got := roles(name)
			for service := range got {
				if _, asked := want[service]; !asked {
					delete(got, service)
				}
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestNumbersAreWrittenOnceWithTheirUnit(t *testing.T) {
	for _, c := range []struct {
		id    health.SignalID
		value float64
		want  string
	}{
		{health.PersistenceErrors, 286.7, "287/s"}, {health.PersistenceErrors, 6.54321, "6.54/s"}, {health.PersistenceErrors, 0, "0/s"}, {health.PersistenceErrors, 0.004, "less than 0.01/s"},
		{health.PersistenceP99, 41, "41 ms"}, {health.PersistenceP99, 8400, "8.4 s"},
		{health.HistoryBacklogAge, 0.1, "100 ms"}, {health.HistoryBacklogAge, 155, "155 s"}, {health.HistoryBacklogAge, 900, "15 min"}, {health.HistoryBacklogAge, 10800, "3 h"}, {health.HistoryBacklogAge, 864000, "10 days"},
		{health.PersistenceErrRatio, 0.92, "92 %"}, {health.PersistenceErrRatio, 0.0001, "less than 0.1 %"}, {health.TargetsUp, 0.9999, "99.9 %"}, {health.TargetsUp, 1, "100 %"},
		{health.PollersPerSlot, 1.5, "1.5 to 1"}, {health.PoolUtilization, 100, "100 %"}, {health.MemoryRSS, 3 << 30, "3 GiB"}, {health.Goroutines, 3660, "3660"}, {health.MembershipChanges, 2, "2/min"},
	} {
		assert.Equal(t, c.want, signal(t, gather(values{c.id: c.value}), c.id).Value, "%s %g", c.id, c.value)
	}
}

func TestWhatChangedJustBeforeIsSaidWithItsTime(t *testing.T) {
	deploy := with(healthy(), values{health.TaskRestarts: 2})
	e := gather(healthy(), healthy(), deploy, healthy(), healthy(), healthy())
	assert.Equal(t, []evidence.Change{{Signal: health.TaskRestarts, Title: "Process restarts", Value: "2", When: "2 minutes before"}}, e.Changes)
}

func TestAnIssueKeepsItsIdentityWhenItGetsWorse(t *testing.T) {
	ids := func(backlog float64) (ids []string, severity explain.Severity) {
		for _, i := range rules.Explain(gather(with(healthy(), values{health.HistoryBacklogAge: backlog}))).Issues {
			ids, severity = append(ids, i.ID), i.Severity
		}
		return ids, severity
	}
	mild, warning := ids(40)
	bad, critical := ids(200)
	assert.Equal(t, []string{"history_backlog@history"}, mild)
	assert.Equal(t, mild, bad)
	assert.Equal(t, []explain.Severity{explain.Warning, explain.Critical}, []explain.Severity{warning, critical})
}

func TestNoLogsIsSaid(t *testing.T) {
	s := storyNamed(t, "database slow")
	s.LogsUnavailable = "Loki did not answer"
	assert.Contains(t, rules.Explain(s).Sections.Standing, "Logs were unavailable: Loki did not answer.")
	assert.Contains(t, llm.Prompt(s), "logs: unavailable (Loki did not answer)")
	assert.Contains(t, rules.Explain(s).Text(), "Logs were unavailable: Loki did not answer.")
	assert.Empty(t, lint(s, rules.Explain(s)))
	t.Run("and nothing where no logs are configured or they hold no pattern", func(t *testing.T) {
		s := storyNamed(t, "database slow")
		assert.NotContains(t, rules.Explain(s).Text(), "ogs were")
		assert.NotContains(t, llm.Prompt(s), "logs:")
	})
}

func TestAReasonThatIsAQuestionEndsAsOne(t *testing.T) {
	const reason = "no metrics of the history service: is it running?"
	snapshot := health.Snapshot{Cluster: "prod-1", At: start, Unknown: map[health.SignalID]string{}}
	for _, s := range health.Signals() {
		snapshot.Unknown[s.ID] = reason
	}
	verdict, _ := health.Evaluate(health.Memory{}, snapshot, health.DefaultThresholds())
	x := rules.Explain(evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: snapshot, LogsUnavailable: "is Loki up?"}))
	text := x.Text()
	assert.Contains(t, x.Summary, "is it running? First")
	assert.NotContains(t, text, "?.")
}
