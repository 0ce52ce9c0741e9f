package frames

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// actionRow is one suggestion of a cluster's newest explanation.
type actionRow struct {
	view.Explained
	explain.Action
	// rank is 1 for what to do first.
	rank int
}

// Actions tells what to do, the best first within a cluster, in at most so many rows.
func Actions(clusters []view.Explained, most int) *data.Frame {
	var rows []actionRow
	for _, c := range clusters {
		for i, action := range c.Whole.Actions {
			if len(rows) < most {
				rows = append(rows, actionRow{c, action, i + 1})
			}
		}
	}
	text := func(name, title string, value func(actionRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	return table("actions",
		text("cluster", "Cluster", func(r actionRow) string { return r.Cluster }),
		column("rank", inUnit("Rank", "none"), rows, func(r actionRow) float64 { return float64(r.rank) }),
		text("description", "What to do", func(r actionRow) string { return r.Description }),
		text("reason", "Why", func(r actionRow) string { return r.Reason }),
		text("text", "What to do, and why", func(r actionRow) string { return strings.TrimSpace(r.Description + "\n" + r.Reason) }),
		column("confidence", shareConfig("Confidence"), rows, func(r actionRow) float64 { return r.Confidence }),
		column("risk_level", riskNames("Risk"), rows, func(r actionRow) string { return string(r.Risk) }),
		text("action_type", "Kind", func(r actionRow) string { return string(r.Type) }),
		text("target_service", "Service", func(r actionRow) string { return string(r.Target) }),
		text("parameters", "Parameters", func(r actionRow) string { return parameters(r.Parameters) }),
		text("gate", "Gate", func(r actionRow) string { return string(r.Gate) }),
		column("guide", guideConfig(), rows, func(r actionRow) string { return view.Guide(r.Gate) }),
		column("current", currentConfig(), rows, func(r actionRow) *float64 { return view.OneIf(r.Current()) }),
		column("at", inUnit("Assessed cycle", "dateTimeAsIso"), rows, func(r actionRow) time.Time { return r.Assessment.At.UTC() }),
		text("assessment", "Assessment", func(r actionRow) string { return r.Assessment.ID }),
	)
}

// parameters writes an action's parameters as a JSON object; empty without any.
func parameters(all map[string]string) string {
	if len(all) == 0 {
		return ""
	}
	raw, _ := json.Marshal(all) // strings always marshal
	return string(raw)
}

// riskNames colours a field that holds risks as words.
func riskNames(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			string(explain.RiskLow):    {Text: "low", Color: green, Index: 0},
			string(explain.RiskMedium): {Text: "medium", Color: yellow, Index: 1},
			string(explain.RiskHigh):   {Text: "high", Color: red, Index: 2},
		}},
	}
}
