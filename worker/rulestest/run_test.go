package rulestest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/docs"
	"github.com/temporal-sre/copilot/worker/rulestest"
)

// TestTheGatesEndToEnd runs testdata: raw metrics in, verdicts out.
func TestTheGatesEndToEnd(t *testing.T) {
	for _, file := range []string{"gates.yaml", "old-release.yaml", "threshold.yaml"} {
		results, err := rulestest.Run(t.Context(), filepath.Join("testdata", file))
		require.NoError(t, err)
		require.NotEmpty(t, results)
		for _, r := range results {
			t.Run(r.Test, func(t *testing.T) { assert.Truef(t, r.Passed, "%s:%d: %+v", r.File, r.Line, r.Failures) })
		}
	}
}

// write copies a file of testdata with a change, beside the healthy cluster.
func write(t *testing.T, file, old, replacement string) string {
	t.Helper()
	healthy, err := os.ReadFile("testdata/healthy.yaml")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "healthy.yaml"), healthy, 0o600))
	path := filepath.Join(folder, file)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600))
	return path
}

func TestAWrongThresholdFailsWithItsEvidence(t *testing.T) {
	results, err := rulestest.Run(t.Context(), write(t, "threshold.yaml", "threshold: 0.4", "threshold: 0.1"))
	require.NoError(t, err)
	require.Len(t, results, 1)
	assert.False(t, results[0].Passed)
	require.Len(t, results[0].Failures, 2)
	state, gate := results[0].Failures[0], results[0].Failures[1]
	assert.Equal(t, [3]string{"state", "stressed", "critical"}, [3]string{state.What, state.Expected, state.Got})
	assert.Equal(t, [3]string{"persistence_failing", "not fired", "fired"}, [3]string{gate.What, gate.Expected, gate.Got})
	assert.Contains(t, gate.Evidence[0], "fires > 0.1 from the configuration")
	assert.Equal(t, 12, gate.Line)
}

func TestAMistakeIsReportedWithItsLine(t *testing.T) {
	for _, c := range []struct{ name, old, replacement, want string }{
		{"an unknown key", "firing: [persistence_errors]", "fire: [persistence_errors]", `:12: unknown key "fire"; valid keys: at, state`},
		{"an unknown gate", "firing: [persistence_errors]", "firing: [persistence_error]", "threshold.yaml:12: gate \"persistence_error\" does not exist; `copilot gates` lists them"},
		{"an unknown gate among the thresholds", "persistence_failing: {", "persistence_fails: {", "threshold.yaml:4: the thresholds are wrong"},
		{"no such state", "state: stressed", "state: sad", `no such state "sad"`},
		{"no such bottleneck", "state: stressed", "bottleneck: database", `threshold.yaml:12: bottleneck "database" is not one of`},
		{"a time between cycles", "at: 10m", "at: 10m10s", "threshold.yaml:12: at: 10m10s lies between two cycles: cycles begin every 30s"},
		{"no time", "at: 10m, ", "", "threshold.yaml:12: at: 0s is out of range"},
		{"no such values", "0x20 600+600x60", "0x20 600+", "threshold.yaml:10: series \"persistence_errors"},
		{"a native histogram", "0x20 600+600x60", "{{schema:0 sum:1 count:1}}", "native histograms are not supported"},
		{"a missing file", "[healthy.yaml]", "[sick.yaml]", "threshold.yaml:2: sick.yaml can't be used"},
		{"a configuration beside thresholds", "thresholds:", "config: copilot.yaml\nthresholds:", "threshold.yaml:3: config and telemetry or thresholds exclude each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rulestest.Run(t.Context(), write(t, "threshold.yaml", c.old, c.replacement))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestTheExampleInTheDocumentsPasses(t *testing.T) {
	pages, err := docs.Read("../..", "docs/testing-rules.md")
	require.NoError(t, err)
	found := 0
	for _, block := range pages[0].Blocks {
		if block.Language != "yaml" {
			continue
		}
		found++
		path := filepath.Join(t.TempDir(), "example.yaml")
		require.NoError(t, os.WriteFile(path, []byte(block.Text), 0o600))
		results, err := rulestest.Run(t.Context(), path)
		require.NoError(t, err)
		for _, r := range results {
			assert.Truef(t, r.Passed, "%+v", r.Failures)
		}
	}
	assert.NotZero(t, found)
}
