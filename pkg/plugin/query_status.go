package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// answerStatus tells how clusters are now, one row each. What it costs does not depend on the length
// of history.
func answerStatus(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	if a.forAlert {
		return data.Frames{statusForAlert(clusters, a.measure)}, nil
	}
	frame := statusFrame(inStates(clusters, a.states), a.measure)
	if a.live {
		d.goLive(ctx, frame, streamPath{topicStatus, a.clusters}, &lacking, a.measure == measureState && len(a.states) == 0,
			"the measure and states filters")
	}
	return lacking.on(data.Frames{frame}), nil
}

// inStates keeps the clusters whose current state is among the named ones. A stale cluster has none:
// it counts as unknown.
func inStates(clusters []present, states []health.State) []present {
	if len(states) == 0 {
		return clusters
	}
	var kept []present
	for _, c := range clusters {
		if slices.Contains(states, c.state()) {
			kept = append(kept, c)
		}
	}
	return kept
}

// statusForAlert holds one number per cluster and no other label than its name.
//
// The state of a stale cluster is null on purpose: Grafana then applies the rule's own "no data"
// setting to that cluster alone. A number would claim what nobody knows. The staleness, 0 or 1, is
// never null and can be alerted on by itself. States and other filters of rows don't count here: a
// rule needs the healthy rows to resolve.
func statusForAlert(clusters []present, m measure) *data.Frame {
	return numbers("status", clusterColumn(clusters), measureColumn(clusters, m))
}

// statusFrame is the whole status for panels, the measure first among its numbers.
func statusFrame(clusters []present, lead measure) *data.Frame {
	fields := []*data.Field{clusterColumn(clusters), measureColumn(clusters, lead)}
	for _, m := range []measure{measureState, measureStaleness, measureCoverage} { // columns of words say more than the others
		if m != lead {
			fields = append(fields, measureColumn(clusters, m))
		}
	}
	fields = append(fields,
		column("last_state", stateConfig("Last decided state"), clusters, func(p present) *float64 { return level(p.Verdict.State) }),
		column("since", inUnit("Since", "dateTimeFromNow"), clusters, func(p present) *time.Time { return moment(p.Verdict.Since) }),
		column("last_cycle", inUnit("Last cycle", "dateTimeFromNow"), clusters, func(p present) *time.Time { return moment(p.At) }),
		column("bottleneck", bottleneckNames("Bottleneck"), clusters, present.bottleneck),
		column("top_gates", titled("Firing conditions"), clusters, present.topGates),
		column("band", titled("Scale band"), clusters, func(p present) string { return string(p.Verdict.Band) }),
		column("gates_fired", inUnit("Gates fired", "short"), clusters, func(p present) *float64 { return p.count(health.Fired) }),
		column("gates_unknown", inUnit("Gates unknown", "short"), clusters, func(p present) *float64 { return p.count(health.NotKnowable) }),
		column("event", inUnit("Last event", "none"), clusters, func(p present) float64 { return float64(p.Seq) }),
	)
	return numbers("status", fields...)
}

func clusterColumn(clusters []present) *data.Field {
	return column("cluster", titled("Cluster"), clusters, func(p present) string { return p.Cluster })
}

func measureColumn(clusters []present, m measure) *data.Field {
	switch m {
	case measureStaleness:
		return column(string(m), flagConfig("Staleness", "current", green, "stale", grey), clusters,
			func(p present) *float64 { return oneIf(p.stale()) })
	case measureCoverage:
		// A silent cluster is not covered at all.
		return column(string(m), shareConfig("Coverage"), clusters, func(p present) *float64 {
			if p.silent {
				return new(0.0)
			}
			return new(p.Verdict.Coverage)
		})
	case measureWorkerLimited:
		return column(string(m), flagConfig("Limited by workers", "no", green, "yes", orange), clusters, present.workerLimited)
	case measureFirstGate:
		return column(string(m), gateNumbers("Worst gate"), clusters, func(p present) *float64 { return p.gateNumber(0) })
	case measureSecondGate:
		return column(string(m), gateNumbers("Second gate"), clusters, func(p present) *float64 { return p.gateNumber(1) })
	default:
		return column(string(measureState), stateConfig("State"), clusters, present.level)
	}
}

// workerLimited is 1 when workers alone limit progress, and nil when no current verdict says on which side it is.
func (p present) workerLimited() *float64 {
	b := p.bottleneck()
	if b == string(health.BottleneckUnknown) {
		return nil
	}
	return oneIf(b == string(health.WorkerLimited))
}

// bottleneck is the current class, unknown when no current verdict says one.
func (p present) bottleneck() string {
	if p.stale() || p.Verdict.Bottleneck == "" {
		return string(health.BottleneckUnknown)
	}
	return string(p.Verdict.Bottleneck)
}

// count counts the gates with a result; nil when the cluster is silent.
func (p present) count(result health.Result) *float64 {
	if p.silent {
		return nil
	}
	return new(count(p.Verdict.Gates, result))
}

// count counts the gates with a result.
func count(gates []health.GateResult, result health.Result) float64 {
	n := 0
	for _, g := range gates {
		if g.Result == result {
			n++
		}
	}
	return float64(n)
}
