//go:build unix

package parts_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/parts"
)

func TestLokiGivesBackTheLinesItWasGiven(t *testing.T) {
	loki, err := parts.StartLoki(t.Context(), parts.LokiOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, loki.Stop()) })
	now := time.Now()
	labels := map[string]string{"job": "temporal"}
	require.NoError(t, loki.Push(t.Context(), "", labels, parts.LogLine{At: now, Text: "one"}, parts.LogLine{At: now.Add(-time.Hour), Text: "an older one"}))
	response, err := http.Get(loki.URL() + "/loki/api/v1/query_range?" + url.Values{"query": {`{job="temporal"}`}, "since": {"2h"}}.Encode())
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(answer), `"one"`)
	require.Contains(t, string(answer), `"an older one"`)
	require.NotContains(t, string(answer), "detected_level", "nothing is added")
	require.Error(t, loki.Push(t.Context(), "", labels, parts.LogLine{At: now.Add(-1000 * time.Hour), Text: "far too old"}))
}
