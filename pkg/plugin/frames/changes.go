package frames

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Changes lists what changed in clusters. Its fields time, timeEnd, title, text and tags make it an annotation query as well.
func Changes(rows []view.Change) *data.Frame {
	text := func(name, title string, value func(view.Change) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	return table("changes",
		column("time", nil, rows, func(c view.Change) time.Time { return c.Begin }),
		column("timeEnd", nil, rows, func(c view.Change) time.Time { return c.End }),
		text("cluster", "Cluster", func(c view.Change) string { return c.Cluster }),
		text("title", "Change", func(c view.Change) string { return c.Signal.Title }),
		text("value", "At most", func(c view.Change) string { return c.Signal.Format(c.Most) }),
		column("duration", inUnit("Duration", "s"), rows, func(c view.Change) float64 { return c.End.Sub(c.Begin).Seconds() }),
		text("text", "", func(c view.Change) string {
			return fmt.Sprintf("%s: %s, at most %s. %s", c.Cluster, c.Signal.Title, c.Signal.Format(c.Most), c.Signal.Meaning)
		}),
		text("tags", "", func(c view.Change) string { return c.Cluster + "," + string(c.Signal.ID) }),
		text("signal", "Signal", func(c view.Change) string { return string(c.Signal.ID) }),
	)
}
