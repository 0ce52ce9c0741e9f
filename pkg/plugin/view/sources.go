package view

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Source is something that the copilot itself depends on, for one cluster.
type Source struct {
	Cluster, Name string
	// Failing is nil where nothing was asked of the source, so that nobody knows.
	Failing *bool
	// Partly: it works, and most of what is asked of it is unknown.
	Partly bool
	// Last is when the source last gave something; zero when it never did.
	Last time.Time
	// Failures are those in the time range; nil where they are not counted.
	Failures *float64
	// Reason says what fails, or why nothing is known.
	Reason string
}

// Sources tells whether the copilot gets what it lives on: its own cycles, and for each cluster metrics, logs and models.
// It is about the copilot; how the clusters are is told elsewhere.
func (d Reader) Sources(ctx context.Context, clusters []Present, a query.Query) ([]Source, error) {
	readings, err := d.LogReadings(ctx, clusters, a.Clusters)
	if err != nil {
		return nil, err
	}
	models, err := d.modelSources(ctx, clusters, a)
	if err != nil {
		return nil, err
	}
	blind, err := d.timesUnknown(ctx, a)
	if err != nil {
		return nil, err
	}
	var rows []Source
	for i, c := range clusters {
		if a.Measure != query.MeasureExplaining {
			rows = append(rows, c.cycleSource(d.Now()), c.metricSource(blind[c.Cluster]))
		}
		rows = append(rows, readings[i].source(), models[i])
	}
	return rows, nil
}

// cycleSource: cycles come from the worker.
func (p Present) cycleSource(now time.Time) Source {
	s := Source{Cluster: p.Cluster, Name: "cycles", Failing: &p.Silent, Last: p.At}
	if p.Silent {
		s.Reason = fmt.Sprintf("no cycle for %s, one is due every %s: check that the worker runs", now.Sub(p.At).Round(time.Second), interval(p.Interval))
	}
	return s
}

// metricSource: signals come from Prometheus. It fails while too little is known for a verdict; single signals
// are unknown on many a sound cluster, because nothing happens that they could count.
func (p Present) metricSource(timesBlind float64) Source {
	s := Source{Cluster: p.Cluster, Name: "metrics", Failures: &timesBlind, Last: p.At, Reason: p.unknownSignals()}
	switch {
	case p.Silent:
		s.Reason = "not known since cycles stopped"
	case p.Verdict.Stale:
		s.Failing, s.Last = new(true), time.Time{}
	default:
		s.Failing = new(false)
		s.Partly = len(p.Snapshot.Unknown) > len(health.Signals())/partlyFrom
	}
	return s
}

// partlyFrom is the part of the signals that may be unknown on a sound cluster: what it does not use, and what its version
// or its database does not have, is a third of the table on a PostgreSQL cluster without SDK metrics.
const partlyFrom = 2

// namedReasons is how many reasons are told: one failure of Prometheus has one or two.
const namedReasons = 2

// unknownSignals says how many signals of the last cycle are unknown, and why most of them are.
func (p Present) unknownSignals() string {
	if len(p.Snapshot.Unknown) == 0 {
		return ""
	}
	counts := map[string]int{}
	for _, why := range p.Snapshot.Unknown {
		counts[why]++
	}
	var reasons []string
	for why := range counts {
		reasons = append(reasons, why)
	}
	slices.SortFunc(reasons, func(x, y string) int { return cmp.Or(counts[y]-counts[x], strings.Compare(x, y)) })
	var told []string
	for _, why := range reasons[:min(len(reasons), namedReasons)] {
		told = append(told, fmt.Sprintf("%d × %s", counts[why], why))
	}
	return fmt.Sprintf("%d of %d signals unknown: %s", len(p.Snapshot.Unknown), len(health.Signals()), strings.Join(told, "; "))
}

// timesUnknown counts how often in the time range too little came to be known of each cluster.
func (d Reader) timesUnknown(ctx context.Context, a query.Query) (map[string]float64, error) {
	events, err := d.Store.Events(ctx, store.EventQuery{Clusters: a.Clusters, From: a.From, To: a.To, Kinds: []health.EventKind{health.StalenessChanged}, Limit: MostScannedEvents, Brief: true})
	if err != nil {
		return nil, err
	}
	times := map[string]float64{}
	for _, e := range events {
		if e.Stale {
			times[e.Cluster]++
		}
	}
	return times, nil
}

// source: log lines come from Loki.
func (r LogReading) source() Source {
	s := Source{Cluster: r.Cluster, Name: "logs", Last: r.through()}
	switch {
	case r.Logs == nil:
		s.Reason = "the worker's configuration has no logs for this cluster, or they were not read yet"
	case r.Silent:
		s.Reason = "not known since cycles stopped"
	case r.fresh():
		s.Failing = new(false)
	default:
		s.Failing, s.Reason = new(true), cmp.Or(r.Logs.Unavailable, "not read since "+Clock(r.Logs.At))
	}
	return s
}

// modelSources: explanations come from a model, where there is one. It fails when the rules had to write the
// newest explanation in its stead.
func (d Reader) modelSources(ctx context.Context, clusters []Present, a query.Query) ([]Source, error) {
	latest, err := d.Store.LatestAssessments(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	used, err := d.Store.Usage(ctx, store.UsageQuery{Clusters: a.Clusters, From: a.From, To: a.To})
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(clusters))
	for i, c := range clusters {
		s := Source{Cluster: c.Cluster, Name: "model", Reason: "nothing was explained yet"}
		for _, u := range used {
			if u.Cluster == c.Cluster {
				s.Failures = new(float64(u.Failures) + orZero(s.Failures))
			}
		}
		for _, l := range latest {
			if l.Cluster != c.Cluster {
				continue
			}
			s.Reason = l.Instead
			switch {
			case l.Instead != "":
				s.Failing = new(true)
			case s.Failures != nil:
				s.Failing, s.Last = new(false), l.MadeAt
			default:
				s.Reason = "no model was asked in this time range: the rules explain"
			}
		}
		sources[i] = s
	}
	return sources, nil
}

func orZero(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}
