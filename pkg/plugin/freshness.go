package plugin

import (
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// A cluster is stale when its last cycle is older than this many intervals. One missed cycle is a
// slow Prometheus; three are a worker that is gone.
const staleAfterIntervals = 3

// usualInterval stands in for a cycle interval that was not stored.
const usualInterval = 30 * time.Second

// interval returns a usable cycle interval.
func interval(stored time.Duration) time.Duration {
	if stored <= 0 {
		return usualInterval
	}
	return stored
}

// silent reports whether cycles have stopped: the newest one, at last, is too old to speak for now.
func silent(last time.Time, every time.Duration, now time.Time) bool {
	return now.Sub(last) > staleAfterIntervals*interval(every)
}

// present is a cluster as of a moment: its last cycle, and whether that still speaks for it.
type present struct {
	store.ClusterStatus
	// silent: the last cycle is too old. Nothing that it says holds any more.
	silent bool
}

// asOf judges the freshness of clusters at a moment, and puts the worst first, in the order of their names where they are
// equal. A list that is cut off or scrolled then hides the happy ones.
func asOf(clusters []store.ClusterStatus, now time.Time) []present {
	all := make([]present, 0, len(clusters))
	for _, c := range clusters {
		all = append(all, present{ClusterStatus: c, silent: silent(c.At, c.Interval, now)})
	}
	slices.SortStableFunc(all, func(x, y present) int { return x.place() - y.place() })
	return all
}

// place is where a cluster stands in a list. One that nobody knows may be in any state, so it comes before the happy ones.
func (p present) place() int {
	order := []health.State{health.Critical, health.Stressed, health.Unknown, health.Happy}
	return slices.Index(order, p.state())
}

// stale: there is no current verdict, because cycles stopped or because the last one knew too little.
func (p present) stale() bool { return p.silent || p.Verdict.Stale }

// state is the current state, unknown when no current verdict says one.
func (p present) state() health.State {
	if p.stale() {
		return health.Unknown
	}
	return p.Verdict.State
}

// level is the state as a number, 0 to 2, or nil when no current verdict says it.
func (p present) level() *float64 { return level(p.state()) }
