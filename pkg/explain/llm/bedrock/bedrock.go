// Package bedrock asks models on Amazon Bedrock through the Converse API.
package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
)

// Options say which model to ask.
type Options struct {
	// Model is the id of a model or of an inference profile, such as eu.anthropic.claude-opus-4-6-v1, or its ARN.
	Model string
	// Mode is how the model is made to answer with JSON; empty is llm.Auto.
	Mode llm.Mode
}

// Model is a model on Bedrock. It is safe for concurrent use.
type Model struct {
	id     string
	client *bedrockruntime.Client
	modes  *llm.OutputMode
	// uncached: the model refused cache points.
	uncached atomic.Bool
}

// New takes the access that the caller configured. It does not connect. A request is tried once: Temporal
// owns the retries.
func New(access aws.Config, o Options) (*Model, error) {
	if o.Model == "" {
		return nil, errors.New("the id of the Bedrock model or inference profile is missing")
	}
	modes, err := llm.NewOutputMode(o.Mode)
	if err != nil {
		return nil, err
	}
	client := bedrockruntime.NewFromConfig(access, func(c *bedrockruntime.Options) { c.RetryMaxAttempts = 1 })
	return &Model{id: o.Model, client: client, modes: modes}, nil
}

// ID implements llm.Model.
func (m *Model) ID() string { return m.id }

// Ask implements llm.Model.
func (m *Model) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	return m.modes.Ask(func(mode llm.Mode) (llm.Answer, error) {
		out, err := m.client.Converse(ctx, m.request(q, mode))
		var invalid *types.ValidationException
		if errors.As(err, &invalid) && strings.Contains(strings.ToLower(invalid.ErrorMessage()), "cach") && m.uncached.CompareAndSwap(false, true) {
			out, err = m.client.Converse(ctx, m.request(q, mode))
		}
		if err != nil {
			return llm.Answer{}, failure(err)
		}
		return answer(out)
	})
}

func (m *Model) request(q llm.Question, mode llm.Mode) *bedrockruntime.ConverseInput {
	system := q.System
	if mode == llm.PromptOnly {
		system += "\n\nAnswer with nothing but a JSON object of this JSON schema:\n" + schemaOf(q)
	}
	in := &bedrockruntime.ConverseInput{
		ModelId:         &m.id,
		System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: system}},
		Messages:        []types.Message{says(types.ConversationRoleUser, q.Prompt)},
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(int32(min(q.MaxTokens, 1<<20)))}, //nolint:gosec // bounded
	}
	if !m.uncached.Load() {
		// What stands before the point is the same in every question.
		in.System = append(in.System, &types.SystemContentBlockMemberCachePoint{Value: types.CachePointBlock{Type: types.CachePointTypeDefault}})
	}
	if q.Complaint != "" {
		in.Messages = append(in.Messages, says(types.ConversationRoleAssistant, q.Earlier), says(types.ConversationRoleUser, q.Complaint))
	}
	switch mode {
	case llm.Native:
		in.OutputConfig = &types.OutputConfig{TextFormat: &types.OutputFormat{
			Type: types.OutputFormatTypeJsonSchema,
			Structure: &types.OutputFormatStructureMemberJsonSchema{Value: types.JsonSchemaDefinition{
				Name: &q.Schema.Name, Description: &q.Schema.Description, Schema: aws.String(schemaOf(q)),
			}},
		}}
	case llm.ForcedTool:
		in.ToolConfig = &types.ToolConfiguration{
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
				Name: &q.Schema.Name, Description: &q.Schema.Description,
				InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(q.Schema.JSON)},
			}}},
			ToolChoice: &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: &q.Schema.Name}},
		}
	}
	return in
}

func says(role types.ConversationRole, text string) types.Message {
	return types.Message{Role: role, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}}}
}

func schemaOf(q llm.Question) string {
	// A map of strings, lists and maps: this can't fail.
	text, _ := json.Marshal(q.Schema.JSON)
	return string(text)
}

func answer(out *bedrockruntime.ConverseOutput) (llm.Answer, error) {
	var a llm.Answer
	if u := out.Usage; u != nil {
		a.Tokens = llm.Tokens{
			Input: int64(aws.ToInt32(u.InputTokens)), Output: int64(aws.ToInt32(u.OutputTokens)),
			CacheRead: int64(aws.ToInt32(u.CacheReadInputTokens)), CacheWrite: int64(aws.ToInt32(u.CacheWriteInputTokens)),
		}
	}
	switch out.StopReason {
	case types.StopReasonEndTurn, types.StopReasonToolUse, types.StopReasonStopSequence:
	default:
		// Out of tokens, a guardrail, a filter, malformed output, or a reason that is newer than this code.
		return a, &llm.ModelError{Kind: llm.Stopped, Err: fmt.Errorf("the model stopped: %s", out.StopReason)}
	}
	message, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok {
		return a, &llm.ModelError{Kind: llm.Stopped, Err: errors.New("the answer has no message")}
	}
	var text strings.Builder
	for _, block := range message.Value.Content {
		switch b := block.(type) {
		case *types.ContentBlockMemberToolUse:
			raw, err := b.Value.Input.MarshalSmithyDocument()
			if err != nil {
				return a, &llm.ModelError{Kind: llm.Stopped, Err: errors.New("the tool's input can't be read")}
			}
			a.Text = string(raw)
			return a, nil
		case *types.ContentBlockMemberText:
			text.WriteString(b.Value)
		}
	}
	a.Text = text.String()
	return a, nil
}

// failure tells what may be retried (throttling, overload) from what may not (validation, access, quota).
func failure(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &llm.ModelError{Kind: llm.TimedOut, Err: errors.New("no answer in time")}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &llm.ModelError{Kind: llm.Unavailable, Err: errors.New(llm.Said(err.Error()))}
	}
	said := fmt.Errorf("%s: %s", api.ErrorCode(), llm.Said(api.ErrorMessage()))
	switch api.ErrorCode() {
	case "ThrottlingException":
		return &llm.ModelError{Kind: llm.Throttled, Err: said}
	case "ModelNotReadyException", "ModelTimeoutException", "ServiceUnavailableException", "InternalServerException", "ModelErrorException":
		return &llm.ModelError{Kind: llm.Unavailable, Err: said}
	case "ValidationException":
		return &llm.ModelError{Kind: llm.Refused, Err: fmt.Errorf("%w: %w", llm.ErrMode, said)}
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 500 {
		return &llm.ModelError{Kind: llm.Unavailable, Err: said}
	}
	return &llm.ModelError{Kind: llm.Refused, Err: said}
}
