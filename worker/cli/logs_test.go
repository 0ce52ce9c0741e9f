package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/worker/cli"
)

func TestLogsShowsWhatMatchesInARealLoki(t *testing.T) {
	loki, err := testenv.StartLoki(t.Context(), testenv.LokiOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, loki.Stop()) })
	file := filepath.Join(t.TempDir(), "copilot.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
store: {url: "postgres://copilot@localhost/copilot"}
log_patterns: [{id: payment_refused, expression: 'payment (refused|declined)', meaning: The bank refuses payments}]
clusters:
  - {name: prod, prometheus: {url: "http://127.0.0.1:1"}, logs: {url: %q, selector: '{job="temporal"}'}}
`, loki.URL()), 0o600))
	run := func(arguments ...string) (output, errors string, code int) {
		var stdout, stderr bytes.Buffer
		code = cli.Main(append([]string{"logs", "--config", file}, arguments...), strings.NewReader(""), &stdout, &stderr)
		return stdout.String(), stderr.String(), code
	}

	_, errors, code := run()
	assert.Equal(t, 1, code, "a selector that finds no stream is an error")
	assert.Contains(t, errors, `has no log stream that {job="temporal"} matches in the last 24h0m0s: check the selector`)

	labels := map[string]string{"job": "temporal", "service_name": "history"}
	now := time.Now()
	push := func(texts ...string) {
		for i, text := range texts {
			require.NoError(t, loki.Push(t.Context(), "", labels, testenv.LogLine{At: now.Add(-time.Minute).Add(time.Duration(i)), Text: text}))
		}
	}
	push(`{"level":"info","msg":"all is well"}`)
	output, _, code := run("prod")
	assert.Zero(t, code)
	assert.Contains(t, output, `{"job":"temporal","service_name":"history"}`)
	assert.Contains(t, output, "No line matches a known pattern.")

	push(`{"level":"error","msg":"service failures","error":"context deadline exceeded","password":"hunter2"}`,
		`{"level":"info","msg":"none","lifecycle":"Started","component":"shard-context"}`,
		`{"level":"warn","msg":"Payment declined for ann@example.com"}`,
		`{"level":"error","msg":"Fail to process task","error":"context deadline exceeded"}`)
	output, _, code = run("--since", "5m")
	assert.Zero(t, code)
	assert.Regexp(t, `deadline_exceeded +history +2 `, output)
	assert.Regexp(t, `shard_acquired +history +1 `, output)
	assert.Regexp(t, `payment_refused +history +1 +\d\d:\d\d:\d\d +The bank refuses payments`, output)
	assert.Contains(t, output, "warn: Payment declined for REDACTED_email_1")
	assert.NotContains(t, output, "hunter2")

	output, _, code = run("--json")
	assert.Zero(t, code)
	var found struct {
		Matched  int              `json:"matched"`
		Patterns []map[string]any `json:"patterns"`
	}
	require.NoError(t, json.Unmarshal([]byte(output), &found))
	assert.Equal(t, 4, found.Matched)
	assert.Len(t, found.Patterns, 4)
}
