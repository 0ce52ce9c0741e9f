package plugin

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// FuzzNoQueryPanics asks whatever comes to mind of a store with a story. Every answer is either an
// error that says whose fault it is, or frames with fields.
func FuzzNoQueryPanics(f *testing.F) {
	for _, kind := range query.Types {
		f.Add(kind.Name, `{"clusters":["prod"],"version":1}`, int64(100), int64(600), false)
		f.Add(kind.Name, `{"states":["critical"],"kinds":["state"],"services":["history"],"results":["fired"],"onlyFired":true,"live":true}`, int64(0), int64(0), true)
	}
	for _, raw := range []string{``, `null`, `{}`, `[]`, `"x"`, `{"clusters":null}`, `{"clusters":[null]}`, `{"limit":1e99}`, `{"version":"1"}`, `{"queryType":{}}`, `{"measure":"coverage"}`, `{"signals":["history.backlog_age_sec","history.backlog_age_sec"]}`, "\x00", `{"clusters":["\ud800"]}`} {
		f.Add("status", raw, int64(-1), int64(-5), false)
		f.Add("", raw, int64(1)<<62, int64(1)<<40, true)
	}
	s, _ := story.NewStore(f)
	story.TellAll(f, s)
	d := newTestDatasource(f, s, story.Now)
	f.Fuzz(func(t *testing.T, queryType, raw string, points, seconds int64, alert bool) {
		q := backend.DataQuery{RefID: "A", QueryType: queryType, JSON: json.RawMessage(raw), MaxDataPoints: points}
		q.TimeRange = backend.TimeRange{From: story.Now.Add(-time.Duration(seconds%1e9) * time.Second), To: story.Now}
		requireAnswer(t, d, q, alert)
	})
}

// requireAnswer fails unless the answer is an error that is not the plugin's, or typed frames.
func requireAnswer(t interface {
	Fatalf(format string, args ...any)
}, d *Datasource, q backend.DataQuery, alert bool,
) {
	headers := map[string]string{}
	if alert {
		headers = fromAlert
	}
	response, err := d.QueryData(context.Background(), &backend.QueryDataRequest{Queries: []backend.DataQuery{q}, Headers: headers})
	if err != nil {
		t.Fatalf("%v", err)
	}
	r := response.Responses[q.RefID]
	switch {
	case r.Error != nil && (strings.Contains(r.Error.Error(), "bug in the plugin") || r.ErrorSource != backend.ErrorSourceDownstream):
		t.Fatalf("%s %q: %v", q.QueryType, q.JSON, r.Error)
	case r.Error == nil && (len(r.Frames) == 0 || r.Frames[0].Meta.Type == "" || alert && len(r.Frames[0].Fields) == 0):
		t.Fatalf("%s %q: neither an error nor typed frames", q.QueryType, q.JSON)
	}
}

// TestAnyJSONGetsAnAnswer mixes the names of real fields with values of every shape.
func TestAnyJSONGetsAnAnswer(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	field := rapid.SampledFrom([]string{"queryType", "version", "clusters", "signals", "services", "states", "kinds", "gates", "severities", "patterns", "results", "includeResolved", "measure", "onlyFired", "limit", "live", "else"})
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }),
		rapid.SampledFrom([]any{"prod", "lab", "critical", "unknown", "state", "history", "history.backlog_age_sec", "queues_starved", "coverage", "table", "counts", "budget", "warning", "no_poller", 1, 100}))
	value := rapid.OneOf(scalar, rapid.Map(rapid.SliceOfN(scalar, 0, 4), func(all []any) any { return all }))
	rapid.Check(t, func(rt *rapid.T) {
		fields := rapid.MapOfN(field, value, 0, 6).Draw(rt, "query")
		q := backend.DataQuery{
			RefID: "A", QueryType: rapid.SampledFrom(query.Types).Draw(rt, "type").Name, MaxDataPoints: rapid.Int64().Draw(rt, "points"),
			Interval:  time.Duration(rapid.Int64().Draw(rt, "interval")),
			TimeRange: backend.TimeRange{From: story.Now.Add(-time.Duration(rapid.IntRange(-10, 1e6).Draw(rt, "seconds")) * time.Second), To: story.Now},
		}
		var err error
		if q.JSON, err = json.Marshal(fields); err != nil {
			rt.Fatal(err)
		}
		requireAnswer(rt, d, q, rapid.Bool().Draw(rt, "alert"))
	})
}
