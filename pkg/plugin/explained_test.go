package plugin

import (
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// cell is a value of a frame's row.
func cell(t testing.TB, f *data.Frame, field string, row int) any {
	t.Helper()
	found, _ := f.FieldByName(field)
	require.NotNil(t, found, field)
	value, ok := found.ConcreteAt(row)
	if !ok {
		return nil
	}
	return value
}

// cells are the values of a field.
func cells(t testing.TB, f *data.Frame, field string) []any {
	t.Helper()
	all := []any{}
	for row := range f.Rows() {
		all = append(all, cell(t, f, field, row))
	}
	return all
}

func ask1(t *testing.T, d *Datasource, kind string, more ...map[string]any) *data.Frame {
	t.Helper()
	return answered(t, d, story.Question(t, story.QueryOf(kind, more...)), nil)[0]
}

func TestAnOldExplanationNeverPassesForThePresent(t *testing.T) {
	s, _ := story.NewStore(t)
	story.Tell(t, s, "prod", story.Begins, story.Healthy(2))
	story.Assess(t, s, story.Assessment{Cluster: "prod", ID: "event-1", At: story.Begins, Trigger: store.OnEvent, Seq: 1, State: health.Happy,
		Made: explain.MadeByRules, Issues: []explain.Issue{story.SlowDatabase}, Actions: []explain.Action{story.LookAtDeploy}})
	at := story.Begins.Add(time.Minute)
	d := newTestDatasource(t, s, at.Add(time.Second))
	check := func(current bool) {
		t.Helper()
		frame := ask1(t, d, "summary")
		assert.Equal(t, *view.OneIf(current), cell(t, frame, "current", 0))
		assert.Equal(t, current, len(frame.Meta.Notices) == 0)
		assert.Equal(t, current, strings.HasPrefix(cell(t, frame, "summary", 0).(string), "prod is happy"))
		assert.Equal(t, !current, strings.Contains(cell(t, frame, "markdown", 0).(string), "does not explain the present"))
		assert.Equal(t, current, cell(t, frame, "first", 0) != "", "advice on an earlier situation is no advice")
		assert.Equal(t, current, cell(t, frame, "worst_issue", 0) != "")
		assert.Equal(t, current, cell(t, frame, "confidence", 0) != nil)
		assert.Equal(t, *view.OneIf(current), cell(t, ask1(t, d, "actions"), "current", 0))
		assert.Equal(t, *view.OneIf(!current), cell(t, ask1(t, d, "issues"), "stale", 0))
		_, summary := call(t, d, "GET", "status/summary")
		assert.Equal(t, current, summary["current"])
		_, status := call(t, d, "GET", "status")
		assert.Equal(t, current, len(status["recommended_actions"].([]any)) > 0)
		assert.Equal(t, current, status["issue_count"] != nil)
	}
	check(true)

	becomes(t, s, "prod", 2, at, health.Happy, health.Stressed)
	check(false)
	frame := ask1(t, d, "summary")
	assert.Equal(t, 1.0, cell(t, frame, "state", 0), "the state is that of the rules, whatever was explained")
	assert.Equal(t, 0.0, cell(t, frame, "assessed_state", 0))
	assert.Contains(t, frame.Meta.Notices[0].Text, "(happy at 2026-01-02 03:00:00 UTC) and does not explain the present one (stressed since 2026-01-02 03:01:00 UTC)")

	story.Assess(t, s, story.Assessment{Cluster: "prod", ID: "event-2", At: at, Trigger: store.OnEvent, Seq: 2, State: health.Stressed, Made: explain.MadeByRules})
	assert.Equal(t, 1.0, cell(t, ask1(t, d, "summary"), "current", 0))

	silent := newTestDatasource(t, s, at.Add(time.Hour))
	frame = ask1(t, silent, "summary")
	assert.Equal(t, 0.0, cell(t, frame, "current", 0))
	assert.Contains(t, frame.Meta.Notices[0].Text, "cycles have stopped")
}

func TestAClusterThatWasNeverAssessedHasNoRowAndANotice(t *testing.T) {
	s, _ := story.NewStore(t)
	story.Tell(t, s, "prod", story.Begins, story.Healthy(2))
	d := newTestDatasource(t, s, story.Begins.Add(31*time.Second))
	for _, kind := range []string{"summary", "issues", "actions"} {
		frame := ask1(t, d, kind)
		assert.Zero(t, frame.Rows(), kind)
		require.Len(t, frame.Meta.Notices, 1)
		assert.Contains(t, frame.Meta.Notices[0].Text, `no assessment of cluster "prod" yet, so nothing is known about issues`)
	}
	_, issues := call(t, d, "GET", "status/issues")
	assert.Equal(t, []any{}, issues["issues"])
	assert.Len(t, issues["notices"], 1)
	_, summary := call(t, d, "GET", "status/summary")
	assert.Equal(t, "", summary["summary"])
	assert.Contains(t, summary["notice"], "no assessment")
	assert.Equal(t, "happy", summary["health_state"])
}

func TestALateExplanationAppearsInTheRowOfItsEvent(t *testing.T) {
	d, s, _ := streaming(t)
	w := watch(t, d, "events")
	first := w.next(t)
	assert.Equal(t, []any{""}, cells(t, first, "explanation"))

	late := story.Assessment{Cluster: "prod", ID: "event-1", At: story.Begins, Trigger: store.OnEvent, Seq: 1, State: health.Happy, Made: "rules"}
	story.Assess(t, s.Store, late)
	second := w.next(t)
	assert.Equal(t, []string{"prod/1"}, ids(second), "no row comes twice")
	assert.Equal(t, []any{"prod is happy. So say the *signals*."}, cells(t, second, "explanation"))
	assert.Equal(t, []any{"event-1"}, cells(t, second, "assessment"))
	assert.Equal(t, schema(t, first), schema(t, second))

	late.ID, late.Trigger, late.Seq, late.At = "schedule-1", store.OnSchedule, 0, story.Begins.Add(30*time.Second)
	story.Assess(t, s.Store, late)
	w.quiet(t)
	require.NoError(t, w.end(t))
}

func TestAlertRulesCountIssuesOnlyWhereTheyAreKnown(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	story.Tell(t, s, "calm", story.Begins, story.Healthy(21))
	story.Assess(t, s, story.Assessment{Cluster: "calm", ID: "event-1", At: story.Begins, Trigger: store.OnEvent, Seq: 1, State: health.Happy, Made: explain.MadeByRules})
	d := newTestDatasource(t, s, story.Now)
	open := func(more map[string]any) map[string]any {
		frame := answered(t, d, story.Question(t, story.QueryOf("issues", more)), fromAlert)[0]
		counts := map[string]any{}
		for row := range frame.Rows() {
			counts[cell(t, frame, "cluster", row).(string)+" "+cell(t, frame, "severity", row).(string)] = cell(t, frame, "open", row)
		}
		return counts
	}
	assert.Equal(t, map[string]any{
		"calm critical": 0.0, "calm warning": 0.0,
		"lab critical": nil, "lab warning": nil,
		"old critical": nil, "old warning": nil,
		"prod critical": 1.0, "prod warning": 0.0,
	}, open(nil))
	assert.Equal(t, map[string]any{"prod critical": 1.0}, open(map[string]any{"clusters": []string{"prod"}, "severities": []string{"critical"}, "limit": 1}))
	assert.Equal(t, map[string]any{"prod critical": 0.0}, open(map[string]any{"clusters": []string{"prod"}, "severities": []string{"critical"}, "services": []string{"history"}}))
}

func TestIssuesAreThoseOfNowUnlessResolvedOnesAreAskedFor(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	titles := func(more map[string]any) []any { return cells(t, ask1(t, d, "issues", more), "title") }
	assert.Equal(t, []any{"Task queues starve"}, titles(nil))
	assert.Equal(t, []any{"Task queues starve", "The database is slow"}, titles(map[string]any{"includeResolved": true}))
	assert.Equal(t, []any{"The database is slow"}, titles(map[string]any{"includeResolved": true, "severities": []string{"warning"}}))
	assert.Equal(t, []any{"Task queues starve"}, titles(map[string]any{"includeResolved": true, "limit": 1}))
	assert.Empty(t, titles(map[string]any{"services": []string{"persistence"}}))

	frame := ask1(t, d, "issues", map[string]any{"includeResolved": true})
	assert.Equal(t, []any{story.Now, story.Begins.Add(5 * time.Minute)}, cells(t, frame, "timeEnd"), "a region ends where the issue does, or now")
	assert.Equal(t, []any{"prod,critical,matching", "prod,warning,persistence"}, cells(t, frame, "tags"))
	assert.Equal(t, story.Begins.Add(5*time.Minute), cell(t, frame, "time", 0), "an issue that got worse is the same issue")
}

func TestLogsThatWereNotReadAreNoSilence(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	notices := noticesOf(answered(t, d, story.Question(t, story.QueryOf("logs")), nil))
	assert.NotContains(t, notices, `"prod"`)
	assert.Contains(t, notices, `logs of cluster "lab" can't be read: Loki refuses the tenant`)
	assert.Contains(t, notices, `logs of cluster "old" were never read`)

	q := story.Question(t, story.QueryOf("logs", map[string]any{"measure": "counts", "patterns": []string{"no_poller"}}))
	byCluster := map[string]*data.Frame{}
	for _, f := range answered(t, d, q, nil) {
		byCluster[f.Fields[1].Labels["cluster"]] = f
	}
	prod := byCluster["prod"]
	value := func(at time.Time) any {
		for row := range prod.Rows() {
			if prod.Fields[0].At(row).(time.Time).Equal(at) {
				v, _ := prod.Fields[1].ConcreteAt(row)
				if prod.Fields[1].NilAt(row) {
					return nil
				}
				return v
			}
		}
		return "no such step"
	}
	assert.Nil(t, value(story.Begins.Add(2*time.Minute)), "nobody knows that logs were read")
	assert.Equal(t, 12.0, value(story.Begins.Add(6*time.Minute)))
	assert.Equal(t, 0.0, value(story.Begins.Add(8*time.Minute)), "they were read and nothing was found")
	last := prod.Fields[0].At(prod.Rows() - 1).(time.Time)
	assert.True(t, last.Before(story.Ends), "what is not read yet is not shown: %v", last)
	for _, name := range []string{"lab", "old"} {
		for row := range byCluster[name].Rows() {
			assert.True(t, byCluster[name].Fields[1].NilAt(row), name)
		}
	}
	t.Run("and what was not read since is unknown", func(t *testing.T) {
		later := newTestDatasource(t, s, story.Ends.Add(2*time.Minute))
		q := story.Question(t, story.QueryOf("logs", map[string]any{"measure": "counts", "clusters": []string{"prod"}}))
		q.TimeRange.To = story.Ends.Add(2 * time.Minute)
		frames := answered(t, later, q, nil)
		field := frames[0].Fields[1]
		assert.True(t, field.NilAt(field.Len()-1))
		assert.Contains(t, noticesOf(frames), "have not been read since")
	})
}

func TestTheBudgetOfTheDayIsToldAndAlertsOnItsShare(t *testing.T) {
	s, _ := story.NewStore(t)
	story.Tell(t, s, "prod", story.Begins, story.Healthy(1))
	d := newTestDatasource(t, s, story.Begins)
	frame := ask1(t, d, "usage", map[string]any{"measure": "budget"})
	assert.Zero(t, frame.Rows())
	assert.Contains(t, frame.Meta.Notices[0].Text, "has not said yet")

	require.NoError(t, s.SaveBudget(t.Context(), store.Budget{DollarsPerDay: 2, TokensPerDay: 1000, Provider: "openai"}))
	spend := func(number int, tokens int64) {
		require.NoError(t, s.SaveModelCalls(t.Context(), []store.ModelCall{{Cluster: "prod", Assessment: "event-1", Number: number, At: time.Now(),
			Model: "m", Purpose: "triage", InputTokens: tokens, Dollars: 0.5}}))
	}
	share := func() any {
		frames := answered(t, d, story.Question(t, story.QueryOf("usage", map[string]any{"measure": "budget"})), fromAlert)
		story.RequireAlertable(t, frames)
		return cell(t, frames[0], "share", 0)
	}
	spend(1, 900)
	frame = ask1(t, d, "usage", map[string]any{"measure": "budget"})
	assert.Equal(t, 0.9, cell(t, frame, "share", 0), "the tighter limit counts")
	assert.Equal(t, 0.5, cell(t, frame, "dollars", 0))
	assert.Equal(t, 0.0, cell(t, frame, "paused", 0))
	assert.Equal(t, 0.9, share())
	spend(2, 100)
	assert.Equal(t, 1.0, cell(t, ask1(t, d, "usage", map[string]any{"measure": "budget"}), "paused", 0))

	require.NoError(t, s.SaveBudget(t.Context(), store.Budget{Provider: "openai"}))
	assert.Nil(t, share(), "without a limit there is no share")
}

func TestUsageOverTimeSumsUpToTheTable(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for _, m := range []string{"dollars", "tokens", "calls"} {
		var table, over float64
		for _, v := range cells(t, ask1(t, d, "usage", map[string]any{"measure": "table"}), m) {
			table += v.(float64)
		}
		for _, f := range answered(t, d, story.Question(t, story.QueryOf("usage", map[string]any{"measure": m})), nil) {
			for _, v := range cells(t, f, m) {
				over += v.(float64)
			}
		}
		assert.InDelta(t, table, over, 1e-9, m)
		assert.Positive(t, table, m)
	}
}

func TestWhatANewerWorkerWroteIsShownAsFarAsItCanBeRead(t *testing.T) {
	s, _ := story.NewStore(t)
	story.Tell(t, s, "prod", story.Begins, story.Healthy(2))
	require.NoError(t, s.SaveAssessment(t.Context(), store.Assessment{
		Cluster: "prod", ID: "event-1", At: story.Begins, MadeAt: story.Begins, Trigger: store.OnEvent, EventSeq: 1, State: health.Happy,
		Made: "m", Summary: "All is well.", Explanation: []byte(`{"state": "ecstatic"}`), Evidence: []byte(`{}`),
	}, store.Findings{}))
	d := newTestDatasource(t, s, story.Begins.Add(31*time.Second))
	for _, kind := range []string{"summary", "assessments"} {
		frame := ask1(t, d, kind)
		assert.Equal(t, "All is well.", cell(t, frame, "summary", 0), kind)
		assert.Contains(t, frame.Meta.Notices[0].Text, "can't be read by this version of the plugin: update it", kind)
	}
}
