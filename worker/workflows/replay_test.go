package workflows_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/temporal-sre/copilot/worker/workflows"
)

// TestRecordedHistoriesReplay holds changes of the workflows to what running clusters already did. The
// histories come from the test that kills the worker (COPILOT_RECORD_HISTORY=FILE); add one when a
// release changes a workflow, and never take one away while an observation of its time may still run.
func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			unpacked, err := gzip.NewReader(file)
			require.NoError(t, err)
			history, err := client.HistoryFromJSON(unpacked, client.HistoryJSONOptions{})
			require.NoError(t, err)
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(workflows.ObserveCluster)
			replayer.RegisterWorkflow(workflows.Prune)
			require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
		})
	}
}
