package frames

import (
	"cmp"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Logs tells which known error patterns were found in a time range, those of its last minutes first: what ended an hour
// ago is not the cause of now. recent are the lines of the last minutes by view.LinesKey.
func Logs(rows []store.LogPattern, recent map[view.LinesKey]int, links view.Links, from, to time.Time) *data.Frame {
	lately := func(p store.LogPattern) int {
		return recent[view.LinesKey{Cluster: p.Cluster, Pattern: p.Pattern, Service: p.Service}]
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(x, y store.LogPattern) int { return cmp.Compare(lately(y), lately(x)) })
	text := func(name, title string, value func(store.LogPattern) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	return table("logs",
		text("cluster", "Cluster", func(p store.LogPattern) string { return p.Cluster }),
		text("pattern", "Pattern", func(p store.LogPattern) string { return p.Pattern }),
		linkedIf(links.LokiUID != "", text("meaning", "What it means", func(p store.LogPattern) string { return p.Meaning }),
			data.DataLink{Title: "Lines in Explore", URL: "${__data.fields.explore:raw}"}),
		text("service", "Service", func(p store.LogPattern) string { return p.Service }),
		column("recent", inUnit("10 min", "short"), rows, func(p store.LogPattern) float64 { return float64(lately(p)) }),
		column("count", inUnit("Lines", "short"), rows, func(p store.LogPattern) float64 { return float64(p.Count) }),
		column("at_least", flagConfig("Counted", "all", green, "at least", orange), rows, func(p store.LogPattern) *float64 { return view.OneIf(p.AtLeast) }),
		column("last_seen", inUnit("Last seen", "dateTimeFromNow"), rows, func(p store.LogPattern) time.Time { return p.At.UTC() }),
		text("sample", "Sample", func(p store.LogPattern) string { return p.Sample }),
		text("explore", "Explore", func(p store.LogPattern) string { return links.Lines(p.Cluster, p.Pattern, from, to) }),
	)
}

// LogCounts holds the lines of a pattern in each step.
func LogCounts(cluster, pattern string, begins []time.Time, values []*float64) *data.Frame {
	labels := data.Labels{"cluster": cluster}
	title := cmp.Or(pattern, "known errors") + " · " + cluster
	if pattern != view.AnyPattern {
		labels["pattern"] = pattern
	}
	return series("lines", labels, inUnit(title, "short"), begins, values)
}
