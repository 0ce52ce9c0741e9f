package telemetry

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
)

// recorded is a real Prometheus that holds the recorded phases: all of them as the cluster "plain", and some
// of them again with other exporters and target labels, kept apart by the label "variant".
var recorded struct {
	sync.Once
	prometheus *testenv.Prometheus
	err        error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, prometheus := range []*testenv.Prometheus{recorded.prometheus, recordings.prometheus} {
		if prometheus == nil {
			continue
		}
		if err := prometheus.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func recordedURL(t testing.TB) string {
	t.Helper()
	recorded.Do(func() { recorded.prometheus, recorded.err = loadRecorded(context.Background()) })
	testenv.Require(t, recorded.err)
	return recorded.prometheus.URL()
}

func loadRecorded(ctx context.Context) (*testenv.Prometheus, error) {
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{RemoteWrite: true, OutOfOrder: 2 * time.Hour})
	if err != nil {
		return nil, err
	}
	asked := askedMetrics()
	only := func(metric string) bool { return asked[metric] }
	onlyWorkers := func(metric string) bool {
		return only(metric) && (strings.HasPrefix(metric, "temporal_") || strings.HasPrefix(metric, "task_schedule_to_start") || metric == "num_goroutines")
	}
	loads := []phases.Options{{Only: only}}
	for _, exporter := range []string{"worker-otel", "worker-otelmono", "worker-tally", "worker-tallysummary"} {
		loads = append(loads, phases.Options{
			Only: onlyWorkers, Phases: []string{"healthy"}, WorkerDump: exporter, TargetLabels: map[string]string{"variant": exporter},
		})
	}
	loads = append(loads, phases.Options{
		Only: only, Phases: []string{"starved"},
		TargetLabels: map[string]string{"variant": "kubernetes", "namespace": "temporal-prod", "service_name": "temporal-history-headless"},
	})
	for _, l := range loads {
		if err := phases.Load(ctx, prometheus.URL(), l); err != nil {
			return prometheus, err
		}
	}
	return prometheus, nil
}

// askedMetrics are the metrics that any query of the tables names, in any dialect. Loading no others makes
// the test quick; those not loaded could only matter to a query that names no metric.
func askedMetrics() map[string]bool {
	asked := map[string]bool{}
	word := regexp.MustCompile(`[a-z][a-z0-9_]+`)
	for _, server := range []ServerDialect{Tally, OpenTelemetry} {
		sdk := []SDKDialect{{}, {CounterSuffix: true, TimerSuffix: "_seconds"}, {Summary: true, TimerSuffix: "_seconds"}}
		a := asking{cluster: Cluster{}, names: naming{server: server, sdk: sdk, seen: map[string]bool{}, byVersion: true}}
		for _, d := range sdk {
			a.names.timers = append(a.names.timers, sdkTimers{dialect: d})
		}
		for _, f := range families {
			a.names.seen[f.name] = true
			asked[server.counter(f.name)] = true
		}
		var texts []string
		for _, row := range asks {
			if row.query != nil {
				texts = append(texts, row.query(&a).text)
			}
		}
		for _, q := range queueQuestions(&a) {
			texts = append(texts, q.promql)
		}
		for _, t := range texts {
			for _, w := range word.FindAllString(t, -1) {
				asked[w] = true
			}
		}
	}
	for _, name := range []string{"build_information", "persistence_requests", "memory_gc_pause_ms_bucket", "memory_gc_pause_ms_milliseconds_bucket"} {
		asked[name] = true
	}
	return asked
}

// plain is the recorded cluster, without its variants.
func plain() Cluster {
	return Cluster{Name: "plain", Selector: `job=~"temporal-.*",variant=""`, WorkerSelector: `job="app-worker",variant=""`}
}

func variant(name string) Cluster {
	return Cluster{
		Name: name, Selector: fmt.Sprintf(`job=~"temporal-.*",variant=%q`, name), WorkerSelector: fmt.Sprintf(`job="app-worker",variant=%q`, name),
	}
}

func readRecorded(t testing.TB, c Cluster, at time.Time) Reading {
	t.Helper()
	r, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	reading, err := r.Read(context.Background(), c, at)
	require.NoError(t, err)
	return reading
}

func phase(t testing.TB, name string) phases.Phase {
	t.Helper()
	p, err := phases.Find(name)
	require.NoError(t, err)
	return p
}

// between are the smallest and largest value that a signal may have.
type between [2]float64

func exactly(v float64) between { return between{v, v} }

type sizes map[health.SignalID]between

func (s sizes) with(more sizes) sizes {
	all := sizes{}
	for _, m := range []sizes{s, more} {
		for id, b := range m {
			all[id] = b
		}
	}
	return all
}

// What the stock server and SDK do not export, and what this recording has no source for.
var neverKnown = []health.SignalID{
	health.PersistenceRetries, health.OCCConflicts, health.SerializationFailures, health.PoolWaitCount, health.PoolWaitDuration,
	health.PoolOpens, health.PoolCloses, health.ReservoirSize, health.ReservoirEmpty, health.ReservoirDiscards,
	health.RetryTime, health.CacheEvictions, health.CacheSize, health.GRPCQueueDepth, health.BlockedGoroutines,
	health.CPUThrottle, health.MemoryRSS, health.LogPatternRate, health.LeaderChanges,
}

// What these recordings have no traffic or no settings for: replication, Nexus, certificates, worker versions.
var notInUse = []health.SignalID{
	health.ReservoirTarget, health.ReplicationLag, health.NexusLatency, health.CertsExpiring, health.CertsExpired, health.Deadlocks,
	health.UnservedVersions, health.OutboundBacklogAge, health.ArchivalBacklogAge, health.WaitingCallsP99, health.VisibilityQueryP99,
}

// What no metric shows while nothing happens, or may show.
var mayBeSilent = []health.SignalID{
	health.FrontendP95, health.FrontendP99, health.WorkflowsCreated, health.SyncMatch, health.TimerBacklogAge, health.TransferBacklogAge, health.VisibilityBacklogAge, health.VisibilityP99,
	health.WorkflowTaskAttempts, health.PendingHistoryTasks, health.SystemQueueAge, health.TasksAdded, health.BacklogGrowth,
}

// What only SDK metrics tell.
var fromWorkersOnly = []health.SignalID{
	health.PollerConcurrency, health.TaskSlotsAvailable, health.TaskSlotsUsed,
	health.WorkflowSlots, health.WorkflowSlotsRatio, health.ActivitySlots, health.ActivitySlotsRatio, health.WorkflowPollers, health.ActivityPollers,
	health.StickyCacheSize, health.StickyCacheImbalance, health.StickyCacheHitRate, health.StickyCacheMisses,
	health.WorkerLongPollLatency, health.WorkerLongPollFailures, health.PollersPerSlot,
}

// What cannot be measured while nothing happens.
var needsTraffic = []health.SignalID{
	health.TransitionP95, health.TransitionP99, health.CompletionRate, health.HistoryBacklogAge, health.CacheHitRate,
	health.HotShardRatio, health.MaxShardLoad, health.WorkflowScheduleToStart, health.ActivityScheduleToStart,
}

var needsPolls = []health.SignalID{health.PollSuccess, health.PollTimeouts, health.LongPollLatency}

// quiet is what a cluster without trouble shows whatever it does.
var quiet = sizes{
	health.FrontendErrors: exactly(0), health.FrontendErrRatio: exactly(0), health.PersistenceErrors: exactly(0), health.PersistenceErrRatio: exactly(0),
	health.ShardChurn: exactly(0), health.ShardsMoved: exactly(0), health.TargetsUp: exactly(1), health.WarmingUp: exactly(0), health.CleanupRate: exactly(0),
	health.FailedRate: exactly(0), health.StarvedQueues: exactly(0), health.StarvedOldestAge: exactly(0),
	health.WorkflowBacklogAge: exactly(0), health.ActivityBacklogAge: exactly(0), health.BacklogInflow: exactly(0), health.BacklogDepth: exactly(0),
	health.RateLimitEvents: exactly(0), health.AdmissionRejects: exactly(0), health.Goroutines: {3600, 3700}, health.GCPause: {1, 20},
	health.PersistenceP95: {1, 15}, health.PersistenceP99: {3, 45},
}

var idle = quiet.with(sizes{
	health.TransitionRate: exactly(0), health.WorkflowStarts: exactly(0), health.SuccessRate: exactly(0), health.HistoryTaskRate: exactly(0),
	health.PoolUtilization: {0, 20},
})

// healthyLoad is 10 workflows a second.
var healthyLoad = quiet.with(sizes{
	health.TransitionRate: {155, 165}, health.TransitionP95: {10, 40}, health.TransitionP99: {20, 70}, health.CompletionRate: exactly(1),
	health.SuccessRate: {9.5, 10.5}, health.HistoryBacklogAge: {0.04, 0.15}, health.HistoryTaskRate: {220, 240},
	health.FrontendP95: {10, 50}, health.FrontendP99: {30, 80}, health.WorkflowStarts: {9.5, 10.5},
	health.PollSuccess: {0.99, 1}, health.PollTimeouts: {0, 0.01}, health.LongPollLatency: {3000, 4000},
	health.MatchingWorkflowPoll: exactly(23), health.MatchingActivityPoll: exactly(23),
	health.PoolUtilization: {5, 30}, health.CacheHitRate: {0.9, 1}, health.HotShardRatio: {1.5, 3}, health.MaxShardLoad: {1, 4},
	health.WorkflowScheduleToStart: {10, 60}, health.ActivityScheduleToStart: {10, 60},
	health.WorkflowSlots: {195, 200}, health.WorkflowSlotsRatio: {0.97, 1}, health.ActivitySlots: {195, 200}, health.ActivitySlotsRatio: {0.97, 1},
	health.WorkflowPollers: exactly(20), health.ActivityPollers: exactly(20), health.PollerConcurrency: exactly(40), health.PollersPerSlot: exactly(0.1),
	health.TaskSlotsAvailable: {395, 400}, health.StickyCacheHitRate: exactly(1), health.StickyCacheMisses: exactly(0), health.StickyCacheImbalance: exactly(1),
	health.StickyCacheSize: {5, 20}, health.WorkerLongPollLatency: {3000, 4000}, health.WorkerLongPollFailures: exactly(0),
})

func TestEverySignalOfARecordedPhaseIsKnownAndOfTheRightSize(t *testing.T) {
	tests := []struct {
		phase string
		// scrape is the one to read at; 0 is the phase's height.
		scrape int
		window time.Duration
		want   sizes
		// unknown are the signals that may, and must, be unknown beside those that always are.
		unknown []health.SignalID
	}{
		{
			phase: "startup",
			want: sizes{health.TransitionRate: exactly(0), health.WarmingUp: exactly(1), health.ShardChurn: {1, 1.2}, health.ShardsMoved: {0.9, 1},
				health.StarvedQueues: exactly(0), health.WorkflowStarts: exactly(0), health.PersistenceP99: {1, 50}},
			unknown: slices.Concat(fromWorkersOnly, without(needsTraffic, health.CacheHitRate), needsPolls,
				[]health.SignalID{health.PoolUtilization, health.GCPause, health.BacklogDepth}),
		},
		{
			phase:   "idle-noworker",
			want:    idle.with(sizes{health.FrontendP99: {0.5, 3}, health.MatchingWorkflowPoll: exactly(0), health.MatchingActivityPoll: exactly(0)}),
			unknown: slices.Concat(fromWorkersOnly, needsTraffic, needsPolls),
		},
		{
			phase: "idle-worker",
			want: idle.with(sizes{health.FrontendP99: {0.5, 3}, health.PollTimeouts: exactly(1), health.PollSuccess: exactly(0),
				health.MatchingWorkflowPoll: exactly(23), health.MatchingActivityPoll: exactly(23),
				health.WorkflowPollers: exactly(20), health.ActivityPollers: exactly(20), health.ActivitySlots: exactly(200)}),
			unknown: slices.Concat(needsTraffic, []health.SignalID{health.StickyCacheHitRate}),
		},
		{
			phase:   "otel-idle",
			want:    idle.with(sizes{health.WarmingUp: exactly(1), health.MatchingWorkflowPoll: exactly(0), health.MatchingActivityPoll: exactly(0)}),
			unknown: slices.Concat(fromWorkersOnly, needsTraffic, needsPolls, []health.SignalID{health.FrontendP95, health.FrontendP99}),
		},
		{phase: "healthy", want: healthyLoad},
		{phase: "otel-healthy", want: healthyLoad},
		{
			phase: "starved",
			want: sizes{health.TransitionRate: {12, 13.5}, health.WorkflowStarts: {2.4, 2.6}, health.SuccessRate: {1.2, 1.4}, health.CompletionRate: exactly(1),
				health.ActivityBacklogAge: {70, 76}, health.WorkflowBacklogAge: exactly(0), health.BacklogDepth: exactly(142), health.BacklogInflow: {2.4, 2.6},
				health.MatchingWorkflowPoll: exactly(23), health.MatchingActivityPoll: exactly(0), health.StarvedQueues: exactly(1), health.StarvedOldestAge: {70, 76},
				health.ActivitySlots: exactly(0), health.ActivitySlotsRatio: exactly(0), health.WorkflowSlots: {199, 200},
				health.WorkflowPollers: exactly(20), health.ActivityPollers: exactly(0), health.ActivityScheduleToStart: {90_000, 100_000},
				health.WorkflowScheduleToStart: {25, 40}, health.FrontendErrors: exactly(0), health.PersistenceP99: {10, 25}},
			unknown: []health.SignalID{health.HotShardRatio, health.MaxShardLoad},
		},
		{
			phase: "noworker",
			want: sizes{health.TransitionRate: {4.8, 5.2}, health.WorkflowStarts: {4.8, 5.2}, health.SuccessRate: exactly(0), health.HistoryTaskRate: {9.5, 10.5},
				health.WorkflowBacklogAge: {150, 160}, health.ActivityBacklogAge: {225, 240}, health.BacklogDepth: exactly(985), health.BacklogInflow: {4.8, 5.2},
				health.MatchingWorkflowPoll: exactly(0), health.MatchingActivityPoll: exactly(0), health.StarvedQueues: exactly(2), health.StarvedOldestAge: {225, 240},
				health.TargetsUp: exactly(1), health.FrontendErrors: exactly(0), health.PersistenceErrRatio: exactly(0)},
			unknown: slices.Concat(fromWorkersOnly, needsPolls, []health.SignalID{health.CompletionRate,
				health.HotShardRatio, health.MaxShardLoad, health.WorkflowScheduleToStart, health.ActivityScheduleToStart}),
		},
		{
			phase: "drain", scrape: 1,
			// The backlog gauges still tell of what was there before: the queues are polled, so they are not starved.
			want:    sizes{health.ActivityBacklogAge: {200, 300}, health.MatchingWorkflowPoll: {1, 40}, health.StarvedQueues: exactly(0)},
			unknown: []health.SignalID{health.HotShardRatio, health.MaxShardLoad},
		},
		{
			phase: "dbdown", window: 30 * time.Second,
			want: sizes{health.WorkflowStarts: {5.8, 6.2}, health.PersistenceErrors: {200, 300}, health.PersistenceErrRatio: {0.7, 0.95}, health.FrontendErrors: {4.5, 5.5},
				health.PoolChurn: {200, 300}, health.PersistenceP99: {1, 10}, health.StarvedQueues: exactly(0), health.TargetsUp: exactly(1), health.WarmingUp: exactly(0)},
		},
		{
			phase: "ratelimit-sys",
			want: sizes{health.FrontendErrors: {50, 65}, health.RateLimitEvents: {50, 65}, health.FrontendErrRatio: {0.5, 0.7}, health.StarvedQueues: {0, 1},
				health.WorkflowSlots: exactly(200), health.WarmingUp: exactly(0), health.ActivityScheduleToStart: {15_000, 25_000}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.phase, func(t *testing.T) {
			p := phase(t, tt.phase)
			at := p.Height()
			if tt.scrape > 0 {
				at = p.Scrapes[tt.scrape]
			}
			c := plain()
			c.Window = tt.window
			reading := readRecorded(t, c, at)
			for _, s := range reading.Signals {
				b, sized := tt.want[s.ID]
				either := slices.Contains(mayBeSilent, s.ID)
				switch mayBeUnknown := slices.Contains(neverKnown, s.ID) || slices.Contains(notInUse, s.ID) || slices.Contains(tt.unknown, s.ID) || either; {
				case s.Value == nil && !mayBeUnknown:
					t.Errorf("%s is unknown: %s\n%s", s.ID, s.Reason, s.Query)
				case s.Value != nil && mayBeUnknown && !either:
					t.Errorf("%s is %g but should be unknown", s.ID, *s.Value)
				case s.Value == nil:
					assert.NotEmpty(t, s.Reason, s.ID)
				case sized && (*s.Value < b[0] || *s.Value > b[1]):
					t.Errorf("%s is %g, not between %g and %g\n%s", s.ID, *s.Value, b[0], b[1], s.Query)
				}
			}
			assert.Equal(t, len(health.Signals()), len(reading.Snapshot.Signals)+len(reading.Snapshot.Unknown))
		})
	}
}

func without(ids []health.SignalID, drop ...health.SignalID) []health.SignalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id health.SignalID) bool { return slices.Contains(drop, id) })
}

func TestTheQueryThatIsShownGivesTheValueThatIsRead(t *testing.T) {
	all, err := phases.All()
	require.NoError(t, err)
	r, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	clusters := map[string]time.Time{}
	for _, p := range all {
		clusters["plain/"+p.Name] = p.End()
	}
	for _, exporter := range []string{"worker-tally", "worker-otelmono", "worker-tallysummary", "worker-otel", "worker-.*"} {
		clusters[exporter] = phase(t, "healthy").End()
	}
	for name, at := range clusters {
		c := plain()
		if !strings.HasPrefix(name, "plain/") {
			c = Cluster{Name: name, Selector: fmt.Sprintf(`job=~"temporal-.*",variant=~%q`, name), WorkerSelector: fmt.Sprintf(`job="app-worker",variant=~%q`, name), Window: 3 * time.Minute}
		}
		reading, err := r.Read(context.Background(), c, at)
		require.NoError(t, err)
		for _, s := range reading.Signals {
			if s.Query == "" || slices.Contains(queueSignals, s.ID) {
				continue
			}
			series, failure, _ := r.request(context.Background(), at, s.Query)
			require.Empty(t, failure, "%s\n%s", s.ID, s.Query)
			if s.Value == nil {
				known := len(series) > 0 && !math.IsNaN(float64(series[0].Value)) && !math.IsInf(float64(series[0].Value), 0)
				assert.False(t, known, "%s in %s is %v but read as unknown: %s\n%s", s.ID, name, series, s.Reason, s.Query)
				continue
			}
			if assert.Len(t, series, 1, "%s in %s\n%s", s.ID, name, s.Query) {
				assert.InDelta(t, float64(series[0].Value), *s.Value, 1e-9+1e-9*math.Abs(*s.Value), "%s in %s\n%s", s.ID, name, s.Query)
			}
		}
	}
}

func TestTheStarvedQueueIsNamed(t *testing.T) {
	reading := readRecorded(t, plain(), phase(t, "starved").End())
	require.Len(t, reading.Snapshot.Queues, 2)
	worst := reading.Snapshot.Queues[0]
	assert.Equal(t, []string{"lab", "main", "activity"}, []string{worst.Namespace, worst.Name, worst.Type})
	assert.True(t, worst.Starved)
	assert.InDelta(t, 73, *worst.OldestAgeSec, 1)
	assert.InDelta(t, 142, *worst.Backlog, 0)
	assert.InDelta(t, 2.5, *worst.InflowPerSec, 0.1)
	assert.Zero(t, *worst.Pollers)
	assert.Zero(t, *worst.SlotsAvailable)
	assert.False(t, reading.Snapshot.Queues[1].Starved)
}

func TestTheServersDialectIsDetected(t *testing.T) {
	assert.Equal(t, Tally, readRecorded(t, plain(), phase(t, "healthy").End()).Server)
	assert.Equal(t, OpenTelemetry, readRecorded(t, plain(), phase(t, "otel-healthy").End()).Server)
}

func TestOneReaderFollowsAClusterIntoAnotherDialect(t *testing.T) {
	r, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	for _, name := range []string{"healthy", "ratelimit-sys", "otel-idle", "otel-healthy", "healthy"} {
		reading, err := r.Read(context.Background(), plain(), phase(t, name).End())
		require.NoError(t, err)
		_, known := reading.Snapshot.Value(health.TransitionRate)
		assert.True(t, known, name)
	}
}

func TestADialectSetByHandIsNotQuestioned(t *testing.T) {
	c := plain()
	c.Server = &OpenTelemetry
	reading := readRecorded(t, c, phase(t, "healthy").End())
	assert.Equal(t, OpenTelemetry, reading.Server)
	assert.Contains(t, reading.Snapshot.Unknown, health.FrontendP99, "tally's series have other names")
}

func TestEveryExporterOfTheSDKIsUnderstood(t *testing.T) {
	tests := []struct {
		exporter string
		want     SDKDialect
		// scheduleToStart in milliseconds, wherever it came from.
		scheduleToStart between
		note            string
	}{
		{"worker-tally", SDKDialect{}, between{20, 80}, ""},
		{"worker-otelmono", SDKDialect{CounterSuffix: true, TimerSuffix: "_seconds"}, between{20, 80}, ""},
		{"worker-tallysummary", SDKDialect{CounterSuffix: true, TimerSuffix: "_seconds", Summary: true}, between{20, 80}, ""},
		{"worker-otel", SDKDialect{TimerSuffix: "_seconds", Coarse: true}, between{20, 80}, "always 4.75 s"},
	}
	for _, tt := range tests {
		t.Run(tt.exporter, func(t *testing.T) {
			c := variant(tt.exporter)
			// These exporters were dumped 105 seconds apart.
			c.Window = 3 * time.Minute
			reading := readRecorded(t, c, phase(t, "healthy").End())
			assert.Equal(t, []SDKDialect{tt.want}, reading.SDK)
			for _, s := range reading.Signals {
				if slices.Contains(fromWorkersOnly, s.ID) && (s.ID != health.WorkerLongPollLatency || !tt.want.Coarse) {
					assert.NotNil(t, s.Value, "%s: %s\n%s", s.ID, s.Reason, s.Query)
				}
				switch s.ID {
				case health.WorkflowScheduleToStart, health.ActivityScheduleToStart:
					require.NotNil(t, s.Value, s.Reason)
					assert.True(t, *s.Value > tt.scheduleToStart[0] && *s.Value < tt.scheduleToStart[1], "%s is %g", s.ID, *s.Value)
					assert.Contains(t, s.Note, tt.note)
				case health.WorkerLongPollLatency:
					if tt.want.Coarse {
						assert.Contains(t, s.Reason, tt.note)
					}
				}
			}
		})
	}
}

func TestWorkersWithDifferentExportersAreReadTogether(t *testing.T) {
	c := variant("worker-tally")
	c.WorkerSelector = `job="app-worker",variant=~"worker-tally|worker-otelmono|worker-tallysummary"`
	c.Window = 3 * time.Minute
	reading := readRecorded(t, c, phase(t, "healthy").End())
	assert.Greater(t, len(reading.SDK), 2)
	for _, id := range fromWorkersOnly {
		assert.Contains(t, reading.Snapshot.Signals, id, reading.Snapshot.Unknown[id])
	}
	assert.InDelta(t, 60, reading.Snapshot.Signals[health.WorkflowPollers], 0, "three workers with 20 pollers each")
	assert.InDelta(t, 50, reading.Snapshot.Signals[health.WorkflowScheduleToStart], 30)
}

func TestLabelsThatPrometheusRenamedAreFound(t *testing.T) {
	at := phase(t, "starved").End()
	reading := readRecorded(t, variant("kubernetes"), at)
	assert.Equal(t, map[string]string{"namespace": "exported_namespace", "service_name": "exported_service_name"}, reading.Renamed)
	plainReading := readRecorded(t, plain(), at)
	for _, s := range []health.Snapshot{plainReading.Snapshot, reading.Snapshot} {
		// These look back five minutes, into phases that the variant was not recorded in.
		for _, id := range []health.SignalID{health.TasksAdded, health.BacklogGrowth, health.SyncMatch, health.ClosedRate} {
			delete(s.Signals, id)
		}
	}
	assert.Equal(t, plainReading.Snapshot.Signals, reading.Snapshot.Signals)
	assert.Equal(t, plainReading.Snapshot.Queues, reading.Snapshot.Queues)
}

func TestTheAgeOfTheWorkersSamplesIsRead(t *testing.T) {
	reading := readRecorded(t, plain(), phase(t, "healthy").End())
	for _, s := range reading.Signals {
		if s.ID == health.TaskSlotsUsed {
			require.NotNil(t, s.Age)
			assert.Zero(t, *s.Age)
		}
	}
}

func TestASelectorThatMatchesNothingSaysSo(t *testing.T) {
	c := Cluster{Name: "typo", Selector: `job="temporel"`, WorkerSelector: `job="nobody"`}
	reading := readRecorded(t, c, phase(t, "healthy").End())
	assert.Empty(t, reading.Snapshot.Signals)
	assert.Empty(t, reading.Snapshot.Queues)
	for _, id := range []health.SignalID{health.FrontendP99, health.TransitionRate, health.StarvedQueues, health.PersistenceErrRatio} {
		assert.Contains(t, reading.Snapshot.Unknown[id], "selector", id)
	}
	assert.Contains(t, reading.Snapshot.Unknown[health.TargetsUp], "no up series")
}

func TestWhatWasRecordedBeforeAPauseDoesNotTellOfNow(t *testing.T) {
	// Without staleness markers Prometheus shows gauges for five minutes; four minutes after the recording
	// stopped there are markers, so nothing at all is left.
	reading := readRecorded(t, plain(), phase(t, "idle-noworker").End().Add(4*time.Minute))
	for id := range reading.Snapshot.Signals {
		s, _ := health.LookupSignal(id)
		assert.NotContains(t, []health.Class{health.Primary}, s.Class, "%s is known", id)
	}
}

func TestAConfiguredQueryReplacesTheTables(t *testing.T) {
	at := phase(t, "healthy").End()
	c := plain()
	c.Queries = map[health.SignalID]string{
		health.CPUThrottle:    `vector(12.5) # from elsewhere`,
		health.MemoryRSS:      `123`,
		health.GCPause:        `sum(`,
		health.CacheSize:      `num_goroutines{variant=""}`,
		health.CacheEvictions: `no_such_metric`,
		health.StarvedQueues:  `vector(3)`,
		health.RetryTime:      `vector(-1)`,
		health.GRPCQueueDepth: `vector(1) / 0`,
		health.LeaderChanges:  `num_goroutines[5m]`,
	}
	s := readRecorded(t, c, at).Snapshot
	assert.InDelta(t, 12.5, s.Signals[health.CPUThrottle], 0)
	assert.InDelta(t, 123, s.Signals[health.MemoryRSS], 0)
	assert.InDelta(t, 3, s.Signals[health.StarvedQueues], 0)
	assert.Contains(t, s.Unknown[health.GCPause], "does not accept the query")
	assert.Contains(t, s.Unknown[health.CacheSize], "4 series where one is expected")
	assert.Contains(t, s.Unknown[health.CacheEvictions], "finds no series")
	assert.Contains(t, s.Unknown[health.RetryTime], "negative")
	assert.Contains(t, s.Unknown[health.GRPCQueueDepth], "infinite")
	assert.Contains(t, s.Unknown[health.LeaderChanges], "matrix")
	assert.Contains(t, s.Signals, health.TransitionRate, "the others are not taken down")
}

func TestEverySignalOfTheTableHasExactlyOneRow(t *testing.T) {
	rows := map[health.SignalID]int{}
	for _, row := range asks {
		rows[row.id]++
	}
	for _, s := range health.Signals() {
		assert.Equal(t, 1, rows[s.ID], s.ID)
	}
	assert.Len(t, rows, len(health.Signals()))
}

func TestOneReaderServesManyAtOnce(t *testing.T) {
	r, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	var all sync.WaitGroup
	for _, name := range []string{"healthy", "otel-healthy", "starved", "noworker"} {
		at := phase(t, name).End()
		all.Go(func() {
			reading, err := r.Read(context.Background(), plain(), at)
			assert.NoError(t, err)
			assert.Contains(t, reading.Snapshot.Signals, health.TransitionRate)
		})
	}
	all.Wait()
}
