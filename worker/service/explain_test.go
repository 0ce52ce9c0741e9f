package service_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// TestARealClustersTroubleIsExplained runs the real worker process with all that explains: a Temporal server, a
// PostgreSQL, a Prometheus, a Loki, and a stand-in for a model that is out of order.
func TestARealClustersTroubleIsExplained(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sys := startSystem(t)
	loki, err := testenv.StartLoki(ctx, testenv.LokiOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, loki.Stop()) })
	var asked atomic.Int64
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	}))
	t.Cleanup(model.Close)
	// A database that must answer within no time is too slow, also in a server's first 90 s, in which latency gates rest
	// unless they are told that it is an old one.
	old := strings.Replace(sys.read(t), "window: 10s", `window: 10s, queries: {telemetry.warming_up_ratio: "vector(0)"}`, 1)
	require.Contains(t, old, "vector(0)")
	calm := old + `    logs: {url: "` + loki.URL() + `", selector: '{job="temporal"}'}
explain:
  provider: openai
  every: 1m
  openai: {base_url: "` + model.URL + `/v1", large_model: oracle}
  budget: {tokens_per_day: 1000000}
`
	troubled := strings.Replace(calm, "    logs:", "    thresholds: {gates: {persistence_slow: {threshold: 0.001}}}\n    logs:", 1)
	sys.write(t, troubled)
	line := time.Now()
	require.NoError(t, loki.Push(ctx, "", map[string]string{"job": "temporal", "service_name": "history"},
		testenv.LogLine{At: line, Text: `{"level":"error","msg":"Operation failed with an error.","error":"no usable database connection found"}`}))

	c, err := client.Dial(client.Options{HostPort: sys.temporal.Address()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	worker := sys.startWorker(t)
	assessments := func(q store.AssessmentQuery) []store.Assessment {
		all, err := sys.store.Assessments(ctx, q)
		require.NoError(t, err)
		return all
	}
	eventually := func(what string, holds func() bool) {
		t.Helper()
		require.Eventually(t, holds, 4*time.Minute, 300*time.Millisecond, what)
	}

	t.Run("its event is explained, by the rules since the model is out of order", func(t *testing.T) {
		eventually("an assessment is stored", func() bool {
			found := assessments(store.AssessmentQuery{Triggers: []store.Trigger{store.OnEvent}})
			return len(found) > 0 && found[0].State == health.Stressed
		})
		a := assessments(store.AssessmentQuery{Triggers: []store.Trigger{store.OnEvent}})[0]
		assert.Equal(t, workflows.EventAssessment(a.EventSeq), a.ID)
		assert.Equal(t, explain.MadeByRules, a.Made)
		assert.Equal(t, "the model cannot be reached; using the rule-based explanation", a.Instead)
		assert.GreaterOrEqual(t, asked.Load(), int64(workflows.ResearchAttempts))
		usage, err := sys.store.Usage(ctx, store.UsageQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		require.NotEmpty(t, usage)
		assert.Equal(t, "oracle", usage[0].Model)
		budget, found, err := sys.store.LoadBudget(ctx)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, int64(1_000_000), budget.TokensPerDay)
	})
	t.Run("its trouble is an open issue", func(t *testing.T) {
		open, err := sys.store.Issues(ctx, store.IssueQuery{Open: true})
		require.NoError(t, err)
		// A busy machine may bring issues of its own.
		i := slices.IndexFunc(open, func(issue store.Issue) bool { return issue.ID == "persistence_slow@persistence" })
		require.GreaterOrEqual(t, i, 0, "%+v", open)
		assert.NotEmpty(t, open[i].Description)
	})
	t.Run("its logs are read, and are a signal", func(t *testing.T) {
		eventually("the pattern is found", func() bool {
			found, err := sys.store.LogPatterns(ctx, store.LogQuery{From: line.Add(-time.Minute), To: line.Add(time.Minute)})
			require.NoError(t, err)
			return len(found) == 1 && found[0].Pattern == "database_down" && found[0].Service == "history"
		})
		eventually("the rate is known", func() bool {
			now, err := sys.store.Statuses(ctx, nil)
			require.NoError(t, err)
			_, known := now[0].Snapshot.Value(health.LogPatternRate)
			return known
		})
	})
	t.Run("it is looked at again by a schedule", func(t *testing.T) {
		eventually("an assessment by schedule is stored", func() bool {
			return len(assessments(store.AssessmentQuery{Triggers: []store.Trigger{store.OnSchedule}})) > 0
		})
		described, err := c.ScheduleClient().GetHandle(ctx, workflows.PeriodicScheduleID).Describe(ctx)
		require.NoError(t, err)
		assert.Equal(t, time.Minute, described.Schedule.Spec.Intervals[0].Every)
		record(t, c, "periodic", described.Info.RecentActions[0].StartWorkflowResult.WorkflowID)
		record(t, c, "log-watch", workflows.LogsID("prod"))
	})
	t.Run("an operator asks, and reads what is stored", func(t *testing.T) {
		out := sys.run(t, "explain", "--config", sys.config, "prod")
		assert.Contains(t, out, "Written by the rules")
		var past explain.Explanation
		require.NoError(t, json.Unmarshal([]byte(sys.run(t, "explain", "--config", sys.config, "prod/1", "--json")), &past))
		assert.Equal(t, int64(1), past.EventSeq)
		assert.Len(t, assessments(store.AssessmentQuery{Triggers: []store.Trigger{store.OnDemand}}), 2)
		assert.Contains(t, sys.run(t, "explain", "--config", sys.config, "prod/1", "--stored"), past.Summary[:20])
		record(t, c, "explained-observation", workflows.ObserveID("prod"))
		record(t, c, "assessment", workflows.AssessID("prod", workflows.EventAssessment(2)))
	})
	t.Run("the issue is resolved when the trouble is over", func(t *testing.T) {
		require.NoError(t, worker.Stop())
		sys.write(t, calm)
		sys.startWorker(t)
		eventually("no issue is open", func() bool {
			all, err := sys.store.Issues(ctx, store.IssueQuery{})
			require.NoError(t, err)
			return len(all) > 0 && all[0].ResolvedAt != nil
		})
		_, metrics := get(t, "http://"+sys.metrics+"/metrics")
		assert.Contains(t, metrics, `copilot_assessments_total{cluster="prod",made="rules",trigger="event"}`)
		assert.Contains(t, metrics, `copilot_model_failures_total{kind="unavailable"}`)
		assert.Contains(t, metrics, `copilot_log_reads_total{cluster="prod",result="ok"}`)
	})
}

// read and write are for the worker's configuration.
func (sys *system) read(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(sys.config)
	require.NoError(t, err)
	return string(text)
}

func (sys *system) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(sys.config, []byte(text), 0o600))
}
