package explain_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

var update = flag.Bool("update", false, "write the golden texts anew; then read what changed")

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	m.Run()
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type values = map[health.SignalID]float64

// healthy is a cluster at ten workflows a second, as measured.
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
		health.WorkflowPollers: 20, health.ActivityPollers: 20, health.PoolUtilization: 25, health.RateLimitEvents: 0,
		health.TaskRestarts: 0, health.MembershipChanges: 0,
		health.WorkflowsCreated: 10, health.ClosedRate: 10, health.TasksAdded: 30, health.BacklogGrowth: 0, health.SlotlessQueues: 0,
		health.UnservedVersions: 0, health.SyncMatch: 0.99, health.FrontendLimited: 0, health.BusyWorkflow: 0, health.ClientErrors: 0,
		health.OversizedTransactions: 0, health.TimerBacklogAge: 0.1, health.TransferBacklogAge: 0.1, health.PendingHistoryTasks: 30,
		health.DeadLetters: 0, health.TerminalFailures: 0, health.Corruptions: 0, health.Deadlocks: 0, health.CertsExpired: 0, health.CertsExpiring: 0,
		health.VisibilityErrors: 0, health.VisibilityErrRatio: 0, health.VisibilityP99: 40, health.VisibilityBacklogAge: 0.2,
		health.SystemWorkerUp: 1, health.SystemQueueAge: 0, health.SchedulesMissed: 0, health.SchedulesOverrun: 0,
		health.WorkflowTaskFailures: 0, health.WorkflowTaskFailureRatio: 0, health.NonDeterminism: 0, health.OversizedMessages: 0,
		health.ActivityFailures: 0, health.ActivityFailureRatio: 0, health.ActivityTimeouts: 0, health.ActivityTimeoutRatio: 0,
	}
}

func with(base, changes values) values {
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

func number(v float64) *float64 { return &v }

// story is some healthy cycles and then trouble.
type story struct {
	name     string
	trouble  values
	queues   []health.TaskQueue
	patterns []evidence.LogPattern
	unknown  map[health.SignalID]string
	// cycles of the trouble, four when 0; then is what follows the trouble, for so many cycles, one when 0.
	cycles, after int
	then          values
	// flaps is how often the trouble came and went before.
	flaps int
}

var noWorkerQueues = []health.TaskQueue{
	{Namespace: "default", Name: "orders", Type: "activity", OldestAgeSec: number(232), Backlog: number(610), InflowPerSec: number(2.5), Pollers: number(0), Starved: true},
	{Namespace: "default", Name: "orders", Type: "workflow", OldestAgeSec: number(155), Backlog: number(375), InflowPerSec: number(5), Pollers: number(0), Starved: true},
}

// stories are what was measured of real clusters in trouble.
func stories() []story {
	noSDK := []health.SignalID{health.WorkflowScheduleToStart, health.ActivityScheduleToStart, health.WorkflowSlots, health.WorkflowSlotsRatio,
		health.ActivitySlots, health.ActivitySlotsRatio, health.WorkflowPollers, health.ActivityPollers}
	return []story{
		{name: "healthy", trouble: healthy()},
		{name: "no worker", trouble: without(with(healthy(), values{
			health.TransitionRate: 5, health.SuccessRate: 0, health.HistoryTaskRate: 10, health.WorkflowStarts: 5, health.BacklogInflow: 5,
			health.WorkflowBacklogAge: 155, health.ActivityBacklogAge: 232, health.PollTimeouts: 1, health.PollSuccess: 0,
			health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.StarvedQueues: 2, health.StarvedOldestAge: 232, health.BacklogDepth: 985,
		}), append(noSDK, health.CompletionRate)...), queues: noWorkerQueues},
		{name: "one dead queue", trouble: with(healthy(), values{
			health.StarvedQueues: 1, health.StarvedOldestAge: 190, health.WorkflowBacklogAge: 190, health.BacklogInflow: 0.5, health.BacklogDepth: 95,
		}), queues: []health.TaskQueue{
			{Namespace: "shop", Name: "refunds", Type: "workflow", OldestAgeSec: number(190), Backlog: number(95), InflowPerSec: number(0.5), Pollers: number(0), Starved: true},
			{Namespace: "shop", Name: "orders", Type: "workflow", OldestAgeSec: number(0), Backlog: number(0), Pollers: number(23)},
		}},
		{name: "starved slots", trouble: with(healthy(), values{
			health.TransitionRate: 12.6, health.WorkflowStarts: 2.5, health.SuccessRate: 1.27, health.HistoryTaskRate: 20, health.ActivityBacklogAge: 73,
			health.MatchingActivityPoll: 0, health.StarvedQueues: 1, health.StarvedOldestAge: 73, health.ActivityScheduleToStart: 10000,
			health.ActivitySlots: 0, health.ActivitySlotsRatio: 0, health.ActivityPollers: 0, health.BacklogDepth: 142,
		}), queues: []health.TaskQueue{
			{Namespace: "default", Name: "orders", Type: "activity", OldestAgeSec: number(73), Backlog: number(142), Pollers: number(0), SlotsAvailable: number(0), Starved: true},
		}},
		{name: "database down", trouble: with(healthy(), values{
			health.TransitionRate: 0, health.SuccessRate: 0.8, health.HistoryTaskRate: 104, health.WorkflowStarts: 6, health.PoolChurn: 258,
			health.FrontendErrors: 5.3, health.FrontendErrRatio: 0.8, health.FrontendP99: 600, health.TransitionP99: 160,
			health.PersistenceP99: 4, health.PersistenceErrors: 287, health.PersistenceErrRatio: 0.92,
		}), patterns: []evidence.LogPattern{
			{ID: "database_down", Service: health.History, Concerns: health.Persistence, Meaning: "The database cannot be reached or breaks connections", Count: 380, Sample: "no usable database connection found"},
			{ID: "database_down", Service: health.Matching, Concerns: health.Persistence, Meaning: "The database cannot be reached or breaks connections", Count: 32, Sample: "no usable database connection found"},
		}},
		{name: "database hung", trouble: with(healthy(), values{
			health.TransitionRate: 0, health.SuccessRate: 0, health.HistoryTaskRate: 27, health.WorkflowStarts: 6, health.FrontendErrors: 0.3,
			health.FrontendErrRatio: 0.03, health.FrontendP99: 9800, health.TransitionP99: 9300, health.PersistenceP99: 8400,
			health.PersistenceErrors: 6.5, health.PersistenceErrRatio: 0.09, health.PoolUtilization: 100,
		})},
		{name: "database slow", trouble: with(healthy(), values{
			health.TransitionRate: 96, health.WorkflowStarts: 6, health.SuccessRate: 6, health.HistoryTaskRate: 137,
			health.TransitionP99: 460, health.FrontendP99: 480, health.PersistenceP99: 360, health.PoolUtilization: 10,
		})},
		{name: "history dead", trouble: without(with(healthy(), values{
			health.FrontendErrors: 50, health.FrontendErrRatio: 0.99, health.WorkflowStarts: 30, health.TargetsUp: 0.75,
		}), health.TransitionRate, health.TransitionP95, health.TransitionP99, health.CompletionRate, health.SuccessRate, health.FailedRate,
			health.HistoryBacklogAge, health.HistoryTaskRate, health.ShardChurn, health.ShardsMoved, health.WorkflowsCreated, health.ClosedRate,
			health.TimerBacklogAge, health.TransferBacklogAge, health.PendingHistoryTasks, health.DeadLetters, health.TerminalFailures, health.Corruptions,
			health.VisibilityBacklogAge, health.ActivityFailureRatio, health.ActivityTimeoutRatio, health.WorkflowTaskFailureRatio),
			unknown: map[health.SignalID]string{
				health.TransitionRate: "no series of the history service", health.HistoryTaskRate: "no series of the history service",
				health.HistoryBacklogAge: "no series of the history service", health.TransitionP99: "no series of the history service",
				health.ShardChurn: "no series of the history service", health.ShardsMoved: "no series of the history service",
			}},
		{name: "rate limited", trouble: with(healthy(), values{
			health.RateLimitEvents: 13, health.FrontendErrors: 13, health.FrontendErrRatio: 0.2, health.WorkflowBacklogAge: 40, health.TransitionRate: 60,
		}), queues: []health.TaskQueue{
			{Namespace: "default", Name: "orders", Type: "workflow", OldestAgeSec: number(40), Backlog: number(300), Pollers: number(23)},
		}},
		{name: "failing workflows", trouble: with(healthy(), values{
			health.TransitionRate: 70, health.WorkflowStarts: 8, health.CompletionRate: 0.33, health.SuccessRate: 2.4, health.FailedRate: 4.9,
		})},
		{name: "blind", trouble: values{}, unknown: map[health.SignalID]string{health.TransitionRate: "Prometheus did not answer in time"}},
		{name: "recovery", trouble: with(healthy(), values{
			health.TransitionRate: 96, health.WorkflowStarts: 6, health.PersistenceP99: 360,
		}), then: healthy(), after: 2},
		{name: "workers return", cycles: 8, after: 5, trouble: with(healthy(), values{
			health.TransitionRate: 5, health.SuccessRate: 0, health.HistoryTaskRate: 10, health.BacklogInflow: 5, health.WorkflowBacklogAge: 155,
			health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.StarvedQueues: 2, health.StarvedOldestAge: 155, health.BacklogDepth: 985,
		}), queues: noWorkerQueues, then: with(healthy(), values{
			health.TransitionRate: 240, health.SuccessRate: 14, health.WorkflowBacklogAge: 155, health.BacklogDepth: 985, health.WorkflowScheduleToStart: 46000,
		})},
		{name: "workers are back", cycles: 6, trouble: with(healthy(), values{
			health.TransitionRate: 5, health.SuccessRate: 0, health.HistoryTaskRate: 10, health.BacklogInflow: 5, health.WorkflowBacklogAge: 155,
			health.MatchingWorkflowPoll: 0, health.MatchingActivityPoll: 0, health.StarvedQueues: 2, health.StarvedOldestAge: 155, health.BacklogDepth: 985,
		}), queues: noWorkerQueues, then: with(healthy(), values{health.WorkflowScheduleToStart: 46000})},
		{name: "slow starts", trouble: with(healthy(), values{health.WorkflowScheduleToStart: 4000})},
		{name: "idle", trouble: without(with(healthy(), values{
			health.TransitionRate: 0, health.SuccessRate: 0, health.HistoryTaskRate: 0, health.WorkflowStarts: 0, health.PollTimeouts: 1, health.PollSuccess: 0,
		}), health.TransitionP95, health.TransitionP99, health.CompletionRate, health.HistoryBacklogAge, health.WorkflowScheduleToStart,
			health.ActivityScheduleToStart, health.FrontendErrRatio)},
		{name: "visibility store down", trouble: with(healthy(), values{
			health.VisibilityErrors: 14, health.VisibilityErrRatio: 1, health.VisibilityBacklogAge: 240,
		})},
		{name: "nondeterminism", trouble: with(healthy(), values{
			health.NonDeterminism: 84, health.WorkflowTaskFailures: 1.4, health.WorkflowTaskFailureRatio: 0.22,
		})},
		{name: "hot workflow", trouble: with(healthy(), values{health.BusyWorkflow: 31, health.RateLimitEvents: 31})},
		{name: "namespace limit", trouble: with(healthy(), values{health.FrontendLimited: 9, health.RateLimitEvents: 9, health.WorkflowBacklogAge: 40})},
		{name: "persistence limit", trouble: with(healthy(), values{health.FrontendLimited: 4, health.RateLimitEvents: 4, health.AdmissionRejects: 60, health.PersistenceP99: 60})},
		{name: "slots taken", trouble: with(healthy(), values{
			health.SlotlessQueues: 1, health.StarvedQueues: 1, health.StarvedOldestAge: 73, health.ActivityBacklogAge: 73, health.MatchingActivityPoll: 0, health.BacklogDepth: 142,
		}), queues: []health.TaskQueue{
			{Namespace: "default", Name: "orders", Type: "activity", OldestAgeSec: number(73), Backlog: number(142), Pollers: number(0), SlotsAvailable: number(0), Starved: true, Slotless: true},
		}},
		{name: "version without workers", trouble: with(healthy(), values{health.UnservedVersions: 1, health.WorkflowBacklogAge: 35}), queues: []health.TaskQueue{
			{Namespace: "shop", Name: "orders", Type: "workflow", OldestAgeSec: number(35), Backlog: number(40), Pollers: number(8), UnservedVersion: "orders:1.7.0"},
		}},
		{name: "missed schedules", trouble: with(healthy(), values{health.SystemWorkerUp: 0, health.SystemQueueAge: 190, health.SchedulesMissed: 3})},
		{name: "replication stuck", trouble: with(healthy(), values{
			health.ReplicationApplied: 0, health.ReplicationLag: 340, health.ReplicationFailures: 0, health.ReplicationStuck: 2,
		})},
		{name: "certificate expired", trouble: with(healthy(), values{health.CertsExpired: 1, health.FrontendErrors: 3, health.FrontendErrRatio: 0.07})},
		{name: "oversized transaction", trouble: with(healthy(), values{health.OversizedTransactions: 0.4})},
		{name: "dead letters", trouble: with(healthy(), values{health.DeadLetters: 4, health.TerminalFailures: 4})},
		{name: "activities fail", trouble: with(healthy(), values{health.ActivityFailures: 9, health.ActivityFailureRatio: 0.83, health.ActivityBacklogAge: 41})},
		{name: "older server", trouble: without(healthy(), health.UnservedVersions, health.CertsExpired, health.CertsExpiring, health.Deadlocks),
			unknown: map[health.SignalID]string{
				health.UnservedVersions: "this server version does not report worker versions", health.Deadlocks: "this server version does not report deadlocks",
				health.CertsExpired: "the server uses no certificates", health.CertsExpiring: "the server uses no certificates",
				health.ReplicationLag: "no other cluster replicates to this one", health.ReplicationStuck: "no other cluster replicates to this one",
				health.ReplicationFailures: "no other cluster replicates to this one",
			}},
		{name: "queues not visible", trouble: without(healthy(), health.StarvedQueues, health.StarvedOldestAge, health.SlotlessQueues, health.BacklogGrowth, health.DeadLetters),
			unknown: map[health.SignalID]string{
				health.StarvedQueues: "the server's metrics do not name task queues", health.StarvedOldestAge: "the server's metrics do not name task queues",
				health.SlotlessQueues: "the server's metrics do not name task queues", health.BacklogGrowth: "the server's metrics do not name task queues",
				health.DeadLetters: "this server version does not export dead letters", health.ReplicationLag: "no other cluster replicates to this one",
				health.ReplicationStuck: "no other cluster replicates to this one", health.ReplicationFailures: "no other cluster replicates to this one",
			}},
		{name: "unloaded queue", cycles: 6, trouble: with(healthy(), values{
			health.StarvedQueues: 1, health.StarvedOldestAge: 190, health.WorkflowBacklogAge: 190, health.BacklogDepth: 95,
		}), queues: []health.TaskQueue{
			{Namespace: "shop", Name: "refunds", Type: "workflow", OldestAgeSec: number(190), Backlog: number(95), Pollers: number(0), Starved: true},
		}, then: healthy(), after: 3},
		{name: "flapping", flaps: 4, trouble: with(healthy(), values{health.PersistenceP99: 140}), then: healthy(), after: 2},
		{name: "deploy", trouble: with(healthy(), values{
			health.ShardsMoved: 0.53, health.ShardChurn: 1.4, health.MembershipChanges: 2, health.TaskRestarts: 1, health.CASFailures: 3,
		}), cycles: 1},
	}
}

// tell plays a story and gathers the evidence of its last cycle, with its last event.
func tell(s story) evidence.Evidence {
	cycles := slices.Repeat([]values{healthy()}, 25)
	for range s.flaps {
		cycles = append(cycles, s.trouble, s.trouble, healthy(), healthy(), healthy())
	}
	begin := len(cycles)
	n := s.cycles
	if n == 0 {
		n = 4
	}
	for range n {
		cycles = append(cycles, s.trouble)
	}
	if s.then != nil {
		cycles = append(cycles, slices.Repeat([]values{s.then}, max(s.after, 1))...)
	}
	var memory health.Memory
	var snapshots []health.Snapshot
	verdicts := make([]health.Verdict, 0, len(cycles))
	var event *health.Event
	var previous *health.Verdict
	for i, v := range cycles {
		snapshot := health.Snapshot{Cluster: "prod-1", At: start.Add(time.Duration(i) * 30 * time.Second), Signals: v}
		if i >= begin && i < begin+n {
			snapshot.Queues, snapshot.Unknown = s.queues, s.unknown
		}
		var verdict health.Verdict
		if i > 0 && (memory.BetterCycles == 0 || previous == nil) {
			previous = &verdicts[i-1]
		}
		verdict, memory = health.Evaluate(memory, snapshot, health.DefaultThresholds())
		if verdict.Event != nil {
			event = verdict.Event
		}
		snapshots, verdicts = append(snapshots, snapshot), append(verdicts, verdict)
	}
	last := len(verdicts) - 1
	if s.name == "healthy" || s.name == "idle" || s.name == "older server" {
		event = nil
	}
	return evidence.Gather(evidence.Input{
		Verdict: verdicts[last], Snapshot: snapshots[last], Before: snapshots[:last], Previous: previous, Event: event, Patterns: s.patterns,
	})
}

func TestTheRulesTellEveryStoryAsAColleagueWould(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			text := rules.Explain(tell(s)).Text()
			path := filepath.Join("testdata", "stories", strings.ReplaceAll(s.name, " ", "_")+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run go test -update and read what it writes")
			assert.Equal(t, string(want), text)
		})
	}
}

// The first line that an engineer reads of every story, what it says to do, and the way back.
func TestTheFirstScreenOfEveryStoryNamesCauseAndAction(t *testing.T) {
	var all strings.Builder
	for _, s := range stories() {
		e := tell(s)
		b := rules.Summarize(e)
		fmt.Fprintf(&all, "%s\n  %s · %s\n", s.name, strings.ToUpper(e.State.String()), b.Headline)
		if len(b.Actions) > 0 {
			fmt.Fprintf(&all, "  do: %s\n", b.Actions[0].Description)
		}
		if b.Recovery != "" {
			fmt.Fprintf(&all, "  %s\n", b.Recovery)
		}
		for _, link := range b.Chain {
			role := map[bool]string{true: "root", false: "also"}[link.Root]
			if link.Consequence {
				role = "  so"
			}
			fmt.Fprintf(&all, "  %s: %s\n", role, link.Text)
		}
		all.WriteString("\n")
		assert.NotContains(t, b.Headline, "[[")
		if e.State == health.Critical && !e.Stale {
			assert.NotEmpty(t, b.Actions, s.name)
		}
		if b.Cause != "" {
			assert.True(t, b.Chain[0].Root, "%s: the root cause comes first", s.name)
			assert.Equal(t, b.Cause, b.Chain[0].ID)
		}
	}
	path := filepath.Join("testdata", "briefs.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(all.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update and read what it writes")
	assert.Equal(t, string(want), all.String())
}

func TestEveryGateHasATextForEverySituation(t *testing.T) {
	told := rules.GatesWithText()
	for _, g := range health.Gates() {
		assert.Contains(t, told, g.ID)
	}
}
