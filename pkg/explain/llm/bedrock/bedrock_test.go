package bedrock_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/llm/bedrock"
)

const modelID = "eu.anthropic.claude-opus-4-6-v1"

var question = llm.Question{
	System: "be brief", Prompt: "why?", MaxTokens: 77,
	Schema: llm.Schema{Name: "reply", Description: "a reply", JSON: map[string]any{"type": "object"}},
}

// runtime stands in for Bedrock and keeps what it was sent.
type runtime struct {
	*httptest.Server
	requests []map[string]any
}

type reply struct {
	status    int
	exception string
	body      string
}

func serve(t *testing.T, answer func(request map[string]any) reply) *runtime {
	t.Helper()
	s := &runtime{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/model/"+modelID+"/converse", r.URL.Path)
		assert.Contains(t, r.Header.Get("Authorization"), "AWS4-HMAC-SHA256", "requests are signed")
		body, _ := io.ReadAll(r.Body)
		var request map[string]any
		assert.NoError(t, json.Unmarshal(body, &request))
		s.requests = append(s.requests, request)
		a := answer(request)
		w.Header().Set("Content-Type", "application/json")
		if a.exception != "" {
			w.Header().Set("X-Amzn-ErrorType", a.exception)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *runtime) model(t *testing.T, mode llm.Mode) *bedrock.Model {
	t.Helper()
	m, err := bedrock.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
	}, bedrock.Options{Model: modelID, Mode: mode})
	require.NoError(t, err)
	return m
}

func says(text, stop string) reply {
	return reply{200, "", fmt.Sprintf(`{"output":{"message":{"role":"assistant","content":[{"text":%q}]}},"stopReason":%q,
		"usage":{"inputTokens":100,"outputTokens":20,"totalTokens":120,"cacheReadInputTokens":60,"cacheWriteInputTokens":5},"metrics":{"latencyMs":10}}`, text, stop)}
}

func refuses(exception, message string, status int) reply {
	return reply{status, exception, fmt.Sprintf(`{"message":%q}`, message)}
}

func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			require.True(t, ok, "no object at %v", step)
			v = m[s]
		case int:
			l, ok := v.([]any)
			require.True(t, ok && s < len(l), "no element %d", s)
			v = l[s]
		}
	}
	return v
}

func TestAQuestionIsSentWithItsSchemaACachePointAndTheAnswerComesWithItsTokens(t *testing.T) {
	s := serve(t, func(map[string]any) reply { return says(`{"a":1}`, "end_turn") })
	answer, err := s.model(t, llm.Auto).Ask(t.Context(), question)
	require.NoError(t, err)
	assert.Equal(t, llm.Answer{Text: `{"a":1}`, Tokens: llm.Tokens{Input: 100, Output: 20, CacheRead: 60, CacheWrite: 5}}, answer)
	r := s.requests[0]
	assert.Equal(t, "be brief", at(t, r, "system", 0, "text"))
	assert.Equal(t, "default", at(t, r, "system", 1, "cachePoint", "type"))
	assert.Equal(t, "why?", at(t, r, "messages", 0, "content", 0, "text"))
	assert.EqualValues(t, 77, at(t, r, "inferenceConfig", "maxTokens"))
	assert.Equal(t, "json_schema", at(t, r, "outputConfig", "textFormat", "type"))
	assert.JSONEq(t, `{"type":"object"}`, fmt.Sprint(at(t, r, "outputConfig", "textFormat", "structure", "jsonSchema", "schema")))
}

func TestAComplaintIsSentAfterTheEarlierAnswer(t *testing.T) {
	s := serve(t, func(map[string]any) reply { return says("{}", "end_turn") })
	q := question
	q.Earlier, q.Complaint = "nonsense", "that is no JSON"
	_, err := s.model(t, llm.Auto).Ask(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, "assistant", at(t, s.requests[0], "messages", 1, "role"))
	assert.Equal(t, "nonsense", at(t, s.requests[0], "messages", 1, "content", 0, "text"))
	assert.Equal(t, "that is no JSON", at(t, s.requests[0], "messages", 2, "content", 0, "text"))
}

func TestAModelThatTakesNoSchemaIsAskedAnotherWayAndThatIsRemembered(t *testing.T) {
	tool := reply{200, "", `{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"reply","input":{"b":2}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`}
	t.Run("a forced tool", func(t *testing.T) {
		s := serve(t, func(r map[string]any) reply {
			if r["outputConfig"] != nil {
				return refuses("ValidationException", "This model doesn't support the outputConfig field", 400)
			}
			return tool
		})
		m := s.model(t, llm.Auto)
		for range 2 {
			answer, err := m.Ask(t.Context(), question)
			require.NoError(t, err)
			assert.JSONEq(t, `{"b":2}`, answer.Text)
		}
		require.Len(t, s.requests, 3, "the schema is not tried again")
		assert.Equal(t, "reply", at(t, s.requests[2], "toolConfig", "toolChoice", "tool", "name"))
		assert.Equal(t, map[string]any{"type": "object"}, at(t, s.requests[2], "toolConfig", "tools", 0, "toolSpec", "inputSchema", "json"))
	})
	t.Run("the prompt alone, for models that refuse a forced tool too", func(t *testing.T) {
		s := serve(t, func(r map[string]any) reply {
			if r["outputConfig"] != nil || r["toolConfig"] != nil {
				return refuses("ValidationException", "tool_choice is not allowed", 400)
			}
			return says(`{"c":3}`, "end_turn")
		})
		answer, err := s.model(t, llm.Auto).Ask(t.Context(), question)
		require.NoError(t, err)
		assert.JSONEq(t, `{"c":3}`, answer.Text)
		assert.Contains(t, at(t, s.requests[2], "system", 0, "text"), `{"type":"object"}`)
	})
	t.Run("without cache points", func(t *testing.T) {
		s := serve(t, func(r map[string]any) reply {
			if len(at(t, r, "system").([]any)) > 1 {
				return refuses("ValidationException", "Prompt caching is not supported by this model", 400)
			}
			return says("{}", "end_turn")
		})
		m := s.model(t, llm.Auto)
		for range 2 {
			_, err := m.Ask(t.Context(), question)
			require.NoError(t, err)
		}
		require.Len(t, s.requests, 3)
		assert.NotNil(t, s.requests[2]["outputConfig"], "the mode was not to blame")
	})
}

func TestFailuresSayWhetherARetryHelps(t *testing.T) {
	for name, c := range map[string]struct {
		reply reply
		want  llm.FailureKind
	}{
		"throttled":              {refuses("ThrottlingException", "Too many requests", 429), llm.Throttled},
		"not ready":              {refuses("ModelNotReadyException", "wait", 429), llm.Unavailable},
		"overloaded":             {refuses("ServiceUnavailableException", "busy", 503), llm.Unavailable},
		"broken":                 {refuses("InternalServerException", "oops", 500), llm.Unavailable},
		"no access":              {refuses("AccessDeniedException", "arn:aws:iam::123456789012:user/x may not", 403), llm.Refused},
		"a quota":                {refuses("ServiceQuotaExceededException", "quota", 400), llm.Refused},
		"no such model":          {refuses("ResourceNotFoundException", "no", 404), llm.Refused},
		"invalid":                {refuses("ValidationException", "bad", 400), llm.Refused},
		"out of tokens":          {says("{", "max_tokens"), llm.Stopped},
		"a guardrail":            {says("no", "guardrail_intervened"), llm.Stopped},
		"a filter":               {says("no", "content_filtered"), llm.Stopped},
		"malformed output":       {says("", "malformed_model_output"), llm.Stopped},
		"malformed tool use":     {says("", "malformed_tool_use"), llm.Stopped},
		"a reason of the future": {says("{}", "bored"), llm.Stopped},
		"no message":             {reply{200, "", `{"stopReason":"end_turn"}`}, llm.Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(map[string]any) reply { return c.reply })
			answer, err := s.model(t, llm.Native).Ask(t.Context(), question)
			var failed *llm.ModelError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, c.want, failed.Kind, "%v", err)
			assert.NotContains(t, err.Error(), "123456789012")
			assert.Len(t, s.requests, 1, "Temporal owns the retries")
			if c.want == llm.Stopped && name != "no message" {
				assert.EqualValues(t, 185, answer.Tokens.Total(), "what was used is counted")
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		s := serve(t, func(map[string]any) reply { return reply{} })
		m := s.model(t, llm.Auto)
		s.Close()
		_, err := m.Ask(t.Context(), question)
		var failed *llm.ModelError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, llm.Unavailable, failed.Kind)
	})
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := bedrock.New(aws.Config{}, bedrock.Options{})
	require.ErrorContains(t, err, "inference profile")
	_, err = bedrock.New(aws.Config{}, bedrock.Options{Model: "m", Mode: "magic"})
	require.ErrorContains(t, err, `mode "magic"`)
}
