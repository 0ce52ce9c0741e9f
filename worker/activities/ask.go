package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// Explainer is what explains, and what it may cost. Its zero value is the rules.
type Explainer struct {
	// Provider is nil for the rules.
	Provider llm.Provider
	// Name is rules, openai or bedrock.
	Name   string
	Budget llm.Budget

	// turn is taken by one explanation at a time when there is a budget: what one spends counts for the next.
	turn chan struct{}
}

// NewExplainer makes an explainer.
func NewExplainer(name string, provider llm.Provider, budget llm.Budget) Explainer {
	return Explainer{Provider: provider, Name: name, Budget: budget, turn: make(chan struct{}, 1)}
}

func (x Explainer) rules() bool { return x.Provider == nil || x.Name == explain.MadeByRules }

func (x Explainer) budgeted() bool { return x.Budget != llm.Budget{} }

const (
	// heartbeatEvery is well within the workflow's limit.
	heartbeatEvery = 5 * time.Second
	// turnLimit is how long an explanation waits for others before the rules write it.
	turnLimit = 2 * time.Minute
	// saveLimit bounds the writing of the calls to a model.
	saveLimit = 10 * time.Second
	// maxRetryDelay is the longest that a model may ask to wait; an explanation an hour later is of no use.
	maxRetryDelay = time.Minute
)

// The calls of an assessment are numbered by what they were made for, so that those of every attempt
// are kept, each once.
const callsPerAttempt = 10

// Triage says how much explaining the evidence needs.
func (a *Activities) Triage(ctx context.Context, in workflows.TriageInput) (workflows.TriageOutput, error) {
	byRules := workflows.TriageOutput{Depth: rules.Triage(in.Evidence)}
	if a.Explainer.rules() {
		return byRules, nil
	}
	defer alive(ctx)()
	spent, release, why := a.mayAsk(ctx)
	if why != "" {
		return byRules, nil
	}
	defer release()
	triaged := a.Explainer.Provider.Triage(ctx, in.Evidence, spent)
	out := workflows.TriageOutput{Depth: triaged.Depth,
		Calls: calls(in.Evidence.Cluster, in.Assessment, int(activity.GetInfo(ctx).Attempt), triaged.Usage)}
	if err := a.record(ctx, out.Calls); err != nil {
		a.warn("the calls to the model could not be stored; they are stored with the assessment", "cluster", in.Evidence.Cluster, "error", err)
	}
	return out, nil
}

// Research explains. A failure that may pass is an error as long as there is an attempt left; then, and for
// every other failure, the rules explain and say why.
func (a *Activities) Research(ctx context.Context, in workflows.ResearchInput) (workflows.ResearchOutput, error) {
	began := time.Now()
	if a.Explainer.rules() {
		r := llm.RulesOnly{}.Research(ctx, in.Evidence, in.Depth, llm.Spent{})
		a.Metrics.explained(r, time.Since(began))
		return workflows.ResearchOutput{Explanation: r.Explanation}, nil
	}
	defer alive(ctx)()
	spent, release, why := a.mayAsk(ctx)
	if why != "" {
		r := llm.RulesOnly{}.Research(ctx, in.Evidence, in.Depth, llm.Spent{})
		r.Explanation.Instead = why
		a.Metrics.explained(r, time.Since(began))
		return workflows.ResearchOutput{Explanation: r.Explanation}, nil
	}
	defer release()
	attempt := int(activity.GetInfo(ctx).Attempt)
	r := a.Explainer.Provider.Research(ctx, in.Evidence, in.Depth, spent)
	a.Metrics.explained(r, time.Since(began))
	made := calls(in.Evidence.Cluster, in.Assessment, attempt*callsPerAttempt, r.Usage)
	err := a.record(ctx, made)
	if f := r.Failure; f != nil {
		a.warn("the model gave no explanation", "cluster", in.Evidence.Cluster, "assessment", in.Assessment, "attempt", attempt, "kind", string(f.Kind), "error", f.Text)
		// Calls that could not be stored go along with the explanation, so this is the last attempt.
		if again, ok := retry(f, attempt); ok && err == nil {
			return workflows.ResearchOutput{}, again
		}
	}
	return workflows.ResearchOutput{Explanation: r.Explanation, Draft: r.Draft, Calls: made}, nil
}

// retry is the error that makes Temporal try again, if that is worth it.
func retry(f *llm.Failure, attempt int) (error, bool) {
	after := time.Duration(f.AfterSec * float64(time.Second))
	if !f.Retryable || attempt >= workflows.ResearchAttempts || after > maxRetryDelay {
		return nil, false
	}
	return temporal.NewApplicationErrorWithOptions(f.Text, string(f.Kind), temporal.ApplicationErrorOptions{NextRetryDelay: after}), true
}

// mayAsk waits for the turn and reads what was spent today. Where no model may be asked it says why;
// otherwise release must be called.
func (a *Activities) mayAsk(ctx context.Context) (spent llm.Spent, release func(), why string) {
	if !a.Explainer.budgeted() {
		return llm.Spent{}, func() {}, ""
	}
	limit := time.NewTimer(turnLimit)
	defer limit.Stop()
	select {
	case a.Explainer.turn <- struct{}{}:
	case <-limit.C:
		return llm.Spent{}, nil, "too many explanations wait for the model, so the rules explain"
	case <-ctx.Done():
		return llm.Spent{}, nil, "the worker stopped, so the rules explain"
	}
	release = func() { <-a.Explainer.turn }
	reading, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	today, err := a.Store.Spent(reading, time.Now().UTC().Truncate(24*time.Hour))
	if err != nil {
		release()
		a.warn("the budget can't be read, so no model is asked", "error", err)
		return llm.Spent{}, nil, "what was spent today can't be read, so no model is asked and the rules explain"
	}
	return llm.Spent{Tokens: today.Tokens, Dollars: today.Dollars}, release, ""
}

// record stores calls at once, whatever becomes of the explanation: they were made.
func (a *Activities) record(ctx context.Context, made []workflows.ModelCall) error {
	a.Metrics.asked(made)
	if len(made) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	if err := a.Store.SaveModelCalls(ctx, storedCalls(made)); err != nil {
		return fmt.Errorf("storing calls to a model: %w", err)
	}
	return a.ShowBudget(ctx)
}

// ShowBudget stores what may be spent, for people to see beside what was spent.
func (a *Activities) ShowBudget(ctx context.Context) error {
	name := a.Explainer.Name
	if a.Explainer.rules() {
		name = explain.MadeByRules
	}
	err := a.Store.SaveBudget(ctx, store.Budget{TokensPerDay: a.Explainer.Budget.TokensPerDay, DollarsPerDay: a.Explainer.Budget.DollarsPerDay, Provider: name})
	if err != nil {
		return fmt.Errorf("storing the budget: %w", err)
	}
	return nil
}

// calls makes records of what was used, numbered from a number on.
func calls(cluster, assessment string, from int, usage []llm.Usage) []workflows.ModelCall {
	var all []workflows.ModelCall
	at := time.Now().UTC()
	for i, u := range usage {
		all = append(all, workflows.ModelCall{
			Cluster: cluster, Assessment: assessment, Number: from + i, At: at, Model: u.Model, Purpose: u.Purpose,
			InputTokens: u.Tokens.Input, OutputTokens: u.Tokens.Output, CacheReads: u.Tokens.CacheRead, CacheWrites: u.Tokens.CacheWrite,
			Dollars: u.Dollars, Took: u.Took, Failure: string(u.Failure),
		})
	}
	return all
}

func storedCalls(made []workflows.ModelCall) []store.ModelCall {
	all := make([]store.ModelCall, len(made))
	for i, c := range made {
		all[i] = store.ModelCall(c)
	}
	return all
}

// alive tells Temporal that this process lives, until stop is called.
func alive(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(heartbeatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { close(done) }
}
