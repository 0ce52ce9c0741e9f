package view

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

// Present is a cluster as of a moment: its last cycle, and whether that still speaks for it.
type Present struct {
	store.ClusterStatus
	// Silent: the last cycle is too old. Nothing that it says holds any more.
	Silent bool
}

// AsOf judges the freshness of clusters at a moment, and puts the worst first, in the order of their names where they are
// equal. A list that is cut off or scrolled then hides the happy ones.
func AsOf(clusters []store.ClusterStatus, now time.Time) []Present {
	all := make([]Present, 0, len(clusters))
	for _, c := range clusters {
		all = append(all, Present{ClusterStatus: c, Silent: silent(c.At, c.Interval, now)})
	}
	slices.SortStableFunc(all, func(x, y Present) int { return x.place() - y.place() })
	return all
}

// place is where a cluster stands in a list. One that nobody knows may be in any state, so it comes before the happy ones.
func (p Present) place() int {
	order := []health.State{health.Critical, health.Stressed, health.Unknown, health.Happy}
	return slices.Index(order, p.State())
}

// Stale: there is no current verdict, because cycles stopped or because the last one knew too little.
func (p Present) Stale() bool { return p.Silent || p.Verdict.Stale }

// State is the current state, unknown when no current verdict says one.
func (p Present) State() health.State {
	if p.Stale() {
		return health.Unknown
	}
	return p.Verdict.State
}

// Coverage is the share of the deciding conditions that are known, 0 to 1. Of a silent cluster none is.
func (p Present) Coverage() float64 {
	if p.Silent {
		return 0
	}
	return p.Verdict.Coverage
}

// Level is the state as a number, 0 to 2, or nil when no current verdict says it.
func (p Present) Level() *float64 { return Level(p.State()) }

// InStates keeps the clusters whose current state is among the named ones. A stale cluster has none:
// it counts as unknown.
func InStates(clusters []Present, states []health.State) []Present {
	if len(states) == 0 {
		return clusters
	}
	var kept []Present
	for _, c := range clusters {
		if slices.Contains(states, c.State()) {
			kept = append(kept, c)
		}
	}
	return kept
}
