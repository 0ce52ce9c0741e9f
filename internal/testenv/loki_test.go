//go:build unix

package testenv_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestLokiGivesBackTheLinesItWasGiven(t *testing.T) {
	loki, err := testenv.StartLoki(t.Context(), testenv.LokiOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, loki.Stop()) })
	now := time.Now()
	labels := map[string]string{"job": "temporal"}
	require.NoError(t, loki.Push(t.Context(), "", labels, testenv.LogLine{At: now, Text: "one"}, testenv.LogLine{At: now.Add(-time.Hour), Text: "an older one"}))
	answer := lines(t, loki, `{job="temporal"}`)
	require.Contains(t, answer, `"one"`)
	require.Contains(t, answer, `"an older one"`)
	require.NotContains(t, answer, "detected_level", "nothing is added")
	require.Error(t, loki.Push(t.Context(), "", labels, testenv.LogLine{At: now.Add(-1000 * time.Hour), Text: "far too old"}))
}

func TestAShipperBringsEveryLineUnderItsService(t *testing.T) {
	loki, err := testenv.StartLoki(t.Context(), testenv.LokiOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, loki.Stop()) })
	shipper := testenv.NewShipper(loki, testenv.TemporalLabels("temporal"))
	var text strings.Builder
	for i := range 50 {
		fmt.Fprintf(&text, `{"msg":"line %d","logging-call-at":"/go/service/history/shard/context.go:1"}`+"\n", i)
	}
	text.WriteString(`{"msg":"ring","service":"matching","logging-call-at":"/go/common/x.go:1"}` + "\n" + "of nobody\n")
	// Lines come in pieces.
	for rest := text.String(); rest != ""; {
		n := min(37, len(rest))
		_, err := shipper.Write([]byte(rest[:n]))
		require.NoError(t, err)
		rest = rest[n:]
	}
	require.NoError(t, shipper.Close())
	require.NoError(t, shipper.Close(), "closing again does no harm")
	require.Equal(t, 50, strings.Count(lines(t, loki, `{service_name="history"}`), "context.go"))
	require.Contains(t, lines(t, loki, `{service_name="matching"}`), "ring")
	require.Contains(t, lines(t, loki, `{service_name="server"}`), "of nobody")
}

// lines is what Loki answers to a query.
func lines(t *testing.T, loki *testenv.Loki, query string) string {
	t.Helper()
	response, err := http.Get(loki.URL() + "/loki/api/v1/query_range?" + url.Values{"query": {query}, "since": {"2h"}}.Encode())
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(answer)
}
