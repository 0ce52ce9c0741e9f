//go:build unix

package testenv_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestTemporalServesItsNamespaceAndItsMetrics(t *testing.T) {
	options := map[string]func(t *testing.T) testenv.TemporalOptions{
		"on SQLite with tally metrics": func(*testing.T) testenv.TemporalOptions {
			return testenv.TemporalOptions{Namespace: "orders"}
		},
		"on PostgreSQL with OpenTelemetry metrics": func(t *testing.T) testenv.TemporalOptions {
			postgres := startPostgres(t, testenv.PostgresOptions{})
			return testenv.TemporalOptions{Namespace: "orders", PostgresURL: postgres.URL("temporal"), MetricsFramework: "opentelemetry", Shards: 4}
		},
	}
	requests := map[string]string{
		"on SQLite with tally metrics":             "\nservice_requests{",
		"on PostgreSQL with OpenTelemetry metrics": "\nservice_requests_total{",
	}
	for name, build := range options {
		t.Run(name, func(t *testing.T) {
			temporal, err := testenv.StartTemporal(t.Context(), build(t))
			testenv.Require(t, err)
			t.Cleanup(func() { require.NoError(t, temporal.Stop()) })
			require.Equal(t, "orders", temporal.Namespace())

			connection, err := client.DialContext(t.Context(), client.Options{HostPort: temporal.Address(), Namespace: "orders"})
			require.NoError(t, err)
			defer connection.Close()
			run, err := connection.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "nobody-polls"}, "Anything")
			require.NoError(t, err)
			require.NotEmpty(t, run.GetRunID())
			require.Eventually(t, func() bool {
				list, err := connection.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: "orders"})
				return err == nil && len(list.Executions) == 1
			}, 10*time.Second, 100*time.Millisecond, "visibility works too")
			require.Contains(t, read(t, "http://"+temporal.MetricsAddress()+"/metrics"), requests[name])
		})
	}
}

func TestTemporalComesBackAtItsAddressesWithItsData(t *testing.T) {
	history, err := testenv.FreePort()
	require.NoError(t, err)
	settings := filepath.Join(t.TempDir(), "dynamic.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("frontend.rps:\n  - value: 1000\n"), 0o600))
	temporal, err := testenv.StartTemporal(t.Context(), testenv.TemporalOptions{Shards: 4, DynamicConfig: settings, HistoryMetricsPort: history})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Stop()) })
	connection, err := client.DialContext(t.Context(), client.Options{HostPort: temporal.Address()})
	require.NoError(t, err)
	defer connection.Close()
	run, err := connection.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "nobody-polls"}, "Anything")
	require.NoError(t, err)

	require.NoError(t, temporal.Restart(t.Context()))
	require.Eventually(t, func() bool {
		_, err := connection.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		return err == nil
	}, 30*time.Second, 100*time.Millisecond, "the workflow is still there")
	for _, page := range []string{temporal.MetricsAddress(), testenv.Loopback(history)} {
		require.Contains(t, read(t, "http://"+page+"/metrics"), `service_name="history"`, "both processes are back")
	}
}

func read(t *testing.T, page string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, page, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(content)
}
