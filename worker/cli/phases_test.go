package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// TestRecordedClustersAreJudgedAsTheyWere replays a real cluster's recorded health and trouble through
// a real Prometheus, and compares the verdict at the end of each phase with what was the matter.
func TestRecordedClustersAreJudgedAsTheyWere(t *testing.T) {
	prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	require.NoError(t, phases.Load(t.Context(), prometheus.URL(), phases.Options{}))

	for _, c := range []struct {
		phase      string
		want       []health.State
		bottleneck health.Bottleneck
	}{
		{"startup", []health.State{health.Happy}, health.BottleneckHealthy},
		{"idle-noworker", []health.State{health.Happy}, health.BottleneckHealthy},
		{"idle-worker", []health.State{health.Happy}, health.BottleneckHealthy},
		{"healthy", []health.State{health.Happy}, health.BottleneckHealthy},
		{"starved", []health.State{health.Stressed, health.Critical}, health.WorkerLimited},
		{"noworker", []health.State{health.Critical}, health.WorkerLimited},
		{"dbdown", []health.State{health.Critical}, health.ServerLimited},
		{"ratelimit-sys", []health.State{health.Stressed, health.Critical}, health.ServerLimited},
		{"otel-idle", []health.State{health.Happy}, health.BottleneckHealthy},
		{"otel-healthy", []health.State{health.Happy}, health.BottleneckHealthy},
	} {
		t.Run(c.phase, func(t *testing.T) {
			phase, err := phases.Find(c.phase)
			require.NoError(t, err)
			verdicts := replay(t, prometheus.URL(), phase)
			last := verdicts[len(verdicts)-1]
			assert.Contains(t, c.want, last.State, story(verdicts))
			assert.Equal(t, c.bottleneck, last.Bottleneck, story(verdicts))
			assert.False(t, last.Stale, story(verdicts))
		})
	}
}

// replay judges a phase every 15 seconds, as often as it was scraped.
func replay(t *testing.T, url string, phase phases.Phase) []health.Verdict {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Main([]string{"replay", "--prometheus", url, "--step", "15s",
		"--from", phase.Start().Format(time.RFC3339), "--to", phase.End().Add(time.Second).Format(time.RFC3339)}, nil, &out, &errs)
	require.Zero(t, code, errs.String())
	var verdicts []health.Verdict
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var v health.Verdict
		require.NoError(t, decoder.Decode(&v))
		verdicts = append(verdicts, v)
	}
	require.NotEmpty(t, verdicts)
	return verdicts
}

// story tells a failed phase cycle by cycle: what fired, and what nobody knew.
func story(verdicts []health.Verdict) string {
	var b strings.Builder
	for _, v := range verdicts {
		fmt.Fprintf(&b, "%s %s stale=%v coverage=%.2f %s:", v.At.Format(time.TimeOnly), v.State, v.Stale, v.Coverage, v.Bottleneck)
		for _, g := range v.Gates {
			switch {
			case g.Result == health.Fired:
				fmt.Fprintf(&b, " %s(%.3g%s%.3g)", g.ID, *g.Value, g.Op, g.Threshold)
			case g.Result == health.NotKnowable && g.Deciding:
				fmt.Fprintf(&b, " ?%s[%s]", g.ID, g.Note)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
