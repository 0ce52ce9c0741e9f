package workflows_test

import (
	"compress/gzip"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
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

// A column that is renamed must not change what a run in flight has recorded.
func TestNoInputOrResultIsATypeOfTheStore(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imported := range file.Imports {
			require.NotContains(t, imported.Path.Value, "copilot/pkg/store", path)
		}
	}
}

// The names of these were the fields' own before they had others: histories hold them.
func TestRecordedNamesStay(t *testing.T) {
	for wanted, got := range map[string]any{
		`{"Cluster":"","At":"0001-01-01T00:00:00Z","Through":"0001-01-01T00:00:00Z","Unavailable":"","Counts":null}`: workflows.LogRead{},
		`{"Cluster":"","Assessment":"","Number":0,"At":"0001-01-01T00:00:00Z","Model":"","Purpose":"","InputTokens":0,` +
			`"OutputTokens":0,"CacheReads":0,"CacheWrites":0,"Dollars":0,"Took":0,"Failure":""}`: workflows.ModelCall{},
	} {
		text, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, wanted, string(text))
	}
}
