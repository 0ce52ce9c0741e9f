package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
)

const (
	// patience is how long an explanation waits for the store: an event of the night is explained in the
	// morning. Whoever asks, or comes again in five minutes, does not wait that long.
	patience      = 24 * time.Hour
	shortPatience = 2 * time.Minute

	// lookAgain is how soon it is seen that log lines were read meanwhile.
	lookAgain = 5 * time.Second

	// ResearchAttempts is how often a model is asked before the rules explain.
	ResearchAttempts = 3
	triageAttempts   = 2
	// askLimit bounds one attempt: the configured limit, of at most two minutes, and the wait for other
	// explanations that the same budget pays for.
	askLimit = 5 * time.Minute
	// A worker that is gone is noticed by its missing heartbeat, not by the limit.
	askHeartbeat = 20 * time.Second
)

// Assess explains an event or a cycle. It decides nothing about the cluster: what it takes long for, or gets
// wrong, changes no state.
func Assess(ctx workflow.Context, in AssessInput) (AssessOutput, error) {
	a := assessing{in: in}
	gathered, err := a.gather(ctx)
	if err != nil {
		return AssessOutput{}, err
	}
	if err := a.explain(ctx, gathered); err != nil {
		return AssessOutput{}, err
	}
	if err := a.store(ctx, gathered.Evidence); err != nil {
		return AssessOutput{}, err
	}
	return AssessOutput{ID: in.ID, Explanation: &a.explanation}, nil
}

// assessing is the state of an assessment.
type assessing struct {
	in          AssessInput
	explanation explain.Explanation
	draft       *llm.Draft
	sameAs      string
	calls       []ModelCall
}

// withStore waits for the store as long as what is explained is worth it.
func (a *assessing) withStore(ctx workflow.Context) workflow.Context {
	wait := shortPatience
	if a.in.Trigger == OnEvent {
		wait = patience
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: wait,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
			NonRetryableErrorTypes: []string{ErrNothingToExplain}},
	})
}

// gather puts the evidence together, and again as long as the log lines of the moment are yet to be read and it
// may wait.
func (a *assessing) gather(ctx workflow.Context) (GatherEvidenceOutput, error) {
	until := workflow.Now(ctx).Add(a.in.Wait)
	for {
		var out GatherEvidenceOutput
		err := workflow.ExecuteActivity(a.withStore(ctx), ActivityGatherEvidence, GatherEvidenceInput{
			Cluster: a.in.Cluster, EventSeq: a.in.EventSeq, Situation: a.in.Situation, MayWait: until.After(workflow.Now(ctx)),
		}).Get(ctx, &out)
		left := until.Sub(workflow.Now(ctx))
		if err != nil || !out.LogsLate || (left <= 0 && !out.Evidence.At.IsZero()) {
			return out, err
		}
		if left > 0 {
			if err := workflow.Sleep(ctx, min(left, lookAgain)); err != nil {
				return GatherEvidenceOutput{}, err
			}
		}
	}
}

// explain uses what was written for the same situation, or has it written anew.
func (a *assessing) explain(ctx workflow.Context, gathered GatherEvidenceOutput) error {
	evidence := gathered.Evidence
	if gathered.ByRules {
		return a.research(ctx, evidence, rules.Triage(evidence))
	}
	known, err := recall(ctx, evidence)
	if err != nil || known.Explanation != nil {
		if known.Explanation != nil {
			a.explanation, a.sameAs = *known.Explanation, known.SameAs
		}
		return err
	}
	depth, err := a.triage(ctx, evidence)
	if err != nil {
		return err
	}
	return a.research(ctx, evidence, depth)
}

// recall looks for what was written before. When that can't be read it is written anew.
func recall(ctx workflow.Context, evidence evidence.Evidence) (RecallOutput, error) {
	quickly := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 2},
	})
	var out RecallOutput
	err := workflow.ExecuteActivity(quickly, ActivityRecall, RecallInput{Evidence: evidence}).Get(ctx, &out)
	return out, unlessCanceled(err)
}

// asking is for activities that may ask a model.
func asking(ctx workflow.Context, attempts int32) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: askLimit,
		HeartbeatTimeout:    askHeartbeat,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 5 * time.Second, BackoffCoefficient: 2,
			MaximumInterval: time.Minute, MaximumAttempts: attempts},
	})
}

// triage says how deep to look. Where nobody answers, the rules do.
func (a *assessing) triage(ctx workflow.Context, evidence evidence.Evidence) (explain.Depth, error) {
	var out TriageOutput
	err := workflow.ExecuteActivity(asking(ctx, triageAttempts), ActivityTriage, TriageInput{Assessment: a.in.ID, Evidence: evidence}).Get(ctx, &out)
	if err != nil {
		return rules.Triage(evidence), unlessCanceled(err)
	}
	a.calls = append(a.calls, out.Calls...)
	return out.Depth, nil
}

// research explains. The activity itself lets the rules explain in the end; this is for a worker that dies
// of every attempt.
func (a *assessing) research(ctx workflow.Context, evidence evidence.Evidence, depth explain.Depth) error {
	var out ResearchOutput
	err := workflow.ExecuteActivity(asking(ctx, ResearchAttempts), ActivityResearch,
		ResearchInput{Assessment: a.in.ID, Evidence: evidence, Depth: depth}).Get(ctx, &out)
	if err == nil {
		a.explanation, a.draft, a.calls = out.Explanation, out.Draft, append(a.calls, out.Calls...)
		return nil
	}
	workflow.GetLogger(ctx).Warn("explaining failed, so the rules explain", "cluster", a.in.Cluster, "assessment", a.in.ID, "error", err)
	if err := unlessCanceled(err); err != nil {
		return err
	}
	return workflow.SideEffect(ctx, func(workflow.Context) any {
		x := rules.Explain(evidence)
		x.Depth, x.Instead = depth, "the worker failed to ask the model, so the rules explain"
		return x
	}).Get(&a.explanation)
}

func (a *assessing) store(ctx workflow.Context, evidence evidence.Evidence) error {
	return workflow.ExecuteActivity(a.withStore(ctx), ActivityStoreAssessment, StoreAssessmentInput{
		ID: a.in.ID, Trigger: a.in.Trigger, Evidence: evidence, Explanation: a.explanation, Draft: a.draft, SameAs: a.sameAs,
		MadeAt: workflow.Now(ctx), Calls: a.calls,
	}).Get(ctx, nil)
}

// unlessCanceled forgets an error that there is a way around.
func unlessCanceled(err error) error {
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) {
		return err
	}
	return nil
}
