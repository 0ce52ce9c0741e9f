package store

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestHistoryIsRunLengthEncoded(t *testing.T) {
	s := newStore(t)
	var cycles []Cycle
	for i := range 100 {
		cycles = append(cycles, cycle("a", tick(i)))
	}
	cycles[40].Verdict.Coverage = 0.75
	for i := 50; i < 60; i++ {
		inState(health.Stressed)(&cycles[i])
	}
	for i := 60; i < 70; i++ {
		stale(&cycles[i])
	}
	for i := 70; i < 80; i++ {
		cycles[i].Verdict.Bottleneck = health.WorkerLimited
	}
	save(t, s, cycles...)

	spans, err := s.Spans(t.Context(), nil, tick(-10), tick(200))
	require.NoError(t, err)
	span := func(from, to int, state health.State, stale bool, bottleneck health.Bottleneck, coverage float64) Span {
		return Span{Cluster: "a", State: state, Stale: stale, Bottleneck: bottleneck, Coverage: coverage, From: tick(from), To: tick(to), Interval: interval}
	}
	assert.Equal(t, []Span{
		span(0, 49, health.Happy, false, health.BottleneckHealthy, 0.75),
		span(50, 59, health.Stressed, false, health.BottleneckHealthy, 1),
		span(60, 69, health.Happy, true, health.BottleneckHealthy, 1),
		span(70, 79, health.Happy, false, health.WorkerLimited, 1),
		span(80, 99, health.Happy, false, health.BottleneckHealthy, 1),
	}, spans)
}

func TestAGapInTheCyclesIsAGapInTheHistory(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)), cycle("a", tick(3)), cycle("a", tick(7)))
	spans, err := s.Spans(t.Context(), nil, tick(0), tick(10))
	require.NoError(t, err)
	require.Len(t, spans, 2, "three intervals are no gap, four are")
	assert.Equal(t, tick(3), spans[0].To)
	assert.Equal(t, tick(7), spans[1].From)

	save(t, s, cycle("a", tick(5)))
	spans, err = s.Spans(t.Context(), nil, tick(0), tick(10))
	require.NoError(t, err)
	require.Len(t, spans, 1, "a late cycle closes the gap")
	assert.Equal(t, tick(7), spans[0].To)
}

func TestSpansAreCutToTheRange(t *testing.T) {
	s := newStore(t)
	for i := range 30 {
		state := health.States()[i/10]
		save(t, s, cycle("a", tick(i), inState(state)), cycle("b", tick(i)))
	}
	for name, c := range map[string]struct {
		clusters []string
		from, to time.Time
		want     []string
	}{
		"the run under way at the beginning is part of it": {[]string{"a"}, tick(5), tick(12), []string{"a happy 5-9", "a stressed 10-12"}},
		"a range within a run":                             {[]string{"a"}, tick(12), tick(14), []string{"a stressed 12-14"}},
		"a range that begins with a run":                   {[]string{"a"}, tick(20), tick(90), []string{"a critical 20-29"}},
		"a range after the last cycle":                     {[]string{"a"}, tick(40), tick(50), nil},
		"a range before the first cycle":                   {[]string{"a"}, tick(-20), tick(-10), nil},
		"no cluster named means all":                       {nil, tick(18), tick(21), []string{"a stressed 18-19", "a critical 20-21", "b happy 18-21"}},
		"a cluster named twice":                            {[]string{"b", "b"}, tick(18), tick(21), []string{"b happy 18-21"}},
		"a cluster that is not stored":                     {[]string{"c"}, tick(0), tick(90), nil},
	} {
		t.Run(name, func(t *testing.T) {
			spans, err := s.Spans(t.Context(), c.clusters, c.from, c.to)
			require.NoError(t, err)
			var got []string
			for _, span := range spans {
				got = append(got, describe(span))
			}
			assert.Equal(t, c.want, got)
		})
	}
	_, err := s.Spans(t.Context(), nil, tick(1), tick(1))
	assert.ErrorContains(t, err, "range")
}

func describe(s Span) string {
	return s.Cluster + " " + s.State.String() + " " + tickName(s.From) + "-" + tickName(s.To)
}

func tickName(t time.Time) string { return strconv.Itoa(int(t.Sub(start) / interval)) }

// TestTheHistoryDoesNotDependOnTheOrderOfCycles: what was missed while the store was down may be written late.
func TestTheHistoryDoesNotDependOnTheOrderOfCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.SliceOfNDistinct(rapid.IntRange(0, 60), 1, 40, rapid.ID[int]).Draw(t, "ticks")
		states := make(map[int]health.State)
		for _, n := range ticks {
			states[n] = rapid.SampledFrom(health.States()).Draw(t, "state")
		}
		shuffled := weaveAll(t, ticks, states)
		slices.Sort(ticks)
		inOrder := weaveAll(t, ticks, states)
		if !slices.Equal(inOrder, shuffled) {
			t.Fatalf("in order: %v\nshuffled: %v", inOrder, shuffled)
		}
		for _, n := range ticks {
			covering := 0
			for _, r := range inOrder {
				if !tick(n).Before(r.startedAt) && !tick(n).After(r.lastAt) {
					covering++
					if r.state != states[n] {
						t.Fatalf("cycle %d is %v, its run says %v", n, states[n], r.state)
					}
				}
			}
			if covering != 1 {
				t.Fatalf("cycle %d lies in %d runs", n, covering)
			}
		}
	})
}

// weaveAll writes cycles to a history that is kept as the table of runs is.
func weaveAll(t *rapid.T, ticks []int, states map[int]health.State) []run {
	var (
		history []run
		seen    []time.Time
	)
	for _, n := range ticks {
		at := tick(n)
		var previous, next *run
		for i, r := range history {
			if !r.startedAt.After(at) {
				previous = &history[i]
			} else if next == nil {
				next = &history[i]
			}
		}
		cycle := run{startedAt: at, lastAt: at, state: states[n], coverage: 1, interval: interval}
		edit, err := weave(previous, next, cycle, func(within run) (before, after time.Time, err error) {
			before, after = within.startedAt, within.lastAt
			for _, other := range seen {
				if other.Before(at) && other.After(before) {
					before = other
				}
				if other.After(at) && other.Before(after) {
					after = other
				}
			}
			return before, after, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range edit.put {
			edit.remove = append(edit.remove, r.startedAt)
		}
		history = slices.DeleteFunc(history, func(r run) bool { return slices.ContainsFunc(edit.remove, r.startedAt.Equal) })
		history = append(history, edit.put...)
		slices.SortFunc(history, func(a, b run) int { return a.startedAt.Compare(b.startedAt) })
		seen = append(seen, at)
	}
	return history
}
