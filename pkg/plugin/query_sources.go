package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// source is something that the copilot itself depends on, for one cluster.
type source struct {
	cluster, name string
	// failing is nil where nothing was asked of the source, so that nobody knows.
	failing *bool
	// last is when the source last gave something; zero when it never did.
	last time.Time
	// failures are those in the time range; nil where they are not counted.
	failures *float64
	// reason says what fails, or why nothing is known.
	reason string
}

// answerSources tells whether the copilot gets what it lives on: its own cycles, and for each cluster metrics,
// logs and models. It is about the copilot; how the clusters are is told elsewhere.
func answerSources(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	readings, err := d.logReadings(ctx, clusters, a)
	if err != nil {
		return nil, err
	}
	models, err := d.modelSources(ctx, clusters, a)
	if err != nil {
		return nil, err
	}
	blind, err := d.timesBlind(ctx, a)
	if err != nil {
		return nil, err
	}
	var rows []source
	for i, c := range clusters {
		rows = append(rows, c.cycleSource(d.now()), c.metricSource(blind[c.Cluster]), readings[i].source(), models[i])
	}
	return lacking.on(data.Frames{sourcesFrame(rows, a.forAlert, d.now())}), nil
}

// sourcesFrame holds a row for each cluster and source. What an alert rule compares is 1 while it fails, and
// null where nobody knows.
func sourcesFrame(rows []source, forAlert bool, now time.Time) *data.Frame {
	text := func(name, title string, value func(source) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	fields := []*data.Field{
		text("cluster", "Cluster", func(s source) string { return s.cluster }),
		text("source", "Source", func(s source) string { return s.name }),
		column("failing", flagConfig("Works", "yes", green, "no", red), rows, func(s source) *float64 {
			if s.failing == nil {
				return nil
			}
			return oneIf(*s.failing)
		}),
	}
	if !forAlert {
		fields = append(fields,
			column("lag", inUnit("Behind", "s"), rows, func(s source) *float64 {
				if s.last.IsZero() {
					return nil
				}
				return new(max(0, now.Sub(s.last).Seconds()))
			}),
			column("last", inUnit("Last answer", "dateTimeFromNow"), rows, func(s source) *time.Time { return moment(s.last) }),
			column("failures", inUnit("Failures", "short"), rows, func(s source) *float64 { return s.failures }),
			text("reason", "Details", func(s source) string { return s.reason }),
		)
	}
	return numbers("sources", fields...)
}

// cycleSource: cycles come from the worker.
func (p present) cycleSource(now time.Time) source {
	s := source{cluster: p.Cluster, name: "cycles", failing: &p.silent, last: p.At}
	if p.silent {
		s.reason = fmt.Sprintf("no cycle for %s, one is due every %s: check that the worker runs", now.Sub(p.At).Round(time.Second), interval(p.Interval))
	}
	return s
}

// metricSource: signals come from Prometheus. It fails while too little is known for a verdict; single signals
// are unknown on many a sound cluster, because nothing happens that they could count.
func (p present) metricSource(timesBlind float64) source {
	s := source{cluster: p.Cluster, name: "metrics", failures: &timesBlind, last: p.At, reason: p.unknownSignals()}
	switch {
	case p.silent:
		s.reason = "not known since cycles stopped"
	case p.Verdict.Stale:
		s.failing, s.last = new(true), time.Time{}
	default:
		s.failing = new(false)
	}
	return s
}

// namedReasons is how many reasons are told: one trouble with Prometheus has one or two.
const namedReasons = 2

// unknownSignals says how many signals of the last cycle are unknown, and why most of them are.
func (p present) unknownSignals() string {
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

// timesBlind counts how often in the time range too little came to be known of each cluster.
func (d *Datasource) timesBlind(ctx context.Context, a ask) (map[string]float64, error) {
	events, err := d.store.Events(ctx, store.EventQuery{Clusters: a.clusters, From: a.from, To: a.to, Kinds: []health.EventKind{health.StalenessChanged}, Limit: mostScannedEvents, Brief: true})
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
func (r logReading) source() source {
	s := source{cluster: r.Cluster, name: "logs", last: r.through()}
	switch {
	case r.state == nil:
		s.reason = "the worker's configuration has no logs for this cluster, or they were not read yet"
	case r.silent:
		s.reason = "not known since cycles stopped"
	case r.fresh():
		s.failing = new(false)
	default:
		s.failing, s.reason = new(true), cmp.Or(r.state.Unavailable, "not read since "+clock(r.state.At))
	}
	return s
}

// modelSources: explanations come from a model, where there is one. It fails when the rules had to write the
// newest explanation in its stead.
func (d *Datasource) modelSources(ctx context.Context, clusters []present, a ask) ([]source, error) {
	latest, err := d.store.LatestAssessments(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	used, err := d.store.Usage(ctx, store.UsageQuery{Clusters: a.clusters, From: a.from, To: a.to})
	if err != nil {
		return nil, err
	}
	sources := make([]source, len(clusters))
	for i, c := range clusters {
		s := source{cluster: c.Cluster, name: "model", reason: "nothing was explained yet"}
		for _, u := range used {
			if u.Cluster == c.Cluster {
				s.failures = new(float64(u.Failures) + orZero(s.failures))
			}
		}
		for _, l := range latest {
			if l.Cluster != c.Cluster {
				continue
			}
			s.reason = l.Instead
			switch {
			case l.Instead != "":
				s.failing = new(true)
			case s.failures != nil:
				s.failing, s.last = new(false), l.MadeAt
			default:
				s.reason = "no model was asked in this time range: the rules explain"
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
