package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	higher  = health.HistoryBacklogAge // gets worse upwards
	lower   = health.TransitionRate    // gets worse downwards
	neutral = health.WorkflowStarts
)

// curve writes points as text: the value of each, and "·" for none.
func curve(points []Point) string {
	var values []string
	for _, p := range points {
		if p.Value == nil {
			values = append(values, "·")
		} else {
			values = append(values, fmt.Sprint(*p.Value))
		}
	}
	return strings.Join(values, " ")
}

// saveCurve saves cycles 0 to n-1, except those that are skipped, in which three signals have the cycle's number.
func saveCurve(t testing.TB, s *Store, cluster string, n int, skip func(int) bool) {
	t.Helper()
	var cycles []Cycle
	for i := range n {
		if skip == nil || !skip(i) {
			v := float64(i)
			cycles = append(cycles, cycle(cluster, tick(i), signal(higher, v), signal(lower, v), signal(neutral, v)))
		}
	}
	save(t, s, cycles...)
}

func TestFewCyclesComeBackOneByOne(t *testing.T) {
	s := newStore(t)
	saveCurve(t, s, "a", 10, func(i int) bool { return i == 3 || i > 4 && i < 8 })
	save(t, s, cycle("a", tick(10), unknown(higher)), cycle("a", tick(11), signal(higher, 11)))
	series, err := s.Series(t.Context(), SeriesQuery{Signals: []health.SignalID{higher}, From: tick(1), To: tick(12), Points: 100})
	require.NoError(t, err)
	require.Len(t, series, 1)
	assert.Equal(t, "1 2 4 · 8 9 · 11", curve(series[0].Points), "one lost cycle is no gap, three are; an unknown value is no value")
	assert.Equal(t, tick(1), series[0].Points[0].At)
	assert.Equal(t, tick(5), series[0].Points[3].At)

	series, err = s.Series(t.Context(), SeriesQuery{Signals: []health.SignalID{higher}, From: tick(9), To: tick(60), Points: 100})
	require.NoError(t, err)
	assert.Equal(t, "9 · 11 ·", curve(series[0].Points), "after the last cycle nothing is known")
}

func TestABucketHoldsTheWorstOfItsCycles(t *testing.T) {
	s := newStore(t)
	saveCurve(t, s, "a", 40, func(i int) bool { return i >= 20 && i < 28 })
	q := SeriesQuery{Signals: []health.SignalID{higher, lower, neutral, health.GCPause}, From: tick(0), To: tick(40), Points: 11}
	series, err := s.Series(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, series, 4)
	assert.Equal(t, "3 7 11 15 19 · · 31 35 39", curve(series[0].Points))
	assert.Equal(t, "0 4 8 12 16 · · 28 32 36", curve(series[1].Points))
	assert.Equal(t, "3 7 11 15 19 · · 31 35 39", curve(series[2].Points))
	assert.Equal(t, "· · · · · · · · · ·", curve(series[3].Points), "never known")
	assert.Equal(t, 4*interval, series[0].Points[1].At.Sub(series[0].Points[0].At))

	// A moment later the buckets are the same, and the one that has just begun is no gap yet.
	q.From, q.To = tick(1), tick(41)
	moved, err := s.Series(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, curve(series[0].Points), curve(moved[0].Points))
	assert.Equal(t, tick(1), moved[0].Points[0].At, "no point lies before the range")
}

func TestLongRangesAreReadFromRollups(t *testing.T) {
	s := newStore(t)
	saveCurve(t, s, "a", 480, func(i int) bool { return i >= 240 && i < 360 }) // four hours, the third one without cycles
	for name, c := range map[string]struct {
		points int
		to     time.Time
		step   time.Duration
		want   string
	}{
		"five minutes": {25, tick(480), 5 * time.Minute,
			"19 39 59 79 99 119 139 159 179 199 219 239 · · · · · · 379 399 419 439 459 479"},
		"an hour": {3, tick(480), time.Hour, "239 479"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planReading(tick(0), c.to, c.points, interval)
			require.Equal(t, c.step, plan.step)
			series, err := s.Series(t.Context(), SeriesQuery{Signals: []health.SignalID{higher}, From: tick(0), To: c.to, Points: c.points})
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(curve(series[0].Points), c.want), curve(series[0].Points))
			assert.LessOrEqual(t, len(series[0].Points), c.points)
		})
	}
}

// TestRollupsSayWhatTheCyclesSay compares every signal, in whatever order cycles were written.
func TestRollupsSayWhatTheCyclesSay(t *testing.T) {
	s := newStore(t)
	var all []health.SignalID
	for _, signal := range health.Signals() {
		all = append(all, signal.ID)
	}
	const n = 70
	for _, i := range []int{0, 60, 20} {
		for j := range n / 3 {
			c := cycle("a", tick(i+(j*7)%23))
			for k, id := range all {
				if (i+j+k)%5 != 0 {
					c.Snapshot.Signals[id] = float64((i*31 + j*17 + k*13) % 101)
				}
			}
			save(t, s, c)
		}
	}
	signals, err := lookUp(all)
	require.NoError(t, err)
	read := func(step time.Duration) string {
		plan := reading{from: tick(0), to: tick(120), interval: interval, step: step, width: 10 * time.Minute}
		sql, args := plan.query("a", signals)
		rows, err := s.pool.Query(t.Context(), sql, args...)
		require.NoError(t, err)
		curves, err := plan.curves(rows, len(signals))
		require.NoError(t, err)
		var text strings.Builder
		for i, points := range curves {
			fmt.Fprintln(&text, all[i], curve(points))
		}
		return text.String()
	}
	assert.Equal(t, read(0), read(5*time.Minute))
}

func TestAReadingIsBoundedWhateverTheRange(t *testing.T) {
	const retention = DefaultRetention
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.Int64Range(int64(time.Second), int64(10*time.Minute)).Draw(t, "interval")).Truncate(time.Millisecond)
		length := time.Duration(rapid.Int64Range(int64(time.Minute), int64(retention)).Draw(t, "length")).Truncate(time.Microsecond)
		points := rapid.IntRange(2, 5000).Draw(t, "points")
		from := start.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "offset"))).Truncate(time.Microsecond)
		plan := planReading(from, from.Add(length), points, every)
		if plan.width == 0 {
			if length/every > time.Duration(points) {
				t.Fatalf("%v cycles for %d points", length/every, points)
			}
			return
		}
		buckets := plan.bucket(plan.to.Add(-time.Microsecond)) - plan.bucket(plan.from) + 1
		if buckets > int64(points) {
			t.Fatalf("%d buckets for %d points", buckets, points)
		}
		unit := max(plan.step, every)
		if rows := int64(length / unit); rows > int64(readPerPoint*points) && plan.step != time.Hour {
			t.Fatalf("%d rows for %d points", rows, points)
		}
		if plan.width < 2*every || plan.width%max(plan.step, time.Millisecond) != 0 {
			t.Fatalf("buckets of %v for cycles every %v from rows of %v", plan.width, every, plan.step)
		}
	})
}

func TestSeriesNameTheirClusterAndSignal(t *testing.T) {
	s := newStore(t)
	saveCurve(t, s, "b", 2, nil)
	saveCurve(t, s, "a", 2, nil)
	read := func(clusters ...string) (names []string) {
		series, err := s.Series(t.Context(), SeriesQuery{Clusters: clusters, Signals: []health.SignalID{lower, higher, lower}, From: tick(0), To: tick(2)})
		require.NoError(t, err)
		for _, one := range series {
			names = append(names, one.Cluster+" "+string(one.Signal))
		}
		return names
	}
	assert.Equal(t, []string{"a " + string(lower), "a " + string(higher), "b " + string(lower), "b " + string(higher)}, read())
	assert.Equal(t, []string{"b " + string(lower), "b " + string(higher)}, read("b", "nobody"))

	for name, q := range map[string]SeriesQuery{
		"no signal":                          {From: tick(0), To: tick(1)},
		"a signal that is not in the table":  {Signals: []health.SignalID{"at; drop table copilot.events"}, From: tick(0), To: tick(1)},
		"a range that ends before it begins": {Signals: []health.SignalID{lower}, From: tick(1), To: tick(0)},
	} {
		_, err := s.Series(t.Context(), q)
		assert.Error(t, err, name)
	}
	empty, err := s.Series(t.Context(), SeriesQuery{Clusters: []string{"a"}, Signals: []health.SignalID{lower}, From: tick(100), To: tick(200)})
	require.NoError(t, err)
	assert.Empty(t, empty[0].Points, "no cycles, no points")
}
