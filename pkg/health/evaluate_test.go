package health_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type values = map[health.SignalID]float64

// healthy is the cluster measured at ten workflows a second.
func healthy() values {
	return values{
		health.TransitionRate: 160, health.TransitionP95: 30, health.TransitionP99: 60,
		health.CompletionRate: 1, health.SuccessRate: 10, health.FailedRate: 0,
		health.HistoryBacklogAge: 0.1, health.HistoryTaskRate: 230, health.ShardChurn: 0,
		health.FrontendErrors: 0, health.FrontendP95: 30, health.FrontendP99: 60,
		health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 0,
		health.PollSuccess: 0.999, health.PollTimeouts: 0.001,
		health.PersistenceP95: 20, health.PersistenceP99: 41, health.PersistenceErrors: 0,
		health.WorkflowStarts: 10, health.BacklogInflow: 0, health.CleanupRate: 0,
		health.MatchingWorkflowPoll: 23, health.MatchingActivityPoll: 23, health.StarvedQueues: 0, health.StarvedOldestAge: 0,
		health.PersistenceErrRatio: 0, health.FrontendErrRatio: 0, health.ShardsMoved: 0, health.TargetsUp: 1, health.WarmingUp: 0,
		health.WorkflowScheduleToStart: 46, health.ActivityScheduleToStart: 40,
		health.WorkflowSlots: 199, health.WorkflowSlotsRatio: 0.99, health.ActivitySlots: 199, health.ActivitySlotsRatio: 0.99,
		health.WorkflowPollers: 20, health.ActivityPollers: 20,

		health.WorkflowsCreated: 10, health.ClosedRate: 10, health.TasksAdded: 60, health.BacklogGrowth: 0,
		health.SlotlessQueues: 0, health.UnservedVersions: 0, health.SyncMatch: 0.99,
		health.FrontendLimited: 0, health.BusyWorkflow: 0, health.ClientErrors: 0, health.WaitingCallsP99: 20, health.OversizedTransactions: 0,
		health.TimerBacklogAge: 0.1, health.TransferBacklogAge: 0.1, health.OutboundBacklogAge: 0.1, health.ArchivalBacklogAge: 1,
		health.PendingHistoryTasks: 5, health.DeadLetters: 0, health.TerminalFailures: 0, health.Corruptions: 0,
		health.VisibilityErrors: 0, health.VisibilityErrRatio: 0, health.VisibilityP99: 40, health.VisibilityQueryP99: 60, health.VisibilityBacklogAge: 0.1,
		health.SystemWorkerUp: 1, health.SystemQueueAge: 0, health.SchedulesMissed: 0, health.SchedulesOverrun: 0, health.SchedulesRateLimits: 0,
		health.WorkflowTaskFailures: 0, health.WorkflowTaskFailureRatio: 0, health.NonDeterminism: 0, health.OversizedMessages: 0, health.WorkflowTaskAttempts: 1,
		health.ActivityFailures: 0, health.ActivityFailureRatio: 0, health.ActivityTimeouts: 0, health.ActivityTimeoutRatio: 0,
		health.ReplicationApplied: 5, health.ReplicationLag: 1, health.ReplicationFailures: 0, health.ReplicationStuck: 0,
		health.NexusLatency: 30, health.CallbacksBlocked: 0, health.CertsExpiring: 0, health.CertsExpired: 0, health.Deadlocks: 0,
	}
}

// idle is the same cluster without any request; nothing happens, so latencies and shares are unknown.
func idle() values {
	v := healthy()
	for _, id := range []health.SignalID{
		health.TransitionP95, health.TransitionP99, health.CompletionRate, health.HistoryBacklogAge,
		health.WorkflowScheduleToStart, health.ActivityScheduleToStart, health.FrontendErrRatio,
		health.SyncMatch, health.WaitingCallsP99, health.TimerBacklogAge, health.TransferBacklogAge, health.OutboundBacklogAge,
		health.ArchivalBacklogAge, health.VisibilityP99, health.VisibilityQueryP99, health.VisibilityBacklogAge, health.VisibilityErrRatio,
		health.WorkflowTaskAttempts, health.WorkflowTaskFailureRatio, health.ActivityFailureRatio, health.ActivityTimeoutRatio,
		health.ReplicationLag, health.NexusLatency,
	} {
		delete(v, id)
	}
	maps.Copy(v, values{
		health.TransitionRate: 0, health.SuccessRate: 0, health.HistoryTaskRate: 0, health.WorkflowStarts: 0,
		health.FrontendP95: 1, health.FrontendP99: 2, health.PersistenceP99: 5, health.PollTimeouts: 1, health.PollSuccess: 0,
		health.WorkflowsCreated: 0, health.ClosedRate: 0, health.TasksAdded: 0, health.ReplicationApplied: 0,
	})
	return v
}

// busy is a healthy cluster of the high band.
func busy() values {
	return with(healthy(), values{
		health.TransitionRate: 1000, health.WorkflowStarts: 60, health.WorkflowsCreated: 60, health.ClosedRate: 60,
		health.SuccessRate: 60, health.HistoryTaskRate: 1500, health.TasksAdded: 400,
	})
}

func with(base values, changes values) values {
	v := maps.Clone(base)
	maps.Copy(v, changes)
	return v
}

func without(base values, ids ...health.SignalID) values {
	v := maps.Clone(base)
	for _, id := range ids {
		delete(v, id)
	}
	return v
}

// watch feeds cycles 30 seconds apart and returns all verdicts.
func watch(t *testing.T, memory health.Memory, cycles ...values) ([]health.Verdict, health.Memory) {
	t.Helper()
	var verdicts []health.Verdict
	for i, v := range cycles {
		var verdict health.Verdict
		snapshot := health.Snapshot{Cluster: "c", At: start.Add(time.Duration(i) * 30 * time.Second), Signals: v}
		verdict, memory = health.Evaluate(memory, snapshot, health.DefaultThresholds())
		verdicts = append(verdicts, verdict)
	}
	return verdicts, memory
}

func repeat(n int, v values) []values {
	all := make([]values, n)
	for i := range all {
		all[i] = v
	}
	return all
}

func states(verdicts []health.Verdict) []string {
	var names []string
	for _, v := range verdicts {
		names = append(names, v.State.String())
	}
	return names
}

func gate(t *testing.T, v health.Verdict, id health.GateID) health.GateResult {
	t.Helper()
	for _, g := range v.Gates {
		if g.ID == id {
			return g
		}
	}
	require.Failf(t, "no such gate in the verdict", "%s", id)
	return health.GateResult{}
}

func fired(v health.Verdict) []health.GateID {
	var ids []health.GateID
	for _, g := range v.Gates {
		if g.Result == health.Fired {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

func unknown(v health.Verdict) []health.GateID {
	var ids []health.GateID
	for _, g := range v.Gates {
		if g.Result == health.NotKnowable {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

func TestStoriesOfClusters(t *testing.T) {
	noWorker := with(healthy(), values{
		health.TransitionRate: 5, health.SuccessRate: 0, health.HistoryTaskRate: 10, health.WorkflowStarts: 5, health.WorkflowsCreated: 5,
		health.ClosedRate: 0, health.BacklogInflow: 5, health.TasksAdded: 5, health.BacklogGrowth: 5,
		health.WorkflowBacklogAge: 155, health.ActivityBacklogAge: 232, health.PollTimeouts: 1, health.PollSuccess: 0,
		health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.StarvedQueues: 2, health.StarvedOldestAge: 232,
	})
	noWorker = without(noWorker, health.CompletionRate, health.WorkflowScheduleToStart, health.ActivityScheduleToStart,
		health.WorkflowSlots, health.WorkflowSlotsRatio, health.ActivitySlots, health.ActivitySlotsRatio, health.WorkflowPollers, health.ActivityPollers)

	databaseDown := with(healthy(), values{
		health.TransitionRate: 0, health.SuccessRate: 0.8, health.HistoryTaskRate: 104, health.WorkflowStarts: 6, health.WorkflowsCreated: 0,
		health.FrontendErrors: 5.3, health.FrontendErrRatio: 0.8, health.FrontendP99: 600, health.TransitionP99: 160,
		health.PersistenceP99: 4, health.PersistenceErrors: 287, health.PersistenceErrRatio: 0.92,
	})
	databaseHung := with(healthy(), values{
		health.TransitionRate: 0, health.SuccessRate: 0, health.HistoryTaskRate: 27, health.WorkflowStarts: 6, health.WorkflowsCreated: 0, health.FrontendErrors: 0.3,
		health.FrontendErrRatio: 0.03, health.FrontendP99: 9800, health.TransitionP99: 9300, health.PersistenceP99: 8400,
		health.PersistenceErrors: 6.5, health.PersistenceErrRatio: 0.09,
	})
	databaseSlow := with(healthy(), values{
		health.TransitionRate: 96, health.WorkflowStarts: 6, health.WorkflowsCreated: 6, health.SuccessRate: 6, health.HistoryTaskRate: 137,
		health.TransitionP99: 460, health.FrontendP99: 480, health.PersistenceP99: 360,
	})
	starved := with(healthy(), values{
		health.TransitionRate: 12.6, health.WorkflowStarts: 2.5, health.WorkflowsCreated: 2.5, health.SuccessRate: 1.27, health.HistoryTaskRate: 20,
		health.ActivityBacklogAge: 73, health.MatchingActivityPoll: 0, health.StarvedQueues: 1, health.StarvedOldestAge: 73,
		health.ActivitySlots: 0, health.ActivitySlotsRatio: 0, health.ActivityPollers: 0, health.ActivityScheduleToStart: 10000,
	})
	failing := with(healthy(), values{
		health.TransitionRate: 70, health.WorkflowStarts: 8, health.WorkflowsCreated: 8, health.SuccessRate: 2.4, health.FailedRate: 4.9, health.CompletionRate: 0.33,
	})
	rateLimited := with(healthy(), values{
		health.FrontendErrors: 13, health.FrontendErrRatio: 0.4, health.WorkflowScheduleToStart: 24000, health.ActivityScheduleToStart: 40000,
	})
	historyDead := without(with(healthy(), values{
		health.FrontendErrors: 50, health.FrontendErrRatio: 0.99, health.TargetsUp: 0.75, health.WorkflowStarts: 50,
	}), health.TransitionRate, health.TransitionP95, health.TransitionP99, health.CompletionRate, health.SuccessRate, health.FailedRate,
		health.HistoryBacklogAge, health.HistoryTaskRate, health.ShardChurn, health.ShardsMoved, health.WorkflowsCreated, health.ClosedRate,
		health.TimerBacklogAge, health.TransferBacklogAge, health.OutboundBacklogAge, health.ArchivalBacklogAge, health.PendingHistoryTasks)
	startUp := with(idle(), values{
		health.TransitionRate: 4, health.ShardChurn: 1.2, health.ShardsMoved: 1, health.WarmingUp: 1,
		health.PersistenceP99: 30, health.HistoryTaskRate: 3, health.HistoryBacklogAge: 0.2,
	})
	retention := with(idle(), values{health.CleanupRate: 400, health.HistoryTaskRate: 400, health.HistoryBacklogAge: 0.3})

	for _, story := range []struct {
		name       string
		cycle      values
		want       health.State
		bottleneck health.Bottleneck
	}{
		{"a healthy cluster is happy", healthy(), health.Happy, health.BottleneckHealthy},
		{"an idle cluster is happy", idle(), health.Happy, health.BottleneckHealthy},
		{"an idle cluster without any worker is happy", with(idle(), values{
			health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.WorkflowPollers: 0}), health.Happy, health.BottleneckHealthy},
		{"a starting cluster is happy", startUp, health.Happy, health.BottleneckHealthy},
		{"a retention storm is no trouble", retention, health.Happy, health.BottleneckHealthy},
		{"all workers gone while tasks wait is critical and the workers' side", noWorker, health.Critical, health.WorkerLimited},
		{"all workers gone while clients go on signalling is no progress", with(noWorker, values{health.TransitionRate: 12}), health.Critical, health.WorkerLimited},
		{"workers that are busy to the last poll are not gone", with(healthy(), values{
			health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.BacklogInflow: 2}), health.Happy, health.BottleneckHealthy},
		{"a dead database is critical though it looks fast", databaseDown, health.Critical, health.ServerLimited},
		{"a hung database is critical though hardly anything fails", databaseHung, health.Critical, health.ServerLimited},
		{"a slow database is stress", databaseSlow, health.Stressed, health.ServerLimited},
		{"exhausted activity slots are stress on the workers' side", starved, health.Stressed, health.WorkerLimited},
		{"failing workflows are critical, and the application's", failing, health.Critical, health.ApplicationLimited},
		{"a rate limit is the server's doing though tasks wait", rateLimited, health.Stressed, health.ServerLimited},
		{"a dead history service is critical though its signals are unknown", historyDead, health.Critical, health.ServerLimited},
	} {
		t.Run(story.name, func(t *testing.T) {
			verdicts, _ := watch(t, health.Memory{}, repeat(4, story.cycle)...)
			last := verdicts[len(verdicts)-1]
			assert.Equal(t, story.want, last.State, "fired: %v, states: %v", fired(last), states(verdicts))
			assert.Equal(t, story.bottleneck, last.Bottleneck, "fired: %v", fired(last))
			assert.False(t, last.Stale)
		})
	}
}

func TestBlindnessIsNotHealth(t *testing.T) {
	t.Run("a cluster that exports everything covers everything", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, healthy())
		assert.InDelta(t, 1, verdicts[0].Coverage, 0, "unknown: %v", unknown(verdicts[0]))
		assert.Empty(t, unknown(verdicts[0]))
	})
	t.Run("nothing known from the start is unknown, stale, and covers nothing", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, repeat(5, values{})...)
		for _, v := range verdicts {
			assert.Equal(t, health.Unknown, v.State)
			assert.True(t, v.Stale)
			assert.Zero(t, v.Coverage)
			assert.Empty(t, fired(v))
		}
		assert.NotNil(t, verdicts[0].Event, "that nothing can be seen is worth telling once")
		assert.Nil(t, verdicts[1].Event)
	})
	t.Run("a cluster that goes dark keeps its state, stale, and comes back", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, healthy(), values{}, values{}, healthy())
		assert.Equal(t, []string{"happy", "happy", "happy", "happy"}, states(verdicts))
		assert.Equal(t, []bool{false, true, true, false}, []bool{verdicts[0].Stale, verdicts[1].Stale, verdicts[2].Stale, verdicts[3].Stale})
		assert.Equal(t, health.StalenessChanged, verdicts[1].Event.Kind)
		assert.Nil(t, verdicts[2].Event)
		assert.Equal(t, health.StalenessChanged, verdicts[3].Event.Kind)
	})
	t.Run("a critical cluster does not get better by losing the signal that made it critical", func(t *testing.T) {
		sick := with(healthy(), values{health.PersistenceErrRatio: 0.9, health.PersistenceErrors: 200})
		blind := without(healthy(), health.PersistenceErrRatio, health.PersistenceErrors)
		verdicts, _ := watch(t, health.Memory{}, sick, sick, sick, blind, blind, healthy(), healthy())
		assert.Equal(t, []string{"stressed", "stressed", "critical", "critical", "critical", "critical", "happy"}, states(verdicts))
		assert.True(t, verdicts[4].Stale)
		assert.False(t, verdicts[5].Stale)
	})
	t.Run("progress that nobody can see is not happy", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, without(healthy(), health.TransitionRate))
		assert.Equal(t, health.Unknown, verdicts[0].State)
		assert.True(t, verdicts[0].Stale)
	})
}

func TestHappyIsWhatWasLookedAtAltogether(t *testing.T) {
	gap := without(healthy(), health.FrontendP99)
	slow := with(gap, values{health.PersistenceP99: 300})
	t.Run("a cluster that was never seen is not happy while one gate is unknown", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, gap)
		assert.Equal(t, health.Unknown, verdicts[0].State)
		assert.True(t, verdicts[0].Stale)
	})
	t.Run("a happy one stays so for two cycles, and learns nothing from them", func(t *testing.T) {
		verdicts, memory := watch(t, health.Memory{}, healthy(), gap, gap, gap, gap, healthy())
		assert.Equal(t, []string{"happy", "happy", "happy", "happy", "happy", "happy"}, states(verdicts))
		var stale []bool
		for _, v := range verdicts {
			stale = append(stale, v.Stale)
		}
		assert.Equal(t, []bool{false, false, false, true, true, false}, stale)
		assert.Equal(t, 2, memory.Baseline.Cycles)
	})
	t.Run("a fault is a fault beside an unknown gate", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, healthy(), slow)
		assert.Equal(t, health.Stressed, verdicts[1].State)
		assert.False(t, verdicts[1].Stale)
	})
	t.Run("a stressed one does not recover by what is not seen", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, slow, gap, gap, gap, gap)
		assert.Equal(t, health.Stressed, verdicts[4].State)
		assert.True(t, verdicts[4].Stale)
	})
	t.Run("a critical one improves to stressed", func(t *testing.T) {
		sick := with(gap, values{health.HistoryBacklogAge: 200})
		verdicts, _ := watch(t, health.Memory{}, sick, sick, sick, gap, gap, gap)
		assert.Equal(t, []string{"stressed", "stressed", "critical", "critical", "stressed", "stressed"}, states(verdicts))
	})
}

func TestTheWayToCriticalAndBack(t *testing.T) {
	sick := with(healthy(), values{health.HistoryBacklogAge: 200})
	t.Run("three critical cycles in a row make critical, through stressed", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, healthy(), sick, sick, sick, sick)
		assert.Equal(t, []string{"happy", "stressed", "stressed", "critical", "critical"}, states(verdicts))
	})
	t.Run("one good cycle starts the count again", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, sick, sick, healthy(), sick, sick)
		assert.NotContains(t, states(verdicts), "critical")
	})
	t.Run("a blind cycle neither counts nor forgives", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, sick, sick, values{}, sick)
		assert.Equal(t, []string{"stressed", "stressed", "stressed", "critical"}, states(verdicts))
	})
	t.Run("leaving needs margin", func(t *testing.T) {
		almost := with(healthy(), values{health.HistoryBacklogAge: 100})
		better := with(healthy(), values{health.HistoryBacklogAge: 80})
		between := with(healthy(), values{health.HistoryBacklogAge: 20})
		verdicts, _ := watch(t, health.Memory{}, sick, sick, sick, almost, better, between, healthy(), healthy())
		assert.Equal(t, []string{"stressed", "stressed", "critical", "critical", "critical", "stressed", "stressed", "happy"}, states(verdicts))
	})
	t.Run("every change has an event, numbered without a gap, and nothing else has", func(t *testing.T) {
		verdicts, memory := watch(t, health.Memory{}, healthy(), healthy(), sick, sick, sick, sick, values{}, healthy(), healthy())
		var seqs []int64
		for _, v := range verdicts {
			if v.Event != nil {
				seqs = append(seqs, v.Event.Seq)
			}
		}
		assert.Equal(t, []int64{1, 2, 3, 4, 5, 6}, seqs, "happy, stressed, critical, stale, no longer stale, happy")
		assert.Equal(t, int64(6), memory.Seq)
	})
}

func TestDemandDecidesBetweenIdleAndStalled(t *testing.T) {
	for name, sign := range map[string]values{
		"starts that fail":                       {health.FrontendErrors: 0.2, health.FrontendErrRatio: 0.01},
		"starts that hang at the frontend":       {health.FrontendP99: 9800},
		"starts that hang in the database":       {health.PersistenceP99: 8400},
		"starts that the database does not take": {health.PersistenceErrRatio: 0.02, health.PersistenceErrors: 0.1},
	} {
		t.Run(name+" are demand without progress, however low the numbers are", func(t *testing.T) {
			stalled := with(with(idle(), values{health.WorkflowStarts: 0.2}), sign)
			verdicts, _ := watch(t, health.Memory{}, repeat(3, stalled)...)
			assert.Equal(t, health.Critical, verdicts[2].State)
			g := gate(t, verdicts[2], "progress_stalled")
			assert.Equal(t, health.Fired, g.Result)
			assert.InDelta(t, 0.225, g.Threshold, 1e-9, "the recovery threshold: 1.125 transitions for each of 0.2 starts/s")
		})
	}
	t.Run("starts that find running workflows demand nothing", func(t *testing.T) {
		found := with(healthy(), values{health.WorkflowStarts: 20, health.TransitionRate: 4, health.HistoryTaskRate: 6, health.WorkflowsCreated: 0.2,
			health.SuccessRate: 0.2, health.ClosedRate: 0.2, health.TasksAdded: 1})
		for _, cycle := range []values{found, without(found, health.WorkflowsCreated)} {
			verdicts, _ := watch(t, health.Memory{}, repeat(3, cycle)...)
			assert.Equal(t, health.Happy, verdicts[2].State, "fired: %v", fired(verdicts[2]))
		}
	})
	t.Run("starts with a delay write one transition each and are no stall", func(t *testing.T) {
		delayed := with(healthy(), values{health.TransitionRate: 10.5, health.HistoryTaskRate: 20, health.SuccessRate: 0.05, health.ClosedRate: 0.05})
		verdicts, _ := watch(t, health.Memory{}, repeat(3, delayed)...)
		assert.Equal(t, health.Happy, verdicts[2].State, "fired: %v", fired(verdicts[2]))
	})
	t.Run("a collapse does not relax the thresholds it is judged by", func(t *testing.T) {
		collapsed := with(busy(), values{health.TransitionRate: 10, health.WorkflowBacklogAge: 45})
		verdicts, memory := watch(t, health.Memory{}, append(repeat(60, busy()), repeat(200, collapsed)...)...)
		assert.Equal(t, health.High, verdicts[59].Band)
		assert.Equal(t, health.Critical, verdicts[len(verdicts)-1].State)
		assert.Equal(t, health.High, memory.Band)
	})
	t.Run("a quiet night is no collapse", func(t *testing.T) {
		night := with(healthy(), values{health.TransitionRate: 10, health.WorkflowStarts: 0.6, health.WorkflowsCreated: 0.6,
			health.HistoryTaskRate: 12, health.SuccessRate: 0.6, health.ClosedRate: 0.6})
		verdicts, _ := watch(t, health.Memory{}, append(repeat(60, busy()), repeat(20, night)...)...)
		assert.Equal(t, health.Happy, verdicts[len(verdicts)-1].State, "fired: %v", fired(verdicts[len(verdicts)-1]))
	})
	t.Run("a drop to a fraction of the usual throughput under the usual demand is stress", func(t *testing.T) {
		dropped := with(busy(), values{health.TransitionRate: 150})
		verdicts, _ := watch(t, health.Memory{}, append(repeat(60, busy()), dropped)...)
		last := verdicts[len(verdicts)-1]
		assert.Equal(t, health.Stressed, last.State)
		assert.Equal(t, []health.GateID{"throughput_dropped"}, fired(last))
	})
	t.Run("tasks that wait with a stopped cluster are a stall though nobody starts anything", func(t *testing.T) {
		stalled := with(idle(), values{health.WorkflowBacklogAge: 300})
		verdicts, _ := watch(t, health.Memory{}, repeat(3, stalled)...)
		assert.Equal(t, health.Critical, verdicts[2].State)
	})
}

func TestOneDeadQueueAmongManyIsFoundAndNamed(t *testing.T) {
	age, backlog, pollers := 150.0, 12.0, 0.0
	snapshot := health.Snapshot{Cluster: "c", At: start,
		Signals: with(healthy(), values{health.StarvedQueues: 1, health.StarvedOldestAge: age}),
		Queues: []health.TaskQueue{{Namespace: "payments", Name: "refunds", Type: "activity",
			OldestAgeSec: &age, Backlog: &backlog, Pollers: &pollers, Starved: true}},
	}
	verdict, _ := health.Evaluate(health.Memory{}, snapshot, health.DefaultThresholds())
	assert.Equal(t, health.Stressed, verdict.State)
	assert.Equal(t, health.WorkerLimited, verdict.Bottleneck)
	assert.Equal(t, "worst: activity queue refunds in namespace payments", gate(t, verdict, "starved_too_long").Note)
}

func TestAGateNamesTheWorstQueueThatItIsAbout(t *testing.T) {
	queues := []health.TaskQueue{
		{Namespace: "shop", Name: "slow", Type: "workflow", OldestAgeSec: number(40), Pollers: number(5)},
		{Namespace: "shop", Name: "dead", Type: "activity", Starved: true, Pollers: number(0)},
		{Namespace: "shop", Name: "full", Type: "activity", Starved: true, Slotless: true},
		{Namespace: "shop", Name: "rollout", Type: "workflow", UnservedVersion: "v2", Pollers: number(5)},
	}
	verdict, _ := health.Evaluate(health.Memory{}, health.Snapshot{Cluster: "c", At: start, Queues: queues, Signals: with(healthy(), values{
		health.WorkflowBacklogAge: 40, health.ActivityBacklogAge: 35, health.StarvedQueues: 2, health.SlotlessQueues: 1, health.UnservedVersions: 1,
	})}, health.DefaultThresholds())
	for id, want := range map[health.GateID]string{
		"workflow_backlog":        "worst: workflow queue slow in namespace shop",
		"activity_backlog":        "worst: activity queue dead in namespace shop",
		"queues_starved":          "worst: activity queue dead in namespace shop",
		"task_slots_gone":         "worst: activity queue full in namespace shop",
		"worker_version_unserved": "worst: workflow queue rollout in namespace shop",
	} {
		assert.Equal(t, want, gate(t, verdict, id).Note, id)
	}
}

func TestLatenciesRestWhileTheClusterStarts(t *testing.T) {
	wild := with(healthy(), values{
		health.HistoryBacklogAge: 200, health.TransitionP99: 5000, health.ShardChurn: 20, health.ShardsMoved: 1, health.PersistenceP99: 900,
		health.FrontendP99: 5000, health.VisibilityP99: 9000, health.VisibilityBacklogAge: 300, health.TimerBacklogAge: 200,
	})
	all := values{health.WarmingUp: 1}
	verdicts, memory := watch(t, health.Memory{}, repeat(3, with(wild, all))...)
	assert.Equal(t, []string{"happy", "happy", "happy"}, states(verdicts), "fired: %v", fired(verdicts[0]))
	assert.Zero(t, memory.Baseline.Cycles, "a cluster that starts teaches nothing")

	verdicts, _ = watch(t, memory, repeat(3, with(wild, barelyStarting))...)
	assert.Equal(t, []string{"stressed", "stressed", "critical"}, states(verdicts), "one restarting process of many hides nothing")

	half, _ := watch(t, health.Memory{}, repeat(3, with(wild, starting))...)
	assert.Equal(t, []string{"stressed", "stressed", "stressed"}, states(half), "one of two hosts that restarts moves shards")

	failing := with(wild, values{health.PersistenceErrors: 50, health.PersistenceErrRatio: 0.5})
	verdicts, _ = watch(t, health.Memory{}, repeat(3, with(failing, starting))...)
	assert.Equal(t, health.Critical, verdicts[2].State, "errors do not rest")
}

func TestALatencyOfFewCallsRests(t *testing.T) {
	few := health.Snapshot{Cluster: "c", At: start, Signals: without(healthy(), health.FrontendP99, health.PersistenceP99)}
	few.Few = map[health.SignalID]bool{health.FrontendP99: true}
	verdict, _ := health.Evaluate(health.Memory{}, few, health.DefaultThresholds())
	assert.Equal(t, health.Passed, gate(t, verdict, "frontend_slow").Result)
	assert.Equal(t, "too few operations to measure it", gate(t, verdict, "frontend_slow").Note)
	assert.Equal(t, health.NotKnowable, gate(t, verdict, "persistence_slow").Result, "of this one it is not known")

	few.Signals = with(few.Signals, values{health.FrontendP99: 5000})
	verdict, _ = health.Evaluate(health.Memory{}, few, health.DefaultThresholds())
	assert.Equal(t, health.Fired, gate(t, verdict, "frontend_slow").Result, "a value counts")
}

func TestHiddenTaskQueuesAreJudgedByTheirBalance(t *testing.T) {
	hidden := without(healthy(), health.StarvedQueues, health.StarvedOldestAge, health.SlotlessQueues, health.WorkflowBacklogAge, health.ActivityBacklogAge)
	for _, c := range []struct {
		name   string
		growth float64
		want   health.State
		stale  bool
	}{
		{"balanced", 0, health.Happy, false},
		{"one task in a thousand is missing", 0.06, health.Happy, false},
		{"a few in a thousand: dropped tasks or a dead queue", 0.3, health.Unknown, true},
		{"more than one in a hundred", 0.61, health.Stressed, false},
		{"the balance is unknown as well", missing, health.Unknown, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cycle := with(hidden, values{health.BacklogGrowth: c.growth})
			verdicts, _ := watch(t, health.Memory{}, cycle)
			assert.Equal(t, c.want, verdicts[0].State, "fired: %v, unknown: %v", fired(verdicts[0]), unknown(verdicts[0]))
			assert.Equal(t, c.stale, verdicts[0].Stale)

			verdicts, _ = watch(t, health.Memory{}, append([]values{healthy()}, repeat(3, cycle)...)...)
			assert.Equal(t, c.stale, verdicts[3].Stale)
		})
	}
	t.Run("no balance that is between recovers a cluster", func(t *testing.T) {
		verdicts, _ := watch(t, health.Memory{}, append(repeat(3, with(hidden, values{health.BacklogGrowth: 0.61})),
			repeat(5, with(hidden, values{health.BacklogGrowth: 0.3}))...)...)
		assert.Equal(t, health.Stressed, verdicts[7].State)
		assert.True(t, verdicts[7].Stale)
	})
}

func TestPartsThatAClusterNeedNotHaveLowerNoCoverage(t *testing.T) {
	var all []health.SignalID
	for _, g := range health.Gates() {
		verdicts, _ := watch(t, health.Memory{}, without(healthy(), g.Signal))
		v := verdicts[0]
		switch {
		case g.Optional:
			all = append(all, g.Signal)
			assert.InDelta(t, 1, v.Coverage, 0, g.ID)
			assert.Equal(t, health.Happy, v.State, g.ID)
		case g.Deciding && gate(t, v, g.ID).Result == health.NotKnowable:
			assert.Less(t, v.Coverage, 1.0, g.ID)
		}
	}
	assert.NotEmpty(t, all)
	verdicts, _ := watch(t, health.Memory{}, without(healthy(), all...))
	assert.Equal(t, health.Happy, verdicts[0].State)
	assert.InDelta(t, 1, verdicts[0].Coverage, 0)
}

func TestServicesAreDerivedFromTheSameGates(t *testing.T) {
	verdicts, _ := watch(t, health.Memory{}, without(with(healthy(), values{health.PersistenceP99: 300}),
		health.FrontendP99, health.FrontendErrRatio, health.FrontendErrors, health.FrontendLimited, health.ClientErrors))
	got := map[health.Service]health.State{}
	for _, s := range health.ServiceStatuses(verdicts[0]) {
		got[s.Service] = s.State
	}
	assert.Equal(t, map[health.Service]health.State{
		health.Frontend: health.Unknown, health.History: health.Happy, health.Matching: health.Happy,
		health.Persistence: health.Stressed, health.Visibility: health.Happy, health.SystemWorker: health.Happy,
		health.Replication: health.Happy, health.Workers: health.Happy,
	}, got)
}

func TestScalingRules(t *testing.T) {
	verdicts, _ := watch(t, health.Memory{}, with(healthy(), values{
		health.WorkflowSlots: 0, health.StickyCacheSize: 500, health.StickyCacheImbalance: 3, health.PollersPerSlot: 2}))
	var rules []health.ScalingRule
	for _, w := range verdicts[0].Warnings {
		rules = append(rules, w.Rule)
	}
	assert.Equal(t, []health.ScalingRule{health.NeverScaleDownAtZero, health.StickyQueueWarning,
		health.RestartToRedistribute, health.PollerExecutorMismatch}, rules)

	verdicts, _ = watch(t, health.Memory{}, without(healthy(), health.WorkflowSlots, health.ActivitySlots))
	assert.Empty(t, verdicts[0].Warnings, "slots that nobody reported are not slots at zero")
}
