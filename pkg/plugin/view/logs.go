package view

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// LogReading is how far the logs of a cluster were read, and when they were.
type LogReading struct {
	Present
	// Logs is nil when they never were.
	Logs *store.LogState
	now  time.Time
	// Rate is the signal that is known exactly while logs are read; only counts over time need it.
	Rate []store.Point
}

// LogReadings are those of clusters, in their order.
func (d Reader) LogReadings(ctx context.Context, clusters []Present, wanted []string) ([]LogReading, error) {
	states, err := d.Store.LogStates(ctx, wanted)
	if err != nil {
		return nil, err
	}
	readings := make([]LogReading, 0, len(clusters))
	for _, c := range clusters {
		r := LogReading{Present: c, now: d.Now()}
		if i := slices.IndexFunc(states, func(s store.LogState) bool { return s.Cluster == c.Cluster }); i >= 0 {
			r.Logs = &states[i]
		}
		readings = append(readings, r)
	}
	return readings, nil
}

// fresh: the logs are being read. They are read every half minute, however often the signals are.
func (r LogReading) fresh() bool {
	return r.Logs != nil && r.Logs.Unavailable == "" && !silent(r.Logs.At, max(r.Interval, usualInterval), r.now)
}

// through is the time up to which lines were read; zero when they never were.
func (r LogReading) through() time.Time {
	if r.Logs == nil {
		return time.Time{}
	}
	return r.Logs.Through
}

// Caveat says what an empty answer does not mean.
func (r LogReading) Caveat() string {
	until := "Nothing of them is known."
	if at := r.through(); !at.IsZero() {
		until = fmt.Sprintf("What happened after %s is not known.", Clock(at))
	}
	switch {
	case r.Logs == nil:
		return fmt.Sprintf("The logs of cluster %q were never read, so an empty table does not mean no errors. Give the cluster a `logs` section in the worker's configuration.", r.Cluster)
	case r.Logs.Unavailable != "":
		return fmt.Sprintf("The logs of cluster %q can't be read: %s. %s", r.Cluster, r.Logs.Unavailable, until)
	case !r.fresh():
		return fmt.Sprintf("The logs of cluster %q have not been read since %s: check that the worker runs. %s", r.Cluster, Clock(r.Logs.At), until)
	}
	return ""
}

// MostLogCounts is how many counts the store returns at most.
const MostLogCounts = 50_000

// LogRates reads the signal that is known exactly while logs are read, as finely as the steps need it. In long
// ranges a point stands for five minutes or for an hour, and is known when a cycle of them knew.
func (d Reader) LogRates(ctx context.Context, clusters []string, from, to time.Time, step time.Duration) (map[string][]store.Point, error) {
	points := query.MaxPoints
	for _, each := range []time.Duration{5 * time.Minute, time.Hour} {
		if step >= each {
			points = int((to.Sub(from)+each-1)/each) + 1
		}
	}
	stored, err := d.Store.Series(ctx, store.SeriesQuery{Clusters: clusters, Signals: []health.SignalID{health.LogPatternRate}, From: from, To: to, Points: points})
	if err != nil {
		return nil, err
	}
	rates := map[string][]store.Point{}
	for _, s := range stored {
		rates[s.Cluster] = s.Points
	}
	return rates, nil
}

// Steps are those of a range up to now, and for each whether the logs of all of it were read.
func (r LogReading) Steps(from, to time.Time, step time.Duration) (begins []time.Time, known []bool) {
	end := Earlier(to, r.now)
	if r.fresh() {
		end = Earlier(end, r.through()) // the next lines are on their way
	}
	begins = grid(from, end, step)
	if len(begins) == 0 {
		begins = []time.Time{from.UTC()}
	}
	for _, at := range begins {
		known = append(known, r.knownBetween(at, Earlier(at.Add(step), end)))
	}
	return begins, known
}

// Lines are the lines of a pattern in each step. A step without any is 0 only when the logs of all of it
// were read, and else null.
func (r LogReading) Lines(pattern string, counts []store.LogPattern, begins []time.Time, known []bool, step time.Duration) []*float64 {
	found := map[int64]float64{}
	for _, c := range counts {
		if pattern == AnyPattern || c.Pattern == pattern {
			found[c.At.Truncate(step).Unix()] += float64(c.Count)
		}
	}
	values := make([]*float64, len(begins))
	for i, at := range begins {
		if n, ok := found[at.Unix()]; ok {
			values[i] = new(n)
		} else if known[i] {
			values[i] = new(0.0)
		}
	}
	return values
}

// knownBetween: logs were read in every cycle of a stretch, and up to its end.
func (r LogReading) knownBetween(from, to time.Time) bool {
	if !from.Before(to) || to.After(r.through()) {
		return false
	}
	// A stretch that is shorter than a cycle is known when the cycle that follows knows.
	last := to.Add(interval(r.Interval))
	known := false
	first := sort.Search(len(r.Rate), func(i int) bool { return !r.Rate[i].At.Before(from) })
	for _, p := range r.Rate[first:] {
		if p.At.After(last) {
			break
		}
		if p.Value == nil {
			if p.At.Before(to) {
				return false
			}
			continue
		}
		known = true
	}
	return known
}

// AnyPattern stands for all patterns together.
const AnyPattern = ""

// LinesKey names the lines of a pattern in a service of a cluster.
type LinesKey struct{ Cluster, Pattern, Service string }

// recently is how long lines count as recent: longer than a cycle and the reading of logs, shorter than most incidents.
const recently = 10 * time.Minute

// RecentLines counts the lines of each pattern in the last minutes before a time.
func (d Reader) RecentLines(ctx context.Context, clusters []string, to time.Time) (map[LinesKey]int, error) {
	found, err := d.Store.LogPatterns(ctx, store.LogQuery{Clusters: clusters, From: to.Add(-recently), To: to, Limit: MostLogCounts})
	if err != nil {
		return nil, err
	}
	counts := map[LinesKey]int{}
	for _, p := range found {
		counts[LinesKey{p.Cluster, p.Pattern, p.Service}] += p.Count
	}
	return counts, nil
}
