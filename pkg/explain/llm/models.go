package llm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/redact"
)

// Models is the provider that asks models. Small triages and explains plain situations; Large explains
// tangled ones. They may be the same.
type Models struct {
	Small, Large Model
	// Prices by model id. A model without a price costs nothing, as one that runs at home does.
	Prices map[string]Price
	Budget Budget
	// Limit bounds one triage or explanation with its repair; 0 is DefaultLimit.
	Limit time.Duration
	// MaxTokens bounds one answer; 0 is DefaultMaxTokens.
	MaxTokens int
}

// The defaults of Models.
const (
	DefaultLimit = 30 * time.Second
	// DefaultMaxTokens is about twice what a full answer takes.
	DefaultMaxTokens = 2000
	triageMaxTokens  = 150
)

// DefaultPrices are Amazon Bedrock's on-demand prices for the default models, in dollars per million
// tokens, with a tenth for tokens read from the cache and a quarter more for tokens written to it. Prices
// change: configure your own.
func DefaultPrices() map[string]Price {
	return map[string]Price{
		"eu.anthropic.claude-sonnet-4-5-20250929-v1:0": {Input: 3, Output: 15, CacheRead: 0.3, CacheWrite: 3.75},
		"eu.anthropic.claude-opus-4-6-v1":              {Input: 15, Output: 75, CacheRead: 1.5, CacheWrite: 18.75},
	}
}

func (m Models) limit() time.Duration {
	if m.Limit > 0 {
		return m.Limit
	}
	return DefaultLimit
}

// Triage asks the small model, unless the rules settle it: critical goes deep, a happy cluster that did not
// change needs nothing, and where no gate fires that decides there is nothing to be tangled. A change is always
// explained, so the model can't make it none.
func (m Models) Triage(ctx context.Context, e evidence.Evidence, spent Spent) Triaged {
	byRules := Triaged{Depth: rules.Triage(e), Made: explain.MadeByRules}
	tangled := slices.ContainsFunc(e.Fired(), func(g evidence.Gate) bool { return g.Deciding })
	if e.State == health.Critical || byRules.Depth == explain.None || !tangled {
		return byRules
	}
	ctx, cancel := context.WithTimeout(ctx, m.limit())
	defer cancel()
	call := caller{m, spent, nil}
	text, err := call.ask(ctx, m.Small, PurposeTriage, Question{System: systemTriage, Prompt: triagePrompt(e), Schema: triageSchema, MaxTokens: triageMaxTokens})
	byRules.Usage = call.usage
	if err != nil {
		return byRules
	}
	var answer struct {
		Depth explain.Depth `json:"depth"`
	}
	if err := parse(text, &answer); err != nil {
		return byRules
	}
	switch answer.Depth {
	case explain.None:
		if e.Event != nil {
			answer.Depth = explain.Quick
		}
	case explain.Quick, explain.Deep:
	default:
		return byRules
	}
	return Triaged{Depth: answer.Depth, Made: m.Small.ID(), Usage: call.usage}
}

// Research asks the model for a draft and checks it. A draft that does not stand up is sent back once;
// then the rules explain.
func (m Models) Research(ctx context.Context, e evidence.Evidence, depth explain.Depth, spent Spent) Researched {
	model := m.Small
	if depth == explain.Deep || e.State == health.Critical {
		depth, model = explain.Deep, m.Large
	}
	if depth == explain.None {
		return RulesOnly{}.Research(ctx, e, depth, spent)
	}
	ctx, cancel := context.WithTimeout(ctx, m.limit())
	defer cancel()
	call := caller{m, spent, nil}
	question := Question{System: system, Prompt: Prompt(e), Schema: draftSchema, MaxTokens: m.MaxTokens}
	if question.MaxTokens <= 0 {
		question.MaxTokens = DefaultMaxTokens
	}
	x, draft, err := call.draft(ctx, model, e, question)
	if err != nil {
		return m.fallBack(e, depth, x.Dropped, call.usage, err)
	}
	x.Depth = depth
	return Researched{Explanation: x, Draft: draft, Usage: call.usage}
}

func (m Models) fallBack(e evidence.Evidence, depth explain.Depth, dropped explain.Dropped, usage []Usage, err *ModelError) Researched {
	x := rules.Explain(e)
	x.Depth, x.Dropped = depth, dropped
	text := sentence.Cut(redact.Text(err.Err.Error()), maxFailure)
	x.Instead = insteadOf[err.Kind]
	return Researched{Explanation: x, Usage: usage, Failure: &Failure{Kind: err.Kind, Text: text, Retryable: err.Kind.Retryable(), AfterSec: err.After.Seconds()}}
}

// insteadOf says to people why the rules explain.
var insteadOf = map[FailureKind]string{
	Throttled:   "the model is rate limited, so the rules explain",
	Unavailable: "the model can't be reached, so the rules explain",
	TimedOut:    "the model did not answer in time, so the rules explain",
	Refused:     "the model refused the request, so the rules explain",
	Stopped:     "the model's output was truncated, so the rules explain",
	Unusable:    "the model's answer did not stand up to the evidence, so the rules explain",
	OverBudget:  "explanations by a model are paused because today's budget is spent, so the rules explain",
}

// caller asks models for one triage or explanation, and keeps the record.
type caller struct {
	Models
	spent Spent
	usage []Usage
}

// draft asks for a draft, and once more when it does not stand up.
func (c *caller) draft(ctx context.Context, model Model, e evidence.Evidence, question Question) (explain.Explanation, *Draft, *ModelError) {
	purpose := PurposeResearch
	var x explain.Explanation
	for {
		text, failed := c.ask(ctx, model, purpose, question)
		if failed != nil {
			return x, nil, failed
		}
		var d Draft
		err := parse(text, &d)
		if err == nil {
			x, err = Check(e, d, model.ID())
		}
		if err == nil {
			return x, &d, nil
		}
		c.usage[len(c.usage)-1].Failure = Unusable
		if purpose == PurposeRepair {
			return x, nil, &ModelError{Kind: Unusable, Err: err}
		}
		purpose = PurposeRepair
		question.Complaint = "That can't be used: " + err.Error() + ". Answer again with the whole JSON object."
		if question.Earlier = redact.Text(text); len(question.Earlier) > maxEarlier {
			question.Earlier = sentence.Cut(question.Earlier, maxEarlier)
		}
		if question.Earlier == "" {
			question.Earlier = "(nothing)"
		}
	}
}

// maxFailure is how much is kept of what a model or its provider says of a failure, in bytes.
const maxFailure = 300

// maxEarlier is how much of an answer that failed a model is shown again, in bytes.
const maxEarlier = 8 << 10

// ask makes one call within the budget.
func (c *caller) ask(ctx context.Context, model Model, purpose string, q Question) (string, *ModelError) {
	if model == nil {
		return "", &ModelError{Kind: Refused, Err: errors.New("no model is configured for this")}
	}
	price := c.Prices[model.ID()]
	if err := c.Budget.allows(c.spent.Plus(c.usage...), estimate(q), price); err != nil {
		return "", &ModelError{Kind: OverBudget, Err: err}
	}
	begin := time.Now()
	answer, err := model.Ask(ctx, q)
	usage := Usage{Model: model.ID(), Purpose: purpose, Tokens: answer.Tokens, Dollars: price.Cost(answer.Tokens), Took: time.Since(begin)}
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("the answer came too late: %w", ctx.Err())
	}
	if err != nil {
		failed := asModelError(ctx, err)
		usage.Failure = failed.Kind
		c.usage = append(c.usage, usage)
		return "", failed
	}
	c.usage = append(c.usage, usage)
	return answer.Text, nil
}
