package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestACycleComesBackAsItWasSaved(t *testing.T) {
	s := newStore(t)
	saved := cycle("prod", start.Add(123456789*time.Nanosecond), event(1, health.Unknown, health.Happy), func(c *Cycle) {
		c.Snapshot.Queues = []health.TaskQueue{{Namespace: "shop", Name: "orders", Type: "workflow", OldestAgeSec: ptr(4.5), Starved: true}}
		c.Verdict.Warnings = []health.Warning{{Rule: "r", Text: "do not add pollers"}}
	})
	save(t, s, saved)

	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, now, 1)
	at := start.Add(123456 * time.Microsecond) // what PostgreSQL keeps
	assert.Equal(t, "prod", now[0].Cluster)
	assert.Equal(t, at, now[0].At)
	assert.Equal(t, interval, now[0].Interval)
	assert.Equal(t, int64(1), now[0].Seq)
	wantVerdict, wantSnapshot := saved.Verdict, saved.Snapshot
	wantVerdict.At, wantSnapshot.At = at, at
	wantVerdict.Event = ptr(*saved.Verdict.Event)
	wantVerdict.Event.At = at
	assert.Equal(t, wantVerdict, now[0].Verdict)
	assert.Equal(t, wantSnapshot, now[0].Snapshot)

	events, err := s.Events(t.Context(), EventQuery{})
	require.NoError(t, err)
	assert.Equal(t, []Event{{
		Cluster: "prod", Event: *wantVerdict.Event, Coverage: 1, Gates: saved.Verdict.Gates, Queues: saved.Snapshot.Queues, Signals: saved.Snapshot.Signals,
	}}, events)

	memory, found, err := s.LoadMemory(t.Context(), "prod")
	require.NoError(t, err)
	assert.True(t, found)
	assert.JSONEq(t, string(saved.Memory), string(memory))

	heads, err := s.Cursors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Cursor{{Cluster: "prod", Seq: 1, At: at}}, heads)
}

func TestSavingACycleAgainChangesNothing(t *testing.T) {
	s := newStore(t)
	cycles := []Cycle{
		cycle("a", tick(0), event(1, health.Unknown, health.Happy)),
		cycle("a", tick(1)),
		cycle("a", tick(2), event(2, health.Happy, health.Stressed)),
		cycle("b", tick(2)),
		cycle("a", tick(30)),
	}
	save(t, s, cycles...)
	want := contents(t, s)

	save(t, s, cycles...)
	assert.Equal(t, want, contents(t, s))

	// The same cycle with other values: the first one stands.
	save(t, s, cycle("a", tick(1), signal(health.HistoryBacklogAge, 99), inState(health.Critical)))
	assert.Equal(t, want, contents(t, s))
}

func TestALateCycleJoinsTheHistoryAndLeavesNowAlone(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)), cycle("a", tick(2)))
	save(t, s, cycle("a", tick(1), event(2, health.Happy, health.Stressed)))

	now, err := s.Statuses(t.Context(), []string{"a"})
	require.NoError(t, err)
	assert.Equal(t, tick(2), now[0].At)
	assert.Equal(t, health.Happy, now[0].Verdict.State)
	assert.Equal(t, int64(2), now[0].Seq, "a live view must hear of the event")
	memory, _, err := s.LoadMemory(t.Context(), "a")
	require.NoError(t, err)
	assert.Contains(t, string(memory), tick(2).Format(time.RFC3339))

	events, err := s.EventsAfter(t.Context(), "a", 1, 0)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, tick(1), events[0].At)
	spans, err := s.Spans(t.Context(), nil, tick(0), tick(10))
	require.NoError(t, err)
	require.Len(t, spans, 3)
	assert.Equal(t, health.Stressed, spans[1].State)
}

func TestTheNumberingOfEventsHasNoGapAndNoDoubles(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)))
	want := contents(t, s)

	for name, c := range map[string]struct {
		cycle Cycle
		err   error
	}{
		"a number is left out":                       {cycle("a", tick(1), event(3, health.Happy, health.Stressed)), ErrEventGap},
		"a new cluster does not begin with 1":        {cycle("b", tick(1), event(2, health.Happy, health.Stressed)), ErrEventGap},
		"a number is used again by a later cycle":    {cycle("a", tick(1), event(1, health.Happy, health.Stressed)), ErrEventConflict},
		"a number is used again by an earlier cycle": {cycle("a", tick(-1), event(1, health.Unknown, health.Stressed)), ErrEventConflict},
		"the same cycle brings another event":        {cycle("a", tick(0), event(1, health.Unknown, health.Critical)), ErrEventConflict},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.SaveCycles(t.Context(), []Cycle{c.cycle})
			assert.ErrorIs(t, err, c.err)
			assert.ErrorContains(t, err, fmt.Sprintf("%q", c.cycle.Verdict.Cluster))
			assert.Equal(t, want, contents(t, s), "nothing of a refused cycle may stay")
		})
	}
}

func TestEventsGoOnAfterRetentionTookTheEarlierOnes(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)), cycle("a", tick(1), event(2, health.Happy, health.Stressed)))
	_, err := s.Prune(t.Context(), tick(10))
	require.NoError(t, err)

	save(t, s, cycle("a", tick(20), event(3, health.Stressed, health.Happy)))
	assert.ErrorIs(t, s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(21), event(2, health.Happy, health.Stressed))}), ErrEventConflict)
}

func TestACycleIsStoredWhollyOrNotAtAll(t *testing.T) {
	for _, table := range []string{"clusters_now", "events", "snapshots", "rollups", "spans"} {
		t.Run("when writing "+table+" fails", func(t *testing.T) {
			s := newStore(t)
			want := contents(t, s)
			onCommit(t, owner(t, s), table, `raise exception 'disk full' using errcode = '53100'`)

			err := s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(0), event(1, health.Unknown, health.Happy))})
			assert.ErrorContains(t, err, "disk full")
			assert.Equal(t, want, contents(t, s))
		})
	}
}

func TestCyclesBeforeAFailingOneAreStored(t *testing.T) {
	s := newStore(t)
	err := s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(0)), cycle("a", tick(1), event(7, health.Happy, health.Stressed)), cycle("a", tick(2))})
	require.ErrorIs(t, err, ErrEventGap)
	assert.ErrorContains(t, err, "2026-11-22T10:00:30Z")
	heads, err := s.Cursors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Cursor{{Cluster: "a", At: tick(0)}}, heads)
}

func TestUnknownIsNeverStoredAsANumber(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), signal(health.HistoryBacklogAge, math.NaN()), signal(health.FrontendErrors, math.Inf(1)),
		signal(health.ShardChurn, -1), signal(health.TransitionRate, 0), func(c *Cycle) {
			c.Snapshot.Queues = []health.TaskQueue{{Name: "q", Backlog: ptr(math.NaN()), Pollers: ptr(0.0)}}
		}))

	series, err := s.Series(t.Context(), SeriesQuery{
		Signals: []health.SignalID{health.HistoryBacklogAge, health.FrontendErrors, health.ShardChurn, health.TransitionRate, health.GCPause},
		From:    tick(0), To: tick(1),
	})
	require.NoError(t, err)
	for _, curve := range series[:3] {
		assert.Nil(t, curve.Points[0].Value, curve.Signal)
	}
	assert.Equal(t, ptr(0.0), series[3].Points[0].Value, "a measured zero is a zero")
	assert.Nil(t, series[4].Points[0].Value)
	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, map[health.SignalID]float64{health.TransitionRate: 0}, now[0].Snapshot.Signals)
	assert.Equal(t, []health.TaskQueue{{Name: "q", Pollers: ptr(0.0)}}, now[0].Snapshot.Queues)
}

func TestTextsFromElsewhereCannotBreakACycle(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy), func(c *Cycle) {
		c.Snapshot.Unknown[health.CPUThrottle] = "<html>\x00\xff \\u0000 \\\x00 'quoted' \"too\""
		c.Snapshot.Queues = []health.TaskQueue{{Name: "queue\x00with NUL"}}
	}))
	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "<html>\uFFFD\uFFFD \\u0000 \\\uFFFD 'quoted' \"too\"", now[0].Snapshot.Unknown[health.CPUThrottle])
	assert.Equal(t, "queue\uFFFDwith NUL", now[0].Snapshot.Queues[0].Name)
}

func TestACycleThatCanNeverBeStoredIsRefused(t *testing.T) {
	s := newStore(t)
	want := contents(t, s)
	for name, spoil := range map[string]func(*Cycle){
		"no cluster":                         func(c *Cycle) { c.Verdict.Cluster, c.Snapshot.Cluster = "", "" },
		"a cluster's name beyond DSQL's key": func(c *Cycle) { c.Verdict.Cluster = strings.Repeat("x", 256); c.Snapshot.Cluster = c.Verdict.Cluster },
		"a cluster's name with NUL":          func(c *Cycle) { c.Verdict.Cluster, c.Snapshot.Cluster = "a\x00", "a\x00" },
		"a cluster's name that is no UTF-8":  func(c *Cycle) { c.Verdict.Cluster, c.Snapshot.Cluster = "a\xff", "a\xff" },
		"a snapshot of another cluster":      func(c *Cycle) { c.Snapshot.Cluster = "b" },
		"no time":                            func(c *Cycle) { c.Verdict.At = time.Time{} },
		"no interval":                        func(c *Cycle) { c.Interval = 0 },
		"a coverage that is no number":       func(c *Cycle) { c.Verdict.Coverage = math.NaN() },
		"a coverage above 1":                 func(c *Cycle) { c.Verdict.Coverage = 1.5 },
		"an event numbered 0":                event(0, health.Unknown, health.Happy),
		"a gate's value that is no number":   func(c *Cycle) { c.Verdict.Gates[0].Value = ptr(math.Inf(1)) },
		"a memory that is no JSON":           func(c *Cycle) { c.Memory = json.RawMessage(`{"half`) },
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(0), spoil)}), ErrBadCycle)
			assert.Equal(t, want, contents(t, s))
		})
	}
}

func TestSQLInAClusterNameIsOnlyAName(t *testing.T) {
	names := []string{
		`'; drop schema copilot cascade; --`, `" or 1=1 --`, `$1`, `%s`, `a') or ('a'='a`, `\'; select pg_sleep(10); --`, "new\nline", `Ünïcödé 集群`,
	}
	s := newStore(t)
	for _, name := range names {
		save(t, s, cycle(name, tick(0), event(1, health.Unknown, health.Happy)))
	}
	clusters, err := s.Clusters(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, names, clusters)
	for _, name := range names {
		one := []string{name}
		now, err := s.Statuses(t.Context(), one)
		require.NoError(t, err)
		require.Len(t, now, 1)
		assert.Equal(t, name, now[0].Cluster)
		spans, err := s.Spans(t.Context(), one, tick(-1), tick(1))
		require.NoError(t, err)
		assert.Len(t, spans, 1)
		series, err := s.Series(t.Context(), SeriesQuery{Clusters: one, Signals: []health.SignalID{health.TransitionRate}, From: tick(-1), To: tick(1)})
		require.NoError(t, err)
		assert.Len(t, series, 1)
		events, err := s.Events(t.Context(), EventQuery{Clusters: one, Kinds: []health.EventKind{health.StateChanged}})
		require.NoError(t, err)
		assert.Len(t, events, 1)
		after, err := s.EventsAfter(t.Context(), name, 0, 0)
		require.NoError(t, err)
		assert.Len(t, after, 1)
		_, found, err := s.LoadMemory(t.Context(), name)
		require.NoError(t, err)
		assert.True(t, found)
	}
	nobody, err := s.Statuses(t.Context(), []string{"a\x00b", "a\xff"})
	require.NoError(t, err, "a name that no cluster can have finds nothing")
	assert.Empty(t, nobody)
}

func TestManyWritersAtOnce(t *testing.T) {
	const writers, cycles = 4, 12
	s := newStore(t)
	var all []Cycle
	for i := range cycles {
		all = append(all, cycle("shared", tick(i), event(int64(i+1), health.Happy, health.Stressed)))
	}
	var group sync.WaitGroup
	for w := range writers {
		own := fmt.Sprintf("own-%d", w)
		group.Go(func() {
			for i := range cycles {
				assert.NoError(t, s.SaveCycles(t.Context(), []Cycle{cycle(own, tick(i))}))
				// All write the same cycles of one cluster, as a worker does that is not sure that it wrote.
				assert.NoError(t, s.SaveCycles(t.Context(), all[i:i+1]))
			}
		})
	}
	group.Wait()

	alone := newStore(t)
	save(t, alone, all...)
	for w := range writers {
		for i := range cycles {
			save(t, alone, cycle(fmt.Sprintf("own-%d", w), tick(i)))
		}
	}
	got, _, _ := strings.Cut(contents(t, s), "schema_migrations")
	want, _, _ := strings.Cut(contents(t, alone), "schema_migrations")
	assert.Equal(t, want, got)
}
