package view

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

const (
	// CyclesBefore is how many cycles a brief looks back for trends, as an explanation does.
	CyclesBefore = 10
	// briefsAtOnce is how many clusters' last cycles are read at the same time: fewer than the pool has connections, so that
	// other panels get theirs.
	briefsAtOnce = 3
)

// Brief is a cluster as of its last cycle with what the rules say about that cycle. Other than an explanation, which is of
// the moment when it was written, it is always of the present.
type Brief struct {
	Present
	Evidence evidence.Evidence
	// Rules is what the rules make of the evidence; of a silent cluster it says that cycles have stopped.
	Rules rules.Brief
}

// Briefs reads the clusters that are in one of the states, with what the rules say about their last cycles.
func (d Reader) Briefs(ctx context.Context, wanted []string, states ...health.State) ([]Brief, Notices, error) {
	clusters, notices, err := d.Clusters(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	clusters = InStates(clusters, states)
	briefs := make([]Brief, len(clusters))
	group, some := errgroup.WithContext(ctx)
	group.SetLimit(briefsAtOnce)
	for i, c := range clusters {
		group.Go(func() error {
			b, err := d.Brief(some, c)
			briefs[i] = b
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	return briefs, notices, nil
}

// Brief is what the rules say about the last cycle of a cluster that was read.
func (d Reader) Brief(ctx context.Context, c Present) (Brief, error) {
	// Trends are read where something is wrong: they tell what recovers.
	if c.Silent || !c.Verdict.Fires() {
		return BriefOf(c, nil), nil
	}
	before, err := d.Store.Before(ctx, c.Cluster, c.At, CyclesBefore)
	return BriefOf(c, before), err
}

// BriefOf is what the rules say about a cluster's last cycle, with the cycles before it, oldest first.
func BriefOf(c Present, before []health.Snapshot) Brief {
	b := Brief{Present: c}
	if c.Silent {
		b.Rules = silenced(c)
		return b
	}
	b.Evidence = evidence.Gather(evidence.Input{Verdict: c.Verdict, Snapshot: c.Snapshot, Before: before})
	b.Rules = rules.Summarize(b.Evidence)
	return b
}

// silenced is the brief of a cluster whose cycles have stopped: nothing that the last one said may still hold.
func silenced(c Present) rules.Brief {
	return rules.Brief{
		Headline: fmt.Sprintf("no evaluation since %s; last known state %s", c.At.UTC().Format("15:04:05 UTC"), c.Verdict.State),
		Actions: []explain.Action{{
			Type: explain.Investigate, Target: health.Cluster, Risk: explain.RiskLow,
			Description: "Check that the worker `copilot worker` runs and reaches its Temporal server and this database.",
			Reason:      "Cycles have stopped, so the state of the cluster is unknown.", Confidence: 0.9,
		}},
	}
}

// deciding are the firing gates with a signal of their own, the root cause first.
func (b Brief) deciding() []rules.Link {
	var all []rules.Link
	seen := map[health.SignalID]bool{}
	for _, link := range b.Rules.Chain {
		if !seen[link.Signal] {
			seen[link.Signal] = true
			all = append(all, link)
		}
	}
	return all
}

// calmSignals are drawn where no gate fires: progress, what waits, and what everything stands on.
var calmSignals = []health.SignalID{health.TransitionRate, health.WorkflowBacklogAge, health.PersistenceP99}

// Deciding is a signal that decides, with the bounds of its gate where the gate fires.
type Deciding struct {
	Signal health.SignalID
	// Gate and Bounds are set while the gate fires.
	Gate   health.Gate
	Bounds *health.Bounds
}

// Deciding is the signal of a rank among those that decide, 0 for that of the root cause. Where fewer gates fire, the signals
// that an operator looks at first take the places behind them.
func (b Brief) Deciding(rank int) Deciding {
	links := b.deciding()
	if rank < len(links) {
		d := Deciding{Signal: links[rank].Signal}
		d.Gate, _ = health.LookupGate(links[rank].ID)
		for _, g := range b.Verdict.Gates {
			if g.ID == links[rank].ID {
				d.Bounds = g.Bounds
			}
		}
		return d
	}
	usual := slices.DeleteFunc(slices.Clone(calmSignals), func(id health.SignalID) bool {
		return slices.ContainsFunc(links, func(l rules.Link) bool { return l.Signal == id })
	})
	return Deciding{Signal: usual[min(rank-len(links), len(usual)-1)]}
}

// Rank is the place that a measure asks for.
func Rank(m query.Measure) int {
	return max(0, slices.Index([]query.Measure{query.MeasureFirst, query.MeasureSecond, query.MeasureThird}, m))
}

// Age is how old the last cycle is.
func (b Brief) Age(now time.Time) time.Duration { return max(0, now.Sub(b.At)) }
