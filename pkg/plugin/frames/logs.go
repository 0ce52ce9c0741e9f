package frames

import (
	"cmp"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Logs tells which known trouble patterns were found.
func Logs(rows []store.LogPattern) *data.Frame {
	text := func(name, title string, value func(store.LogPattern) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	frame := typed("logs", data.FrameTypeTable,
		text("cluster", "Cluster", func(p store.LogPattern) string { return p.Cluster }),
		text("pattern", "Pattern", func(p store.LogPattern) string { return p.Pattern }),
		text("meaning", "What it means", func(p store.LogPattern) string { return p.Meaning }),
		text("service", "Service", func(p store.LogPattern) string { return p.Service }),
		column("count", inUnit("Lines", "short"), rows, func(p store.LogPattern) float64 { return float64(p.Count) }),
		column("at_least", flagConfig("Counted", "all", green, "at least", orange), rows, func(p store.LogPattern) *float64 { return view.OneIf(p.AtLeast) }),
		column("last_seen", inUnit("Last seen", "dateTimeFromNow"), rows, func(p store.LogPattern) time.Time { return p.At.UTC() }),
		text("sample", "Sample", func(p store.LogPattern) string { return p.Sample }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return frame
}

// LogCounts holds the lines of a pattern in each step.
func LogCounts(cluster, pattern string, begins []time.Time, values []*float64) *data.Frame {
	labels := data.Labels{"cluster": cluster}
	title := cmp.Or(pattern, "known trouble") + " · " + cluster
	if pattern != view.AnyPattern {
		labels["pattern"] = pattern
	}
	return series("lines", labels, inUnit(title, "short"), begins, values)
}
