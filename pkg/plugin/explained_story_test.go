package plugin

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// The rest of the story: "prod" was assessed at each of its events, its first issue is gone, and a model
// explained what holds now. "lab" was never assessed and its logs can't be read. "old" was assessed before it
// fell silent, and nobody reads its logs.

var slowDatabase = explain.Issue{
	ID: "persistence_slow@persistence", Severity: explain.Warning, Service: health.Persistence, Gate: "persistence_slow",
	Title: "The database is slow", Description: "Operations take 620 ms.", LikelyCause: "The disk is busy.",
	RelatedSignals: []health.SignalID{health.PersistenceP99}, SuggestedActions: []explain.Action{},
}

func starved(severity explain.Severity) explain.Issue {
	return explain.Issue{
		ID: "queues_starved@matching", Severity: severity, Service: health.Matching, Gate: "queues_starved",
		Title: "Task queues starve", Description: "Two task queues have tasks and no pollers.", LikelyCause: "Their workers are gone.",
		RelatedSignals: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge}, RelatedLogs: []string{"no_poller"},
		SuggestedActions: []explain.Action{startWorkers},
	}
}

var (
	startWorkers = explain.Action{
		Type: explain.Restart, Target: health.Workers, Description: "Start the workers of task queue orders.", Reason: "Nobody polls it.",
		Confidence: 0.75, Risk: explain.RiskLow, Parameters: map[string]string{"task_queue": "orders"}, Gate: "queues_starved",
	}
	lookAtDeploy = explain.Action{
		Type: explain.Investigate, Target: health.Workers, Description: "Look for a deploy.", Reason: "All workers left at once.",
		Confidence: 0.5, Risk: explain.RiskLow,
	}
)

// told is an assessment of the story.
type told struct {
	cluster, id string
	at          time.Time
	trigger     store.Trigger
	seq         int64
	state       health.State
	stale       bool
	made        string
	instead     string
	issues      []explain.Issue
	actions     []explain.Action
}

// assess stores an assessment, twenty seconds after the cycle that it explains.
func assess(t testing.TB, s *store.Store, a told) {
	t.Helper()
	x := explain.Explanation{
		Cluster: a.cluster, At: a.at, State: a.state, Stale: a.stale, EventSeq: a.seq,
		Summary: a.cluster + " is " + a.state.String() + ". So say the *signals*.", Actions: a.actions, Issues: a.issues,
		Watch: []string{"The age of the oldest task."}, Made: a.made, Instead: a.instead, Depth: explain.Deep, Confidence: 0.7, Fingerprint: "f",
	}
	var findings store.Findings
	for _, i := range a.issues {
		raw, err := json.Marshal(i)
		require.NoError(t, err)
		x.Factors = append(x.Factors, explain.Factor{Title: i.Title, Detail: i.LikelyCause, Gate: i.Gate})
		findings.Issues = append(findings.Issues, store.Issue{
			Cluster: a.cluster, ID: i.ID, Severity: string(i.Severity), Service: string(i.Service), Gate: string(i.Gate),
			Title: i.Title, Description: i.Description, LikelyCause: i.LikelyCause, Issue: raw,
		})
	}
	if a.made != explain.MadeByRules {
		x.Dropped = explain.Dropped{Factors: 1, Sentences: 2}
	}
	whole, err := json.Marshal(x)
	require.NoError(t, err)
	require.NoError(t, s.SaveAssessment(t.Context(), store.Assessment{
		Cluster: a.cluster, ID: a.id, At: a.at, MadeAt: a.at.Add(20 * time.Second), Trigger: a.trigger, EventSeq: a.seq,
		State: a.state, Stale: a.stale, Coverage: 0.75, Confidence: x.Confidence, Depth: string(x.Depth), Made: a.made, Instead: a.instead,
		Fingerprint: x.Fingerprint, Summary: x.Summary, Explanation: whole, Evidence: []byte(`{}`),
	}, findings))
}

// tellExplanations stores what was explained in the story, what stood in the logs, and what it cost.
func tellExplanations(t testing.TB, s *store.Store) {
	t.Helper()
	const model = "anthropic.claude-sonnet"
	assess(t, s, told{cluster: "prod", id: "event-1", at: storyBegins, trigger: store.OnEvent, seq: 1, state: health.Happy,
		made: explain.MadeByRules, issues: []explain.Issue{slowDatabase}})
	assess(t, s, told{cluster: "prod", id: "event-2", at: storyBegins.Add(5 * time.Minute), trigger: store.OnEvent, seq: 2, state: health.Stressed,
		made: explain.MadeByRules, instead: "the model did not answer in time", issues: []explain.Issue{starved(explain.Warning)}, actions: []explain.Action{startWorkers}})
	assess(t, s, told{cluster: "prod", id: "event-3", at: storyBegins.Add(6*time.Minute + 30*time.Second), trigger: store.OnEvent, seq: 3, state: health.Critical,
		made: model, issues: []explain.Issue{starved(explain.Critical)}, actions: []explain.Action{startWorkers, lookAtDeploy}})
	assess(t, s, told{cluster: "old", id: "schedule-1767321000", at: storyBegins.Add(-25 * time.Minute), trigger: store.OnSchedule, state: health.Happy, made: explain.MadeByRules})

	found := func(at time.Duration, pattern, service string, count int) health.LogCount {
		return health.LogCount{At: storyBegins.Add(at), Pattern: pattern, Meaning: "A task queue has nobody who takes its tasks.", Service: service,
			Count: count, AtLeast: count > 1000, Sample: "no poller for task queue orders"}
	}
	require.NoError(t, s.SaveLogRead(t.Context(), store.LogRead{Cluster: "prod", At: storyEnds, Through: storyEnds, Counts: []health.LogCount{
		found(6*time.Minute, "no_poller", "matching", 12),
		found(7*time.Minute, "no_poller", "matching", 1500),
		found(7*time.Minute, "deadline_exceeded", "frontend", 3),
	}}))
	require.NoError(t, s.SaveLogRead(t.Context(), store.LogRead{Cluster: "lab", At: storyEnds, Through: storyBegins, Unavailable: "Loki refuses the tenant"}))

	call := func(number int, purpose string, tokens int64, failure string) store.ModelCall {
		return store.ModelCall{
			Cluster: "prod", Assessment: "event-3", Number: number, At: storyBegins.Add(6*time.Minute + 40*time.Second), Model: model, Purpose: purpose,
			InputTokens: tokens, OutputTokens: tokens / 10, Dollars: float64(tokens) / 1e5, Took: time.Second, Failure: failure,
		}
	}
	require.NoError(t, s.SaveModelCalls(t.Context(), []store.ModelCall{call(1, "triage", 1000, ""), call(2, "research", 20000, "time_out"), call(3, "research", 20000, "")}))
	require.NoError(t, s.SaveBudget(t.Context(), store.Budget{DollarsPerDay: 5, Provider: "bedrock"}))
}
