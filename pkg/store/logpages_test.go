package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// pagedSince makes a store believe that all pages from a time on are complete.
func pagedSince(s *Store, since time.Time) { s.paged.Store(&since) }

// manyLogs stores readings of 25 days, each of them twice and in no order.
func manyLogs(t testing.TB, s *Store) {
	t.Helper()
	const ticks = 25 * 24 * 120
	for _, cluster := range []string{"a", "b"} {
		save(t, s, cycle(cluster, tick(0)))
		for i := range 80 {
			read := LogRead{Cluster: cluster, At: tick(ticks + i), Through: tick(ticks)}
			for k := range 40 {
				at := (i*7919 + k*k*104729) % ticks
				c := lines(at, []string{"p", "q", "r"}[(i+k)%3], []string{"history", "matching"}[k%2], i+k)
				c.AtLeast = at%11 == 0
				read.Counts = append(read.Counts, c)
			}
			saveLogs(t, s, read)
			if i%3 == 0 {
				saveLogs(t, s, read)
			}
		}
	}
}

// TestPagesSayWhatHalfMinutesSay asks for ranges of minutes to weeks with and without the use of pages, and with
// pages that are complete from a moment in between on.
func TestPagesSayWhatHalfMinutesSay(t *testing.T) {
	s := newStore(t)
	manyLogs(t, s)
	steps := []time.Duration{0, 5 * time.Minute, 30 * time.Minute, time.Hour, 90 * time.Minute, 6 * time.Hour, 24 * time.Hour}
	rapid.Check(t, func(rt *rapid.T) {
		from := tick(0).Add(time.Duration(rapid.IntRange(-3600, 25*86400).Draw(rt, "from")) * time.Second)
		q := LogQuery{
			Clusters: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 2).Draw(rt, "clusters"),
			Patterns: rapid.SliceOfN(rapid.SampledFrom([]string{"p", "q"}), 0, 1).Draw(rt, "patterns"),
			Services: rapid.SliceOfN(rapid.SampledFrom([]string{"history"}), 0, 1).Draw(rt, "services"),
			From:     from, To: from.Add(time.Duration(rapid.IntRange(60, 26*86400).Draw(rt, "length")) * time.Second),
			Step: rapid.SampledFrom(steps).Draw(rt, "step"), Limit: rapid.SampledFrom([]int{0, 3, 10_000}).Draw(rt, "limit"),
		}
		read := func(since time.Time) []string {
			pagedSince(s, since)
			patterns, err := s.LogPatterns(t.Context(), q)
			if err != nil {
				rt.Fatal(err)
			}
			var texts []string
			for _, p := range patterns {
				texts = append(texts, fmt.Sprintln(p.Cluster, p.At, p.Pattern, p.Service, p.Count, p.AtLeast))
			}
			return texts
		}
		want := read(tick(0).Add(1000 * time.Hour)) // never
		middle := tick(0).Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "since")) * time.Hour)
		for name, since := range map[string]time.Time{"all pages": tick(0).Add(-1000 * time.Hour), "some pages": middle} {
			if got := read(since); !slices.Equal(want, got) {
				rt.Fatalf("%s: want %v\ngot  %v", name, want, got)
			}
		}
	})
}

func TestPagesTellTheNewestTextsOfAPattern(t *testing.T) {
	s := newStore(t)
	pagedSince(s, tick(-10_000))
	save(t, s, cycle("a", tick(0)))
	silent := lines(400, "p", "history", 1)
	silent.Sample, silent.Meaning = "", ""
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(900), Through: tick(900), Counts: []health.LogCount{lines(300, "p", "history", 2), silent}})
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(901), Through: tick(900), Counts: []health.LogCount{lines(200, "p", "history", 4)}})
	patterns, err := s.LogPatterns(t.Context(), LogQuery{From: tick(0), To: tick(48 * 120)})
	require.NoError(t, err)
	want := lines(300, "p", "history", 7)
	want.At = tick(400)
	assert.Equal(t, []LogPattern{{"a", want}}, patterns)
}

func TestARangeIsReadFromTheCoarsestPagesThatKeepItsEnds(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse("02 15:04:05", text)
		require.NoError(t, err)
		return parsed
	}
	for name, c := range map[string]struct {
		from, to string
		step     time.Duration
		since    string
		want     []string
	}{
		"minutes":                        {"05 10:00:30", "05 11:59:00", 0, "01 00:00:00", []string{"0s 05 10:00:30 - 05 11:59:00"}},
		"hours":                          {"05 10:02:00", "05 14:06:00", 0, "01 00:00:00", []string{"0s 05 10:02:00 - 05 10:05:00", "5m0s 05 10:05:00 - 05 14:05:00", "0s 05 14:05:00 - 05 14:06:00"}},
		"days":                           {"05 10:00:00", "09 14:00:30", 0, "01 00:00:00", []string{"1h0m0s 05 10:00:00 - 09 14:00:00", "0s 09 14:00:00 - 09 14:00:30"}},
		"days in short steps":            {"05 10:00:00", "09 14:00:00", 10 * time.Minute, "01 00:00:00", []string{"5m0s 05 10:00:00 - 09 14:00:00"}},
		"days in steps that don't match": {"05 10:00:00", "09 14:00:00", 7 * time.Minute, "01 00:00:00", []string{"0s 05 10:00:00 - 09 14:00:00"}},
		"days before there were pages":   {"05 10:00:00", "09 14:00:00", 0, "06 00:00:00", []string{"0s 05 10:00:00 - 06 00:00:00", "1h0m0s 06 00:00:00 - 09 14:00:00"}},
		"only before there were pages":   {"05 10:00:00", "09 14:00:00", 0, "20 00:00:00", []string{"0s 05 10:00:00 - 09 14:00:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, part := range logParts(at(c.from), at(c.to), c.step, at(c.since)) {
				var step time.Duration
				if part.level != nil {
					step = part.level.step
				}
				got = append(got, fmt.Sprintf("%s %s - %s", step, part.from.Format("02 15:04:05"), part.to.Format("02 15:04:05")))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestPagesAreCompleteFromTheirMigrationOn(t *testing.T) {
	s := newStore(t)
	before := time.Now()
	since, err := s.pagesSince(t.Context())
	require.NoError(t, err)
	assert.True(t, since.After(before), "what an older version stores at this moment is in no page")
	assert.Less(t, since.Sub(before), 3*time.Hour)
}

// TestAPageStaysAsLongAsAnyOfItIsYoung: a month that ends today must not lose its first days with those before it.
func TestAPageStaysAsLongAsAnyOfItIsYoung(t *testing.T) {
	s := newStore(t)
	pagedSince(s, tick(-100_000))
	save(t, s, cycle("a", tick(0)))
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(9), Through: tick(9), Counts: []health.LogCount{lines(1, "p", "history", 1), lines(5000, "p", "history", 2)}})
	report, err := s.Prune(t.Context(), tick(4000))
	require.NoError(t, err)
	assert.Contains(t, report, Pruned{"log_patterns", 1})
	assert.Contains(t, report, Pruned{"log_pages", 1}, "the day of minutes, but not the ten days of hours")
	patterns, err := s.LogPatterns(t.Context(), LogQuery{From: tick(4000), To: tick(9000)})
	require.NoError(t, err)
	assert.Equal(t, 2, patterns[0].Count)
	report, err = s.Prune(t.Context(), tick(100_000))
	require.NoError(t, err)
	assert.Contains(t, report, Pruned{"log_pages", 2})
}
