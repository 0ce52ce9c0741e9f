package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// lines is how often a pattern was found in the half minute of a tick.
func lines(at int, pattern, service string, count int) health.LogCount {
	return health.LogCount{
		At: tick(at), Pattern: pattern, Meaning: "meaning of " + pattern, Service: service, Count: count,
		Sample: fmt.Sprintf("%s in %s at %d", pattern, service, at),
	}
}

func saveLogs(t testing.TB, s *Store, read LogRead) {
	t.Helper()
	require.NoError(t, s.SaveLogRead(t.Context(), read))
}

func TestLogPatternsComeBackTheMostFrequentFirst(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)), cycle("b", tick(0)))
	silent := lines(6, "shard", "history", 1)
	silent.Sample, silent.Meaning = "", ""
	more := lines(2, "timeout", "frontend", 20)
	more.AtLeast = true
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(5), Through: tick(5), Counts: []health.LogCount{lines(1, "shard", "history", 3), more}})
	// The rest of a half minute that the reading before did not see whole.
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(9), Through: tick(9), Counts: []health.LogCount{lines(1, "shard", "history", 4), silent}})
	saveLogs(t, s, LogRead{Cluster: "b", At: tick(9), Through: tick(9), Counts: []health.LogCount{lines(4, "shard", "history", 9)}})

	read := func(q LogQuery) []LogPattern {
		patterns, err := s.LogPatterns(t.Context(), q)
		require.NoError(t, err)
		return patterns
	}
	pattern := func(cluster string, at, count int, like health.LogCount) LogPattern {
		like.At, like.Count = tick(at), count
		return LogPattern{cluster, like}
	}
	shards := pattern("a", 6, 8, lines(1, "shard", "history", 0)) // with the last sample that there is
	assert.Equal(t, []LogPattern{pattern("a", 2, 20, more), pattern("b", 4, 9, lines(4, "shard", "history", 0)), shards},
		read(LogQuery{From: tick(0), To: tick(10)}))
	assert.Equal(t, []LogPattern{pattern("a", 2, 20, more)}, read(LogQuery{From: tick(0), To: tick(10), Limit: 1}))

	// In steps of a minute, that is two ticks.
	first, last := pattern("a", 0, 7, lines(1, "shard", "history", 0)), pattern("a", 6, 1, silent)
	steps := LogQuery{Clusters: []string{"a"}, From: tick(0), To: tick(10), Patterns: []string{"shard"}, Step: time.Minute}
	assert.Equal(t, []LogPattern{first, last}, read(steps))
	steps.Limit = 1
	assert.Equal(t, []LogPattern{last}, read(steps), "the latest are kept")
}

// TestALineIsCountedIfAndOnlyIfItIsAskedFor compares the database with a sum over the list.
func TestALineIsCountedIfAndOnlyIfItIsAskedFor(t *testing.T) {
	s := newStore(t)
	type row struct {
		cluster string
		health.LogCount
	}
	var all []row
	patterns, services := []string{"p", "q", "r"}, []string{"history", "matching"}
	for _, cluster := range []string{"a", "b"} {
		save(t, s, cycle(cluster, tick(0)))
		for at := range 24 {
			var counts []health.LogCount
			for i := range 3 {
				c := lines((at*7+i)%24, patterns[(at+i)%3], services[(at*i)%2], at+1)
				counts = append(counts, c)
				all = append(all, row{cluster, c})
			}
			saveLogs(t, s, LogRead{Cluster: cluster, At: tick(at + 30), Counts: counts})
		}
	}
	several := func(values ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.SampledFrom(values), 0, 2)
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(-2, 24).Draw(rt, "from")
		offset := time.Duration(rapid.IntRange(0, 29).Draw(rt, "seconds")) * time.Second
		q := LogQuery{
			Clusters: several("a", "b", "nobody").Draw(rt, "clusters"), Patterns: several("p", "q", "nothing").Draw(rt, "patterns"),
			Services: several("history", "worker").Draw(rt, "services"),
			From:     tick(from).Add(offset), To: tick(from + rapid.IntRange(1, 26).Draw(rt, "length")),
			Step: rapid.SampledFrom([]time.Duration{0, 30 * time.Second, 90 * time.Second, 5 * time.Minute}).Draw(rt, "step"),
		}
		chosen := func(from []string, one string) bool { return len(from) == 0 || slices.Contains(from, one) }
		want := make(map[string]int)
		for _, r := range all {
			// A half minute belongs to the range when a moment of it does.
			if chosen(q.Clusters, r.cluster) && chosen(q.Patterns, r.Pattern) && chosen(q.Services, r.Service) &&
				r.At.Add(logStretch).After(q.From) && r.At.Before(q.To) {
				key := r.cluster + r.Pattern + r.Service
				if q.Step > 0 {
					key += fmt.Sprint(r.At.Unix() / int64(q.Step/time.Second) * int64(q.Step/time.Second))
				}
				want[key] += r.Count
			}
		}
		read, err := s.LogPatterns(t.Context(), q)
		if err != nil {
			rt.Fatal(err)
		}
		got := make(map[string]int)
		for _, p := range read {
			key := p.Cluster + p.Pattern + p.Service
			if q.Step > 0 {
				key += fmt.Sprint(p.At.Unix())
			}
			got[key] += p.Count
		}
		if fmt.Sprint(want) != fmt.Sprint(got) || len(got) != len(read) {
			rt.Fatalf("want %v\ngot  %v", want, got)
		}
		ordered := slices.IsSortedFunc(read, func(a, b LogPattern) int {
			if q.Step > 0 {
				return a.At.Compare(b.At)
			}
			return cmp.Compare(b.Count, a.Count)
		})
		if !ordered {
			rt.Fatalf("in disorder: %v", read)
		}
	})
}

// TestCountsAreNeverDoubled: a reading may be stored again at any time, whole or after another one.
func TestCountsAreNeverDoubled(t *testing.T) {
	s := newStore(t)
	cases := 0
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		cluster := fmt.Sprintf("case-%d", cases)
		count := rapid.Custom(func(t *rapid.T) health.LogCount {
			c := lines(rapid.IntRange(0, 2).Draw(t, "at"), rapid.SampledFrom([]string{"p", "q"}).Draw(t, "pattern"), "history",
				rapid.IntRange(0, 5).Draw(t, "count"))
			c.At = c.At.Add(time.Duration(rapid.IntRange(0, 29).Draw(t, "second")) * time.Second)
			return c
		})
		total := 0
		var reads []LogRead
		for i, counts := range rapid.SliceOfN(rapid.SliceOfN(count, 0, 4), 1, 3).Draw(rt, "reads") {
			reads = append(reads, LogRead{Cluster: cluster, At: tick(10 + i), Through: tick(10 + i), Counts: counts})
			for _, c := range counts {
				total += c.Count
			}
		}
		again := rapid.SliceOfN(rapid.SampledFrom(reads), 0, 2).Draw(rt, "again")
		for _, read := range rapid.Permutation(append(reads, again...)).Draw(rt, "order") {
			if err := s.SaveLogRead(t.Context(), read); err != nil {
				rt.Fatal(err)
			}
		}
		patterns, err := s.LogPatterns(t.Context(), LogQuery{Clusters: []string{cluster}, From: tick(0), To: tick(10)})
		if err != nil {
			rt.Fatal(err)
		}
		got := 0
		for _, p := range patterns {
			got += p.Count
		}
		if got != total {
			rt.Fatalf("%d lines were read, %d are counted", total, got)
		}
		states, err := s.LogStates(t.Context(), []string{cluster})
		if err != nil {
			rt.Fatal(err)
		}
		if newest := tick(9 + len(reads)); len(states) != 1 || !states[0].At.Equal(newest) || !states[0].Through.Equal(newest) {
			rt.Fatalf("read through %v, the store says %v", newest, states)
		}
	})
}

func TestLogsThatCannotBeReadAreNotLogsWithoutLines(t *testing.T) {
	s := newStore(t)
	state := func() LogState {
		states, err := s.LogStates(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, states, 1)
		return states[0]
	}
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(1), Unavailable: "Loki does not answer\x00."})
	assert.Equal(t, LogState{Cluster: "a", At: tick(1), Unavailable: "Loki does not answer\uFFFD."}, state(), "never read")
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(2), Through: tick(2)})
	assert.Equal(t, LogState{Cluster: "a", At: tick(2), Through: tick(2)}, state(), "read, and nothing found")
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(3), Unavailable: "no route"})
	assert.Equal(t, LogState{Cluster: "a", At: tick(3), Through: tick(2), Unavailable: "no route"}, state())
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(2), Through: tick(2)})
	assert.Equal(t, LogState{Cluster: "a", At: tick(3), Through: tick(2), Unavailable: "no route"}, state(), "an earlier reading says nothing of the last one")
}

// TestALargeReadingIsStoredInBites relies on the guard, which fails a transaction that changes more than 3,000 rows.
func TestALargeReadingIsStoredInBites(t *testing.T) {
	s := newStore(t)
	read := LogRead{Cluster: "a", At: tick(9), Through: tick(9)}
	for i := range 4500 {
		read.Counts = append(read.Counts, lines(i%5, fmt.Sprintf("p%d", i), "history", 1))
	}
	saveLogs(t, s, read)
	saveLogs(t, s, read)
	patterns, err := s.LogPatterns(t.Context(), LogQuery{Clusters: []string{"a"}, From: tick(0), To: tick(9), Limit: 20_000})
	require.NoError(t, err)
	assert.Len(t, patterns, 4500)

	// A reading that broke off is not said to have been read, and is completed when it is stored again.
	conn := owner(t, s)
	onCommit(t, conn, "log_patterns", `if attempt > 1500 then raise exception 'disk full' using errcode = '53100'; end if`)
	read.Cluster = "b"
	assert.ErrorContains(t, s.SaveLogRead(t.Context(), read), "disk full")
	states, err := s.LogStates(t.Context(), []string{"b"})
	require.NoError(t, err)
	assert.Empty(t, states)
	execute(t, conn, `drop trigger at_commit on copilot.log_patterns`)
	saveLogs(t, s, read)
	patterns, err = s.LogPatterns(t.Context(), LogQuery{Clusters: []string{"b"}, From: tick(0), To: tick(9), Limit: 20_000})
	require.NoError(t, err)
	assert.Len(t, patterns, 4500)
}

func TestAReadingThatConflictsIsWrittenAgain(t *testing.T) {
	s := newStore(t)
	conn := owner(t, s)
	onCommit(t, conn, "logs_now", `if attempt <= 3 then raise exception 'change conflicts with another transaction (OC000)' using errcode = '40001'; end if`)
	saveLogs(t, s, LogRead{Cluster: "a", At: tick(2), Through: tick(2), Counts: []health.LogCount{lines(1, "p", "history", 2)}})
	assert.Equal(t, int64(4), attempts(t, conn))
	patterns, err := s.LogPatterns(t.Context(), LogQuery{Clusters: []string{"a"}, From: tick(0), To: tick(9)})
	require.NoError(t, err)
	assert.Equal(t, 2, patterns[0].Count)
}

func TestAReadingThatCanNeverBeStoredIsRefused(t *testing.T) {
	s := newStore(t)
	want := contents(t, s)
	for name, spoil := range map[string]func(*LogRead){
		"no cluster":                    func(r *LogRead) { r.Cluster = "" },
		"no time":                       func(r *LogRead) { r.At = time.Time{} },
		"lines without time":            func(r *LogRead) { r.Counts[0].At = time.Time{} },
		"a pattern without id":          func(r *LogRead) { r.Counts[0].Pattern = "" },
		"a service beyond DSQL's key":   func(r *LogRead) { r.Counts[0].Service = strings.Repeat("x", 256) },
		"a service that is no UTF-8":    func(r *LogRead) { r.Counts[0].Service = "\xff" },
		"a pattern found less than not": func(r *LogRead) { r.Counts[0].Count = -1 },
	} {
		read := LogRead{Cluster: "a", At: tick(2), Through: tick(2), Counts: []health.LogCount{lines(1, "p", "history", 2)}}
		spoil(&read)
		assert.ErrorIs(t, s.SaveLogRead(t.Context(), read), ErrBadLogRead, name)
	}
	assert.Equal(t, want, contents(t, s))
	for name, q := range map[string]LogQuery{
		"a range that ends before it begins":  {From: tick(1), To: tick(0)},
		"a range without beginning and end":   {},
		"a step below 0":                      {From: tick(0), To: tick(1), Step: -time.Second},
		"more steps than anybody can look at": {From: tick(0), To: tick(1000), Step: time.Second},
	} {
		_, err := s.LogPatterns(t.Context(), q)
		assert.Error(t, err, name)
		_, err = s.Usage(t.Context(), UsageQuery{From: q.From, To: q.To, Step: q.Step})
		assert.Error(t, err, name)
	}
}
