package logs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// examples are texts of each pattern, as they stand in a line's message or error.
var examples = map[string][]string{
	"deadline_exceeded": {"context deadline exceeded", "GetWorkflowExecution: failed. Error: context deadline exceeded",
		"rpc error: code = DeadlineExceeded desc = late", "DEADLINE_EXCEEDED: call timed out"},
	"slow_call":         {"Slow gRPC call"},
	"context_canceled":  {"context canceled", "Context cancelled", "stream terminated by RST_STREAM with error code: CANCEL"},
	"shard_ownership":   {"Shard is owned by:127.0.0.2:17234 but not by 127.0.0.1:17234", "shard status unknown", "shard closed"},
	"membership":        {"Current reachable members", "RingMembershipChangedEvent"},
	"no_poller":         {"no poller for task queue orders", "No recent pollers on the queue", "no workers polling"},
	"reservoir_discard": {"DSQL reservoir: discarded 3 connections", "discarding connection from the reservoir"},
	"sqlstate_40001": {"ERROR: change conflicts with another transaction, please retry: (OC000) (SQLSTATE 40001)",
		"pq: could not serialize access due to concurrent update (40001)", "SQLSTATE=40001", "schema has been updated (OC001)"},
	"rate_limit":            {"namespace rate limit exceeded", "service rate limit exceeded", "namespace RPS limit exceeded"},
	"persistence_qps":       {"System Persistence Max QPS Reached.", "Namespace Per-Shard Persistence Max QPS Reached."},
	"shard_acquired":        {"Acquired shard", "Range updated for shardID"},
	"database_down":         {"no usable database connection found", "pq: the database system is shutting down (57P01)", "driver: bad connection"},
	"connection_refresh":    {"sql handle: did not refresh database connection pool because the last refresh was too close", "sql handle: unable to refresh database connection pool"},
	"connections_exhausted": {"FATAL: sorry, too many clients already (SQLSTATE 53300)", "Error 1040: Too many connections", "Unable to accept connection, rate exceeded."},
	"statement_cancelled":   {"pq: canceling statement due to user request (57014)", "ERROR: canceling statement due to statement timeout (SQLSTATE 57014)"},
	"queue_reader":          {"Queue reader unable to retrieve tasks", "Failed to load look ahead task"},
	"task_failing":          {"Fail to process task", "Critical error processing task, retrying."},
	"history_down":          {"Not enough hosts to serve the request", "network dial error", `connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.1:7234: connect: connection refused"`},
	"workflow_task_failed":  {"workflow task failed", "[TMPRL1100] nondeterministic workflow: missing replay command", "Failing workflow task"},
	"nondeterminism":        {"[TMPRL1100] Nondeterminism error: Timer machine does not handle this event", "io.temporal.worker.NonDeterministicException: Event 5"},
	"workflow_deadlock":     {"[TMPRL1101] Potential deadlock detected: workflow didn't yield within 2 second(s)."},
	"workflow_limit":        {"history size exceeds error limit.", "the number of pending activities, 2000, has reached the per-workflow limit of 2000"},
	"size_limit":            {"Blob data size exceeds limit.", "grpc: received message larger than max (4371032 vs. 4194304)"},
	"size_warning":          {"history count exceeds warn limit.", "Blob data size exceeds the warning limit."},
	"busy_workflow":         {"RESOURCE_EXHAUSTED: Workflow is busy.", "RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW"},
	"service_limit":         {"service rate limit exceeded", "SystemOverloaded"},
	"poller_limit":          {"namespace concurrent poller limit exceeded"},
	"task_given_up":         {"Marking task as terminally failed, will send to DLQ"},
	"namespace_worker":      {"Failed to start sdk worker, out of retries"},
	"schedule_missed":       {"Schedule missed catchup window"},
	"process_deadlock":      {"dumping goroutine profile for suspected deadlock"},
	"database_access":       {"pq: password authentication failed for user", "unable to accept connection, access denied"},
	"database_read_only":    {"cannot execute UPDATE in a read-only transaction", "Error 1290 (HY000): The MySQL server is running with the --read-only option"},
	"database_full":         {"No space left on device"},
	"database_lock":         {"Error 1205 (HY000): Lock wait timeout exceeded; try restarting transaction", "ERROR: deadlock detected (SQLSTATE 40P01)"},
	"schema_version":        {"sql schema version compatibility check failed: version mismatch for keyspace/database"},
	"visibility_store":      {"Unable to commit bulk ES request.", "no Elasticsearch node available"},
	"visibility_rejected":   {"es_rejected_execution_exception"},
	"certificate_refused":   {"x509: certificate has expired or is not yet valid", "remote error: tls: bad certificate"},
	"certificate_expiring":  {"certificate with thumbprint=0a1b2c will expire on 2026-04-01"},
}

// formats are the ways in which a line says a text.
var formats = map[string]func(text string) string{
	"the server's message": func(text string) string {
		return asJSON("level", "info", "ts", "2026-11-22T02:16:29.420Z", "msg", text, "logging-call-at", "x.go:1")
	},
	"the server's error": func(text string) string {
		return asJSON("level", "error", "msg", "service failures", "error", text, "stacktrace", "a\n\tb.go:1")
	},
	"the dev server's error": func(text string) string {
		return asJSON("time", "2026-11-22T02:16:29Z", "level", "ERROR", "msg", "service failures", "error", text)
	},
	"an SDK's error": func(text string) string {
		return asJSON("level", "warn", "msg", "Failed to poll for task.", "WorkerType", "ActivityWorker", "Error", text)
	},
	"an error that is an object": func(text string) string {
		return `{"severity":"ERROR","error":{"type":"x","message":` + quoted(text) + `,"list":[{"a":"b"},2]},"n":1}`
	},
	"logfmt":     func(text string) string { return "ts=2026-11-22T02:16:29Z level=warn msg=done Error=" + quoted(text) },
	"plain text": func(text string) string { return "2026/11/22 02:46:42 WARN  it failed: " + text },
	"zap's console": func(text string) string {
		return "2026-11-22T02:16:29Z\twarn\tx.go:1\t" + text + "\t" + `{"shard-id": 3}`
	},
	"wrapped by Docker": func(text string) string {
		return asJSON("log", asJSON("level", "info", "msg", text)+"\n", "stream", "stdout")
	},
	"behind a CRI's words": func(text string) string {
		return "2026-11-22T02:16:29Z stdout F " + asJSON("level", "info", "msg", text)
	},
	"cut in its stack trace": func(text string) string {
		return strings.TrimSuffix(asJSON("level", "error", "msg", "m", "error", text, "stacktrace", "a\nb"), `b"}`)
	},
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// asJSON writes an object with its fields in order.
func asJSON(fields ...string) string {
	var parts []string
	for i := 0; i < len(fields); i += 2 {
		parts = append(parts, quoted(fields[i])+":"+quoted(fields[i+1]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func theMatcher(t require.TestingT, own ...Pattern) *matcher {
	patterns, err := Extend(own)
	require.NoError(t, err)
	m, err := newMatcher(patterns)
	require.NoError(t, err)
	return m
}

func ids(found []compiled) []string {
	var all []string
	for _, p := range found {
		all = append(all, p.ID)
	}
	return all
}

// passes tells which lines Loki's filter lets through.
type passes []string

func (p passes) MatchString(line string) bool {
	line = fold(line)
	return slices.ContainsFunc(p, func(text string) bool { return strings.Contains(line, text) })
}

// filterOf are the texts that the query makes Loki look for, which is a choice of them without regard to capitals.
func filterOf(t require.TestingT, m *matcher) passes {
	_, quotedText, ok := strings.Cut(m.filter(), "`(?i)(?:")
	require.True(t, ok)
	texts := strings.Split(strings.TrimSuffix(quotedText, ")`"), "|")
	for i, text := range texts {
		expression, err := regexp.Compile(text)
		require.NoError(t, err)
		texts[i] = strings.ReplaceAll(text, `\`, "")
		require.True(t, expression.MatchString(texts[i]), text)
	}
	return texts
}

func TestEveryPatternHasAnExample(t *testing.T) {
	for _, p := range Patterns() {
		assert.NotEmpty(t, examples[p.ID], p.ID)
		assert.NotEmpty(t, p.Meaning, p.ID)
		assert.NoError(t, p.Validate(), p.ID)
	}
	assert.Len(t, examples, len(Patterns()))
}

// TestEveryWordingIsFoundAsItsKind holds lines of real systems, with invented names, against all patterns: each is found
// as what is written beside it and as nothing else.
func TestEveryWordingIsFoundAsItsKind(t *testing.T) {
	m := theMatcher(t)
	filter := filterOf(t, m)
	for _, raw := range linesOf(t, "testdata/wordings/lines.jsonl") {
		var wording struct {
			Case, Line string
			Want       []string
		}
		require.NoError(t, json.Unmarshal([]byte(raw), &wording))
		found := m.find("history", wording.Line)
		assert.ElementsMatch(t, wording.Want, ids(found), "%s: %s", wording.Case, wording.Line)
		assert.True(t, len(found) == 0 || filter.MatchString(wording.Line), "%s passes the filter", wording.Case)
	}
}

func TestAnExpressionInPartsMatchesWhatItMatchesAsAWhole(t *testing.T) {
	m := theMatcher(t, Pattern{ID: "bars", Expression: `zebra [|a-c](lost|found)|[]|]lion lost|tiger\|bear`})
	whole := map[string]*regexp.Regexp{}
	for _, p := range m.patterns {
		whole[p.ID] = regexp.MustCompile("(?i)" + p.Expression)
	}
	lines := []string{`"zebra |lost"`, "zebra alost", "zebra dlost", "]lion lost", "|Lion Lost", "lion lost", "TIGER|BEAR", "tiger", "bear"}
	for _, raw := range linesOf(t, "testdata/wordings/lines.jsonl") {
		var wording struct{ Line string }
		require.NoError(t, json.Unmarshal([]byte(raw), &wording))
		lines = append(lines, wording.Line)
	}
	for _, line := range lines {
		var want []string
		for _, p := range m.patterns {
			if slices.ContainsFunc(readLine(line).texts, whole[p.ID].MatchString) {
				want = append(want, p.ID)
			}
		}
		assert.Equal(t, want, ids(m.find("history", line)), line)
	}
}

// A Loki and the proxies before it bound a query: the filter is to leave room for a selector.
func TestTheFilterFitsIntoAQuery(t *testing.T) {
	m := theMatcher(t)
	assert.Less(t, len(url.QueryEscape(m.filter())), 6_500)
	for _, phase := range []string{"healthy", "idle-worker", "idle-noworker", "otel-idle", "otel-healthy"} {
		for _, line := range phaseLines(t, phase) {
			assert.False(t, filterOf(t, m).MatchString(line), "a healthy cluster's lines stay where they are: %s", line)
		}
	}
}

func TestEveryPatternSaysWhichServiceItConcernsOrLeavesItToTheWriter(t *testing.T) {
	for _, p := range Patterns() {
		if p.Concerns != "" {
			assert.Contains(t, health.Services(), p.Concerns, p.ID)
		}
		assert.Equal(t, p.Concerns, Concerns(Patterns(), p.ID))
	}
	assert.Equal(t, health.Persistence, Concerns(Patterns(), "database_down"), "history hosts log it")
	assert.Empty(t, Concerns(Patterns(), "certificate_refused"), "any service can log it of itself")
	assert.Empty(t, Concerns(Patterns(), "unheard of"))

	own, err := Extend([]Pattern{{ID: "no_poller", Expression: "nobody polls"}, {ID: "slow_call", Expression: "slow call", Concerns: health.Matching}, {ID: "own", Expression: "payment refused"}})
	require.NoError(t, err)
	assert.Equal(t, health.Workers, Concerns(own, "no_poller"), "it is kept unless another is given")
	assert.Equal(t, health.Matching, Concerns(own, "slow_call"))
	assert.Empty(t, Concerns(own, "own"))

	_, err = Extend([]Pattern{{ID: "own", Expression: "lost", Concerns: "databse"}})
	assert.ErrorContains(t, err, `"databse" is no service that a pattern can concern: the services are frontend, history, matching, persistence`)
}

func TestEveryLineThatMatchesIsFound(t *testing.T) {
	m := theMatcher(t)
	filter := filterOf(t, m)
	for id, texts := range examples {
		for _, text := range texts {
			for name, format := range formats {
				line := format(text)
				assert.Contains(t, ids(m.find("history", line)), id, "%s: %s", name, line)
				assert.True(t, filter.MatchString(line), "%s passes the filter: %s", name, line)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom(slices.Sorted(maps.Keys(examples))).Draw(t, "pattern")
		text := rapid.SampledFrom(examples[id]).Draw(t, "text")
		if rapid.Bool().Draw(t, "capitals") {
			text = strings.ToUpper(text)
		}
		noise := rapid.StringOf(rapid.RuneFrom([]rune("abc XYZ019 \"\\{}[]=:,\t'éß<&\x00\u2028"))).Draw(t, "before")
		after := rapid.StringOf(rapid.RuneFrom([]rune("abc XYZ019 \"\\{}[]=:,\t'éß<&\x00\u2028"))).Draw(t, "after")
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(formats))).Draw(t, "format")
		if name == "logfmt" || name == "plain text" || name == "zap's console" {
			// What looks like the line's own JSON would be taken for it.
			noise, after = strings.ReplaceAll(noise, "{", ""), strings.ReplaceAll(after, "{", "")
		}
		line := formats[name](strings.TrimLeft(noise+" ", "{ ") + " " + text + " " + after)
		require.Contains(t, ids(m.find("history", line)), id, line)
		require.True(t, filter.MatchString(line), line)
	})
}

func TestRealLinesShowWhatIsKnownOfTheirPhase(t *testing.T) {
	phases := map[string][]string{
		"healthy":           {},
		"idle-worker":       {},
		"idle-noworker":     {},
		"otel-idle":         {},
		"otel-healthy":      {},
		"starved":           {},
		"noworker":          {},
		"drain":             {"deadline_exceeded", "task_failing"},
		"dbrecovered":       {},
		"dbdown":            {"connection_refresh", "database_down", "queue_reader", "shard_acquired", "shard_ownership", "task_failing"},
		"dblock":            {"context_canceled", "deadline_exceeded", "queue_reader", "shard_acquired", "shard_ownership", "slow_call", "statement_cancelled", "task_failing"},
		"dbslow":            {},
		"failures":          {"workflow_task_failed"},
		"history-join":      {"deadline_exceeded", "history_down", "membership", "persistence_qps", "queue_reader", "shard_acquired", "task_failing"},
		"history-killed":    {"history_down", "queue_reader", "shard_acquired", "shard_ownership"},
		"historydown":       {"history_down"},
		"ratelimit-ns":      {"rate_limit"},
		"ratelimit-persist": {"persistence_qps", "queue_reader", "task_failing"},
		"ratelimit-sys":     {"rate_limit", "service_limit"},
		"startup":           {"membership", "queue_reader", "shard_acquired", "shard_ownership"},
	}
	m := theMatcher(t)
	filter := filterOf(t, m)
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	require.Len(t, files, len(phases))
	for phase, want := range phases {
		found := map[string]bool{}
		for _, line := range phaseLines(t, phase) {
			matches := ids(m.find("history", line))
			for _, id := range matches {
				found[id] = true
			}
			assert.True(t, len(matches) == 0 || filter.MatchString(line), line)
		}
		assert.ElementsMatch(t, want, slices.Collect(maps.Keys(found)), phase)
	}
}

func phaseLines(t testing.TB, phase string) []string { return linesOf(t, "testdata/"+phase+".jsonl") }

func linesOf(t testing.TB, file string) []string {
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func TestFieldsThatStandApartAreHeldTogether(t *testing.T) {
	m := theMatcher(t)
	for _, line := range []string{
		`{"level":"info","msg":"none","shard-id":16,"lifecycle":"Started","component":"shard-context"}`,
		`level=info msg=none component=shard-context lifecycle=Stopped`,
		"2026-11-22T02:16:29Z\tinfo\tnone\t" + `{"lifecycle": "Started", "component": "shard-context"}`,
	} {
		assert.Equal(t, []string{"shard_acquired"}, ids(m.find("history", line)), line)
	}
	assert.Equal(t, []string{"membership"}, ids(m.find("history", `{"level":"info","msg":"none","component":"shard-controller","shard-update":"RingMembershipChangedEvent"}`)))
	assert.Empty(t, m.find("history", `{"level":"info","msg":"none","lifecycle":"Started","component":"shard-controller"}`))
	assert.Empty(t, m.find("history", `{"level":"info","msg":"m","stacktrace":"context canceled","wf-id":"context canceled"}`), "stack traces and names are no errors")
}

func TestAPatternOfOnesOwnIsLimitedToItsServicesAndLevels(t *testing.T) {
	m := theMatcher(t, Pattern{ID: "own", Expression: "zebra (lost|found)", Services: []string{"history"}, Levels: []string{"warn"}})
	for line, want := range map[string]bool{
		`{"level":"warn","msg":"a zebra found"}`:       true,
		`{"level":"WARN","msg":"a Zebra LOST"}`:        true,
		`{"level":"error","msg":"a zebra lost"}`:       false,
		`{"msg":"a zebra lost"}`:                       true,
		"2026/11/22 INFO a zebra lost":                 false,
		"ts=1 level=warning msg=\"the zebra lost it\"": true,
	} {
		assert.Equal(t, want, len(m.find("history", line)) == 1, line)
		assert.Empty(t, m.find("frontend", line))
	}
}

func TestAPatternOfOnesOwnTakesThePlaceOfAKnownOne(t *testing.T) {
	patterns, err := Extend([]Pattern{{ID: "no_poller", Expression: "nobody polls"}})
	require.NoError(t, err)
	assert.Len(t, patterns, len(Patterns()))
	i := slices.IndexFunc(patterns, func(p Pattern) bool { return p.ID == "no_poller" })
	assert.Equal(t, "nobody polls", patterns[i].Expression)
	assert.NotEmpty(t, patterns[i].Meaning, "its meaning is kept unless another is given")
}

func TestMistakesInPatternsSayWhatToDo(t *testing.T) {
	for expression, want := range map[string]string{
		"":                  "the expression is empty",
		"lost (connection":  "cannot be read at",
		"a**":               "cannot be read at",
		".*":                "matches every line",
		`\d+`:               "no word that Loki can look for",
		"connection|[0-9]x": "no word that Loki can look for",
		"«lost»|ab":         "no word that Loki can look for",
	} {
		_, err := Extend([]Pattern{{ID: "own", Expression: expression}})
		assert.ErrorContains(t, err, want, expression)
	}
	_, err := Extend([]Pattern{
		{ID: "Own Pattern", Expression: "lost"}, {ID: "twice", Expression: "lost"}, {ID: "twice", Expression: "lost"},
		{ID: "loud", Expression: "lost", Levels: []string{"LOUD"}},
	})
	assert.ErrorContains(t, err, "the id can't be one")
	assert.ErrorContains(t, err, `duplicate id "twice"`)
	assert.ErrorContains(t, err, `"LOUD" is no level: the levels are debug, info, warn, error, fatal`)
	_, err = Extend(make([]Pattern, maxOwn+1))
	assert.ErrorContains(t, err, "50 are the most")
}

func TestASampleShowsWhatALineSaysWithoutItsSecrets(t *testing.T) {
	assert.Equal(t, "error: service failures: context canceled", sample(`{"level":"error","msg":"service failures","error":"context canceled","stacktrace":"x"}`))
	assert.Equal(t, "info: shard-context/Started", sample(`{"level":"info","msg":"none","lifecycle":"Started","component":"shard-context"}`))
	rapid.Check(t, func(t *rapid.T) {
		password := "hunter2" + rapid.StringMatching(`[A-Za-z0-9]{8,40}`).Draw(t, "password")
		filler := strings.Repeat("x ", rapid.IntRange(0, maxSample).Draw(t, "filler"))
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(formats))).Draw(t, "format")
		line := formats[name](fmt.Sprintf("%s context deadline exceeded at postgres://temporal:%s@db:5432/x", filler, password))
		text := sample(line)
		require.NotContains(t, text, password)
		require.NotContains(t, text, "hunter2")
		require.LessOrEqual(t, len(text), maxSample+len("…"))
	})
}

func FuzzAnyBytesAreALine(f *testing.F) {
	for _, format := range formats {
		f.Add(format("context deadline exceeded"))
	}
	f.Add(`{"a":[{"msg":"x"},[1,{"b":{}}]],"error":{"error":{"error":"shard closed"}}}`)
	f.Add("{\"msg\":\"{\\\"msg\\\":\\\"{}\\\"}\"}")
	f.Add("\xff\xfe{\"")
	m := theMatcher(f)
	f.Fuzz(func(t *testing.T, raw string) {
		m.find("history", raw)
		if text := sample(raw); len(text) > maxSample+len("…") {
			t.Fatalf("a sample of %d bytes", len(text))
		}
	})
}
