package plugin

import (
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// gateRow is one gate of one cluster.
type gateRow struct {
	present
	health.GateResult
}

// result is unknown also when the cluster is silent: what was true at the last cycle may be true no more.
func (g gateRow) result() health.Result {
	if g.silent {
		return health.NotKnowable
	}
	return g.Result
}

// fired is 1 when the gate fired, 0 when it passed, and null when its result is unknown.
func (g gateRow) fired() *float64 {
	if g.result() == health.NotKnowable {
		return nil
	}
	return oneIf(g.result() == health.Fired)
}

// note says why a gate is unknown.
func (g gateRow) note() string {
	if g.silent {
		return "no cycle since then: the last result may be outdated"
	}
	return g.Note
}

func (g gateRow) title() string {
	gate, ok := health.LookupGate(g.ID)
	if !ok {
		return string(g.ID) // from a newer worker
	}
	return gate.Title
}

// number is the gate's own, by which alert rules name it; nil for a gate of a newer worker.
func (g gateRow) number() *float64 {
	gate, ok := health.LookupGate(g.ID)
	if !ok {
		return nil
	}
	return new(float64(gate.Number))
}

// answerGates tells why a state is what it is: every gate with its signal, value and threshold.
func answerGates(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	rows := gateRows(clusters, a)
	if a.forAlert {
		return data.Frames{gatesForAlert(rows)}, nil
	}
	return lacking.on(data.Frames{gatesFrame(rows)}), nil
}

// gateRows keeps the gates that were asked for: fired ones first, those of the worst cluster before others, then unknown
// ones. An alert rule gets the passed ones too, whatever the query says: it needs their 0 to resolve.
func gateRows(clusters []present, a ask) []gateRow {
	var rows []gateRow
	for _, c := range clusters {
		for _, g := range c.Verdict.Gates {
			row := gateRow{c, g}
			wanted := (len(a.gates) == 0 || slices.Contains(a.gates, g.ID)) &&
				(len(a.services) == 0 || slices.Contains(a.services, g.Service)) &&
				(len(a.results) == 0 || a.forAlert || slices.Contains(a.results, row.result()))
			if wanted {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(x, y gateRow) int { return health.Urgency(x.result(), x.Severity) - health.Urgency(y.result(), y.Severity) })
	return rows
}

// gatesForAlert holds one number per gate: 1 fired, 0 passed. An unknown gate is null on purpose, so
// that the rule's own "no data" setting decides about it; 0 would say that all is well.
func gatesForAlert(rows []gateRow) *data.Frame {
	return numbers("gates", gateIdentity(rows, firedColumn(rows))...)
}

// gateIdentity begins a frame with what names a gate.
func gateIdentity(rows []gateRow, rest ...*data.Field) []*data.Field {
	return append([]*data.Field{
		column("cluster", titled("Cluster"), rows, func(g gateRow) string { return g.Cluster }),
		column("gate", titled("Gate"), rows, func(g gateRow) string { return string(g.ID) }),
		column("service", titled("Service"), rows, func(g gateRow) string { return string(g.Service) }),
	}, rest...)
}

func firedColumn(rows []gateRow) *data.Field {
	return column("fired", flagConfig("Result", "passed", green, "fired", red), rows, gateRow.fired)
}

func gatesFrame(rows []gateRow) *data.Frame {
	return numbers("gates", gateIdentity(rows,
		firedColumn(rows),
		column("title", titled("Condition"), rows, gateRow.title),
		column("evidence", titled("Evidence"), rows, func(g gateRow) string { return evidence(g.GateResult) }),
		column("value", titled("Value"), rows, func(g gateRow) *float64 { return g.Value }),
		column("op", titled("Comparison"), rows, func(g gateRow) string { return string(g.Op) }),
		column("threshold", titled("Threshold"), rows, func(g gateRow) float64 { return g.Threshold }),
		column("signal", titled("Signal"), rows, func(g gateRow) string { return string(g.Signal) }),
		column("severity", stateNames("Severity"), rows, func(g gateRow) string { return g.Severity.String() }),
		column("side", titled("Attribution"), rows, func(g gateRow) string { return string(g.Side) }),
		column("deciding", titled("Decides"), rows, func(g gateRow) bool { return g.Deciding }),
		column("overridden", titled("Own threshold"), rows, func(g gateRow) bool { return g.Overridden }),
		column("witness", titled("Read from"), rows, func(g gateRow) string { return g.Witness }),
		column("number", inUnit("Number", "none"), rows, gateRow.number),
		column("stale", flagConfig("Staleness", "current", green, "stale", grey), rows, func(g gateRow) *float64 { return oneIf(g.stale()) }),
		column("note", titled("Note"), rows, gateRow.note),
	)...)
}
