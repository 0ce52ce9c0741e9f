package service_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// TestAnOperatorsFirstMinutes walks through what an operator does with a new worker.
func TestAnOperatorsFirstMinutes(t *testing.T) {
	t.Parallel()
	sys := startSystem(t)
	assert.Contains(t, sys.run(t, "db", "check", "--config", sys.config), "no cycle yet", "an empty store says so")
	worker := sys.startWorker(t)
	sys.awaitHappy(t)

	t.Run("the worker says that it is ready, and what it does", func(t *testing.T) {
		status, text := get(t, "http://"+sys.metrics+"/readyz")
		assert.Equal(t, http.StatusOK, status, text)
		_, metrics := get(t, "http://"+sys.metrics+"/metrics")
		assert.Contains(t, metrics, `copilot_cycles_total{cluster="prod"}`)
		assert.Contains(t, metrics, `copilot_cluster_state{cluster="prod"} 0`)
		assert.Contains(t, metrics, "temporal_workflow_task_execution_latency")
	})
	t.Run("a cycle can be asked for", func(t *testing.T) {
		// A busy machine can make the server slow for a moment.
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			var verdict health.Verdict
			require.NoError(c, json.Unmarshal([]byte(sys.run(t, "observe", "--config", sys.config)), &verdict))
			assert.Equal(c, health.Happy, verdict.State)
			assert.WithinDuration(c, time.Now(), verdict.At, 30*time.Second)
		}, time.Minute, time.Second)
	})
	t.Run("signals shows what is read, and why something is not", func(t *testing.T) {
		out := sys.run(t, "signals", "--config", sys.config)
		assert.Contains(t, out, "state_transitions.throughput_per_sec")
		assert.Contains(t, out, "server metrics: tally")
		assert.Contains(t, out, "sum(rate(state_transition_count_count")
	})
	t.Run("history is pruned by a schedule", func(t *testing.T) {
		c, err := client.Dial(client.Options{HostPort: sys.temporal.Address()})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		schedule := c.ScheduleClient().GetHandle(t.Context(), workflows.RetentionScheduleID)
		require.NoError(t, schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
		require.Eventually(t, func() bool {
			d, err := schedule.Describe(t.Context())
			require.NoError(t, err)
			if len(d.Info.RecentActions) == 0 {
				return false
			}
			started := d.Info.RecentActions[0].StartWorkflowResult
			var out workflows.PruneOutput
			require.NoError(t, c.GetWorkflow(t.Context(), started.WorkflowID, started.FirstExecutionRunID).Get(t.Context(), &out))
			assert.Zero(t, out.Rows, "nothing is thirty days old")
			return true
		}, time.Minute, 200*time.Millisecond)
	})
	t.Run("a changed configuration counts from the next start, and a removed cluster is left alone", func(t *testing.T) {
		require.NoError(t, worker.Stop())
		text, err := os.ReadFile(sys.config)
		require.NoError(t, err)
		changed := strings.Replace(string(text), "- name: prod", "- name: other", 1)
		require.NoError(t, os.WriteFile(sys.config, []byte(changed), 0o600))
		sys.startWorker(t)
		c, err := client.Dial(client.Options{HostPort: sys.temporal.Address()})
		require.NoError(t, err)
		t.Cleanup(c.Close)
		require.NoError(t, c.GetWorkflow(t.Context(), workflows.ObserveID("prod"), "").Get(t.Context(), nil), "its observation ends")
		require.Eventually(t, func() bool {
			now, err := sys.store.Statuses(t.Context(), []string{"other"})
			return err == nil && len(now) == 1
		}, time.Minute, 200*time.Millisecond)
	})
}

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}
