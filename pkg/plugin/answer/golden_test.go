package answer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden compares frames with testdata/<name>.golden, or writes it: go test ./pkg/plugin/answer -update-golden
func golden(t *testing.T, name string, all data.Frames) {
	t.Helper()
	var text strings.Builder
	for _, f := range all {
		raw, err := data.FrameToJSON(f, data.IncludeAll)
		require.NoError(t, err)
		text.WriteString(lines(t, raw))
	}
	file := filepath.Join("testdata", name+".golden")
	if *updateGolden {
		require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), text.String())
}

// frameJSON is a frame as Grafana gets it.
type frameJSON struct {
	Schema struct {
		Name   string          `json:"name"`
		Meta   json.RawMessage `json:"meta"`
		Fields []json.RawMessage
	}
	Data struct {
		Values [][]json.RawMessage
		// Entities are values like NaN, for which JSON has no word.
		Entities []json.RawMessage `json:"entities"`
		Nanos    []json.RawMessage `json:"nanos"`
	}
}

// lines writes a frame with its name and meta in a line, then each field and each row in one. Times read like 03:10:05.
func lines(t *testing.T, raw []byte) string {
	t.Helper()
	var f frameJSON
	require.NoError(t, json.Unmarshal(raw, &f))
	var b strings.Builder
	fmt.Fprintf(&b, "frame %q %s\n", f.Schema.Name, f.Schema.Meta)
	isTime := make([]bool, len(f.Schema.Fields))
	for i, field := range f.Schema.Fields {
		var about struct{ Type string }
		require.NoError(t, json.Unmarshal(field, &about))
		isTime[i] = about.Type == "time"
		fmt.Fprintf(&b, "field %s\n", field)
	}
	for row := range len(f.Data.Values[0]) {
		cells := make([]string, len(f.Data.Values))
		for i, values := range f.Data.Values {
			cells[i] = string(values[row])
			if isTime[i] && cells[i] != "null" {
				var ms int64
				require.NoError(t, json.Unmarshal(values[row], &ms))
				cells[i] = time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
			}
		}
		fmt.Fprintf(&b, "row   %s\n", strings.Join(cells, " | "))
	}
	for name, extra := range map[string][]json.RawMessage{"entities": f.Data.Entities, "nanos": f.Data.Nanos} {
		if len(extra) > 0 {
			written, err := json.Marshal(extra)
			require.NoError(t, err)
			fmt.Fprintf(&b, "%s %s\n", name, written)
		}
	}
	return b.String()
}
