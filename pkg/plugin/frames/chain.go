package frames

import (
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// linkRow is one firing gate of one cluster.
type linkRow struct {
	view.Brief
	rules.Link
	place int
}

// The roles of a firing gate, as the numbers that panels colour.
const (
	roleConsequence = iota
	roleOwn
	roleRoot
	roleEarly
)

func (r linkRow) role() float64 {
	switch {
	case r.Root:
		return roleRoot
	case r.Consequence:
		return roleConsequence
	case r.Side == health.SideEarly:
		return roleEarly
	default:
		return roleOwn
	}
}

// text indents consequences below their cause.
func (r linkRow) text() string {
	if r.Consequence {
		return "↳ " + r.Text
	}
	return r.Text
}

// measured is the value, where it goes and its bounds, in one cell.
func (r linkRow) measured() string {
	parts := []string{r.Value}
	if trend := r.signal().Trend; trend == evidence.Rising || trend == evidence.Falling || trend == evidence.Steady {
		parts[0] += " " + trendArrows[trend]
	}
	if r.Fires != "" {
		parts = append(parts, fmt.Sprintf("fires %s %s", r.Op, r.Fires))
	}
	if r.Clears != "" {
		clears := "clears at " + r.Clears
		if r.ClearsIn != "" {
			clears += ", in about " + r.ClearsIn
		}
		parts = append(parts, clears)
	}
	return strings.Join(parts, " · ")
}

var trendArrows = map[evidence.Trend]string{evidence.Rising: "↗", evidence.Falling: "↘", evidence.Steady: "→"}

func (r linkRow) signal() evidence.Signal {
	s, _ := r.Evidence.Signal(r.Gate.Signal)
	return s
}

// Chain lists what fires in each cluster from cause to consequence: value, bounds and trend of each condition.
func Chain(briefs []view.Brief, most int) *data.Frame {
	var rows []linkRow
	for _, b := range briefs {
		for i, link := range b.Rules.Chain {
			if len(rows) < most {
				rows = append(rows, linkRow{b, link, i + 1})
			}
		}
	}
	text := func(name, title string, value func(linkRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	bound := func(value func(evidence.Gate) string) func(linkRow) string {
		return func(r linkRow) string {
			if value(r.Gate) == "" {
				return ""
			}
			return string(r.Op) + " " + value(r.Gate)
		}
	}
	return table("chain",
		text("cluster", "Cluster", func(r linkRow) string { return r.Cluster }),
		column("place", inUnit("Place", "none"), rows, func(r linkRow) float64 { return float64(r.place) }),
		column("role", chainRoles("Role"), rows, linkRow.role),
		text("text", "What happens", linkRow.text),
		text("measured", "Measured", linkRow.measured),
		text("value", "Now", func(r linkRow) string { return r.Value }),
		text("fires", "Fires", bound(func(g evidence.Gate) string { return g.Fires })),
		text("clears", "Clears at", func(r linkRow) string { return r.Clears }),
		column("trend", trendConfig("Trend"), rows, func(r linkRow) string { return string(r.signal().Trend) }),
		text("clears_in", "Clears in", func(r linkRow) string { return r.ClearsIn }),
		text("signal_title", "Measured by", func(r linkRow) string { return r.signal().Title }),
		text("signal", "Signal", func(r linkRow) string { return string(r.Gate.Signal) }),
		text("gate", "Gate", func(r linkRow) string { return string(r.ID) }),
		text("title", "Condition", func(r linkRow) string { return r.Title }),
		column("severity", stateNames("Severity"), rows, func(r linkRow) string { return r.Severity.String() }),
		column("deciding", titled("Decides"), rows, func(r linkRow) bool { return r.Gate.Deciding }),
		text("service", "Service", func(r linkRow) string { return string(r.Service) }),
		text("witness", "Read from", func(r linkRow) string { return r.signal().Witness }),
		column("guide", guideConfig(), rows, func(r linkRow) string { return view.Guide(r.ID) }),
		column("at", inUnit("Measured", "dateTimeAsIso"), rows, func(r linkRow) time.Time { return r.At.UTC() }),
	)
}

func chainRoles(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			"2": {Text: "root cause", Color: red, Index: 0},
			"1": {Text: "fires too", Color: orange, Index: 1},
			"0": {Text: "consequence", Color: blue, Index: 2},
			"3": {Text: "early sign", Color: grey, Index: 3},
		}},
	}
}

func trendConfig(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			string(evidence.Rising):       {Text: trendArrows[evidence.Rising] + " rising", Index: 0},
			string(evidence.Falling):      {Text: trendArrows[evidence.Falling] + " falling", Index: 1},
			string(evidence.Steady):       {Text: trendArrows[evidence.Steady] + " steady", Index: 2},
			string(evidence.UnknownTrend): {Text: "unknown", Color: grey, Index: 3},
		}},
	}
}

// Deciding is a signal that decides over time: its curve, and the two bounds of its gate while the gate fires.
func Deciding(b view.Brief, d view.Deciding, curve data.Frames, from, to time.Time) data.Frames {
	if d.Bounds == nil || from.Equal(to) {
		return curve
	}
	signal, _ := health.LookupSignal(d.Signal)
	fires := map[health.Op]string{health.Above: "fires above ", health.Below: "fires below "}[d.Gate.Op]
	return append(curve,
		boundLine(b.Cluster, signal, fires+signal.Format(d.Bounds.Fires), red, d.Bounds.Fires, from, to),
		boundLine(b.Cluster, signal, "clears at "+signal.Format(d.Bounds.Clears), green, d.Bounds.Clears, from, to),
	)
}

// boundLine is a dashed line at a value, in the unit of the signal: another one would get an axis of its own.
func boundLine(cluster string, signal health.Signal, title, colour string, at float64, from, to time.Time) *data.Frame {
	config := inUnit(title, grafanaUnits[signal.Unit])
	config.Color = map[string]any{"mode": "fixed", "fixedColor": colour}
	config.Custom = map[string]any{
		"lineStyle": map[string]any{"fill": "dash", "dash": []int{8, 8}}, "lineWidth": 1, "fillOpacity": 0, "showPoints": "never",
	}
	return series(title, data.Labels{"cluster": cluster, "bound": title}, config, []time.Time{from.UTC(), to.UTC()}, []*float64{new(at), new(at)})
}
