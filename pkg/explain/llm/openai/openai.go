// Package openai asks models that speak OpenAI's chat completions: OpenAI itself, Ollama, vLLM and
// gateways. It reads no environment.
package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/redact"
)

// Options say where the model is.
type Options struct {
	// BaseURL is the address up to and with the version, such as http://localhost:11434/v1.
	BaseURL string
	// APIKey is sent as a bearer token; empty sends none.
	APIKey string
	// Model is the model's id at that address.
	Model string
	// Mode is how the model is made to answer with JSON; empty is llm.Auto.
	Mode llm.Mode
	// HTTP is the client to use; nil is one without proxy settings from the environment.
	HTTP *http.Client
}

// Model is a model behind an OpenAI-compatible endpoint. It is safe for concurrent use.
type Model struct {
	id    string
	chat  sdk.ChatCompletionService
	modes *llm.OutputMode
	// legacy: the endpoint knows max_tokens, which OpenAI's own newer models refuse.
	legacy bool
}

// maxBody is more than any answer that would be used, in bytes.
const maxBody = 1 << 20

// New checks the options. It does not connect.
func New(o Options) (*Model, error) {
	address, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https"):
		return nil, errors.New("base URL of the model: it is http:// or https://, a host, and usually /v1")
	case address.User != nil:
		return nil, errors.New("base URL of the model: put the credentials into the API key, not into the address")
	case o.Model == "":
		return nil, errors.New("the id of the model is missing")
	}
	modes, err := llm.NewOutputMode(o.Mode)
	if err != nil {
		return nil, err
	}
	client := o.HTTP
	if client == nil {
		client = &http.Client{Transport: &http.Transport{TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}}
	}
	options := []option.RequestOption{
		option.WithBaseURL(o.BaseURL), option.WithHTTPClient(client), option.WithMiddleware(bounded),
		// Temporal owns the retries.
		option.WithMaxRetries(0),
	}
	if o.APIKey != "" {
		options = append(options, option.WithAPIKey(o.APIKey))
	}
	return &Model{id: o.Model, chat: sdk.NewChatCompletionService(options...), modes: modes, legacy: address.Hostname() != "api.openai.com"}, nil
}

// bounded keeps an endpoint that sends without end from filling the memory.
func bounded(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	response, err := next(request)
	if err == nil && response.Body != nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxBody), response.Body}
	}
	return response, err
}

// ID implements llm.Model.
func (m *Model) ID() string { return m.id }

// Ask implements llm.Model.
func (m *Model) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	return m.modes.Ask(func(mode llm.Mode) (llm.Answer, error) {
		completion, err := m.chat.New(ctx, m.request(q, mode))
		if err != nil {
			return llm.Answer{}, failure(err)
		}
		return answer(completion, mode)
	})
}

func (m *Model) request(q llm.Question, mode llm.Mode) sdk.ChatCompletionNewParams {
	system := q.System
	if mode == llm.PromptOnly {
		// A map of strings, lists and maps: this can't fail.
		schema, _ := json.Marshal(q.Schema.JSON)
		system += "\n\nAnswer with nothing but a JSON object of this JSON schema:\n" + string(schema)
	}
	p := sdk.ChatCompletionNewParams{
		Model:    m.id,
		Messages: []sdk.ChatCompletionMessageParamUnion{sdk.SystemMessage(system), sdk.UserMessage(q.Prompt)},
	}
	if q.Complaint != "" {
		p.Messages = append(p.Messages, sdk.AssistantMessage(q.Earlier), sdk.UserMessage(q.Complaint))
	}
	if m.legacy {
		p.MaxTokens = sdk.Int(int64(q.MaxTokens))
	} else {
		p.MaxCompletionTokens = sdk.Int(int64(q.MaxTokens))
	}
	switch mode {
	case llm.Native:
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
			Name: q.Schema.Name, Description: sdk.String(q.Schema.Description), Schema: q.Schema.JSON, Strict: sdk.Bool(true),
		}}
	case llm.ForcedTool:
		p.Tools = []sdk.ChatCompletionToolUnionParam{sdk.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: q.Schema.Name, Description: sdk.String(q.Schema.Description), Parameters: q.Schema.JSON,
		})}
		p.ToolChoice = sdk.ToolChoiceOptionFunctionToolChoice(sdk.ChatCompletionNamedToolChoiceFunctionParam{Name: q.Schema.Name})
	}
	return p
}

func answer(c *sdk.ChatCompletion, mode llm.Mode) (llm.Answer, error) {
	cached := c.Usage.PromptTokensDetails.CachedTokens
	a := llm.Answer{Tokens: llm.Tokens{Input: max(0, c.Usage.PromptTokens-cached), CacheRead: cached, Output: c.Usage.CompletionTokens}}
	if len(c.Choices) == 0 {
		return a, &llm.ModelError{Kind: llm.Stopped, Err: errors.New("the answer has no choice")}
	}
	choice := c.Choices[0]
	switch {
	case choice.FinishReason == "length", choice.FinishReason == "content_filter":
		return a, &llm.ModelError{Kind: llm.Stopped, Err: fmt.Errorf("the model stopped: %s", choice.FinishReason)}
	case choice.Message.Refusal != "":
		return a, &llm.ModelError{Kind: llm.Stopped, Err: errors.New("the model refused to answer")}
	}
	a.Text = choice.Message.Content
	// Some endpoints answer in words although a tool was forced; what they say is looked at all the same.
	if mode == llm.ForcedTool && len(choice.Message.ToolCalls) > 0 {
		a.Text = choice.Message.ToolCalls[0].Function.Arguments
	}
	return a, nil
}

// failure tells what may be retried from what may not.
func failure(err error) error {
	var api *sdk.Error
	if !errors.As(err, &api) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return &llm.ModelError{Kind: llm.TimedOut, Err: errors.New("no answer in time")}
		}
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "expected destination type") {
			return &llm.ModelError{Kind: llm.Unavailable, Err: errors.New("the endpoint's answer is not a chat completion: check the base URL")}
		}
		return &llm.ModelError{Kind: llm.Unavailable, Err: errors.New(redact.Text(err.Error()))}
	}
	said := fmt.Errorf("HTTP status %d: %s", api.StatusCode, llm.Said(api.Message))
	switch code := api.StatusCode; {
	case code == http.StatusTooManyRequests && api.Code == "insufficient_quota":
		return &llm.ModelError{Kind: llm.Refused, Err: said}
	case code == http.StatusTooManyRequests:
		return &llm.ModelError{Kind: llm.Throttled, After: retryAfter(api.Response), Err: said}
	case code >= 500 && code != http.StatusNotImplemented, code == http.StatusRequestTimeout, code == http.StatusConflict:
		return &llm.ModelError{Kind: llm.Unavailable, After: retryAfter(api.Response), Err: said}
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity, code == http.StatusNotImplemented:
		return &llm.ModelError{Kind: llm.Refused, Err: fmt.Errorf("%w: %w", llm.ErrMode, said)}
	default:
		return &llm.ModelError{Kind: llm.Refused, Err: said}
	}
}

// retryAfter reads how many seconds the endpoint asks to wait.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	seconds, err := strconv.ParseFloat(response.Header.Get("Retry-After"), 64)
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
