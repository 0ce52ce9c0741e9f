package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/service"
	"github.com/temporal-sre/copilot/worker/workflows"
)

var start = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

// cluster is one whose database fails from the fifth to the tenth minute.
type cluster struct{}

func (cluster) Snapshot(_ context.Context, at time.Time, _ []health.QueueKey) health.Snapshot {
	s := health.Snapshot{Cluster: "prod", At: at, Signals: map[health.SignalID]float64{
		health.TransitionRate: 160, health.TransitionP99: 60, health.CompletionRate: 1, health.SuccessRate: 10, health.FailedRate: 0,
		health.HistoryBacklogAge: 0.1, health.HistoryTaskRate: 230, health.ShardChurn: 0, health.FrontendErrors: 0, health.FrontendP99: 60,
		health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 0, health.PollTimeouts: 0.001, health.PersistenceP99: 41, health.PersistenceErrors: 0,
		health.WorkflowStarts: 10, health.BacklogInflow: 0, health.MatchingWorkflowPoll: 23, health.MatchingActivityPoll: 23,
		health.StarvedQueues: 0, health.StarvedOldestAge: 0, health.PersistenceErrRatio: 0, health.FrontendErrRatio: 0,
		health.ShardsMoved: 0, health.TargetsUp: 1, health.WarmingUp: 0,
		health.WorkflowsCreated: 10, health.ClosedRate: 10, health.SlotlessQueues: 0, health.FrontendLimited: 0, health.BusyWorkflow: 0,
		health.OversizedTransactions: 0, health.DeadLetters: 0, health.TerminalFailures: 0, health.Corruptions: 0,
		health.VisibilityErrRatio: 0, health.VisibilityP99: 40, health.VisibilityBacklogAge: 0.2,
		health.SystemWorkerUp: 1, health.SystemQueueAge: 0, health.SchedulesMissed: 0, health.NonDeterminism: 0, health.OversizedMessages: 0,
		health.WorkflowTaskFailureRatio: 0, health.ActivityFailureRatio: 0, health.ActivityTimeoutRatio: 0,
	}, Queues: []health.TaskQueue{{Namespace: "default", Name: "orders password=hunter2", Type: "workflow"}}}
	if d := at.Sub(start); d > 5*time.Minute && d < 10*time.Minute {
		s.Signals[health.PersistenceErrRatio], s.Signals[health.PersistenceErrors] = 0.9, 200
	}
	return s
}

// desk is a worker without its server: real activities on a real store, in a time that is skipped.
type desk struct {
	*activities.Activities
	store *store.Store
}

func newDesk(t testing.TB, explainer activities.Explainer) *desk {
	t.Helper()
	s := newStore(t)
	index, err := knowledge.NewIndex(0, knowledge.Embedded())
	require.NoError(t, err)
	return &desk{store: s, Activities: &activities.Activities{
		Clusters: map[string]activities.SignalReader{"prod": cluster{}}, Store: s, Knowledge: index, Explainer: explainer}}
}

func (d *desk) env(at time.Time) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	// A machine that has other things to do is no deadlock of the workflow.
	env := suite.NewTestWorkflowEnvironment().SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute})
	env.SetStartTime(at)
	env.SetTestTimeout(2 * time.Minute)
	service.Register(env, d.Activities)
	return env
}

// observe lets the cluster be observed and its events be explained.
func (d *desk) observe(t *testing.T, until time.Duration) {
	t.Helper()
	env := d.env(start)
	env.RegisterDelayedCallback(env.CancelWorkflow, until)
	env.ExecuteWorkflow(workflows.ObserveCluster, workflows.ObserveInput{Cluster: "prod",
		Settings: workflows.Settings{Interval: 30 * time.Second, Thresholds: health.DefaultThresholds(), Assess: true}})
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
}

// assess runs one assessment and returns it as it is stored.
func (d *desk) assess(t *testing.T, in workflows.AssessInput) store.Assessment {
	t.Helper()
	in.Cluster = "prod"
	env := d.env(start.Add(20 * time.Minute))
	env.ExecuteWorkflow(workflows.Assess, in)
	require.NoError(t, env.GetWorkflowError())
	for _, a := range d.stored(t) {
		if a.ID == in.ID {
			return a
		}
	}
	require.Fail(t, "it is not stored", in.ID)
	return store.Assessment{}
}

func (d *desk) stored(t *testing.T) []store.Assessment {
	t.Helper()
	all, err := d.store.Assessments(t.Context(), store.AssessmentQuery{})
	require.NoError(t, err)
	return all
}

func (d *desk) calls(t *testing.T) (calls, failures int64) {
	t.Helper()
	usage, err := d.store.Usage(t.Context(), store.UsageQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	for _, u := range usage {
		calls, failures = calls+u.Calls, failures+u.Failures
	}
	return calls, failures
}

// onTime checks that every cycle is stored with its state as if nothing was ever explained.
func (d *desk) onTime(t *testing.T) {
	t.Helper()
	cycles, err := d.store.Before(t.Context(), "prod", start.Add(time.Hour), 100)
	require.NoError(t, err)
	require.InDelta(t, 30, len(cycles), 2)
	for i, c := range cycles {
		if i > 0 {
			assert.Equal(t, 30*time.Second, c.At.Sub(cycles[i-1].At).Round(time.Second))
		}
	}
	events, err := d.store.EventsAfter(t.Context(), "prod", 0, 100)
	require.NoError(t, err)
	var story []string
	for _, e := range events {
		story = append(story, fmt.Sprintf("%s %s", e.At.Format("4:05"), e.To))
	}
	assert.Equal(t, []string{"4:00 happy", "9:30 stressed", "10:30 critical", "14:30 happy"}, story[:4])
}

func TestWhateverAModelDoesTheStateIsOnTimeAndEveryEventIsExplained(t *testing.T) {
	for _, c := range []struct {
		name    string
		limit   time.Duration
		reply   func(n int, prompt string, w http.ResponseWriter, r *http.Request)
		instead string
		// asks is how often the model is asked about the event.
		asks int
	}{
		{"a good one explains", time.Minute, good, "", 1},
		{"a dead one", time.Minute, func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}, "the model can't be reached, so the rules explain", 3},
		{"a broken one", time.Minute, func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}, "the model can't be reached, so the rules explain", 3},
		{"a slow one", 300 * time.Millisecond, func(_ int, _ string, _ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, "the model did not answer in time, so the rules explain", 1},
		{"a rate limited one", time.Minute, func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "the model is rate limited, so the rules explain", 3},
		{"one that is rate limited at first explains in the end", time.Minute, func(n int, prompt string, w http.ResponseWriter, r *http.Request) {
			if n%3 != 0 {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			good(n, prompt, w, r)
		}, "", 3},
		{"one that writes prose", time.Minute, func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
			says(w, "The database seems to have a bad day.")
		}, "the model's answer did not stand up to the evidence, so the rules explain", 2},
		{"one that breaks off its JSON", time.Minute, func(_ int, prompt string, w http.ResponseWriter, _ *http.Request) {
			says(w, draft(prompt, nil)[:100])
		}, "the model's answer did not stand up to the evidence, so the rules explain", 2},
		{"one that says another state", time.Minute, func(_ int, prompt string, w http.ResponseWriter, _ *http.Request) {
			says(w, draft(prompt, func(d *llm.Draft) { d.State = "unknown" }))
		}, "the model's answer did not stand up to the evidence, so the rules explain", 2},
		{"one that invents signals", time.Minute, func(_ int, prompt string, w http.ResponseWriter, _ *http.Request) {
			says(w, draft(prompt, func(d *llm.Draft) {
				d.Summary.What = "The flux.capacitor_rate is at [[flux.capacitor_rate]]."
				d.Factors = []llm.DraftFactor{{Title: "Flux", Detail: "It flows.", Gate: "flux_low", Signal: "flux.capacitor_rate"}}
			}))
		}, "the model's answer did not stand up to the evidence, so the rules explain", 2},
		{"one that can't stop", time.Minute, func(_ int, prompt string, w http.ResponseWriter, _ *http.Request) {
			says(w, draft(prompt, func(d *llm.Draft) { d.Summary.Why = strings.Repeat("It is so. ", 10_000) }))
		}, "the model's answer did not stand up to the evidence, so the rules explain", 2},
		{"one that repairs what it wrote", time.Minute, func(n int, prompt string, w http.ResponseWriter, r *http.Request) {
			if n%2 == 1 {
				says(w, "Well.")
				return
			}
			good(n, prompt, w, r)
		}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, c.reply)
			d := newDesk(t, e.explainer(t, c.limit, llm.Budget{}))
			d.observe(t, 15*time.Minute)
			d.onTime(t)
			var critical store.Assessment
			for _, a := range d.stored(t) {
				if a.EventSeq == 3 {
					critical = a
				}
				assert.Equal(t, store.OnEvent, a.Trigger)
				assert.NotEmpty(t, a.Summary)
				assert.NotContains(t, string(a.Evidence), "hunter2")
			}
			assert.Equal(t, "event-3", critical.ID)
			assert.Equal(t, health.Critical, critical.State)
			assert.Equal(t, c.instead, critical.Instead)
			assert.Equal(t, c.instead == "", critical.Made == "large", critical.Made)
			assert.Equal(t, c.instead == "", critical.Draft != nil)
			assert.Equal(t, "deep", critical.Depth)
			assert.Equal(t, c.asks, e.askedAbout("critical"))
			calls, _ := d.calls(t)
			assert.GreaterOrEqual(t, calls, int64(e.asked()), "every call is on the record")
		})
	}
}

func TestEveryAttemptIsOnTheRecordOnce(t *testing.T) {
	e := serve(t, func(n int, prompt string, w http.ResponseWriter, r *http.Request) {
		if n < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		good(n, prompt, w, r)
	})
	d := newDesk(t, e.explainer(t, time.Minute, llm.Budget{}))
	d.observeQuietly(t)
	d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Equal(t, 3, e.asked())
	calls, failures := d.calls(t)
	assert.Equal(t, int64(3), calls, "critical is not triaged by a model")
	assert.Equal(t, int64(2), failures)
}

// observeQuietly lets the cluster be observed while nothing is explained.
func (d *desk) observeQuietly(t *testing.T) {
	t.Helper()
	env := d.env(start)
	env.RegisterDelayedCallback(env.CancelWorkflow, 15*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, workflows.ObserveInput{Cluster: "prod",
		Settings: workflows.Settings{Interval: 30 * time.Second, Thresholds: health.DefaultThresholds()}})
	require.Empty(t, d.stored(t))
}

func TestTheSameSituationIsExplainedByAModelOnce(t *testing.T) {
	e := serve(t, good)
	d := newDesk(t, e.explainer(t, time.Minute, llm.Budget{}))
	d.observeQuietly(t)
	first := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	second := d.assess(t, workflows.AssessInput{ID: "demand-2", Trigger: workflows.OnDemand, EventSeq: 3})
	third := d.assess(t, workflows.AssessInput{ID: "demand-3", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Equal(t, 1, e.asked())
	assert.Empty(t, first.SameAs)
	for _, again := range []store.Assessment{second, third} {
		assert.Equal(t, "demand-1", again.SameAs)
		assert.Equal(t, "large", again.Made)
		assert.Equal(t, first.Summary, again.Summary)
		assert.Equal(t, "deep", again.Depth)
	}
}

func TestABudgetThatIsSpentLeavesItToTheRules(t *testing.T) {
	e := serve(t, good)
	d := newDesk(t, e.explainer(t, time.Minute, llm.Budget{DollarsPerDay: 0.30}))
	d.observeQuietly(t)
	first := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Equal(t, "large", first.Made)
	second := d.assess(t, workflows.AssessInput{ID: "demand-2", Trigger: workflows.OnDemand, EventSeq: 4})
	assert.NotEmpty(t, second.Made)
	spent, err := d.store.Spent(t.Context(), time.Now().UTC().Truncate(24*time.Hour))
	require.NoError(t, err)
	assert.LessOrEqual(t, spent.Dollars, 0.30)

	require.NoError(t, d.store.SaveModelCalls(t.Context(), []store.ModelCall{{Cluster: "other", Assessment: "event-1", Number: 10, At: time.Now(), Model: "large", Purpose: "research", Dollars: 0.29}}))
	d.Clusters["prod"] = cluster{}
	asked := e.asked()
	third := d.assess(t, workflows.AssessInput{ID: "demand-3", Trigger: workflows.OnDemand, EventSeq: 2})
	assert.Equal(t, asked, e.asked())
	assert.Equal(t, explain.MadeByRules, third.Made)
	assert.Equal(t, "explanations by a model are paused because today's budget is spent, so the rules explain", third.Instead)
	budget, found, err := d.store.LoadBudget(t.Context())
	require.NoError(t, err)
	require.True(t, found, "people see the budget")
	assert.Equal(t, 0.30, budget.DollarsPerDay)
	assert.Equal(t, "openai", budget.Provider)
	assert.Greater(t, budget.Spent.Dollars, 0.29)
}

// secretive is a store that does not tell what was spent.
type secretive struct{ *store.Store }

func (secretive) Spent(context.Context, time.Time) (store.Spent, error) {
	return store.Spent{}, errors.New("the database cannot be reached")
}

func TestWhereTheBudgetCannotBeReadNoModelIsAsked(t *testing.T) {
	e := serve(t, good)
	d := newDesk(t, e.explainer(t, time.Minute, llm.Budget{TokensPerDay: 1_000_000}))
	d.Store = secretive{d.store}
	d.observeQuietly(t)
	a := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Zero(t, e.asked())
	assert.Equal(t, explain.MadeByRules, a.Made)
	assert.Equal(t, "what was spent today can't be read, so no model is asked and the rules explain", a.Instead)
}

func TestALateExplanationChangesNothingElse(t *testing.T) {
	d := newDesk(t, activities.Explainer{})
	d.observe(t, 15*time.Minute)
	issues := func() []store.Issue {
		all, err := d.store.Issues(t.Context(), store.IssueQuery{})
		require.NoError(t, err)
		return all
	}
	now := func() store.ClusterStatus {
		all, err := d.store.Statuses(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	before, was := issues(), now()
	require.NotEmpty(t, before)
	for _, issue := range before {
		assert.NotNil(t, issue.ResolvedAt, "the trouble is over: %s", issue.ID)
	}
	late := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Equal(t, health.Critical, late.State, "it tells of its own time")
	assert.Equal(t, int64(3), late.EventSeq)
	assert.Equal(t, before, issues())
	assert.Equal(t, was, now())
}

func TestAScheduleAssessesWhatIsNowAndOnlyWhenItIsTime(t *testing.T) {
	d := newDesk(t, activities.Explainer{})
	d.observeQuietly(t)
	was, err := d.store.Statuses(t.Context(), nil)
	require.NoError(t, err)
	tick := func(after time.Duration) []string {
		env := d.env(start.Add(after))
		env.ExecuteWorkflow(workflows.Periodic, workflows.PeriodicInput{Every: 5 * time.Minute})
		require.NoError(t, env.GetWorkflowError())
		var out workflows.PeriodicOutput
		require.NoError(t, env.GetWorkflowResult(&out))
		return out.Clusters
	}
	assert.Equal(t, []string{"prod"}, tick(15*time.Minute))
	require.Eventually(t, func() bool { return len(d.stored(t)) == 1 }, 10*time.Second, 10*time.Millisecond)
	a := d.stored(t)[0]
	assert.Equal(t, store.OnSchedule, a.Trigger)
	assert.Equal(t, fmt.Sprintf("schedule-%d", start.Add(15*time.Minute).Unix()), a.ID)
	assert.Equal(t, was[0].At, a.At)
	assert.Empty(t, tick(16*time.Minute), "one was just completed")
	assert.Empty(t, tick(25*time.Minute), "nothing was observed since")
	now, err := d.store.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, was, now)
}

func TestWhatWasNeverObservedCannotBeExplained(t *testing.T) {
	d := newDesk(t, activities.Explainer{})
	for seq, want := range map[int64]string{0: "was not observed yet", 7: "was not observed yet"} {
		env := d.env(start)
		env.ExecuteWorkflow(workflows.Assess, workflows.AssessInput{Cluster: "prod", ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: seq})
		assert.ErrorContains(t, env.GetWorkflowError(), want)
	}
	d.observeQuietly(t)
	env := d.env(start)
	env.ExecuteWorkflow(workflows.Assess, workflows.AssessInput{Cluster: "prod", ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 99})
	assert.ErrorContains(t, env.GetWorkflowError(), "the store has no event 99")
}

func TestLogsThatAreGoneAreToldInTheAssessment(t *testing.T) {
	d := newDesk(t, activities.Explainer{})
	reader, err := logs.New(logs.Source{Source: telemetry.Source{URL: "http://127.0.0.1:1"}, Selector: `{job="temporal"}`}, logs.Patterns(), logs.Options{})
	require.NoError(t, err)
	d.Logs = map[string]activities.Logs{"prod": {Reader: reader, Window: logs.DefaultWindow}}
	d.observeQuietly(t)

	a := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Equal(t, "they were not read yet", a.LogsUnavailable)

	env := d.env(start)
	env.OnSignalExternalWorkflow(mock.Anything, workflows.ObserveID("prod"), "", workflows.SignalLogRate, mock.Anything).Return(nil)
	env.RegisterDelayedCallback(env.CancelWorkflow, 40*time.Second)
	env.ExecuteWorkflow(workflows.WatchLogs, workflows.WatchLogsInput{Cluster: "prod", Settings: workflows.LogSettings{Interval: 30 * time.Second}})
	a = d.assess(t, workflows.AssessInput{ID: "demand-2", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Contains(t, a.LogsUnavailable, "connection refused")
	var e evidence.Evidence
	require.NoError(t, json.Unmarshal(a.Evidence, &e))
	assert.Equal(t, a.LogsUnavailable, e.LogsUnavailable)
}

func TestLogPatternsBelongToAnEventWithinTheWindowOnly(t *testing.T) {
	d := newDesk(t, activities.Explainer{})
	d.Logs = map[string]activities.Logs{"prod": {Window: 2 * time.Minute}}
	d.observeQuietly(t)
	events, err := d.store.EventsAfter(t.Context(), "prod", 2, 1)
	require.NoError(t, err)
	at := events[0].At
	read := store.LogRead{Cluster: "prod", At: at.Add(10 * time.Minute), Through: at.Add(10 * time.Minute)}
	for offset, n := range map[time.Duration]int{-150 * time.Second: 1000, -2 * time.Minute: 1, 0: 20, 2 * time.Minute: 300, 150 * time.Second: 1000} {
		read.Counts = append(read.Counts, health.LogCount{At: at.Add(offset), Pattern: "database_down", Meaning: "the database is gone", Service: "history", Count: n, Sample: "no usable database connection found"})
	}
	require.NoError(t, d.store.SaveLogRead(t.Context(), read))
	a := d.assess(t, workflows.AssessInput{ID: "demand-1", Trigger: workflows.OnDemand, EventSeq: 3})
	assert.Empty(t, a.LogsUnavailable)
	var e evidence.Evidence
	require.NoError(t, json.Unmarshal(a.Evidence, &e))
	require.Len(t, e.Patterns, 1)
	assert.Equal(t, 321, e.Patterns[0].Count)
	assert.NotEmpty(t, e.Passages, "documents are found for it")
}
