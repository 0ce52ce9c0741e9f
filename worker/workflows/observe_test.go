package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/workflows"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type values = map[health.SignalID]float64

func healthy() values {
	return values{
		health.TransitionRate: 160, health.TransitionP99: 60, health.CompletionRate: 1, health.SuccessRate: 10, health.FailedRate: 0,
		health.HistoryBacklogAge: 0.1, health.HistoryTaskRate: 230, health.ShardChurn: 0, health.FrontendErrors: 0, health.FrontendP99: 60,
		health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 0, health.PollTimeouts: 0.001, health.PersistenceP99: 41, health.PersistenceErrors: 0,
		health.WorkflowStarts: 10, health.BacklogInflow: 0, health.MatchingWorkflowPoll: 23, health.MatchingActivityPoll: 23,
		health.StarvedQueues: 0, health.StarvedOldestAge: 0, health.PersistenceErrRatio: 0, health.FrontendErrRatio: 0,
		health.ShardsMoved: 0, health.TargetsUp: 1, health.WarmingUp: 0,
		health.WorkflowsCreated: 10, health.ClosedRate: 10, health.SlotlessQueues: 0, health.FrontendLimited: 0, health.BusyWorkflow: 0,
		health.OversizedTransactions: 0, health.DeadLetters: 0, health.TerminalFailures: 0, health.Corruptions: 0,
		health.VisibilityErrRatio: 0, health.VisibilityP99: 40, health.VisibilityBacklogAge: 0.2,
		health.SystemWorkerUp: 1, health.SystemQueueAge: 0, health.SchedulesMissed: 0, health.NonDeterminism: 0, health.OversizedMessages: 0,
		health.WorkflowTaskFailureRatio: 0, health.ActivityFailureRatio: 0, health.ActivityTimeoutRatio: 0,
	}
}

func sick() values {
	v := healthy()
	v[health.PersistenceErrRatio], v[health.PersistenceErrors] = 0.9, 200
	return v
}

// world stands where Prometheus and the store are: it says what is read, and remembers what is written.
type world struct {
	signals func(at time.Time) (values, error)
	storeUp func() bool
	memory  json.RawMessage
	// now is the workflow's time: in a test that skips time, activities have no clock of their own.
	now func() time.Time

	reads  []time.Time
	cycles []workflows.Cycle
	// lost makes the store refuse events until it is asked what it remembers: its last event is number 7.
	lost bool
}

func (w *world) ReadSignals(_ context.Context, in workflows.ReadSignalsInput) (workflows.ReadSignalsOutput, error) {
	w.reads = append(w.reads, in.At)
	signals, err := w.signals(in.At)
	if err != nil {
		return workflows.ReadSignalsOutput{}, err
	}
	return workflows.ReadSignalsOutput{Snapshot: health.Snapshot{Cluster: in.Cluster, At: in.At, Signals: signals}}, nil
}

func (w *world) StoreCycles(_ context.Context, in workflows.StoreCyclesInput) (workflows.StoreCyclesOutput, error) {
	if w.storeUp != nil && !w.storeUp() {
		return workflows.StoreCyclesOutput{}, temporal.NewNonRetryableApplicationError("the database cannot be reached", "StoreDown", nil)
	}
	for _, c := range in.Cycles {
		if w.lost && c.Verdict.Event != nil {
			return workflows.StoreCyclesOutput{}, temporal.NewNonRetryableApplicationError("an earlier event is missing", workflows.ErrOutOfStep, nil)
		}
	}
	w.cycles = append(w.cycles, in.Cycles...)
	return workflows.StoreCyclesOutput{}, nil
}

func (w *world) LoadMemory(context.Context, workflows.LoadMemoryInput) (workflows.LoadMemoryOutput, error) {
	if w.storeUp != nil && !w.storeUp() {
		return workflows.LoadMemoryOutput{}, temporal.NewNonRetryableApplicationError("the database cannot be reached", "StoreDown", nil)
	}
	w.lost = false
	return workflows.LoadMemoryOutput{Memory: w.memory, Found: w.memory != nil}, nil
}

func (w *world) env() *testsuite.TestWorkflowEnvironment {
	env := newEnv()
	env.SetStartTime(start)
	env.SetTestTimeout(time.Minute)
	for name, fn := range map[string]any{
		workflows.ActivityReadSignals: w.ReadSignals, workflows.ActivityStoreCycles: w.StoreCycles, workflows.ActivityLoadMemory: w.LoadMemory,
	} {
		env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	w.now = env.Now
	return env
}

func always(v values) func(time.Time) (values, error) {
	return func(time.Time) (values, error) { return v, nil }
}

func input() workflows.ObserveInput {
	return workflows.ObserveInput{Cluster: "prod", Settings: workflows.Settings{Interval: 30 * time.Second, Thresholds: health.DefaultThresholds()}}
}

// runs plays runs of the workflow one after the other, as the server does when they continue as new,
// until the time is over. It returns the input of the run that would come next.
func (w *world) runs(t *testing.T, in workflows.ObserveInput, until time.Time) workflows.ObserveInput {
	t.Helper()
	at := start
	for {
		env := w.env()
		env.SetStartTime(at)
		env.RegisterDelayedCallback(env.CancelWorkflow, until.Sub(at))
		env.ExecuteWorkflow(workflows.ObserveCluster, in)
		require.True(t, env.IsWorkflowCompleted())
		err := env.GetWorkflowError()
		at = env.Now()
		var next *workflow.ContinueAsNewError
		if !errors.As(err, &next) {
			require.True(t, temporal.IsCanceledError(err), "%v", err)
			return in
		}
		in = workflows.ObserveInput{}
		require.NoError(t, decode(next, &in))
	}
}

func TestADayOfCyclesIsObservedWithoutDriftOrLoss(t *testing.T) {
	w := &world{signals: func(at time.Time) (values, error) {
		// Two hours of trouble in the afternoon.
		if h := at.Sub(start).Hours(); h >= 12 && h < 14 {
			return sick(), nil
		}
		return healthy(), nil
	}}
	w.runs(t, input(), start.Add(24*time.Hour))

	assert.InDelta(t, 2880, len(w.cycles), 2)
	assert.Len(t, w.reads, len(w.cycles))
	for i, at := range w.reads[1:] {
		require.Zero(t, at.UnixMilli()%30_000, "cycle %d drifted to %s", i+1, at)
	}
	var events []health.Event
	for i, c := range w.cycles {
		if i > 0 {
			require.True(t, c.Verdict.At.After(w.cycles[i-1].Verdict.At), "cycles are stored in their order")
		}
		if c.Verdict.Event != nil {
			events = append(events, *c.Verdict.Event)
		}
	}
	var story []string
	for i, e := range events {
		assert.Equal(t, int64(i+1), e.Seq)
		story = append(story, e.From.String()+">"+e.To.String())
	}
	assert.Equal(t, []string{"unknown>happy", "happy>stressed", "stressed>critical", "critical>happy"}, story)
}

func TestEvaluationGoesOnWhileTheStoreIsDownAndNothingIsLost(t *testing.T) {
	w := &world{signals: func(at time.Time) (values, error) {
		if at.Sub(start) > 30*time.Minute && at.Sub(start) < 40*time.Minute {
			return sick(), nil
		}
		return healthy(), nil
	}}
	w.storeUp = func() bool {
		d := w.now().Sub(start)
		return d < 20*time.Minute || d > 14*time.Hour
	}
	w.runs(t, input(), start.Add(15*time.Hour))

	require.Len(t, w.cycles, len(w.reads), "every cycle was written in the end")
	var seqs []int64
	for i, c := range w.cycles {
		require.Equal(t, w.reads[i].UnixMilli(), c.Verdict.At.UnixMilli(), "in order, none twice")
		if c.Verdict.Event != nil {
			seqs = append(seqs, c.Verdict.Event.Seq)
			assert.NotEmpty(t, c.Verdict.Gates, "an event keeps its evidence")
		}
		assert.NotEmpty(t, c.Snapshot.Signals, "a cycle keeps its numbers")
	}
	assert.Equal(t, []int64{1, 2, 3, 4}, seqs)
}

func TestTheStoredStateIsContinuedWhenTheWorkflowIsNew(t *testing.T) {
	stored, err := json.Marshal(health.Memory{State: health.Critical, Since: start.Add(-time.Hour), CriticalCycles: 3, Seq: 41,
		Band: health.Mid, Bottleneck: health.ServerLimited, Firing: []health.GateID{"persistence_failing"}})
	require.NoError(t, err)

	t.Run("a restart while critical publishes critical", func(t *testing.T) {
		w := &world{signals: always(sick()), memory: stored}
		w.runs(t, input(), start.Add(time.Minute))
		require.NotEmpty(t, w.cycles)
		assert.Equal(t, health.Critical, w.cycles[0].Verdict.State)
		assert.Nil(t, w.cycles[0].Verdict.Event)
	})
	t.Run("events decided before the store could be asked are numbered behind the stored ones", func(t *testing.T) {
		w := &world{signals: always(healthy()), memory: stored}
		w.storeUp = func() bool { return w.now().Sub(start) > 5*time.Minute }
		w.runs(t, input(), start.Add(10*time.Minute))
		require.NotEmpty(t, w.cycles)
		assert.Equal(t, int64(42), w.cycles[0].Verdict.Event.Seq)
		assert.Equal(t, int64(42), w.cycles[len(w.cycles)-1].Memory.Seq)
	})
}

func TestAStoreRestoredFromABackupIsContinuedBehindItsLastEvent(t *testing.T) {
	w := &world{signals: func(at time.Time) (values, error) {
		if at.Sub(start) > 5*time.Minute {
			return sick(), nil
		}
		return healthy(), nil
	}}
	env := w.env()
	env.RegisterDelayedCallback(func() {
		w.lost = true
		w.memory, _ = json.Marshal(health.Memory{State: health.Happy, Seq: 7})
	}, 4*time.Minute)
	env.RegisterDelayedCallback(env.CancelWorkflow, 10*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, input())
	var seqs []int64
	for _, c := range w.cycles {
		if c.Verdict.Event != nil {
			seqs = append(seqs, c.Verdict.Event.Seq)
		}
	}
	assert.Equal(t, []int64{1, 8, 9}, seqs)
}

func TestACycleThatCannotReadIsBlindAndSaysWhy(t *testing.T) {
	w := &world{signals: func(at time.Time) (values, error) {
		if d := at.Sub(start); d > 2*time.Minute && d < 4*time.Minute {
			return nil, errors.New("the reader broke")
		}
		return healthy(), nil
	}}
	w.runs(t, input(), start.Add(6*time.Minute))
	var stale []workflows.Cycle
	for _, c := range w.cycles {
		assert.Equal(t, health.Happy, c.Verdict.State)
		if c.Verdict.Stale {
			stale = append(stale, c)
		}
	}
	require.NotEmpty(t, stale)
	assert.Equal(t, "reading failed: the reader broke", stale[0].Snapshot.Unknown[health.TransitionRate])
	assert.False(t, w.cycles[len(w.cycles)-1].Verdict.Stale)
}

func TestObserveNowRunsACycleAtOnce(t *testing.T) {
	w := &world{signals: always(healthy())}
	env := w.env()
	var verdict workflows.ObserveNowOutput
	var asked, answered time.Time
	env.RegisterDelayedCallback(func() {
		asked = env.Now()
		env.UpdateWorkflow(workflows.UpdateObserveNow, "now", &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(result any, err error) {
				require.NoError(t, err)
				verdict, answered = result.(workflows.ObserveNowOutput), env.Now()
			},
		}, workflows.ObserveNowInput{})
	}, 40*time.Second)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, input())

	assert.Equal(t, health.Happy, verdict.Verdict.State)
	assert.Less(t, answered.Sub(asked), time.Second)
}

func TestAChangedConfigurationIsTakenOver(t *testing.T) {
	w := &world{signals: always(sick())}
	env := w.env()
	env.RegisterDelayedCallback(func() {
		settings := input().Settings
		settings.Interval = 10 * time.Second
		settings.Thresholds.Gates = map[health.GateID]health.Override{"persistence_failing": {Disabled: true}, "persistence_errors": {Disabled: true}, "persistence_error_rate": {Disabled: true}}
		env.UpdateWorkflow(workflows.UpdateConfigure, "new", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(_ any, err error) { require.NoError(t, err) },
		}, settings)
		settings.Interval = 0
		env.UpdateWorkflow(workflows.UpdateConfigure, "bad", &testsuite.TestUpdateCallback{
			OnAccept: func() { require.Fail(t, "an interval of zero was accepted") }, OnReject: func(err error) { assert.ErrorContains(t, err, "interval") },
			OnComplete: func(any, error) {},
		}, settings)
	}, 5*time.Minute)
	env.RegisterDelayedCallback(func() {
		value, err := env.QueryWorkflow(workflows.QueryMemory)
		require.NoError(t, err)
		var memory workflows.MemoryOutput
		require.NoError(t, value.Get(&memory))
		assert.Equal(t, 10*time.Second, memory.Settings.Interval)
		assert.Equal(t, health.Happy, memory.Memory.State)
	}, 6*time.Minute)
	env.RegisterDelayedCallback(env.CancelWorkflow, 7*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, input())

	var last = w.cycles[len(w.cycles)-1].Verdict
	assert.Equal(t, health.Happy, last.State)
	gap := w.reads[len(w.reads)-1].Sub(w.reads[len(w.reads)-2])
	assert.Equal(t, 10*time.Second, gap)
}

func TestAClusterThatIsNoLongerConfiguredEndsItsObservation(t *testing.T) {
	w := &world{signals: func(time.Time) (values, error) {
		return nil, temporal.NewNonRetryableApplicationError(`cluster "prod" is not in the configuration`, workflows.ErrNotConfigured, nil)
	}}
	env := w.env()
	env.ExecuteWorkflow(workflows.ObserveCluster, input())
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	assert.Empty(t, w.cycles)
}
