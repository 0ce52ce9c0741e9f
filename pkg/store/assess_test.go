package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestAnAssessmentComesBackAsItWasSaved(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("prod", start))
	want := Assessment{
		Cluster: "prod", ID: "event-7", At: start.Add(123456 * time.Microsecond), MadeAt: start.Add(9 * time.Second), Trigger: OnEvent,
		EventSeq: 7, State: health.Critical, Stale: true, Coverage: 0.75, Confidence: 0.5, Depth: "deep", Made: "some-model", Instead: "",
		Fingerprint: "abc", SameAs: "event-5", Summary: "It is bad.", LogsUnavailable: "Loki does not answer.",
		Explanation: json.RawMessage(`{"summary": "It is bad."}`), Evidence: json.RawMessage(`{"large": 12345678901234567890}`),
		Draft: json.RawMessage(`{"hypotheses": []}`),
	}
	assess(t, s, want, Findings{})

	read, err := s.Assessments(t.Context(), AssessmentQuery{})
	require.NoError(t, err)
	assert.Equal(t, []Assessment{want}, read)
	latest, err := s.LatestAssessments(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []Assessment{want}, latest)

	heads, err := s.Heads(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Head{{Cluster: "prod", At: start, AssessedAt: want.MadeAt}}, heads)
}

func TestAnIssueComesBackAsItWasFound(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", start))
	issue := found("history_backlog@history", SeverityCritical)
	assess(t, s, assessment("a", "1", tick(0)), Findings{Issues: []Issue{issue}})
	assess(t, s, assessment("a", "2", tick(2)), Findings{Issues: []Issue{issue}})
	assess(t, s, assessment("a", "3", tick(4)), Findings{})

	read, err := s.Issues(t.Context(), IssueQuery{})
	require.NoError(t, err)
	want := issue
	want.Cluster, want.OpenedAt, want.LastAt, want.ResolvedAt, want.Assessment = "a", tick(0), tick(2), ptr(tick(4)), "2"
	assert.Equal(t, []Issue{want}, read)
}

func TestBeforeSmoke(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)), cycle("a", tick(1)), cycle("a", tick(2)))
	before, err := s.Before(t.Context(), "a", tick(2), 5)
	require.NoError(t, err)
	require.Len(t, before, 2)
	require.NoError(t, s.SaveLogRead(t.Context(), LogRead{Cluster: "a", At: tick(3), Through: tick(2), Counts: []health.LogCount{
		{At: tick(1), Pattern: "p", Service: "history", Count: 3, Sample: "x", Meaning: "m"}}}))
	p, err := s.LogPatterns(t.Context(), LogQuery{From: tick(0), To: tick(10)})
	require.NoError(t, err)
	assert.Equal(t, []LogPattern{{"a", health.LogCount{At: tick(1), Pattern: "p", Service: "history", Count: 3, Sample: "x", Meaning: "m"}}}, p)
	p, err = s.LogPatterns(t.Context(), LogQuery{From: tick(0), To: tick(10), Step: time.Minute})
	require.NoError(t, err)
	assert.Equal(t, tick(0), p[0].At)
	require.NoError(t, s.SaveModelCalls(t.Context(), []ModelCall{{Cluster: "a", Assessment: "1", At: time.Now(), Model: "m", Purpose: "triage", InputTokens: 5}}))
	require.NoError(t, s.SaveBudget(t.Context(), Budget{TokensPerDay: 7, Provider: "rules"}))
	b, ok, err := s.LoadBudget(t.Context())
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, int64(5), b.Spent.Tokens)
	for _, step := range []time.Duration{0, time.Hour} {
		u, err := s.Usage(t.Context(), UsageQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Step: step})
		require.NoError(t, err)
		assert.Len(t, u, 1)
	}
}
