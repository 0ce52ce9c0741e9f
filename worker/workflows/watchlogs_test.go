package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// archive stands where the logs and the store are.
type archive struct {
	read    func(at time.Time) (workflows.ReadLogsOutput, error)
	storeUp func() bool
	now     func() time.Time

	cursors []string
	at      []time.Time
	stored  []workflows.LogRead
	told    []workflows.LogRate
}

func (a *archive) ReadLogs(_ context.Context, in workflows.ReadLogsInput) (workflows.ReadLogsOutput, error) {
	a.cursors, a.at = append(a.cursors, string(in.Cursor)), append(a.at, in.At)
	out, err := a.read(in.At)
	if out.Cursor == nil {
		out.Cursor = json.RawMessage(fmt.Sprint(len(a.cursors)))
	}
	out.Through = in.At
	return out, err
}

func (a *archive) StoreLogs(_ context.Context, in workflows.StoreLogsInput) (workflows.StoreLogsOutput, error) {
	if a.storeUp != nil && !a.storeUp() {
		return workflows.StoreLogsOutput{}, temporal.NewNonRetryableApplicationError("the database cannot be reached", "StoreDown", nil)
	}
	a.stored = append(a.stored, in.Reads...)
	return workflows.StoreLogsOutput{}, nil
}

func (a *archive) watch(t *testing.T, in workflows.WatchLogsInput, wait time.Duration) error {
	t.Helper()
	env := newEnv()
	env.SetStartTime(start)
	env.SetTestTimeout(time.Minute)
	a.now = env.Now
	env.RegisterActivityWithOptions(a.ReadLogs, activity.RegisterOptions{Name: workflows.ActivityReadLogs})
	env.RegisterActivityWithOptions(a.StoreLogs, activity.RegisterOptions{Name: workflows.ActivityStoreLogs})
	env.OnSignalExternalWorkflow(mock.Anything, workflows.ObserveID("prod"), "", workflows.SignalLogRate, mock.Anything).Return(
		func(_, _, _, _ string, rate any) error {
			a.told = append(a.told, rate.(workflows.LogRate))
			return nil
		})
	if wait > 0 {
		env.RegisterDelayedCallback(env.CancelWorkflow, wait)
	}
	env.ExecuteWorkflow(workflows.WatchLogs, in)
	return env.GetWorkflowError()
}

func logsOf(interval time.Duration) workflows.WatchLogsInput {
	return workflows.WatchLogsInput{Cluster: "prod", Settings: workflows.LogSettings{Interval: interval}}
}

func rate(v float64) *float64 { return &v }

func steadyLogs(time.Time) (workflows.ReadLogsOutput, error) {
	return workflows.ReadLogsOutput{PerMinute: rate(4), Counts: []health.LogCount{{Pattern: "database_down", Service: "history", Count: 2}}}, nil
}

func TestLogsAreReadWithoutDriftEachFromWhereTheLastReadingEnded(t *testing.T) {
	a := &archive{read: steadyLogs}
	err := a.watch(t, logsOf(30*time.Second), 10*time.Minute)
	require.True(t, temporal.IsCanceledError(err), "%v", err)
	require.InDelta(t, 20, len(a.at), 1)
	for i, at := range a.at {
		assert.Zero(t, at.UnixMilli()%30_000)
		if i > 0 {
			assert.Equal(t, fmt.Sprint(i), a.cursors[i])
		}
	}
	assert.Len(t, a.stored, len(a.at))
	require.Len(t, a.told, len(a.at))
	assert.Equal(t, 4.0, *a.told[0].PerMinute)
}

func TestLogsThatCannotBeReadAreUnknownAndSayWhy(t *testing.T) {
	a := &archive{read: func(time.Time) (workflows.ReadLogsOutput, error) {
		return workflows.ReadLogsOutput{}, errors.New("no Loki")
	}}
	a.watch(t, logsOf(30*time.Second), 2*time.Minute) // it is canceled
	require.NotEmpty(t, a.stored)
	assert.Equal(t, "the logs could not be read: no Loki", a.stored[0].Unavailable)
	assert.Nil(t, a.told[0].PerMinute)
	assert.Equal(t, "the logs could not be read: no Loki", a.told[0].Reason)
	assert.Empty(t, a.cursors[len(a.cursors)-1], "nothing is skipped")
}

func TestABurstOfLinesIsReadOnAtOnce(t *testing.T) {
	n := 0
	a := &archive{read: func(time.Time) (workflows.ReadLogsOutput, error) {
		n++
		return workflows.ReadLogsOutput{More: n < 3, PerMinute: rate(float64(100 - n))}, nil
	}}
	a.watch(t, logsOf(30*time.Second), 56*time.Second) // it is canceled
	assert.Len(t, a.stored, 4)
	require.Len(t, a.told, 2)
	assert.Equal(t, 99.0, *a.told[0].PerMinute)
}

func TestWhatTheStoreDoesNotTakeIsWrittenLaterInOrder(t *testing.T) {
	a := &archive{read: steadyLogs}
	a.storeUp = func() bool { return a.now().Sub(start) > 20*time.Minute }
	a.watch(t, logsOf(30*time.Second), 22*time.Minute) // it is canceled
	require.Len(t, a.stored, len(a.at))
	for i, r := range a.stored {
		assert.True(t, r.Through.Equal(a.at[i]))
	}
}

func TestTheReadingOfLogsGoesOnInTheNextRun(t *testing.T) {
	a := &archive{read: steadyLogs, storeUp: func() bool { return false }}
	err := a.watch(t, logsOf(30*time.Second), 0)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &next)
	var in workflows.WatchLogsInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	assert.JSONEq(t, "500", string(in.Cursor))
	assert.Less(t, len(next.Input.Payloads[0].Data), 100_000, "an hour of readings fits")

	b := &archive{read: steadyLogs}
	b.watch(t, in, time.Minute) // it is canceled
	assert.Equal(t, "500", b.cursors[0])
	assert.GreaterOrEqual(t, len(b.stored), 60)
}

func TestReadingEndsWhenTheLogsAreNoLongerConfigured(t *testing.T) {
	a := &archive{read: func(time.Time) (workflows.ReadLogsOutput, error) {
		return workflows.ReadLogsOutput{}, temporal.NewNonRetryableApplicationError("gone", workflows.ErrNotConfigured, nil)
	}}
	require.NoError(t, a.watch(t, logsOf(30*time.Second), 0))
	assert.Empty(t, a.stored)
}

func TestTheRateOfTroubleInLogsIsASignalWhileItIsFresh(t *testing.T) {
	w := &world{signals: always(healthy())}
	env := w.env()
	in := input()
	in.Settings.LogsEvery = 30 * time.Second
	tell := func(after time.Duration, r workflows.LogRate) {
		env.RegisterDelayedCallback(func() {
			r.At = env.Now()
			env.SignalWorkflow(workflows.SignalLogRate, r)
		}, after)
	}
	tell(2*time.Minute, workflows.LogRate{PerMinute: rate(7)})
	tell(6*time.Minute, workflows.LogRate{Reason: "no Loki"})
	env.RegisterDelayedCallback(env.CancelWorkflow, 7*time.Minute)
	env.ExecuteWorkflow(workflows.ObserveCluster, in)

	var story []string
	for _, c := range w.cycles {
		said := c.Snapshot.Unknown[health.LogPatternRate]
		if v, ok := c.Snapshot.Value(health.LogPatternRate); ok {
			said = fmt.Sprint(v)
		}
		if len(story) == 0 || story[len(story)-1] != said {
			story = append(story, said)
		}
		assert.Equal(t, health.Happy, c.Verdict.State)
	}
	assert.Equal(t, []string{"the logs were not read yet", "7", "the logs were last read at 2026-01-02T03:06:05Z", "no Loki"}, story)
}
