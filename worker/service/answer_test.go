package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/service"
)

// answer runs a worker that answers queries and does nothing else: it has no activities to run.
func answer(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, "copilot", worker.Options{LocalActivityWorkerOnly: true})
	service.Register(w, &activities.Activities{})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}
