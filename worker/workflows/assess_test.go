package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// explainer stands where explanations are made: it keeps what it was asked, and takes as long as it likes.
type explainer struct {
	asked []workflows.AssessInput
	takes func(workflow.Context, workflows.AssessInput) error
}

func (x *explainer) Assess(ctx workflow.Context, in workflows.AssessInput) (workflows.AssessOutput, error) {
	x.asked = append(x.asked, in)
	if x.takes != nil {
		if err := x.takes(ctx, in); err != nil {
			return workflows.AssessOutput{}, err
		}
	}
	return workflows.AssessOutput{ID: in.ID, Explanation: &explain.Explanation{Cluster: in.Cluster, Summary: "because"}}, nil
}

// explained lets the world's cluster be explained.
func (w *world) explained(x *explainer) (*testsuite.TestWorkflowEnvironment, workflows.ObserveInput) {
	env := w.env()
	env.RegisterWorkflowWithOptions(x.Assess, workflow.RegisterOptions{Name: "Assess"})
	in := input()
	in.Settings.Assess = true
	return env, in
}

func forever(ctx workflow.Context, _ workflows.AssessInput) error {
	return workflow.Sleep(ctx, 1000*time.Hour)
}

// trouble is a cluster that is in trouble from the tenth to the twentieth minute.
func trouble(at time.Time) (values, error) {
	if d := at.Sub(start); d > 10*time.Minute && d < 20*time.Minute {
		return sick(), nil
	}
	return healthy(), nil
}

func TestEveryEventIsExplainedOnceAndAfterItWasStored(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{}
	x.takes = func(_ workflow.Context, in workflows.AssessInput) error {
		assert.Equal(t, in.EventSeq, w.cycles[len(w.cycles)-1].Verdict.Event.Seq, "the store had the event first")
		return nil
	}
	env, in := w.explained(x)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	require.Len(t, x.asked, 4)
	for i, asked := range x.asked {
		assert.Equal(t, fmt.Sprintf("event-%d", i+1), asked.ID)
		assert.Equal(t, workflows.OnEvent, asked.Trigger)
		require.NotNil(t, asked.Situation)
		assert.Equal(t, int64(i+1), asked.Situation.Verdict.Event.Seq)
		assert.NotEmpty(t, asked.Situation.Snapshot.Signals)
	}
	assert.Equal(t, health.Critical, x.asked[2].Situation.Verdict.State)
	assert.Contains(t, x.asked[3].Situation.Firing, health.GateID("persistence_failing"), "what fired before is known when all is well again")
}

func TestTheStateIsOnTimeWhileEveryExplanationIsStuck(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{takes: forever}
	env, in := w.explained(x)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	alone := &world{signals: trouble}
	alone.runs(t, input(), start.Add(30*time.Minute))
	require.Len(t, x.asked, 4, "the explanations are under way")
	require.Equal(t, len(alone.cycles), len(w.cycles))
	for i := range w.cycles {
		assert.Equal(t, alone.cycles[i].Verdict, w.cycles[i].Verdict, "nothing is later or other than without explanations")
	}
}

func TestAnEventOfTheStoresOutageIsExplainedWhenTheStoreIsBack(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{}
	back := start.Add(45 * time.Minute)
	w.storeUp = func() bool { return w.now().Sub(start) < 5*time.Minute || w.now().After(back) }
	x.takes = func(ctx workflow.Context, in workflows.AssessInput) error {
		if in.EventSeq > 1 {
			assert.True(t, workflow.Now(ctx).After(back), "not before the store has the event")
		}
		return nil
	}
	env, in := w.explained(x)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	var ids []string
	for _, asked := range x.asked {
		ids = append(ids, asked.ID)
		assert.NotEmpty(t, asked.Situation.Verdict.Gates, "its evidence was kept")
	}
	assert.Equal(t, []string{"event-1", "event-2", "event-3", "event-4"}, ids)
}

func TestANewRootCauseInTheSameStateIsExplained(t *testing.T) {
	turns := start.Add(16 * time.Minute).Truncate(time.Minute)
	w, x := &world{}, &explainer{}
	w.signals = func(at time.Time) (values, error) {
		v := healthy()
		if at.Sub(start) < 10*time.Minute {
			return v, nil
		}
		// Both causes are the workers': no event tells one from the other.
		v[health.MatchingWorkflowPoll], v[health.MatchingActivityPoll] = 0, 0
		v[health.BacklogInflow], v[health.StarvedQueues], v[health.StarvedOldestAge] = 10, 2, 300
		if single := at.Equal(turns.Add(-2 * time.Minute)); single || !at.Before(turns) {
			v[health.SlotlessQueues] = 2
		}
		return v, nil
	}
	env, in := w.explained(x)
	env.RegisterDelayedCallback(env.CancelWorkflow, 24*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	var causes []workflows.AssessInput
	for _, asked := range x.asked {
		if asked.Trigger == workflows.OnCause {
			causes = append(causes, asked)
		}
	}
	require.Len(t, causes, 1, "once, however long it leads")
	assert.Equal(t, health.Critical, causes[0].Situation.Verdict.State)
	assert.Nil(t, causes[0].Situation.Verdict.Event, "the state did not change")
	assert.Equal(t, fmt.Sprintf("cause-%d", causes[0].Situation.Verdict.At.Unix()), causes[0].ID)
	assert.Equal(t, turns.Add(30*time.Second), causes[0].Situation.Verdict.At, "it led for two cycles, and one cycle before was none")
	assert.Equal(t, health.GateID("task_slots_gone"), rules.Cause(causes[0].Situation.Verdict, causes[0].Situation.Snapshot))
}

func TestNoEventIsExplainedWhereTheSettingsAreOfAReleaseThatDidNot(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{}
	env, in := w.explained(x)
	in.Settings.Assess = false
	env.RegisterDelayedCallback(func() {
		settings := in.Settings
		settings.Assess = true
		env.UpdateWorkflow(workflows.UpdateConfigure, "new", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) }, OnComplete: func(_ any, err error) { require.NoError(t, err) },
		}, settings)
	}, 15*time.Minute)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)
	require.Len(t, x.asked, 1)
	assert.Equal(t, "event-4", x.asked[0].ID)
}

// ask sends assess_now and keeps the answer.
type answer struct {
	out  workflows.AssessOutput
	err  error
	at   time.Time
	done bool
}

func ask(env *testsuite.TestWorkflowEnvironment, after time.Duration, seq int64) *answer {
	a := &answer{}
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(workflows.UpdateAssessNow, fmt.Sprintf("ask-%d", seq), &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { a.err, a.done = err, true },
			OnComplete: func(out any, err error) {
				a.err, a.done, a.at = err, true, env.Now()
				if err == nil {
					a.out = out.(workflows.AssessOutput)
				}
			},
		}, workflows.AssessNowInput{EventSeq: seq})
	}, after)
	return a
}

func TestWhoAsksIsAnsweredWithAnExplanation(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{}
	env, in := w.explained(x)
	early := ask(env, 0, 0)
	now := ask(env, 15*time.Minute, 0)
	before := ask(env, 16*time.Minute, 1)
	unknown := ask(env, 17*time.Minute, 9)
	negative := ask(env, 17*time.Minute, -1)
	env.RegisterDelayedCallback(env.CancelWorkflow, 18*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	for _, a := range []*answer{early, now, before} {
		require.True(t, a.done)
		require.NoError(t, a.err)
		assert.Equal(t, "because", a.out.Explanation.Summary)
	}
	assert.ErrorContains(t, unknown.err, `cluster "prod" has no event 9: its last one is 3`)
	assert.ErrorContains(t, negative.err, "numbered from 1")
	demanded := map[string]workflows.AssessInput{}
	for _, asked := range x.asked {
		if asked.Trigger == workflows.OnDemand {
			demanded[asked.ID] = asked
		}
	}
	require.Len(t, demanded, 2, "an id of its own for every question; the test asks twice by the same")
	assert.NotNil(t, demanded["demand-ask-0"].Situation)
	assert.Nil(t, demanded["demand-ask-1"].Situation, "a past event is read from the store")
	assert.Equal(t, int64(1), demanded["demand-ask-1"].EventSeq)
	assert.Zero(t, demanded["demand-ask-0"].Wait, "who asks does not wait for log lines")
}

func TestWhyAnExplanationFailedIsToldToWhoAsked(t *testing.T) {
	w, x := &world{signals: trouble}, &explainer{takes: func(workflow.Context, workflows.AssessInput) error {
		return temporal.NewNonRetryableApplicationError("the store has no event 1", workflows.ErrNothingToExplain, nil)
	}}
	env, in := w.explained(x)
	a := ask(env, time.Minute, 1)
	env.RegisterDelayedCallback(env.CancelWorkflow, 2*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)
	assert.ErrorContains(t, a.err, "the store has no event 1")
}

func TestARunThatIsOverDoesNotWaitForAnExplanation(t *testing.T) {
	w, x := &world{signals: always(healthy())}, &explainer{takes: forever}
	env, in := w.explained(x)
	a := ask(env, time.Hour, 0)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.Len(t, w.cycles, 500)
	require.True(t, a.done)
	require.NoError(t, a.err)
	assert.Equal(t, "demand-ask-0", a.out.ID)
	assert.Nil(t, a.out.Explanation, "it is still being written")
	assert.WithinDuration(t, w.reads[len(w.reads)-1], a.at, time.Second)
}

// newsroom stands where the activities of an assessment are.
type newsroom struct {
	storeUp func() bool
	// logsLate is how long it takes until the log lines are read.
	logsLate time.Duration
	now      func() time.Time
	known    *explain.Explanation
	// byRules: no model is configured.
	byRules  bool
	research func(attempt int32) (workflows.ResearchOutput, error)
	triage   error

	depths []explain.Depth
	asked  int
	// carried counts how often a history holds the evidence.
	carried int
	stored  []workflows.StoreAssessmentInput
}

var errAway = errors.New("the database cannot be reached")

func (n *newsroom) up() error {
	if n.storeUp != nil && !n.storeUp() {
		return errAway
	}
	return nil
}

func (n *newsroom) GatherEvidence(_ context.Context, in workflows.GatherEvidenceInput) (workflows.GatherEvidenceOutput, error) {
	late := n.now().Sub(start) < n.logsLate
	if late && in.MayWait {
		return workflows.GatherEvidenceOutput{LogsLate: true}, n.up()
	}
	n.carried++
	return workflows.GatherEvidenceOutput{Evidence: evidence.Gather(evidence.Input{Verdict: in.Situation.Verdict, Snapshot: in.Situation.Snapshot}),
		ByRules: n.byRules, LogsLate: late}, n.up()
}

func (n *newsroom) Recall(context.Context, workflows.RecallInput) (workflows.RecallOutput, error) {
	n.carried++
	if n.known != nil {
		return workflows.RecallOutput{Explanation: n.known, SameAs: "event-1"}, nil
	}
	return workflows.RecallOutput{}, n.up()
}

func (n *newsroom) Triage(context.Context, workflows.TriageInput) (workflows.TriageOutput, error) {
	n.carried++
	return workflows.TriageOutput{Depth: explain.Quick, Calls: []workflows.ModelCall{{Number: 1}}}, n.triage
}

func (n *newsroom) Research(ctx context.Context, in workflows.ResearchInput) (workflows.ResearchOutput, error) {
	n.asked++
	n.carried++
	n.depths = append(n.depths, in.Depth)
	if n.research != nil {
		return n.research(activity.GetInfo(ctx).Attempt)
	}
	return workflows.ResearchOutput{Explanation: rules.Explain(in.Evidence), Calls: []workflows.ModelCall{{Number: 10}}}, nil
}

func (n *newsroom) StoreAssessment(_ context.Context, in workflows.StoreAssessmentInput) (workflows.StoreAssessmentOutput, error) {
	if err := n.up(); err != nil {
		return workflows.StoreAssessmentOutput{}, err
	}
	n.carried++
	n.stored = append(n.stored, in)
	return workflows.StoreAssessmentOutput{}, nil
}

// outage is longer than a schedule waits. (The test environment itself gives up after ten attempts.)
const outage = 130 * time.Second

func (n *newsroom) assess(t *testing.T, trigger workflows.Trigger) (time.Duration, error) {
	t.Helper()
	env := newEnv()
	env.SetStartTime(start)
	n.now = env.Now
	for name, fn := range map[string]any{
		workflows.ActivityGatherEvidence: n.GatherEvidence, workflows.ActivityRecall: n.Recall, workflows.ActivityTriage: n.Triage,
		workflows.ActivityResearch: n.Research, workflows.ActivityStoreAssessment: n.StoreAssessment,
	} {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	if n.storeUp != nil {
		up := n.storeUp
		n.storeUp = func() bool { return up() || env.Now().Sub(start) > outage }
	}
	_, memory := health.Evaluate(health.Memory{}, health.Snapshot{Cluster: "prod", At: start.Add(-time.Minute), Signals: healthy()}, health.DefaultThresholds())
	snapshot := health.Snapshot{Cluster: "prod", At: start, Signals: sick()}
	verdict, _ := health.Evaluate(memory, snapshot, health.DefaultThresholds())
	env.ExecuteWorkflow(workflows.Assess, workflows.AssessInput{Cluster: "prod", ID: "event-2", Trigger: trigger, EventSeq: 2,
		Situation: &workflows.Situation{Verdict: verdict, Snapshot: snapshot}, Wait: 30 * time.Second})
	return env.Now().Sub(start), env.GetWorkflowError()
}

func TestAnAssessmentIsStoredWithItsCallsAndEvidence(t *testing.T) {
	n := &newsroom{}
	took, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	require.Len(t, n.stored, 1)
	s := n.stored[0]
	assert.Equal(t, "event-2", s.ID)
	assert.Equal(t, health.Stressed, s.Evidence.State)
	assert.Equal(t, []workflows.ModelCall{{Number: 1}, {Number: 10}}, s.Calls)
	assert.Less(t, took, time.Second, "nothing is waited for when the log lines are there")
}

func TestLogLinesOfTheMomentAreWaitedForButNotForLong(t *testing.T) {
	for late, want := range map[time.Duration]time.Duration{12 * time.Second: 15 * time.Second, time.Hour: 30 * time.Second} {
		n := &newsroom{logsLate: late}
		took, err := n.assess(t, workflows.OnEvent)
		require.NoError(t, err)
		assert.Len(t, n.stored, 1)
		assert.InDelta(t, want, took, float64(time.Second))
		assert.Equal(t, 5, n.carried, "evidence that is not wanted yet is not carried")
	}
}

func TestWhereTheRulesExplainNothingIsRecalledAndTheRulesTriage(t *testing.T) {
	n := &newsroom{byRules: true, logsLate: 12 * time.Second}
	_, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	assert.Equal(t, 3, n.carried, "gathered, explained and stored")
	assert.Equal(t, []explain.Depth{explain.Deep}, n.depths)
	assert.Equal(t, []workflows.ModelCall{{Number: 10}}, n.stored[0].Calls)
}

func TestTheExplanationOfAnEventOutlastsTheStoresOutage(t *testing.T) {
	n := &newsroom{storeUp: func() bool { return false }}
	took, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	require.Len(t, n.stored, 1)
	assert.Greater(t, took, outage)

	n = &newsroom{storeUp: func() bool { return false }}
	took, err = n.assess(t, workflows.OnSchedule)
	require.Error(t, err, "the next tick comes before the store is back")
	assert.Less(t, took, outage)
	assert.Empty(t, n.stored)
}

func TestWhatIsKnownAlreadyIsNotAskedAgain(t *testing.T) {
	n := &newsroom{known: &explain.Explanation{Summary: "as before", Made: "large"}}
	_, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	assert.Zero(t, n.asked)
	require.Len(t, n.stored, 1)
	assert.Equal(t, "event-1", n.stored[0].SameAs)
	assert.Equal(t, "as before", n.stored[0].Explanation.Summary)
	assert.Nil(t, n.stored[0].Draft, "so that the words of a day ago are not used for ever")
}

func TestAWorkerThatDiesOfEveryAttemptLeavesItToTheRules(t *testing.T) {
	n := &newsroom{triage: errors.New("died"), research: func(int32) (workflows.ResearchOutput, error) { return workflows.ResearchOutput{}, errors.New("died") }}
	_, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	assert.Equal(t, workflows.ResearchAttempts, n.asked)
	require.Len(t, n.stored, 1)
	assert.Equal(t, explain.MadeByRules, n.stored[0].Explanation.Made)
	assert.Contains(t, n.stored[0].Explanation.Instead, "using the rule-based explanation")
	assert.Equal(t, []explain.Depth{explain.Deep, explain.Deep, explain.Deep}, n.depths, "the rules triaged")
}

func TestARateLimitedModelIsAskedAgainWhenItAskedTo(t *testing.T) {
	n := &newsroom{}
	n.research = func(attempt int32) (workflows.ResearchOutput, error) {
		if attempt < 3 {
			return workflows.ResearchOutput{}, temporal.NewApplicationErrorWithOptions("slow down", "throttled", temporal.ApplicationErrorOptions{NextRetryDelay: 45 * time.Second})
		}
		return workflows.ResearchOutput{Explanation: explain.Explanation{Made: "large"}}, nil
	}
	took, err := n.assess(t, workflows.OnEvent)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, took, 90*time.Second)
	assert.Less(t, took, 2*time.Minute)
	assert.Equal(t, "large", n.stored[0].Explanation.Made)
}
