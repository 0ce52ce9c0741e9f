package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/cli"
)

// TestSignalsShowWhatAnOlderServerIsReadFrom reads a recorded server 1.29, which counts no waiting polls, behind a
// prefix.
func TestSignalsShowWhatAnOlderServerIsReadFrom(t *testing.T) {
	prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	recorded, err := phases.Recorded("server-1.29.1")
	require.NoError(t, err)
	require.NoError(t, recorded.Load(t.Context(), prometheus.URL(), phases.TimelineOptions{TargetLabels: map[string]string{"namespace": "k8s"}}))
	phase, err := recorded.Phase("healthy")
	require.NoError(t, err)
	signals := func(more ...string) string {
		var out, errs bytes.Buffer
		code := cli.Main(append([]string{"signals", "--prometheus", prometheus.URL(), "--selector", `job="temporal-server"`, "--worker-selector", `job="app-worker"`,
			"--at", phase.End().Format(time.RFC3339)}, more...), nil, &out, &errs)
		require.Zero(t, code, errs.String())
		return out.String()
	}

	text := signals("--queries=false")
	assert.Contains(t, text, "server metrics: tally, release 1.29, label namespace is exported_namespace\nSDK metrics: go-tally-prometheus\n")
	polls := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, string(health.MatchingWorkflowPoll)) {
			polls = line
		}
	}
	assert.Contains(t, polls, "read from polls that ended within two minutes")

	var line struct {
		health.Snapshot
		ServerMetrics string            `json:"server_metrics"`
		SDKMetrics    []string          `json:"sdk_metrics"`
		Releases      []string          `json:"releases"`
		Renamed       map[string]string `json:"renamed_labels"`
	}
	asJSON := signals("--json")
	require.NoError(t, json.Unmarshal([]byte(asJSON), &line))
	assert.Equal(t, "polls that ended within two minutes", line.Witness[health.MatchingWorkflowPoll])
	assert.Equal(t, "tally", line.ServerMetrics)
	assert.Equal(t, []string{"1.29"}, line.Releases)
	assert.Equal(t, map[string]string{"namespace": "exported_namespace"}, line.Renamed)

	var out, errs bytes.Buffer
	require.Zero(t, cli.Main([]string{"evaluate"}, strings.NewReader(asJSON), &out, &errs), errs.String())
	var verdict health.Verdict
	require.NoError(t, json.Unmarshal(out.Bytes(), &verdict))
	var witness string
	for _, g := range verdict.Gates {
		if g.ID == "workflow_pollers_gone" {
			witness = g.Witness
		}
	}
	assert.Equal(t, "polls that ended within two minutes", witness, "a verdict on printed signals names the witness too")
}
