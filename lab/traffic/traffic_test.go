package traffic

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/parts"
)

func TestOrdersAreFulfilledOrFailAsTheLoadSays(t *testing.T) {
	server, err := parts.StartTemporal(t.Context(), parts.TemporalOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	port, err := parts.FreePort()
	require.NoError(t, err)
	metrics := parts.Loopback(port)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() {
		ended <- RunWorker(ctx, WorkerOptions{
			Address: server.Address(), Namespace: server.Namespace(), MetricsAddress: metrics,
			WorkflowSlots: 20, ActivitySlots: 20, Pollers: 2,
		})
	}()
	sound := LoadOptions{Address: server.Address(), Namespace: server.Namespace(), Rate: 3, ActivityTime: time.Millisecond}
	failing := sound
	failing.FailShare = 1
	go func() { ended <- RunLoad(ctx, sound) }()
	go func() { ended <- RunLoad(ctx, failing) }()

	connection, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address(), Logger: logger})
	require.NoError(t, err)
	defer connection.Close()
	for _, status := range []string{"Completed", "Failed"} {
		require.Eventually(t, func() bool {
			count, err := connection.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
				Query: `WorkflowType = "FulfilOrder" AND ExecutionStatus = "` + status + `"`,
			})
			return err == nil && count.Count >= 3
		}, 60*time.Second, 200*time.Millisecond, status)
	}

	page := get(t, "http://"+metrics+"/metrics")
	for _, name := range []string{
		"temporal_request_total{", "temporal_worker_task_slots_available{", "temporal_num_pollers{",
		"temporal_activity_schedule_to_start_latency_seconds_bucket{",
		"temporal_workflow_task_schedule_to_start_latency_seconds_bucket{",
	} {
		require.Contains(t, page, "\n"+name, "the names are those of most applications")
	}

	stop()
	for range cap(ended) {
		require.NoError(t, <-ended, "being stopped is no failure")
	}
}

func TestWorkIsDemandedAlsoWhileTheServerIsAway(t *testing.T) {
	port, err := parts.FreePort()
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	require.NoError(t, RunLoad(ctx, LoadOptions{Address: parts.Loopback(port), Namespace: "default", Rate: 100}))
}

func get(t *testing.T, page string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(content)
}
