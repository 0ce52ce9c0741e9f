package story

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

// SlowDatabase is an issue of the story, which is resolved.
var SlowDatabase = explain.Issue{
	ID: "persistence_slow@persistence", Severity: explain.Warning, Service: health.Persistence, Gate: "persistence_slow",
	Title: "The database is slow", Description: "Operations take 620 ms.", LikelyCause: "The disk is busy.",
	RelatedSignals: []health.SignalID{health.PersistenceP99}, SuggestedActions: []explain.Action{},
}

// Starved is the issue of the present.
func Starved(severity explain.Severity) explain.Issue {
	return explain.Issue{
		ID: "queues_starved@matching", Severity: severity, Service: health.Matching, Gate: "queues_starved",
		Title: "Task queues starve", Description: "Two task queues have tasks and no pollers.", LikelyCause: "Their workers are gone.",
		RelatedSignals: []health.SignalID{health.StarvedQueues, health.StarvedOldestAge}, RelatedLogs: []string{"no_poller"},
		SuggestedActions: []explain.Action{StartWorkers},
	}
}

// The actions that the story recommends.
var (
	StartWorkers = explain.Action{
		Type: explain.Restart, Target: health.Workers, Description: "Start the workers of task queue orders.", Reason: "Nobody polls it.",
		Confidence: 0.75, Risk: explain.RiskLow, Parameters: map[string]string{"task_queue": "orders"}, Gate: "queues_starved",
	}
	LookAtDeploy = explain.Action{
		Type: explain.Investigate, Target: health.Workers, Description: "Look for a deploy.", Reason: "All workers left at once.",
		Confidence: 0.5, Risk: explain.RiskLow,
	}
)

// Assessment is an assessment of the story.
type Assessment struct {
	Cluster, ID string
	At          time.Time
	Trigger     store.Trigger
	Seq         int64
	State       health.State
	stale       bool
	Made        string
	instead     string
	Issues      []explain.Issue
	Actions     []explain.Action
}

// Assess stores an assessment, twenty seconds after the cycle that it explains.
func Assess(t testing.TB, s *store.Store, a Assessment) {
	t.Helper()
	x := explain.Explanation{
		Cluster: a.Cluster, At: a.At, State: a.State, Stale: a.stale, EventSeq: a.Seq,
		Summary: a.Cluster + " is " + a.State.String() + ". So say the *signals*.", Actions: a.Actions, Issues: a.Issues,
		Watch: []string{"The age of the oldest task."}, Made: a.Made, Instead: a.instead, Depth: explain.Deep, Confidence: 0.7, Fingerprint: "f",
	}
	var findings store.Findings
	for _, i := range a.Issues {
		raw, err := json.Marshal(i)
		require.NoError(t, err)
		x.Factors = append(x.Factors, explain.Factor{Title: i.Title, Detail: i.LikelyCause, Gate: i.Gate})
		findings.Issues = append(findings.Issues, store.Issue{
			Cluster: a.Cluster, ID: i.ID, Severity: string(i.Severity), Service: string(i.Service), Gate: string(i.Gate),
			Title: i.Title, Description: i.Description, LikelyCause: i.LikelyCause, Issue: raw,
		})
	}
	if a.Made != explain.MadeByRules {
		x.Dropped = explain.Dropped{Factors: 1, Sentences: 2}
	}
	whole, err := json.Marshal(x)
	require.NoError(t, err)
	require.NoError(t, s.SaveAssessment(t.Context(), store.Assessment{
		Cluster: a.Cluster, ID: a.ID, At: a.At, MadeAt: a.At.Add(20 * time.Second), Trigger: a.Trigger, EventSeq: a.Seq,
		State: a.State, Stale: a.stale, Coverage: 0.75, Confidence: x.Confidence, Depth: string(x.Depth), Made: a.Made, Instead: a.instead,
		Fingerprint: x.Fingerprint, Summary: x.Summary, Explanation: whole, Evidence: []byte(`{}`),
	}, findings))
}

// tellExplanations stores what was explained in the story, what stood in the logs, and what it cost.
func tellExplanations(t testing.TB, s *store.Store) {
	t.Helper()
	const model = "anthropic.claude-sonnet"
	Assess(t, s, Assessment{Cluster: "prod", ID: "event-1", At: Begins, Trigger: store.OnEvent, Seq: 1, State: health.Happy,
		Made: explain.MadeByRules, Issues: []explain.Issue{SlowDatabase}})
	Assess(t, s, Assessment{Cluster: "prod", ID: "event-2", At: Begins.Add(5 * time.Minute), Trigger: store.OnEvent, Seq: 2, State: health.Stressed,
		Made: explain.MadeByRules, instead: "the model did not answer in time", Issues: []explain.Issue{Starved(explain.Warning)}, Actions: []explain.Action{StartWorkers}})
	Assess(t, s, Assessment{Cluster: "prod", ID: "event-3", At: Begins.Add(6*time.Minute + 30*time.Second), Trigger: store.OnEvent, Seq: 3, State: health.Critical,
		Made: model, Issues: []explain.Issue{Starved(explain.Critical)}, Actions: []explain.Action{StartWorkers, LookAtDeploy}})
	Assess(t, s, Assessment{Cluster: "old", ID: "schedule-1767321000", At: Begins.Add(-25 * time.Minute), Trigger: store.OnSchedule, State: health.Happy, Made: explain.MadeByRules})

	found := func(at time.Duration, pattern, service string, count int) health.LogCount {
		return health.LogCount{At: Begins.Add(at), Pattern: pattern, Meaning: "A task queue has nobody who takes its tasks.", Service: service,
			Count: count, AtLeast: count > 1000, Sample: "no poller for task queue orders"}
	}
	require.NoError(t, s.SaveLogRead(t.Context(), store.LogRead{Cluster: "prod", At: Ends, Through: Ends, Counts: []health.LogCount{
		found(6*time.Minute, "no_poller", "matching", 12),
		found(7*time.Minute, "no_poller", "matching", 1500),
		found(7*time.Minute, "deadline_exceeded", "frontend", 3),
	}}))
	require.NoError(t, s.SaveLogRead(t.Context(), store.LogRead{Cluster: "lab", At: Ends, Through: Begins, Unavailable: "Loki refuses the tenant"}))

	call := func(number int, purpose string, tokens int64, failure string) store.ModelCall {
		return store.ModelCall{
			Cluster: "prod", Assessment: "event-3", Number: number, At: Begins.Add(6*time.Minute + 40*time.Second), Model: model, Purpose: purpose,
			InputTokens: tokens, OutputTokens: tokens / 10, Dollars: float64(tokens) / 1e5, Took: time.Second, Failure: failure,
		}
	}
	require.NoError(t, s.SaveModelCalls(t.Context(), []store.ModelCall{call(1, "triage", 1000, ""), call(2, "research", 20000, "time_out"), call(3, "research", 20000, "")}))
	require.NoError(t, s.SaveBudget(t.Context(), store.Budget{DollarsPerDay: 5, Provider: "bedrock"}))
}
