package logs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

func startLoki(t *testing.T, options testenv.LokiOptions) *testenv.Loki {
	t.Helper()
	loki, err := testenv.StartLoki(t.Context(), options)
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, loki.Stop()) })
	return loki
}

func reader(t *testing.T, source logs.Source, options logs.Options) *logs.Reader {
	t.Helper()
	r, err := logs.New(source, logs.Patterns(), options)
	require.NoError(t, err)
	return r
}

func at(loki *testenv.Loki) telemetry.Source { return telemetry.Source{URL: loki.URL()} }

// total sums counts by pattern and service.
func total(all ...[]health.LogCount) map[string]int {
	sums := map[string]int{}
	for _, counts := range all {
		for _, c := range counts {
			sums[c.Pattern+"@"+c.Service] += c.Count
		}
	}
	return sums
}

func realLines(t *testing.T, phase string) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/" + phase + ".jsonl")
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func TestARealLokiGivesEveryLineOnce(t *testing.T) {
	// Fewer lines at once than the reader would like to have.
	loki := startLoki(t, testenv.LokiOptions{MaxEntries: 50})
	labels := map[string]string{"job": "temporal", "service_name": "history"}
	now := time.Now().Truncate(time.Second)
	push := func(from time.Time, step time.Duration, texts ...string) {
		lines := make([]testenv.LogLine, len(texts))
		for i, text := range texts {
			lines[i] = testenv.LogLine{At: from.Add(time.Duration(i) * step), Text: text}
		}
		require.NoError(t, loki.Push(t.Context(), "", labels, lines...))
	}
	r := reader(t, logs.Source{Source: at(loki), Selector: `job=~"temp.*"`}, logs.Options{})

	down := realLines(t, "dbdown")
	push(now.Add(-20*time.Second), time.Millisecond, down...)
	var many []string
	for i := range 180 {
		many = append(many, fmt.Sprintf(`{"level":"error","msg":"service failures","n":%d,"error":"context deadline exceeded","stacktrace":"%s"}`, i, strings.Repeat("x", 9000)))
	}
	push(now.Add(-10*time.Second), 0, many[:30]...)
	push(now.Add(-9*time.Second), time.Microsecond, many[30:]...)

	first, err := r.Read(t.Context(), logs.Cursor{}, now)
	require.NoError(t, err)
	sums := total(first.Counts)
	assert.Equal(t, 180, sums["deadline_exceeded@history"])
	assert.Positive(t, sums["database_down@history"])
	assert.Positive(t, sums["connection_refresh@history"])
	assert.Positive(t, sums["shard_acquired@history"], "lines of level info are seen")
	assert.Equal(t, 1, first.Streams)
	assert.NotNil(t, first.RatePerMin)
	assert.False(t, first.More)

	again, err := r.Read(t.Context(), first.Cursor, now.Add(time.Second))
	require.NoError(t, err)
	assert.Empty(t, again.Counts, "nothing is counted twice")

	// Lines out of order, later than others that were read, with a clock that is ahead, and of another service.
	push(now.Add(-25*time.Second), time.Millisecond, "one more context deadline exceeded", "and another: context deadline exceeded")
	push(now.Add(20*time.Second), time.Millisecond, "context deadline exceeded tomorrow")
	labels = map[string]string{"job": "temporal-worker", "app": "orders"}
	push(now.Add(-time.Second), time.Millisecond, `level=warn msg="Failed to poll for task." Error="namespace rate limit exceeded"`)
	later, err := r.Read(t.Context(), again.Cursor, now.Add(2*time.Second))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"deadline_exceeded@history": 3, "rate_limit@orders": 1}, total(later.Counts))
	last, err := r.Read(t.Context(), later.Cursor, now.Add(40*time.Second))
	require.NoError(t, err)
	assert.Empty(t, last.Counts)
}

func TestLongLinesAreReadInPartsThatLokiCanSend(t *testing.T) {
	loki := startLoki(t, testenv.LokiOptions{})
	now := time.Now()
	const count = 4_000
	lines := make([]testenv.LogLine, count)
	for i := range lines {
		// Three bytes a character, of which Loki counts one.
		lines[i] = testenv.LogLine{At: now.Add(-20*time.Second + time.Duration(i)*time.Millisecond), Text: fmt.Sprintf("%d context deadline exceeded %s", i, strings.Repeat("€", 3_000))}
	}
	for begin := 0; begin < count; begin += 200 {
		require.NoError(t, loki.Push(t.Context(), "", map[string]string{"job": "temporal"}, lines[begin:begin+200]...))
	}
	began := time.Now()
	// On a busy machine such a Loki is slow, which is not what this is about.
	reading, err := reader(t, logs.Source{Source: at(loki), Selector: `{job="temporal"}`}, logs.Options{Timeout: 2 * time.Minute}).Read(t.Context(), logs.Cursor{}, now)
	require.NoError(t, err)
	t.Log("took", time.Since(began))
	assert.Equal(t, map[string]int{"deadline_exceeded@unknown": count}, total(reading.Counts))
	assert.False(t, reading.More)
}

func TestALokiWithTenantsWantsToKnowTheTenant(t *testing.T) {
	loki := startLoki(t, testenv.LokiOptions{Tenants: true})
	now := time.Now()
	require.NoError(t, loki.Push(t.Context(), "team-a", map[string]string{"job": "temporal"}, testenv.LogLine{At: now.Add(-time.Second), Text: "shard closed"}))
	source := logs.Source{Source: at(loki), Selector: `{job="temporal"}`}
	_, err := reader(t, source, logs.Options{}).Read(t.Context(), logs.Cursor{}, now)
	require.ErrorContains(t, err, "set `tenant` to the tenant of these")
	source.Tenant = "team-b"
	_, err = reader(t, source, logs.Options{}).Read(t.Context(), logs.Cursor{}, now)
	require.ErrorContains(t, err, `has no log stream that {job="temporal"} matches`)
	source.Tenant = "team-a"
	reading, err := reader(t, source, logs.Options{}).Read(t.Context(), logs.Cursor{}, now)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"shard_ownership@unknown": 1}, total(reading.Counts))
}

func TestSilenceIsNotTakenForHealth(t *testing.T) {
	loki := startLoki(t, testenv.LokiOptions{})
	now := time.Now()
	r := reader(t, logs.Source{Source: at(loki), Selector: `{job="temporal"}`}, logs.Options{})

	_, err := r.Read(t.Context(), logs.Cursor{}, now)
	var unavailable *logs.UnavailableError
	require.ErrorAs(t, err, &unavailable, "a selector that matches nothing is told")
	assert.Contains(t, unavailable.Reason, "check the selector, the tenant, and whether logs are shipped there")

	require.NoError(t, loki.Push(t.Context(), "", map[string]string{"job": "temporal"}, testenv.LogLine{At: now.Add(-time.Hour), Text: "all is well"}))
	reading, err := r.Read(t.Context(), logs.Cursor{}, now)
	require.NoError(t, err)
	assert.Contains(t, reading.Silent, "no line of any kind was written in the last 15m0s")
	assert.Nil(t, reading.RatePerMin, "it is unknown, and not zero")

	require.NoError(t, loki.Push(t.Context(), "", map[string]string{"job": "temporal"}, testenv.LogLine{At: now.Add(-time.Minute), Text: "all is well"}))
	reading, err = r.Read(t.Context(), logs.Cursor{}, now)
	require.NoError(t, err)
	assert.Empty(t, reading.Silent)
	require.NotNil(t, reading.RatePerMin)
	assert.Zero(t, *reading.RatePerMin)

	streams, err := r.Streams(t.Context(), now.Add(-2*time.Hour), now)
	require.NoError(t, err)
	assert.Equal(t, []map[string]string{{"job": "temporal"}}, streams)
}

func TestWhatALokiRefusesIsToldWithWhatToDo(t *testing.T) {
	loki := startLoki(t, testenv.LokiOptions{})
	_, err := reader(t, logs.Source{Source: at(loki), Selector: `{job=~".*"}`}, logs.Options{}).Read(t.Context(), logs.Cursor{}, time.Now())
	require.ErrorContains(t, err, "it does not accept the query: check the selector")
	require.ErrorContains(t, err, "at least one")
}

func TestATroubledLokiIsUnavailableAndShowsNoSecret(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   string
		body   string
		want   string
	}{
		"a login page":          {200, "text/html", "<html>hunter2</html>", "it answered with a web page instead of JSON: is this the URL of a Loki API"},
		"bad credentials":       {401, "text/plain", "hunter2 is wrong", "it refused the credentials (HTTP 401 Unauthorized)"},
		"another server":        {404, "text/plain", "404 page not found", "is this the URL of a Loki, without /loki/api/v1?"},
		"too many queries":      {429, "text/plain", "too many outstanding requests", "it limits queries (HTTP 429): too many outstanding requests"},
		"a failure":             {500, "text/plain", "the password hunter2 is no help", "the password *** is no help"},
		"numbers for lines":     {200, "application/json", `{"status":"success","data":{"resultType":"matrix","result":[]}}`, `it answers with "matrix" where log lines were asked for`},
		"nonsense":              {200, "application/json", `{"status":"succ`, "its answer is not that of a Loki API"},
		"a line without a time": {200, "application/json", `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["x","y"]]}]}}`, "a log line with an invalid timestamp"},
		"only limits":           {400, "text/plain", "max entries limit per query exceeded, limit > max_entries_limit_per_query (5000 > 5)", "fewer lines at once than were asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			t.Cleanup(server.Close)
			source := telemetry.Source{URL: server.URL, Username: "me", Password: "hunter2"}
			_, err := reader(t, logs.Source{Source: source, Selector: `{a="b"}`}, logs.Options{}).Read(t.Context(), logs.Cursor{}, time.Now())
			var unavailable *logs.UnavailableError
			require.ErrorAs(t, err, &unavailable)
			assert.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
	_, err := reader(t, logs.Source{Source: telemetry.Source{URL: "http://127.0.0.1:1"}, Selector: `{a="b"}`}, logs.Options{}).Read(t.Context(), logs.Cursor{}, time.Now())
	assert.ErrorContains(t, err, "Loki at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused")
}

func TestMistakesInTheSettingsAreToldBeforeAnythingIsAsked(t *testing.T) {
	good := telemetry.Source{URL: "http://loki:3100"}
	for want, source := range map[string]logs.Source{
		"the selector of log lines is empty":     {Source: good, Selector: " {} "},
		"leave out what follows the closing":     {Source: good, Selector: `{job="a"} |= "b"`},
		"is no list of label matchers":           {Source: good, Selector: `job=a`},
		"missing argument to repetition":         {Source: good, Selector: `{job=~"*"}`},
		"must begin with http:// or https://":    {Source: telemetry.Source{URL: "loki:3100"}, Selector: `{job="a"}`},
		"the Loki URL ends in /loki/api/v1":      {Source: telemetry.Source{URL: "http://loki:3100/loki/api/v1"}, Selector: `{job="a"}`},
		"the Loki URL holds a user name":         {Source: telemetry.Source{URL: "http://me:hunter2@loki:3100"}, Selector: `{job="a"}`},
		"bearer token, user name and SigV4 is s": {Source: telemetry.Source{URL: "http://loki:3100", BearerToken: "a", Username: "b"}, Selector: `{job="a"}`},
	} {
		_, err := logs.New(source, logs.Patterns(), logs.Options{})
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestWhatARealTemporalServerWritesIsFound(t *testing.T) {
	loki := startLoki(t, testenv.LokiOptions{})
	shipper := testenv.NewShipper(loki, testenv.TemporalLabels("temporal"))
	t.Cleanup(func() { require.NoError(t, shipper.Close()) })
	const shards = 8
	temporal, err := testenv.StartTemporal(t.Context(), testenv.TemporalOptions{Shards: shards, Log: shipper})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Stop()) })

	r := reader(t, logs.Source{Source: at(loki), Selector: `{job="temporal"}`}, logs.Options{})
	var cursor logs.Cursor
	found := map[string]int{}
	require.Eventually(t, func() bool {
		reading, err := r.Read(t.Context(), cursor, time.Now())
		if err != nil {
			return false // no line has arrived yet
		}
		cursor = reading.Cursor
		for key, n := range total(reading.Counts) {
			found[key] += n
		}
		for _, c := range reading.Counts {
			assert.NotEmpty(t, c.Sample)
			assert.Equal(t, c.At, c.At.Truncate(logs.Slice))
		}
		// Every shard's context is started, its range updated, and the shard acquired.
		return found["shard_acquired@history"] == 3*shards
	}, 30*time.Second, 200*time.Millisecond, "found: %v", found)
	reading, err := r.Read(t.Context(), cursor, time.Now())
	require.NoError(t, err)
	assert.Zero(t, total(reading.Counts)["shard_acquired@history"], "no shard is counted twice")
}
