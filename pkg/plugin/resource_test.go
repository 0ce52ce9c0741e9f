package plugin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
)

// call calls a resource as Grafana does, and returns status and body.
func call(t *testing.T, d *Datasource, method, url string) (int, map[string]any) {
	t.Helper()
	var response *backend.CallResourceResponse
	path, _, _ := strings.Cut(url, "?")
	err := d.CallResource(t.Context(), &backend.CallResourceRequest{Method: method, Path: path, URL: url},
		backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error { response = r; return nil }))
	require.NoError(t, err)
	require.NotNil(t, response)
	assert.Equal(t, []string{"application/json"}, response.Headers["Content-Type"])
	var body map[string]any
	require.NoError(t, json.Unmarshal(response.Body, &body), string(response.Body))
	return response.Status, body
}

func TestStatusKeepsItsShape(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	status, body := call(t, d, http.MethodGet, "status?cluster=prod")
	require.Equal(t, http.StatusOK, status)
	want := map[string]any{
		"cluster": "prod", "health_state": "critical", "last_state": "critical", "stale": false,
		"timestamp": "2026-01-02T03:10:00Z", "since": "2026-01-02T03:06:30Z", "coverage": 0.75, "bottleneck": "worker_limited",
		"root_cause": `the oldest task in the task queue "orders" has waited for 155 s, and no worker takes it`,
		"primary_signals": map[string]any{
			"state_transitions": map[string]any{"throughput_per_sec": 5.0},
			"history":           map[string]any{"backlog_age_sec": 0.06},
		},
		"amplifiers": map[string]any{"logs": map[string]any{"pattern_rate_per_min": 24.0}}, "worker_signals": map[string]any{},
		"log_patterns": []any{
			map[string]any{"pattern": "no_poller", "service": "matching", "meaning": "A task queue has nobody who takes its tasks.",
				"count": 1512.0, "at_least": true, "last_seen": "2026-01-02T03:07:00Z", "sample": "no poller for task queue orders"},
			map[string]any{"pattern": "deadline_exceeded", "service": "frontend", "meaning": "A task queue has nobody who takes its tasks.",
				"count": 3.0, "at_least": false, "last_seen": "2026-01-02T03:07:00Z", "sample": "no poller for task queue orders"},
		},
		"recommended_actions": []any{
			map[string]any{"action_type": "restart", "target_service": "workers", "description": "Start the workers of task queue orders.",
				"reason": "Nobody polls it.", "confidence": 0.75, "risk_level": "low", "parameters": map[string]any{"task_queue": "orders"}, "gate": "queues_starved"},
			map[string]any{"action_type": "investigate", "target_service": "workers", "description": "Look for a deploy.",
				"reason": "All workers left at once.", "confidence": 0.5, "risk_level": "low"},
		},
		"issue_count": 1.0,
	}
	assert.Equal(t, want, body)
}

func TestSeveralClustersAreListed(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for _, path := range []string{"status", "status/services", "status/timeline?start=2026-01-02T02:00:00Z&end=2026-01-02T03:10:05Z"} {
		_, body := call(t, d, http.MethodGet, path)
		assert.Len(t, body["clusters"], 3, path)
	}
	t.Run("and one alone needs no name", func(t *testing.T) {
		s, _ := story.NewStore(t)
		story.Tell(t, s, "only", story.Begins, story.Healthy(1))
		_, body := call(t, newTestDatasource(t, s, story.Begins), http.MethodGet, "status")
		assert.Equal(t, "only", body["cluster"])
		assert.Equal(t, "happy", body["health_state"])
	})
}

func TestWhyThereAreNoLogsIsSaidOfTheClusterThatHasNone(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	_, body := call(t, newTestDatasource(t, s, story.Now), http.MethodGet, "status")
	why := map[any]any{}
	for _, c := range body["clusters"].([]any) {
		cluster := c.(map[string]any)
		why[cluster["cluster"]] = cluster["logs_unavailable"]
	}
	assert.Nil(t, why["prod"])
	assert.Contains(t, why["lab"], "Loki refuses the tenant")
	assert.Contains(t, why["old"], "never read")
}

func TestServicesKeepTheirShape(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	_, body := call(t, newTestDatasource(t, s, story.Now), http.MethodGet, "status/services?cluster=prod")
	var matching map[string]any
	for _, service := range body["services"].([]any) {
		if service := service.(map[string]any); service["name"] == "matching" {
			matching = service
		}
	}
	assert.Equal(t, map[string]any{
		"name": "matching", "status": "critical",
		"key_signals": map[string]any{"matching.starved_queues": 2.0, "matching.starved_oldest_age_sec": 155.0},
	}, matching)
}

func TestTheTimelineKeepsItsShape(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	_, body := call(t, d, http.MethodGet, "status/timeline?cluster=prod&start=2026-01-02T03:00:00Z&end=2026-01-02T03:10:00Z")
	timeline := body["timeline"].([]any)
	require.Len(t, timeline, 3)
	assert.Equal(t, map[string]any{
		"timestamp": "2026-01-02T03:06:30Z", "health_state": "critical", "issue_count": 2.0,
		"primary_signals": map[string]any{
			"state_transitions": map[string]any{"throughput_per_sec": 5.0},
			"history":           map[string]any{"backlog_age_sec": 0.06},
		},
	}, timeline[2])
	t.Run("and ends in unknown where cycles end", func(t *testing.T) {
		_, body := call(t, d, http.MethodGet, "status/timeline?cluster=old")
		timeline := body["timeline"].([]any)
		require.Len(t, timeline, 2)
		assert.Equal(t, "unknown", timeline[1].(map[string]any)["health_state"])
	})
}

func TestAnEmptyStoreIsUnknownAsJSONToo(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	status, body := call(t, d, http.MethodGet, "status")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "unknown", body["health_state"])
	assert.Equal(t, true, body["stale"])
	assert.Nil(t, body["timestamp"])
	_, body = call(t, d, http.MethodGet, "status/services")
	assert.Empty(t, body["services"])
	_, body = call(t, d, http.MethodGet, "status/timeline")
	assert.Empty(t, body["timeline"])
}

func TestRequestsThatCannotBeAnsweredSayWhy(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for name, c := range map[string]struct {
		method, url string
		status      int
		says        string
	}{
		"actions are not taken":     {http.MethodPost, "actions", http.StatusNotImplemented, "Not implemented"},
		"an unknown path":           {http.MethodGet, "nonsense", http.StatusNotFound, "there are GET /status"},
		"an unknown cluster":        {http.MethodGet, "status?cluster=prdo", http.StatusNotFound, `"prdo"`},
		"SQL for a cluster":         {http.MethodGet, "status?cluster=%27%3B+drop+schema+copilot%3B--", http.StatusNotFound, "drop schema"},
		"NUL in a cluster":          {http.MethodGet, "status?cluster=a%00b", http.StatusBadRequest, "not a cluster name"},
		"another method":            {http.MethodDelete, "status", http.StatusMethodNotAllowed, "only GET"},
		"a time that is none":       {http.MethodGet, "status/timeline?start=yesterday", http.StatusBadRequest, `start is "yesterday"`},
		"a range that is backwards": {http.MethodGet, "status/timeline?start=2026-01-02T03:00:00Z&end=2026-01-01T03:00:00Z", http.StatusBadRequest, "end lies before start"},
		"a severity that is none":   {http.MethodGet, "status/issues?severity=bad", http.StatusBadRequest, "there are critical, warning"},
		"a limit of nothing":        {http.MethodGet, "status/issues?limit=0", http.StatusBadRequest, "a number from 1 to 100"},
		"a limit beyond the most":   {http.MethodGet, "status/issues?limit=101", http.StatusBadRequest, "a number from 1 to 100"},
		"a limit that is no number": {http.MethodGet, "status/issues?limit=ten", http.StatusBadRequest, `limit is "ten"`},
		"issues of a bad time":      {http.MethodGet, "status/issues?start=never", http.StatusBadRequest, `start is "never"`},
		"summary of no cluster":     {http.MethodGet, "status/summary?cluster=prdo", http.StatusNotFound, `"prdo"`},
		"a range without end":       {http.MethodGet, "status/timeline?start=0", http.StatusBadRequest, "the most is 366"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := call(t, d, c.method, c.url)
			assert.Equal(t, c.status, status)
			assert.Contains(t, body["error"], c.says)
		})
	}
}

func TestAStoreThatIsAwayIsABadGateway(t *testing.T) {
	made, err := New(t.Context(), pluginprocess.Instance(t, with(with(postgresJSON, "host", "127.0.0.1"), "port", 1), nil))
	require.NoError(t, err)
	d := made.(*Datasource)
	defer d.Dispose()
	begun := time.Now()
	status, body := call(t, d, http.MethodGet, "status")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body["error"], "refused")
	assert.Less(t, time.Since(begun), 5*time.Second)
}

func TestTheQueryEditorsChoicesAreServed(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	status, body := call(t, d, http.MethodGet, "clusters")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, map[string]any{"clusters": []any{}}, body, "an empty store has no clusters, and that is no error")
	story.TellAll(t, s)
	_, body = call(t, d, http.MethodGet, "clusters")
	assert.Contains(t, body["clusters"], "prod")

	_, body = call(t, d, http.MethodGet, "signals")
	assert.Len(t, body["signals"], len(health.Signals()))
	assert.Equal(t, map[string]any{"id": "state_transitions.throughput_per_sec", "title": "State transitions", "unit": "per_second",
		"class": "primary", "number": 1.0, "service": "history", "meaning": "Workflow state changes written per second: the real measure of progress."},
		body["signals"].([]any)[0])
	_, body = call(t, d, http.MethodGet, "gates")
	assert.Len(t, body["gates"], len(health.Gates()))
}

func TestTheQueryEditorGetsItsChoices(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	_, body := call(t, d, http.MethodGet, "clusters")
	assert.Equal(t, []any{}, body["clusters"], "an empty list is a list")
	story.TellAll(t, s)
	_, body = call(t, d, http.MethodGet, "clusters")
	assert.Equal(t, []any{"lab", "old", "prod"}, body["clusters"])
	_, body = call(t, d, http.MethodGet, "signals")
	assert.Len(t, body["signals"], len(health.Signals()))
	_, body = call(t, d, http.MethodGet, "gates")
	assert.Len(t, body["gates"], len(health.Gates()))
}
