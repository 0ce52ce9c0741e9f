package health_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestTheBottleneckIsTheSideThatTheEvidenceNames(t *testing.T) {
	var (
		code        = values{health.NonDeterminism: 3}
		activities  = values{health.ActivityFailures: 2, health.ActivityFailureRatio: 0.8}
		badEnds     = values{health.CompletionRate: 0.3, health.FailedRate: 7, health.SuccessRate: 3}
		hot         = values{health.BusyWorkflow: 5}
		tooLarge    = values{health.OversizedTransactions: 0.6}
		callbacks   = values{health.CallbacksBlocked: 1}
		waiting     = values{health.WorkflowBacklogAge: 45}
		worker      = values{health.StarvedQueues: 1, health.StarvedOldestAge: 20}
		slow        = values{health.PersistenceP99: 300}
		down        = values{health.PersistenceErrors: 50, health.PersistenceErrRatio: 0.5}
		limit       = values{health.FrontendLimited: 5}
		noSlot      = values{health.SlotlessQueues: 1}
		early       = values{health.ClientErrors: 5, health.ArchivalBacklogAge: 900, health.SyncMatch: 0.5}
		unscraped   = values{health.TargetsUp: 0.5}
		notTaken    = values{health.TransitionRate: 5, health.WorkflowStarts: 5, health.WorkflowsCreated: 5, health.BacklogInflow: 5}
		notAccepted = values{health.TransitionRate: 0, health.WorkflowStarts: 5, health.WorkflowsCreated: 0, health.FrontendErrors: 0.2, health.FrontendErrRatio: 0.01}
	)
	for _, c := range []struct {
		name    string
		changes []values
		want    health.Bottleneck
		state   health.State
	}{
		{"nothing", nil, health.BottleneckHealthy, health.Happy},
		{"workflow code alone", []values{code}, health.ApplicationLimited, health.Stressed},
		{"activities that fail", []values{activities}, health.ApplicationLimited, health.Stressed},
		{"workflows that end badly", []values{badEnds}, health.ApplicationLimited, health.Stressed},
		{"one hot workflow", []values{hot}, health.ApplicationLimited, health.Stressed},
		{"one workflow that is too large", []values{tooLarge}, health.ApplicationLimited, health.Stressed},
		{"callbacks whose destination fails", []values{callbacks}, health.ApplicationLimited, health.Stressed},
		{"code, and tasks that wait behind its retries", []values{code, waiting}, health.ApplicationLimited, health.Stressed},
		{"code beside early signs", []values{code, early}, health.ApplicationLimited, health.Stressed},
		{"code beside processes out of sight", []values{code, unscraped}, health.ApplicationLimited, health.Stressed},
		{"code beside a dead queue", []values{code, worker}, health.WorkerLimited, health.Stressed},
		{"code beside a slow database", []values{code, slow}, health.ServerLimited, health.Stressed},
		{"code beside a database that is down", []values{code, down}, health.ServerLimited, health.Stressed},
		{"tasks that wait", []values{waiting}, health.WorkerLimited, health.Stressed},
		{"tasks that wait in front of a slow database", []values{waiting, slow}, health.ServerLimited, health.Stressed},
		{"a dead queue", []values{worker}, health.WorkerLimited, health.Stressed},
		{"a dead queue and a slow database", []values{worker, slow}, health.Mixed, health.Stressed},
		{"a dead queue and a database that is down", []values{worker, down}, health.ServerLimited, health.Stressed},
		{"a server limit that refuses polls too", []values{limit, worker}, health.ServerLimited, health.Stressed},
		{"a server limit beside workers without a slot", []values{limit, noSlot}, health.Mixed, health.Stressed},
		{"work that is created and not taken", []values{notTaken}, health.WorkerLimited, health.Stressed},
		{"work that is not accepted", []values{notAccepted}, health.ServerLimited, health.Stressed},
		{"early signs alone", []values{early}, health.BottleneckHealthy, health.Happy},
		{"processes out of sight alone", []values{unscraped}, health.BottleneckHealthy, health.Stressed},
	} {
		t.Run(c.name, func(t *testing.T) {
			cycle := healthy()
			for _, changes := range c.changes {
				cycle = with(cycle, changes)
			}
			verdict, _ := health.Evaluate(health.Memory{}, snapshotOf(cycle, 0), health.DefaultThresholds())
			assert.Equal(t, c.want, verdict.Bottleneck, "fired: %v", fired(verdict))
			assert.Equal(t, c.state, verdict.State, "fired: %v", fired(verdict))
		})
	}
}

func TestABottleneckWithoutAChangeOfStateIsSeenTwice(t *testing.T) {
	slow := with(healthy(), values{health.PersistenceP99: 300})
	starved := with(healthy(), values{health.StarvedQueues: 1, health.StarvedOldestAge: 20})
	verdicts, _ := watch(t, health.Memory{}, slow, starved, slow, starved, starved)
	var got []health.Bottleneck
	for _, v := range verdicts {
		got = append(got, v.Bottleneck)
	}
	assert.Equal(t, []health.Bottleneck{health.ServerLimited, health.ServerLimited, health.ServerLimited, health.ServerLimited, health.WorkerLimited}, got)
	assert.Equal(t, health.BottleneckChanged, verdicts[4].Event.Kind)
}

func TestWhatLimitsAHappyClusterIsSeenTwice(t *testing.T) {
	noSlot := with(healthy(), values{health.WorkflowSlots: 0})
	verdicts, _ := watch(t, health.Memory{}, noSlot, healthy(), noSlot, noSlot, healthy(), healthy())
	var got []health.Bottleneck
	for _, v := range verdicts {
		assert.Equal(t, health.Happy, v.State)
		got = append(got, v.Bottleneck)
	}
	assert.Equal(t, []health.Bottleneck{health.BottleneckUnknown, health.BottleneckHealthy, health.BottleneckHealthy, health.WorkerLimited,
		health.WorkerLimited, health.BottleneckHealthy}, got)
}

func TestExhaustedSlotsAreToldFromMissingWorkersAtOnce(t *testing.T) {
	noPoll := with(healthy(), values{
		health.MatchingWorkflowPoll: 0, health.PollSuccess: 0, health.TransitionRate: 5, health.WorkflowStarts: 5, health.WorkflowsCreated: 5,
		health.BacklogInflow: 5, health.StarvedQueues: 1, health.StarvedOldestAge: 5,
	})
	for _, c := range []struct {
		name            string
		slotless        float64
		fires, notFires health.GateID
	}{
		{"no worker", 0, "workflow_pollers_gone", "task_slots_gone"},
		{"no free slot", 1, "task_slots_gone", "workflow_pollers_gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cycle := with(noPoll, values{health.SlotlessQueues: c.slotless})
			verdicts, _ := watch(t, health.Memory{}, healthy(), cycle, cycle, cycle)
			assert.Equal(t, []string{"happy", "stressed", "stressed", "critical"}, states(verdicts))
			assert.Equal(t, health.WorkerLimited, verdicts[1].Bottleneck)
			assert.Contains(t, fired(verdicts[1]), c.fires)
			assert.NotContains(t, fired(verdicts[1]), c.notFires)
		})
	}
}
