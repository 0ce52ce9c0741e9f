package frames

import (
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// gateRow is one gate of one cluster.
type gateRow struct {
	view.Present
	health.GateResult
}

// result is unknown also when the cluster is silent: what was true at the last cycle may be true no more.
func (g gateRow) result() health.Result {
	if g.Silent {
		return health.NotKnowable
	}
	return g.Result
}

// fired is 1 when the gate fired, 0 when it passed, and null when its result is unknown.
func (g gateRow) fired() *float64 {
	if g.result() == health.NotKnowable {
		return nil
	}
	return view.OneIf(g.result() == health.Fired)
}

// note says why a gate is unknown.
func (g gateRow) note() string {
	if g.Silent {
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

// gateRows keeps the gates that were asked for: fired ones first, those of the worst cluster before others, then unknown
// ones. An alert rule gets the passed ones too, whatever the query says: it needs their 0 to resolve.
func gateRows(clusters []view.Present, a query.Query) []gateRow {
	var rows []gateRow
	for _, c := range clusters {
		for _, g := range c.Verdict.Gates {
			row := gateRow{c, g}
			wanted := (len(a.Gates) == 0 || slices.Contains(a.Gates, g.ID)) &&
				(len(a.Services) == 0 || slices.Contains(a.Services, g.Service)) &&
				(len(a.Results) == 0 || a.ForAlert || slices.Contains(a.Results, row.result()))
			if wanted {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(x, y gateRow) int {
		return health.Urgency(x.result(), x.Severity) - health.Urgency(y.result(), y.Severity)
	})
	return rows
}

// GatesForAlert holds one number per gate: 1 fired, 0 passed. An unknown gate is null on purpose, so
// that the rule's own "no data" setting decides about it; 0 would say that all is well.
func GatesForAlert(clusters []view.Present, a query.Query) *data.Frame {
	rows := gateRows(clusters, a)
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

// Gates tells why a state is what it is: every gate with its signal, value and threshold.
func Gates(clusters []view.Present, a query.Query) *data.Frame {
	rows := gateRows(clusters, a)
	return numbers("gates", gateIdentity(rows,
		firedColumn(rows),
		column("title", titled("Condition"), rows, gateRow.title),
		column("evidence", titled("Evidence"), rows, func(g gateRow) string { return compared(g.GateResult) }),
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
		column("stale", flagConfig("Staleness", "current", green, "stale", grey), rows, func(g gateRow) *float64 { return view.OneIf(g.Stale()) }),
		column("note", titled("Note"), rows, gateRow.note),
	)...)
}
