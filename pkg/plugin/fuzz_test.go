package plugin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// FuzzNoQueryPanics asks whatever comes to mind of a store with a story. Every answer is either an
// error that says whose fault it is, or frames with fields.
func FuzzNoQueryPanics(f *testing.F) {
	for _, kind := range queryTypes() {
		f.Add(kind.name, `{"clusters":["prod"],"version":1}`, int64(100), int64(600), false)
		f.Add(kind.name, `{"states":["critical"],"kinds":["state"],"services":["history"],"onlyFired":true,"live":true}`, int64(0), int64(0), true)
	}
	for _, raw := range []string{``, `null`, `{}`, `[]`, `"x"`, `{"clusters":null}`, `{"clusters":[null]}`, `{"limit":1e99}`, `{"version":"1"}`, `{"queryType":{}}`, `{"measure":"coverage"}`, `{"signals":["history.backlog_age_sec","history.backlog_age_sec"]}`, "\x00", `{"clusters":["\ud800"]}`} {
		f.Add("status", raw, int64(-1), int64(-5), false)
		f.Add("", raw, int64(1)<<62, int64(1)<<40, true)
	}
	s, _ := newStore(f)
	tellStory(f, s)
	d := newTestDatasource(f, s, storyNow)
	f.Fuzz(func(t *testing.T, queryType, raw string, points, seconds int64, alert bool) {
		q := backend.DataQuery{RefID: "A", QueryType: queryType, JSON: json.RawMessage(raw), MaxDataPoints: points}
		q.TimeRange = backend.TimeRange{From: storyNow.Add(-time.Duration(seconds%1e9) * time.Second), To: storyNow}
		headers := map[string]string{}
		if alert {
			headers = fromAlert
		}
		r := reply(t, d, q, headers)
		switch {
		case r.Error != nil && (strings.Contains(r.Error.Error(), "bug in the plugin") || r.ErrorSource != backend.ErrorSourceDownstream):
			t.Fatalf("%s %q: %v", queryType, raw, r.Error)
		case r.Error == nil && (len(r.Frames) == 0 || len(r.Frames[0].Fields) == 0):
			t.Fatalf("%s %q: neither an error nor typed frames", queryType, raw)
		}
	})
}
