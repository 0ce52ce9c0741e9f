package frames

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Events has the same fields whatever the events, so that a stream never changes its schema.
func Events(events []store.Event, said view.Explanations) *data.Frame {
	frame := table("events",
		column("time", nil, events, func(e store.Event) time.Time { return e.At.UTC() }),
		column("cluster", nil, events, func(e store.Event) string { return e.Cluster }),
		column("title", nil, events, eventTitle),
		column("state", StateConfig(""), events, func(e store.Event) *float64 {
			if e.Stale {
				return nil
			}
			return view.Level(e.To)
		}),
		column("text", nil, events, eventText),
		column("explanation", nil, events, func(e store.Event) string { return said.Of(e).Summary }),
		column("color", nil, events, func(e store.Event) string { return eventColour(e) }),
		column("tags", nil, events, func(e store.Event) string { return fmt.Sprintf("%s,%s,%s", e.Cluster, e.Kind, e.To) }),
		column("kind", nil, events, func(e store.Event) string { return string(e.Kind) }),
		column("from", stateNames(""), events, func(e store.Event) string { return e.From.String() }),
		column("to", stateNames(""), events, func(e store.Event) string { return e.To.String() }),
		column("stale", flagConfig("", "current", green, "stale", grey), events, func(e store.Event) *float64 { return view.OneIf(e.Stale) }),
		column("from_bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.FromBottleneck) }),
		column("bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.Bottleneck) }),
		column("coverage", shareConfig(""), events, func(e store.Event) float64 { return e.Coverage }),
		column("seq", nil, events, func(e store.Event) int64 { return e.Seq }),
		column("assessment", nil, events, func(e store.Event) string { return said.Of(e).Assessment }),
		column("id", nil, events, func(e store.Event) string { return fmt.Sprintf("%s/%d", e.Cluster, e.Seq) }),
	)
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}
