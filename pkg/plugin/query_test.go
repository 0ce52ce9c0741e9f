package plugin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

func reply(t testing.TB, d *Datasource, q backend.DataQuery, headers map[string]string) backend.DataResponse {
	t.Helper()
	response, err := d.QueryData(t.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{q}, Headers: headers})
	require.NoError(t, err)
	return response.Responses[q.RefID]
}

func answered(t testing.TB, d *Datasource, q backend.DataQuery, headers map[string]string) data.Frames {
	t.Helper()
	r := reply(t, d, q, headers)
	require.NoError(t, r.Error)
	require.NotEmpty(t, r.Frames)
	return r.Frames
}

var fromAlert = map[string]string{backend.FromAlertHeaderName: "true"}

// aboutClusters are the query types that read the store: a runbook needs none.
func aboutClusters() []query.Type {
	return slices.DeleteFunc(slices.Clone(query.Types), func(t query.Type) bool { return t.Name == "runbook" })
}

func TestAnEmptyStoreSaysSoAndIsNeverHappy(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	for _, kind := range aboutClusters() {
		t.Run(kind.Name, func(t *testing.T) {
			frames := answered(t, d, story.Question(t, story.QueryOf(kind.Name)), nil)
			for _, f := range frames {
				assert.NotEmpty(t, f.Meta.Type, "typed even when empty")
				assert.Empty(t, f.Fields, "a panel says in its own words that there is nothing")
			}
			require.Len(t, frames[0].Meta.Notices, 1)
			assert.Contains(t, frames[0].Meta.Notices[0].Text, "no cycle yet")
		})
		if kind.AlertNumber != "" {
			t.Run(kind.Name+" for an alert rule", func(t *testing.T) {
				frames := answered(t, d, story.Question(t, story.QueryOf(kind.Name)), fromAlert)
				story.RequireAlertable(t, frames)
				assert.Zero(t, frames[0].Rows())
			})
		}
	}
}

func TestAClusterThatNobodyKnowsIsNamedInANotice(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for _, kind := range aboutClusters() {
		t.Run(kind.Name, func(t *testing.T) {
			frames := answered(t, d, story.Question(t, story.QueryOf(kind.Name, map[string]any{"clusters": []string{"prod", "prdo"}})), nil)
			assert.Contains(t, noticesOf(frames), `"prdo"`)
		})
	}
	t.Run("a variable in an alert rule is explained", func(t *testing.T) {
		frames := answered(t, d, story.Question(t, story.QueryOf("status", map[string]any{"clusters": []string{"$cluster"}})), nil)
		assert.Contains(t, frames[0].Meta.Notices[0].Text, "Alert rules have no variables")
	})
}

// noticesOf are the notices of the first frame, a line each.
func noticesOf(frames data.Frames) string {
	var lines []string
	for _, n := range frames[0].Meta.Notices {
		lines = append(lines, n.Text)
	}
	return strings.Join(lines, "\n")
}

func TestSQLInAClusterNameIsANameLikeAnyOther(t *testing.T) {
	s, _ := story.NewStore(t)
	const evil = `'; drop schema copilot cascade; --`
	story.Tell(t, s, evil, story.Begins, story.Healthy(2))
	d := newTestDatasource(t, s, story.Begins.Add(35*time.Second))
	for _, kind := range aboutClusters() {
		q := story.Question(t, story.QueryOf(kind.Name, map[string]any{"clusters": []string{evil, `" or 1=1`}}))
		frames := answered(t, d, q, nil)
		assert.Contains(t, noticesOf(frames), `or 1=1`, kind.Name)
	}
	frames := answered(t, d, story.Question(t, story.QueryOf("status")), nil)
	assert.Equal(t, evil, frames[0].Fields[0].At(0))
}

func TestAStateThatIsNotKnownIsNeverANumber(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	state := func(d *Datasource, cluster string) *float64 {
		frames := answered(t, d, story.Question(t, story.QueryOf("status", map[string]any{"clusters": []string{cluster}})), nil)
		field, _ := frames[0].FieldByName("state")
		return field.At(0).(*float64)
	}
	at := func(now time.Time) *Datasource { return newTestDatasource(t, s, now) }

	assert.Equal(t, new(2.0), state(at(story.Now), "prod"), "a current verdict counts")
	assert.Nil(t, state(at(story.Now), "lab"), "a verdict that knew too little does not")
	assert.Nil(t, state(at(story.Now), "old"), "nor does one that is too old")
	assert.Equal(t, new(2.0), state(at(story.Ends.Add(3*story.Interval)), "prod"), "three intervals are not too old")
	assert.Nil(t, state(at(story.Ends.Add(3*story.Interval+time.Nanosecond)), "prod"), "more than three are")
}

func TestBadQueriesSayWhatIsWrong(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	for name, c := range map[string]struct {
		json, says string
		headers    map[string]string
	}{
		"no query type":         {`{}`, "no queryType; it is one of status, cause, chain", nil},
		"unknown query type":    {`{"queryType":"metrics"}`, `no query type "metrics"; it is one of status`, nil},
		"newer version":         {`{"queryType":"status","version":2}`, "version 2 and the plugin reads version 1: update the plugin", nil},
		"version zero":          {`{"queryType":"status","version":0}`, "version 0", nil},
		"not an object":         {`[1,2]`, "not a JSON object", nil},
		"broken JSON":           {`{"queryType":`, "not a JSON object", nil},
		"wrong type of a field": {`{"queryType":"status","clusters":"prod"}`, `field "clusters" can't be a string`, nil},
		"unknown signal":        {`{"queryType":"signals","signals":["cpu"]}`, `signals: there is no "cpu"`, nil},
		"unknown gate":          {`{"queryType":"gates","gates":["g"]}`, `gates: there is no "g"`, nil},
		"unknown service":       {`{"queryType":"services","services":["x"]}`, "there are frontend, history", nil},
		"unknown state":         {`{"queryType":"status","states":["fine"]}`, `no such state "fine"`, nil},
		"unknown kind":          {`{"queryType":"events","kinds":["x"]}`, "there are state, staleness, bottleneck", nil},
		"unknown measure":       {`{"queryType":"status","measure":"x"}`, "there are state, staleness, coverage, worker_limited", nil},
		"measure of another":    {`{"queryType":"logs","measure":"state"}`, "there are table, counts", nil},
		"table in an alert":     {`{"queryType":"usage","measure":"table"}`, "is not supported in alert rules; there are dollars", fromAlert},
		"unknown severity":      {`{"queryType":"issues","severities":["bad"]}`, `severities: there is no "bad"; there are critical, warning`, nil},
		"a NUL in a pattern":    {`{"queryType":"logs","patterns":["a\u0000b"]}`, "the id of a log pattern is a short text", nil},
		"summary in an alert":   {`{"queryType":"summary"}`, `use "issues"`, fromAlert},
		"actions in an alert":   {`{"queryType":"actions"}`, `use "issues"`, fromAlert},
		"assessments in alerts": {`{"queryType":"assessments"}`, `use "issues"`, fromAlert},
		"negative limit":        {`{"queryType":"events","limit":-1}`, "limit: -1 is not a number from 1 to 1000", nil},
		"huge limit":            {`{"queryType":"events","limit":100000}`, "limit: 100000", nil},
		"a NUL in a name":       {`{"queryType":"status","clusters":["a\u0000b"]}`, "is not a cluster name", nil},
		"events in an alert":    {`{"queryType":"events"}`, `use "status"`, fromAlert},
		"queues in an alert":    {`{"queryType":"queues"}`, `use "signals"`, fromAlert},
		"workers in an alert":   {`{"queryType":"workers"}`, `use "gates"`, fromAlert},
	} {
		t.Run(name, func(t *testing.T) {
			q := story.Question(t, nil)
			q.JSON = json.RawMessage(c.json)
			r := reply(t, d, q, c.headers)
			require.ErrorContains(t, r.Error, c.says)
			assert.Equal(t, backend.StatusBadRequest, r.Status)
			assert.Equal(t, backend.ErrorSourceDownstream, r.ErrorSource)
		})
	}
	t.Run("a time range that runs backwards", func(t *testing.T) {
		q := story.Question(t, story.QueryOf("timeline"))
		q.TimeRange.To = q.TimeRange.From.Add(-time.Hour)
		require.ErrorContains(t, reply(t, d, q, nil).Error, "before it begins")
	})
}

func TestFieldsOfOtherVersionsAreIgnored(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	q := story.Question(t, story.QueryOf("status", map[string]any{"datasource": map[string]any{"uid": "x"}, "hide": false, "colour": []int{1}}))
	answered(t, newTestDatasource(t, s, story.Now), q, nil)
}

func TestTheQueryTypeOfTheRuleCountsBeforeThatOfTheModel(t *testing.T) {
	s, _ := story.NewStore(t)
	q := story.Question(t, map[string]any{})
	q.QueryType = "events"
	assert.Equal(t, "events", answered(t, newTestDatasource(t, s, story.Now), q, nil)[0].Name)
}

func TestAQueryThatFailsLeavesTheOthersAlone(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	good, bad := story.Question(t, story.QueryOf("status")), story.Question(t, story.QueryOf("nonsense"))
	bad.RefID = "B"
	response, err := d.QueryData(t.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{good, bad}})
	require.NoError(t, err)
	assert.NoError(t, response.Responses["A"].Error)
	assert.Error(t, response.Responses["B"].Error)
}

func TestAStoreThatFailsIsNotThePluginsFault(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	response, err := d.QueryData(ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{story.Question(t, story.QueryOf("status"))}})
	require.NoError(t, err)
	assert.Equal(t, backend.ErrorSourceDownstream, response.Responses["A"].ErrorSource)
}

func TestStatesAreFilteredByWhatIsTrueNow(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	clusters := func(states ...string) []string {
		frame := answered(t, d, story.Question(t, story.QueryOf("status", map[string]any{"states": states})), nil)[0]
		var names []string
		for row := range frame.Rows() {
			names = append(names, frame.Fields[0].At(row).(string))
		}
		return names
	}
	assert.Equal(t, []string{"prod"}, clusters("critical"))
	assert.Empty(t, clusters("happy"), "the stale ones were happy once")
	assert.Equal(t, []string{"lab", "old"}, clusters("unknown"))
}

func TestALivePanelWithFiltersSaysThatItIsNotLive(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	frame := answered(t, d, story.Question(t, story.QueryOf("events", map[string]any{"live": true, "kinds": []string{"state"}})), nil)[0]
	assert.Empty(t, frame.Meta.Channel)
	assert.Contains(t, frame.Meta.Notices[0].Text, "not live")
}
