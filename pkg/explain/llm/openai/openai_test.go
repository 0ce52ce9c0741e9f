package openai_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/llm/openai"
)

var question = llm.Question{
	System: "be brief", Prompt: "why?", MaxTokens: 77,
	Schema: llm.Schema{Name: "reply", Description: "a reply", JSON: map[string]any{"type": "object"}},
}

// endpoint is a stand-in that keeps what it was sent.
type endpoint struct {
	*httptest.Server
	requests []map[string]any
	headers  []http.Header
}

// serve answers with whatever reply returns: a status and a body.
func serve(t *testing.T, reply func(request map[string]any) (int, string)) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/v1/chat/completions", r.URL.Path)
		body, _ := io.ReadAll(r.Body)
		var request map[string]any
		assert.NoError(t, json.Unmarshal(body, &request))
		e.requests, e.headers = append(e.requests, request), append(e.headers, r.Header)
		status, text := reply(request)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) model(t *testing.T, mode llm.Mode) *openai.Model {
	t.Helper()
	m, err := openai.New(openai.Options{BaseURL: e.URL + "/v1", APIKey: "sk-not-to-be-seen", Model: "llama", Mode: mode})
	require.NoError(t, err)
	return m
}

func says(content, finish string) string {
	return fmt.Sprintf(`{"id":"1","object":"chat.completion","model":"llama","choices":[{"index":0,"finish_reason":%q,"message":{"role":"assistant","content":%q}}],
		"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":60}}}`, finish, content)
}

func TestAQuestionIsSentWithItsSchemaAndTheAnswerComesWithItsTokens(t *testing.T) {
	e := serve(t, func(map[string]any) (int, string) { return 200, says(`{"a":1}`, "stop") })
	answer, err := e.model(t, llm.Auto).Ask(t.Context(), question)
	require.NoError(t, err)
	assert.Equal(t, llm.Answer{Text: `{"a":1}`, Tokens: llm.Tokens{Input: 40, CacheRead: 60, Output: 20}}, answer)
	require.Len(t, e.requests, 1)
	r := e.requests[0]
	assert.Equal(t, "llama", r["model"])
	assert.EqualValues(t, 77, r["max_tokens"])
	assert.Equal(t, []any{map[string]any{"role": "system", "content": "be brief"}, map[string]any{"role": "user", "content": "why?"}}, r["messages"])
	assert.Equal(t, map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "reply", "description": "a reply", "strict": true, "schema": map[string]any{"type": "object"}}}, r["response_format"])
	assert.Equal(t, "Bearer sk-not-to-be-seen", e.headers[0].Get("Authorization"))
}

func TestAComplaintIsSentAfterTheEarlierAnswer(t *testing.T) {
	e := serve(t, func(map[string]any) (int, string) { return 200, says("{}", "stop") })
	q := question
	q.Earlier, q.Complaint = "nonsense", "that is no JSON"
	_, err := e.model(t, llm.Auto).Ask(t.Context(), q)
	require.NoError(t, err)
	messages, _ := e.requests[0]["messages"].([]any)
	require.Len(t, messages, 4)
	assert.Equal(t, map[string]any{"role": "assistant", "content": "nonsense"}, messages[2])
	assert.Equal(t, map[string]any{"role": "user", "content": "that is no JSON"}, messages[3])
}

func TestAnEndpointThatTakesNoSchemaIsAskedAnotherWayAndThatIsRemembered(t *testing.T) {
	t.Run("a forced tool", func(t *testing.T) {
		e := serve(t, func(r map[string]any) (int, string) {
			if r["response_format"] != nil {
				return 400, `{"error":{"message":"response_format is not supported","type":"invalid_request_error"}}`
			}
			return 200, `{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"reply","arguments":"{\"b\":2}"}}]}}]}`
		})
		m := e.model(t, llm.Auto)
		for range 2 {
			answer, err := m.Ask(t.Context(), question)
			require.NoError(t, err)
			assert.JSONEq(t, `{"b":2}`, answer.Text)
		}
		require.Len(t, e.requests, 3, "the schema is not tried again")
		assert.Equal(t, map[string]any{"type": "function", "function": map[string]any{"name": "reply"}}, e.requests[2]["tool_choice"])
	})
	t.Run("the prompt alone", func(t *testing.T) {
		e := serve(t, func(r map[string]any) (int, string) {
			if r["response_format"] != nil || r["tools"] != nil {
				return 422, `{"error":{"message":"extra fields"}}`
			}
			return 200, says(`{"c":3}`, "stop")
		})
		m := e.model(t, llm.Auto)
		answer, err := m.Ask(t.Context(), question)
		require.NoError(t, err)
		assert.JSONEq(t, `{"c":3}`, answer.Text)
		messages, _ := e.requests[2]["messages"].([]any)
		assert.Contains(t, fmt.Sprint(messages[0]), `{"type":"object"}`)
		_, err = m.Ask(t.Context(), question)
		require.NoError(t, err)
		assert.Len(t, e.requests, 4)
	})
	t.Run("a request that is wrong in every way is not a matter of the way", func(t *testing.T) {
		refuse := true
		e := serve(t, func(map[string]any) (int, string) {
			if refuse {
				return 400, `{"error":{"message":"context length exceeded"}}`
			}
			return 200, says("{}", "stop")
		})
		m := e.model(t, llm.Auto)
		_, err := m.Ask(t.Context(), question)
		assert.Equal(t, llm.Refused, kind(t, err))
		refuse = false
		_, err = m.Ask(t.Context(), question)
		require.NoError(t, err)
		assert.NotNil(t, e.requests[3]["response_format"], "the best way is still tried first")
	})
	t.Run("a mode that was configured is kept", func(t *testing.T) {
		e := serve(t, func(map[string]any) (int, string) { return 400, `{"error":{"message":"no"}}` })
		_, err := e.model(t, llm.Native).Ask(t.Context(), question)
		assert.Equal(t, llm.Refused, kind(t, err))
		assert.Len(t, e.requests, 1)
	})
}

func kind(t *testing.T, err error) llm.FailureKind {
	t.Helper()
	var failed *llm.ModelError
	require.ErrorAs(t, err, &failed)
	return failed.Kind
}

func TestFailuresSayWhetherARetryHelps(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   llm.FailureKind
	}{
		"rate limited":                {429, `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`, llm.Throttled},
		"a quota that is used up":     {429, `{"error":{"message":"pay","code":"insufficient_quota"}}`, llm.Refused},
		"overloaded":                  {503, `{"error":{"message":"busy"}}`, llm.Unavailable},
		"a gateway's error page":      {502, `<html>bad gateway</html>`, llm.Unavailable},
		"a wrong key":                 {401, `{"error":{"message":"Incorrect API key provided: sk-not-to-be-seen"}}`, llm.Refused},
		"no such model":               {404, `{"error":{"message":"model not found"}}`, llm.Refused},
		"out of tokens":               {200, says("{", "length"), llm.Stopped},
		"filtered":                    {200, says("", "content_filter"), llm.Stopped},
		"nothing chosen":              {200, `{"choices":[]}`, llm.Stopped},
		"a refusal":                   {200, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","refusal":"I can't"}}]}`, llm.Stopped},
		"a page instead of an answer": {200, `<html>login</html>`, llm.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(map[string]any) (int, string) { return c.status, c.body })
			_, err := e.model(t, llm.Native).Ask(t.Context(), question)
			assert.Equal(t, c.want, kind(t, err), "%v", err)
			assert.NotContains(t, err.Error(), "sk-not-to-be-seen")
			assert.Len(t, e.requests, 1, "Temporal owns the retries")
			if c.want == llm.Throttled {
				var failed *llm.ModelError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, 7*time.Second, failed.After)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		e := serve(t, func(map[string]any) (int, string) { return 200, "" })
		m := e.model(t, llm.Auto)
		e.Close()
		_, err := m.Ask(t.Context(), question)
		assert.Equal(t, llm.Unavailable, kind(t, err))
	})
}

func TestTokensOfAnAnswerThatBrokeOffAreCounted(t *testing.T) {
	e := serve(t, func(map[string]any) (int, string) { return 200, says("{", "length") })
	answer, err := e.model(t, llm.Native).Ask(t.Context(), question)
	require.Error(t, err)
	assert.EqualValues(t, 120, answer.Tokens.Total())
}

func TestAnAnswerWithoutEndDoesNotFillTheMemory(t *testing.T) {
	e := serve(t, func(map[string]any) (int, string) {
		return 200, `{"choices":[{"message":{"content":"` + strings.Repeat("x", 4<<20)
	})
	_, err := e.model(t, llm.Native).Ask(t.Context(), question)
	assert.Equal(t, llm.Unavailable, kind(t, err))
}

func TestTheEnvironmentSaysNothing(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "from-the-environment")
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("OPENAI_ORG_ID", "org")
	e := serve(t, func(map[string]any) (int, string) { return 200, says("{}", "stop") })
	m, err := openai.New(openai.Options{BaseURL: e.URL + "/v1", Model: "llama"})
	require.NoError(t, err)
	_, err = m.Ask(t.Context(), question)
	require.NoError(t, err)
	assert.Empty(t, e.headers[0].Get("Authorization"))
	assert.Empty(t, e.headers[0].Get("OpenAI-Organization"))
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]openai.Options{
		"base URL":         {Model: "m"},
		"http:// or":       {BaseURL: "ftp://x/v1", Model: "m"},
		"into the API key": {BaseURL: "http://u:secret@x/v1", Model: "m"},
		"id of the model":  {BaseURL: "http://x/v1"},
		`mode "magic"`:     {BaseURL: "http://x/v1", Model: "m", Mode: "magic"},
	} {
		_, err := openai.New(o)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
}
