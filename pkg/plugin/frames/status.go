package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// StatusForAlert holds one number per cluster and no other label than its name.
//
// The state of a stale cluster is null on purpose: Grafana then applies the rule's own "no data"
// setting to that cluster alone. A number would claim what nobody knows. The staleness, 0 or 1, is
// never null and can be alerted on by itself. States and other filters of rows don't count here: a
// rule needs the healthy rows to resolve.
func StatusForAlert(clusters []view.Present, m query.Measure) *data.Frame {
	return numbers("status", clusterColumn(clusters), measureColumn(clusters, m))
}

// Status is the whole status for panels, the measure first among its numbers.
func Status(clusters []view.Present, lead query.Measure) *data.Frame {
	fields := []*data.Field{clusterColumn(clusters), measureColumn(clusters, lead)}
	for _, m := range []query.Measure{query.MeasureState, query.MeasureStaleness, query.MeasureCoverage} { // columns of words say more than the others
		if m != lead {
			fields = append(fields, measureColumn(clusters, m))
		}
	}
	fields = append(fields,
		column("last_state", StateConfig("Last decided state"), clusters, func(p view.Present) *float64 { return view.Level(p.Verdict.State) }),
		column("since", inUnit("Since", "dateTimeFromNow"), clusters, func(p view.Present) *time.Time { return view.Moment(p.Verdict.Since) }),
		column("last_cycle", inUnit("Last cycle", "dateTimeFromNow"), clusters, func(p view.Present) *time.Time { return view.Moment(p.At) }),
		column("bottleneck", bottleneckNames("Bottleneck"), clusters, view.Present.Bottleneck),
		column("top_gates", titled("Firing conditions"), clusters, view.Present.TopGates),
		column("band", titled("Scale band"), clusters, func(p view.Present) string { return string(p.Verdict.Band) }),
		column("gates_fired", inUnit("Gates fired", "short"), clusters, func(p view.Present) *float64 { return p.Count(health.Fired) }),
		column("gates_unknown", inUnit("Gates unknown", "short"), clusters, func(p view.Present) *float64 { return p.Count(health.NotKnowable) }),
		column("event", inUnit("Last event", "none"), clusters, func(p view.Present) float64 { return float64(p.Seq) }),
	)
	return numbers("status", fields...)
}

func clusterColumn(clusters []view.Present) *data.Field {
	return column("cluster", titled("Cluster"), clusters, func(p view.Present) string { return p.Cluster })
}

func measureColumn(clusters []view.Present, m query.Measure) *data.Field {
	switch m {
	case query.MeasureStaleness:
		return column(string(m), flagConfig("Staleness", "current", green, "stale", grey), clusters,
			func(p view.Present) *float64 { return view.OneIf(p.Stale()) })
	case query.MeasureCoverage:
		return column(string(m), shareConfig("Coverage"), clusters, func(p view.Present) *float64 { return new(p.Coverage()) })
	case query.MeasureWorkerLimited:
		return column(string(m), flagConfig("Limited by workers", "no", green, "yes", orange), clusters,
			func(p view.Present) *float64 { return p.LimitedBy(health.WorkerLimited) })
	case query.MeasureApplicationLimited:
		return column(string(m), flagConfig("Limited by the application", "no", green, "yes", orange), clusters,
			func(p view.Present) *float64 { return p.LimitedBy(health.ApplicationLimited) })
	case query.MeasureFlapping:
		return column(string(m), flagConfig("Flapping", "no", green, "flapping", orange), clusters, view.Present.Flapping)
	case query.MeasureFirstGate:
		return column(string(m), gateNumbers("Worst gate"), clusters, func(p view.Present) *float64 { return p.GateNumber(0) })
	case query.MeasureSecondGate:
		return column(string(m), gateNumbers("Second gate"), clusters, func(p view.Present) *float64 { return p.GateNumber(1) })
	default:
		return column(string(query.MeasureState), StateConfig("State"), clusters, view.Present.Level)
	}
}
