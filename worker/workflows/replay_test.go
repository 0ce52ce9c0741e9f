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
// histories come from the tests of the worker process (COPILOT_RECORD_HISTORY=FOLDER); add one when a release
// changes a workflow, and never take one away while a workflow of its time may still run.
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
			for _, workflow := range []any{workflows.ObserveCluster, workflows.Prune, workflows.Assess, workflows.Periodic, workflows.WatchLogs, workflows.SyncKnowledge} {
				replayer.RegisterWorkflow(workflow)
			}
			require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
		})
	}
}
