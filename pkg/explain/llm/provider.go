package llm

import (
	"context"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
)

// Provider triages and explains. Neither fails: what a model can't do, the rules do, and the answer says so.
type Provider interface {
	// Triage says how much explaining the evidence needs.
	Triage(ctx context.Context, e evidence.Evidence, spent Spent) Triaged
	// Research explains it.
	Research(ctx context.Context, e evidence.Evidence, depth explain.Depth, spent Spent) Researched
}

// Triaged is the answer of a triage.
type Triaged struct {
	Depth explain.Depth `json:"depth"`
	// Made is "rules", or the id of the model.
	Made string `json:"made"`
	// Usage are the calls that it took.
	Usage []Usage `json:"usage,omitempty"`
}

// Researched is an explanation and what it took.
type Researched struct {
	Explanation explain.Explanation `json:"explanation"`
	// Draft is what the model wrote, for Again to hold against later evidence of the same situation; nil
	// when the rules explain.
	Draft *Draft  `json:"draft,omitempty"`
	Usage []Usage `json:"usage,omitempty"`
	// Failure is why the rules explain instead of the model; nil when the provider did what it should.
	Failure *Failure `json:"failure,omitempty"`
}

// Failure is why a model gave no explanation.
type Failure struct {
	Kind FailureKind `json:"kind"`
	// Text says what was the matter, without secrets.
	Text string `json:"text"`
	// Retryable: a later attempt may succeed; AfterSec is how long the provider asks to wait, 0 when it did not say.
	Retryable bool    `json:"retryable"`
	AfterSec  float64 `json:"after_sec,omitempty"`
}

// RulesOnly is the provider that needs no model.
type RulesOnly struct{}

// Triage is rules.Triage.
func (RulesOnly) Triage(_ context.Context, e evidence.Evidence, _ Spent) Triaged {
	return Triaged{Depth: rules.Triage(e), Made: explain.MadeByRules}
}

// Research is rules.Explain.
func (RulesOnly) Research(_ context.Context, e evidence.Evidence, depth explain.Depth, _ Spent) Researched {
	x := rules.Explain(e)
	x.Depth = depth
	return Researched{Explanation: x}
}
