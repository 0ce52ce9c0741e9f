package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// shelf is a library in memory, into which lines arrive later than they were written.
type shelf struct {
	now    time.Time
	stored []arrival
	err    error
}

type arrival struct {
	entry
	arrived time.Time
}

func (s *shelf) lines(_ context.Context, from, to time.Time, limit int) ([]entry, bool, error) {
	if s.err != nil {
		return nil, false, s.err
	}
	var found []entry
	for _, line := range s.stored {
		if !line.arrived.After(s.now) && !line.at.Before(from) && line.at.Before(to) {
			found = append(found, line.entry)
		}
	}
	slices.SortStableFunc(found, func(a, b entry) int { return a.at.Compare(b.at) })
	if len(found) < limit {
		return found, true, nil
	}
	return found[:limit], false, nil
}

func (s *shelf) silence(context.Context, time.Time) (string, error) { return "", nil }

func (s *shelf) streams(context.Context, time.Time, time.Time) ([]map[string]string, error) {
	return nil, nil
}

// known are the known patterns, made ready once: thousands of readers use them.
var known = sync.OnceValue(func() *matcher {
	m, err := newMatcher(Patterns())
	if err != nil {
		panic(err)
	}
	return m
})

func readerOf(library library, options Options) *Reader {
	return &Reader{options: options.withDefaults(), library: library, matcher: known()}
}

// afresh sends a cursor through JSON, as a restart does.
func afresh(t require.TestingT, c Cursor) Cursor {
	text, err := json.Marshal(c)
	require.NoError(t, err)
	var back Cursor
	require.NoError(t, json.Unmarshal(text, &back))
	return back
}

type key struct {
	at               int64
	pattern, service string
}

// scene are lines of the past and of some minutes to come, each arriving when it likes within what is allowed.
func scene(t *rapid.T, begin time.Time, late, skew time.Duration) []arrival {
	services := []string{"history", "frontend", "matching"}
	var lines []arrival
	for i := range rapid.IntRange(0, 120).Draw(t, "lines") {
		at := begin.Add(time.Duration(rapid.IntRange(-60_000, 300_000).Draw(t, "at")) * time.Millisecond)
		if rapid.Bool().Draw(t, "crowd") {
			at = at.Truncate(10 * time.Second)
		}
		at = at.Add(time.Duration(i / 10)) // up to ten lines have the very same time
		delay := time.Duration(rapid.Int64Range(int64(-skew)+1, int64(late)).Draw(t, "delay"))
		service := rapid.SampledFrom(services).Draw(t, "service")
		text := rapid.SampledFrom([]string{"context deadline exceeded", "no usable database connection found", "all is well", "Fail to process task: context canceled"}).Draw(t, "text")
		if rapid.Bool().Draw(t, "different") {
			text = fmt.Sprintf("%s %d", text, i)
		}
		lines = append(lines, arrival{
			entry:   entry{at: at, stream: service, labels: map[string]string{"service": service}, text: `{"level":"info","msg":"` + text + `"}`},
			arrived: at.Add(delay),
		})
	}
	return lines
}

// truth counts lines as they are.
func truth(m *matcher, lines []arrival, from time.Time) map[key]int {
	all := map[key]int{}
	for _, line := range lines {
		if line.at.Before(from) {
			continue
		}
		for _, p := range m.find(line.stream, line.text) {
			all[key{sliceOf(line.at), p.ID, line.stream}]++
		}
	}
	return all
}

func sum(all map[key]int, counts []health.LogCount) {
	for _, c := range counts {
		all[key{c.At.Unix(), c.Pattern, c.Service}] += c.Count
	}
}

func TestNoLineIsCountedTwiceAndNoneIsMissed(t *testing.T) {
	begin := time.Date(2026, 11, 22, 2, 0, 7, 123, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		options := Options{Late: time.Minute, Skew: 30 * time.Second, PageSize: rapid.IntRange(11, 200).Draw(t, "page")}
		library := &shelf{stored: scene(t, begin, options.Late, options.Skew)}
		got := map[key]int{}
		var cursor Cursor
		var first time.Time
		now := begin
		for now.Before(begin.Add(8 * time.Minute)) {
			library.now = now
			library.err = nil
			if rapid.IntRange(0, 5).Draw(t, "trouble") == 0 {
				library.err = &UnavailableError{"it is away"}
			}
			reading, err := readerOf(library, options).Read(context.Background(), cursor, now)
			if library.err == nil {
				require.NoError(t, err)
				require.False(t, reading.More)
				if first.IsZero() {
					first = timeOf(sliceOf(now.Add(-30 * time.Second)))
				}
				sum(got, reading.Counts)
				// A crash after the reading is stored and before the cursor is would repeat it; whoever stores
				// knows by the cursor. Here both are kept or none.
				cursor = afresh(t, reading.Cursor)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "pause")) * time.Millisecond)
		}
		library.now, library.err = now, nil
		reading, err := readerOf(library, options).Read(context.Background(), cursor, now)
		require.NoError(t, err)
		if first.IsZero() {
			first = timeOf(sliceOf(now.Add(-30 * time.Second)))
		}
		sum(got, reading.Counts)
		require.Equal(t, truth(known(), library.stored, first), got)
		require.Equal(t, now.UTC(), reading.Through.UTC())
	})
}

func TestAFloodIsReadInPartsAndNothingTwice(t *testing.T) {
	begin := time.Date(2026, 11, 22, 2, 5, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		library := &shelf{stored: scene(t, begin.Add(-4*time.Minute), 0, 1), now: begin}
		options := Options{
			MaxLines: rapid.IntRange(1, 60).Draw(t, "most"), PageSize: rapid.IntRange(1, 30).Draw(t, "page"), Lookback: 10 * time.Minute,
		}
		got := map[key]int{}
		var cursor Cursor
		var atLeast, gaveUp bool
		for range 200 {
			reading, err := readerOf(library, options).Read(context.Background(), cursor, begin)
			require.NoError(t, err)
			sum(got, reading.Counts)
			for _, c := range reading.Counts {
				atLeast = atLeast || c.AtLeast
			}
			gaveUp = gaveUp || reading.GaveUp != ""
			require.False(t, reading.Cursor.Through.Before(cursor.Through), "it goes forward")
			cursor = afresh(t, reading.Cursor)
			if !reading.More {
				break
			}
			require.Positive(t, len(reading.Counts)+reading.Lines)
		}
		require.False(t, cursor.Through.Before(begin), "it comes to an end")
		arrived := slices.DeleteFunc(slices.Clone(library.stored), func(a arrival) bool { return a.arrived.After(begin) })
		want := truth(known(), arrived, begin.Add(-time.Hour))
		for k, n := range got {
			require.LessOrEqual(t, n, want[k])
		}
		missed := false
		for k, n := range want {
			missed = missed || got[k] < n
		}
		require.True(t, !missed || atLeast || gaveUp, "what is missed is told")
	})
}

func TestAfterAPauseWhatIsTooOldIsGivenUpAndSaid(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	line := func(at time.Time) arrival {
		return arrival{entry{at: at, stream: "a", labels: map[string]string{"app": "history"}, text: "context deadline exceeded"}, at}
	}
	library := &shelf{now: now, stored: []arrival{line(now.Add(-20 * time.Minute)), line(now.Add(-14 * time.Minute))}}
	before := Cursor{Next: now.Add(-40 * time.Minute), Through: now.Add(-39 * time.Minute)}
	reading, err := readerOf(library, Options{}).Read(t.Context(), before, now)
	require.NoError(t, err)
	assert.Equal(t, "lines from 2026-11-22T02:21:00Z to 2026-11-22T02:45:00Z were not read: more than 15m0s had passed", reading.GaveUp)
	require.Len(t, reading.Counts, 1)
	assert.Equal(t, health.LogCount{
		At: now.Add(-14 * time.Minute), Pattern: "deadline_exceeded", Meaning: Patterns()[0].Meaning, Service: "history", Count: 1, Sample: "context deadline exceeded",
	}, reading.Counts[0])
	assert.InDelta(t, 1.0/15, *reading.RatePerMin, 1e-9)
}

func TestMoreLinesOfAMomentThanCanBeAskedForAreToldEvenIfNoneOfThoseReadMatches(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	library := &shelf{now: now}
	for _, text := range []string{"all is well", "context deadline exceeded"} {
		library.stored = append(library.stored, arrival{entry{at: now.Add(-time.Second), stream: "a", text: text}, now})
	}
	reading, err := readerOf(library, Options{PageSize: 1}).Read(t.Context(), Cursor{}, now)
	require.NoError(t, err)
	assert.Empty(t, reading.Counts)
	assert.Contains(t, reading.GaveUp, "1 lines or more have the very same time")
}

func TestARateIsOfLinesAndNotOfPatterns(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	library := &shelf{now: now, stored: []arrival{{entry{at: now.Add(-time.Second), stream: "a", text: `{"msg":"Fail to process task","error":"context deadline exceeded"}`}, now}}}
	reading, err := readerOf(library, Options{}).Read(t.Context(), Cursor{Next: now.Add(-time.Minute), Through: now.Add(-30 * time.Second)}, now)
	require.NoError(t, err)
	assert.Len(t, reading.Counts, 2)
	assert.Equal(t, 1, reading.Matched)
	assert.InDelta(t, 2, *reading.RatePerMin, 1e-9)
	again, err := readerOf(library, Options{}).Read(t.Context(), reading.Cursor, now.Add(30*time.Second))
	require.NoError(t, err)
	assert.Empty(t, again.Counts)
	assert.Zero(t, *again.RatePerMin)
}

func TestACursorStaysSmall(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	library := &shelf{}
	var cursor Cursor
	for minute := range 120 {
		now = now.Add(30 * time.Second)
		library.now = now
		library.stored = nil
		for i := range 200 {
			service := fmt.Sprintf("pod-%d-%d", minute, i)
			library.stored = append(library.stored, arrival{entry{at: now.Add(-time.Second), stream: service, labels: map[string]string{"service": service}, text: examples[Patterns()[i%len(Patterns())].ID][0]}, now})
		}
		reading, err := readerOf(library, Options{}).Read(t.Context(), cursor, now)
		require.NoError(t, err)
		cursor = reading.Cursor
	}
	text, err := json.Marshal(cursor)
	require.NoError(t, err)
	assert.Less(t, len(text), 64<<10)
	assert.Len(t, cursor.Services, maxServices)
}

func TestAFailureLeavesTheCursorAsItWas(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	_, err := readerOf(&shelf{err: &UnavailableError{"it is away"}}, Options{}).Read(t.Context(), Cursor{}, now)
	var unavailable *UnavailableError
	require.True(t, errors.As(err, &unavailable))
	assert.Equal(t, "it is away", unavailable.Reason)
}

func TestLogPatternsBelongToAnEventIfAndOnlyIfTheyAreWithinTheWindow(t *testing.T) {
	event := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		window := time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "window"))
		offsets := rapid.SliceOf(rapid.OneOf(
			rapid.Int64Range(-int64(20*time.Minute), int64(20*time.Minute)),
			rapid.SampledFrom([]int64{int64(window), -int64(window), int64(window) + 1, -int64(window) - 1, 0}),
		)).Draw(t, "offsets")
		var counts, want []health.LogCount
		for i, offset := range offsets {
			c := health.LogCount{At: event.Add(time.Duration(offset)), Pattern: fmt.Sprint(i), Count: 1}
			counts = append(counts, c)
			if time.Duration(offset).Abs() <= window {
				want = append(want, c)
			}
		}
		require.Equal(t, want, Around(counts, event, window))
	})
}
