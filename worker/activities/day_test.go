package activities_test

import (
	"context"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

// trouble is what a cluster suffers from for a while.
type trouble struct {
	// after is the time of the day at which it begins, lasts how long it goes on.
	after, lasts time.Duration
	kind         string
}

// aBadDay is what happens to a cluster in a day of fifty state changes: what keeps coming back on a bad day
// (a nightly batch that slows the database down, a limit that is hit at every peak, releases that take the workers along)
// and what happens once.
var aBadDay = []trouble{
	{40 * time.Minute, 12 * time.Minute, "database slow"},
	{100 * time.Minute, 9 * time.Minute, "database slow"},
	{160 * time.Minute, 15 * time.Minute, "database slow"},
	{4 * time.Hour, 6 * time.Minute, "dbdown"},
	{6 * time.Hour, 8 * time.Minute, "ratelimit-sys"},
	{7 * time.Hour, 5 * time.Minute, "noworker"},
	{8 * time.Hour, 10 * time.Minute, "ratelimit-sys"},
	{9 * time.Hour, 7 * time.Minute, "failing workflows"},
	{10 * time.Hour, 12 * time.Minute, "starved"},
	{11 * time.Hour, 90 * time.Second, "shards move"},
	{12 * time.Hour, 9 * time.Minute, "ratelimit-sys"},
	{13 * time.Hour, 6 * time.Minute, "noworker"},
	{14 * time.Hour, 20 * time.Minute, "failing workflows"},
	{15 * time.Hour, 5 * time.Minute, "dbdown"},
	{16 * time.Hour, 14 * time.Minute, "starved"},
	{17 * time.Hour, 90 * time.Second, "shards move"},
	{18 * time.Hour, 11 * time.Minute, "ratelimit-sys"},
	{19 * time.Hour, 7 * time.Minute, "noworker"},
	{21 * time.Hour, 10 * time.Minute, "database slow"},
}

// day is a cluster that has a bad day. Every cycle was measured: a real cluster's recorded health and trouble, read through
// a real Prometheus. Of the three kinds that were not recorded whole, the signals that were measured in such trouble stand
// in a healthy cycle.
type day struct {
	begins   time.Time
	troubles []trouble
	recorded map[string][]health.Snapshot
}

// recordedDay reads the recorded phases that a bad day needs.
func recordedDay(t testing.TB) day {
	t.Helper()
	prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	defer func() { require.NoError(t, prometheus.Stop()) }()
	d := day{begins: start.Truncate(24 * time.Hour), troubles: aBadDay, recorded: map[string][]health.Snapshot{}}
	names := []string{"healthy", "starved", "noworker", "dbdown", "ratelimit-sys"}
	require.NoError(t, phases.Load(t.Context(), prometheus.URL(), phases.Options{Phases: names}))
	reader, err := telemetry.New(telemetry.Source{URL: prometheus.URL()}, telemetry.Options{})
	require.NoError(t, err)
	for _, name := range names {
		phase, err := phases.Find(name)
		require.NoError(t, err)
		// A phase is what its name says at its end, or from its height on until it is over.
		from, to, step := phase.End().Add(-30*time.Second), phase.End(), 15*time.Second
		if phase.Height().Before(phase.End()) {
			from, to, step = phase.Height(), phase.Height().Add(10*time.Second), 5*time.Second
		}
		for at := from; !at.After(to); at = at.Add(step) {
			reading, err := reader.Read(t.Context(), telemetry.Cluster{Name: "prod"}, at)
			require.NoError(t, err)
			d.recorded[name] = append(d.recorded[name], reading.Snapshot)
		}
		require.NotEmpty(t, d.recorded[name], name)
	}
	for kind, measured := range map[string]map[health.SignalID]float64{
		"database slow":     {health.TransitionP99: 460, health.FrontendP99: 480, health.PersistenceP99: 360, health.PersistenceP95: 190, health.PoolUtilization: 10},
		"failing workflows": {health.CompletionRate: 0.33, health.SuccessRate: 2.4, health.FailedRate: 4.9},
		"shards move":       {health.ShardsMoved: 0.53, health.ShardChurn: 1.4, health.MembershipChanges: 2, health.TaskRestarts: 1, health.CASFailures: 3},
	} {
		for _, s := range d.recorded["healthy"] {
			s.Signals = maps.Clone(s.Signals)
			maps.Copy(s.Signals, measured)
			d.recorded[kind] = append(d.recorded[kind], s)
		}
	}
	return d
}

// Snapshot implements activities.SignalReader: what was recorded, with the load of the time of the day.
func (d day) Snapshot(_ context.Context, at time.Time, _ []health.QueueKey) health.Snapshot {
	kind, since := "healthy", at.Sub(d.begins)
	for _, trouble := range d.troubles {
		if passed := at.Sub(d.begins) - trouble.after; passed >= 0 && passed < trouble.lasts {
			kind, since = trouble.kind, passed
		}
	}
	all := d.recorded[kind]
	// What was recorded is over before the trouble is: its cycles take turns.
	s := all[int(since/(30*time.Second))%len(all)]
	s.Cluster, s.At, s.Signals = "prod", at, maps.Clone(s.Signals)
	// Two fifths less at night, two fifths more at noon.
	load := 1 - 0.4*math.Cos(2*math.Pi*at.Sub(d.begins).Hours()/24)
	for id, v := range s.Signals {
		if signal, ok := health.LookupSignal(id); ok && signal.Unit == health.PerSecond {
			s.Signals[id] = v * load
		}
	}
	return s
}

// said is how many lines of a pattern a minute of trouble brought, as they were counted in the recorded cluster's logs.
var said = map[string][]health.LogCount{
	"dbdown": {
		{Pattern: "database_down", Service: "history", Count: 380, Sample: "error: Operation failed with an error.: no usable database connection found"},
		{Pattern: "database_down", Service: "matching", Count: 32, Sample: "error: Operation failed with an error.: no usable database connection found"},
		{Pattern: "connection_refresh", Service: "history", Count: 120, Sample: "warn: sql handle: did a force refresh of the connection"},
	},
	"database slow": {{Pattern: "slow_call", Service: "frontend", Count: 14, Sample: "warn: Slow gRPC call"}},
	"ratelimit-sys": {{Pattern: "rate_limit", Service: "frontend", Count: 210, Sample: "error: service failures: service rate limit exceeded"}},
	"shards move": {
		{Pattern: "membership", Service: "history", Count: 6, Sample: "info: Current reachable members"},
		{Pattern: "shard_ownership", Service: "history", Count: 41, Sample: "warn: Shard ownership lost"},
	},
	"failing workflows": {{Pattern: "workflow_task_failed", Service: "history", Count: 3, Sample: "warn: Failing workflow task"}},
}

// writeLogs stores what the logs say on that day, as the reading of logs does.
func (d day) writeLogs(ctx context.Context, t testing.TB, s *store.Store) {
	t.Helper()
	meanings := map[string]string{}
	for _, p := range logs.Patterns() {
		meanings[p.ID] = p.Meaning
	}
	end := d.begins.Add(25 * time.Hour)
	read := store.LogRead{Cluster: "prod", At: end, Through: end}
	for _, trouble := range d.troubles {
		for after := time.Duration(0); after < trouble.lasts; after += time.Minute {
			for i, c := range said[trouble.kind] {
				require.NotEmpty(t, meanings[c.Pattern], c.Pattern)
				c.At, c.Meaning = d.begins.Add(trouble.after+after).Truncate(logs.Slice), meanings[c.Pattern]
				// No minute is like the other.
				c.Count += int(after/time.Minute) * (i + 1) % 7
				read.Counts = append(read.Counts, c)
			}
		}
	}
	require.NoError(t, s.SaveLogRead(ctx, read))
}
