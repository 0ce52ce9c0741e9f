package service_test

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
)

// record keeps a workflow's history for the replay tests when COPILOT_RECORD_HISTORY names a folder.
func record(t *testing.T, c client.Client, name, workflowID string) {
	t.Helper()
	folder := os.Getenv("COPILOT_RECORD_HISTORY")
	if folder == "" {
		return
	}
	var h history.History
	for it := c.GetWorkflowHistory(context.Background(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		event, err := it.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(&h)
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(folder, name+".json.gz"))
	require.NoError(t, err)
	packed := gzip.NewWriter(file)
	_, err = packed.Write(text)
	require.NoError(t, err)
	require.NoError(t, packed.Close())
	require.NoError(t, file.Close())
}
