package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/redact"
)

// Model is a large language model that answers with JSON. There are two kinds: Amazon Bedrock
// (pkg/explain/llm/bedrock) and everything that speaks OpenAI's protocol (pkg/explain/llm/openai).
type Model interface {
	// ID is the model's id, as explanations and usage name it.
	ID() string
	// Ask sends one question and waits for the answer; it does not retry. Tokens that were used are in the
	// answer even when it comes with an error. Errors are of type *ModelError.
	Ask(context.Context, Question) (Answer, error)
}

// Question is what a model is asked.
type Question struct {
	// System is the same for all questions of a kind: providers may cache it.
	System string
	// Prompt holds the evidence.
	Prompt string
	// Schema is what the answer must look like.
	Schema Schema
	// Earlier is a previous answer, and Complaint what was wrong with it; both empty on the first attempt.
	Earlier, Complaint string
	// MaxTokens bounds the answer.
	MaxTokens int
}

// Schema is a JSON schema with a name that tools and response formats carry.
type Schema struct {
	Name, Description string
	JSON              map[string]any
}

// Answer is a model's answer: text that should be JSON, and what it took.
type Answer struct {
	Text   string
	Tokens Tokens
}

// Tokens are what a call used. Input counts neither what was read from a cache nor what was written to it.
type Tokens struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
}

// Total is the number of all tokens.
func (t Tokens) Total() int64 { return t.Input + t.Output + t.CacheRead + t.CacheWrite }

// FailureKind says why a model gave no explanation.
type FailureKind string

// The kinds of failures.
const (
	// Throttled and Unavailable pass; a retry after a while may help.
	Throttled   FailureKind = "throttled"
	Unavailable FailureKind = "unavailable"
	// TimedOut: no answer within the limit of an explanation.
	TimedOut FailureKind = "timed_out"
	// Refused: the request or its credentials are wrong, or a quota is used up. A retry does not help.
	Refused FailureKind = "refused"
	// Stopped: the model broke off: out of tokens, filtered, or a guardrail intervened.
	Stopped FailureKind = "stopped"
	// Unusable: the answer was no JSON, or did not stand up to the evidence, twice.
	Unusable FailureKind = "unusable"
	// OverBudget: today's budget is spent.
	OverBudget FailureKind = "over_budget"
)

// Retryable tells whether a later attempt may succeed.
func (k FailureKind) Retryable() bool { return k == Throttled || k == Unavailable }

// ModelError is why a model did not answer. Its text holds no secret and nothing of the prompt.
type ModelError struct {
	Kind FailureKind
	// After is how long the provider asks to wait; 0 when it did not say.
	After time.Duration
	Err   error
}

func (e *ModelError) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

func (e *ModelError) Unwrap() error { return e.Err }

// asModelError makes sure that a failure has a kind.
func asModelError(ctx context.Context, err error) *ModelError {
	var known *ModelError
	switch {
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return &ModelError{Kind: TimedOut, Err: errors.New("no answer in time")}
	case errors.As(err, &known):
		return known
	default:
		return &ModelError{Kind: Unavailable, Err: err}
	}
}

// Said is what a provider says of a failure, in one line without secrets.
func Said(text string) string {
	return sentence.Cut(strings.Join(strings.Fields(redact.Text(text)), " "), maxFailure)
}
