package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/pterm/pterm"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// trouble is a board in the middle of a story: a phase is over, another one is running.
func trouble() board {
	event := health.Event{Seq: 3, Kind: health.StateChanged, At: noon, From: health.Stressed, To: health.Critical, Bottleneck: health.WorkerLimited}
	phases := []scenario.Phase{
		{Name: "healthy load", Expect: scenario.Expectation{States: []health.State{health.Happy}}},
		{Name: "workers stop", Expect: scenario.Expectation{States: []health.State{health.Critical}, Within: 90 * time.Second}},
		{Name: "they return"},
	}
	gates := []health.GateResult{
		{ID: "frontend_slow", Signal: health.FrontendP99, Value: new(80.0), Op: health.Above, Threshold: 1000, Result: health.Passed},
		{ID: "history_backlog", Signal: health.HistoryBacklogAge, Op: health.Above, Threshold: 30, Result: health.NotKnowable, Note: "no history task was completed"},
		{ID: "workflow_pollers_gone", Signal: health.MatchingWorkflowPoll, Value: new(0.0), Op: health.Below, Threshold: 1, Result: health.Fired, Severity: health.Critical},
	}
	return board{
		story:  scenario.Scenario{About: "A story.", Phases: phases},
		number: 2, phase: phases[1], conditions: stage.Calm(), began: noon,
		now: &store.ClusterStatus{Cluster: stage.Cluster, At: noon, Verdict: health.Verdict{
			Cluster: stage.Cluster, At: noon, State: health.Critical, Since: noon, Coverage: 0.96, Bottleneck: health.WorkerLimited, Gates: gates,
		}},
		events: []store.Event{{Cluster: stage.Cluster, Event: event}},
		explained: &store.Assessment{State: health.Critical, Made: "rules", Summary: "Nobody works on the tasks.",
			Explanation: []byte(`{"actions": [{"description": "Start the workers.", "confidence": 0.9, "risk_level": "low"}]}`)},
		outcomes: []scenario.Outcome{{Phase: phases[0], Detected: new(4 * time.Second)}},
	}
}

func TestTheBoardTellsStateEvidenceBottleneckAndEvents(t *testing.T) {
	text := pterm.RemoveColorFromString(trouble().render(noon.Add(41*time.Second), 200, 40))
	for _, part := range []string{
		"✓ healthy load: happy after 4s",
		"▶ workers stop for 41s: no load",
		"expected within 1m30s: critical",
		" CRITICAL  since", "(41s)",
		"bottleneck worker_limited   96 % of the deciding gates known",
		"workflow_pollers_gone                matching.workflow_pollers 0 < 1",
		"history.backlog_age_sec unknown, fires > 30  (no history task was completed)",
		"frontend.latency_p99_ms 80, fires > 1000",
		"3 at 12:00:00: stressed -> critical, worker_limited",
		"Nobody works on the tasks.",
		"1. Start the workers. (confidence 90 %, risk low)",
	} {
		require.Contains(t, text, part)
	}
	fired, unknown, passed := strings.Index(text, "workflow_pollers_gone"), strings.Index(text, "history_backlog"), strings.Index(text, "frontend_slow")
	require.True(t, fired < unknown && unknown < passed, "what fired comes first, then what is unknown")
}

func TestTheBoardFitsItsTerminal(t *testing.T) {
	b := trouble()
	for range 30 {
		b.now.Verdict.Gates = append(b.now.Verdict.Gates, b.now.Verdict.Gates[0])
	}
	text := pterm.RemoveColorFromString(b.render(noon, 60, 24))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Less(t, len(lines), 24)
	require.Contains(t, text, "more gates")
	for _, line := range lines {
		require.LessOrEqual(t, len([]rune(line)), 60)
	}
}

func TestTheBoardIsThereBeforeTheFirstCycle(t *testing.T) {
	b := newBoard(trouble().story)
	b.starting = "Prometheus"
	text := pterm.RemoveColorFromString(b.render(noon, 80, 24))
	require.Contains(t, text, "starting Prometheus …")
	require.NotContains(t, text, "HAPPY", "nothing is known yet, so nothing is said")
}

func TestAStaleVerdictSaysSo(t *testing.T) {
	b := trouble()
	b.now.Verdict.Stale = true
	require.Contains(t, pterm.RemoveColorFromString(b.render(noon, 200, 40)), "STALE")
}

func TestAnExplanationOfAnEarlierStateIsNotShownAsOneOfThePresent(t *testing.T) {
	b := trouble()
	b.explained.State = health.Stressed
	text := pterm.RemoveColorFromString(b.render(noon, 200, 60))
	require.NotContains(t, text, "Nobody works")
	require.Contains(t, text, "being explained")
}
