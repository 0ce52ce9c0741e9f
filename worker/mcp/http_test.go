package mcp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/worker/mcp"
)

const secret = "a-token-of-some-length"

// bearer adds a token to each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func TestQuestionsAreAnsweredOverHTTP(t *testing.T) {
	serving := httptest.NewServer(mcp.Handler(newServer(t, seeded(t)), secret))
	defer serving.Close()
	session := dial(t, &sdk.StreamableClientTransport{Endpoint: serving.URL + mcp.Path, HTTPClient: &http.Client{Transport: bearer(secret)}})
	for _, q := range onCall[:5] {
		text, _, failed := call(t, session, q.tool, q.arguments)
		assert.False(t, failed, text)
		for _, part := range q.text {
			assert.Contains(t, text, part)
		}
	}
}

func TestWhoMayNotAskIsTurnedAway(t *testing.T) {
	serving := httptest.NewServer(mcp.Handler(newServer(t, away{}), secret))
	defer serving.Close()
	open := httptest.NewServer(mcp.Handler(newServer(t, away{}), ""))
	defer open.Close()
	for name, c := range map[string]struct {
		url    string
		change func(*http.Request)
		status int
		says   string
	}{
		"no token":                      {serving.URL + mcp.Path, func(*http.Request) {}, http.StatusUnauthorized, "COPILOT_MCP_TOKEN is missing or wrong"},
		"a wrong token":                 {serving.URL + mcp.Path, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, http.StatusUnauthorized, "missing or wrong"},
		"the token without its scheme":  {serving.URL + mcp.Path, func(r *http.Request) { r.Header.Set("Authorization", secret) }, http.StatusUnauthorized, "missing or wrong"},
		"the token":                     {serving.URL + mcp.Path, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }, http.StatusOK, "temporal-sre-copilot"},
		"no token where none is needed": {open.URL + mcp.Path, func(*http.Request) {}, http.StatusOK, "temporal-sre-copilot"},
		"another path":                  {open.URL + "/", func(*http.Request) {}, http.StatusNotFound, "answers at /mcp"},
		"a page of another site": {open.URL + mcp.Path, func(r *http.Request) {
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, http.StatusForbidden, ""},
		"a loopback address with a name": {open.URL + mcp.Path, func(r *http.Request) { r.Host = "evil.example" }, http.StatusForbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, strings.NewReader(body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			c.change(r)
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer response.Body.Close()
			var read strings.Builder
			require.NoError(t, response.Write(&read))
			assert.Equal(t, c.status, response.StatusCode, read.String())
			assert.Contains(t, read.String(), c.says)
			assert.NotContains(t, read.String(), secret)
		})
	}
}

func TestOnlyLoopbackNeedsNoToken(t *testing.T) {
	for address, says := range map[string]string{
		"0.0.0.0:0":  "can be reached from other machines: set COPILOT_MCP_TOKEN",
		":0":         "can be reached from other machines",
		"[::]:0":     "can be reached from other machines",
		"10.0.0.1:1": "or listen on a loopback address such as 127.0.0.1:1",
		"127.0.0.1":  "write HOST:PORT",
		"8765":       "write HOST:PORT",
	} {
		_, err := mcp.Listen(t.Context(), address, "")
		assert.ErrorContains(t, err, says, address)
	}
	_, err := mcp.Listen(t.Context(), "127.0.0.1:0", "short")
	require.ErrorContains(t, err, "fewer than 16 characters")
	assert.NotContains(t, err.Error(), `"short"`)
	for _, c := range [][2]string{{"127.0.0.1:0", ""}, {"localhost:0", ""}, {"0.0.0.0:0", secret}, {"127.0.0.1:0", secret}} {
		listener, err := mcp.Listen(t.Context(), c[0], c[1])
		if assert.NoError(t, err, c[0]) {
			_ = listener.Close()
		}
	}
}
