package llm

import (
	"fmt"
	"time"
)

// Price is what a model costs, in dollars per million tokens.
type Price struct {
	Input      float64 `json:"input"`
	Output     float64 `json:"output"`
	CacheRead  float64 `json:"cache_read"`
	CacheWrite float64 `json:"cache_write"`
}

// Cost is what a call costs, in dollars.
func (p Price) Cost(t Tokens) float64 {
	return (p.Input*float64(t.Input) + p.Output*float64(t.Output) + p.CacheRead*float64(t.CacheRead) + p.CacheWrite*float64(t.CacheWrite)) / 1e6
}

// Budget bounds a day. A zero is no bound.
type Budget struct {
	TokensPerDay  int64   `json:"tokens_per_day"`
	DollarsPerDay float64 `json:"dollars_per_day"`
}

// Spent is what was used today, by all calls of all clusters that share the budget.
type Spent struct {
	Tokens  int64   `json:"tokens"`
	Dollars float64 `json:"dollars"`
}

// Plus adds calls.
func (s Spent) Plus(usage ...Usage) Spent {
	for _, u := range usage {
		s.Tokens += u.Tokens.Total()
		s.Dollars += u.Dollars
	}
	return s
}

// Usage is the record of one call to a model.
type Usage struct {
	Model   string `json:"model"`
	Purpose string `json:"purpose"`
	Tokens  Tokens `json:"tokens"`
	// Dollars is the cost by the configured price; 0 for a model without one.
	Dollars float64       `json:"dollars"`
	Took    time.Duration `json:"took_ns"`
	// Failure is empty when the call succeeded.
	Failure FailureKind `json:"failure,omitempty"`
}

// The purposes of calls.
const (
	PurposeTriage   = "triage"
	PurposeResearch = "research"
	PurposeRepair   = "repair"
)

// allows tells whether a call that costs at most this much still fits.
func (b Budget) allows(spent Spent, atMost Tokens, price Price) error {
	if b.TokensPerDay > 0 && spent.Tokens+atMost.Total() > b.TokensPerDay {
		return fmt.Errorf("explanations by a model are paused: today's budget of tokens is spent")
	}
	if b.DollarsPerDay > 0 && spent.Dollars+price.Cost(atMost) > b.DollarsPerDay {
		return fmt.Errorf("explanations by a model are paused: today's budget of money is spent")
	}
	return nil
}

// estimate is the most that a question can take. Three bytes a token is fewer than any tokenizer needs for
// this kind of text.
func estimate(q Question) Tokens {
	return Tokens{Input: int64(len(q.System)+len(q.Prompt)+len(q.Earlier)+len(q.Complaint))/3 + 1, Output: int64(q.MaxTokens)}
}
