package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// liveEvents is how many events a live panel shows: the newest ones, whatever the time range. The
// answer to the query and every packet of the stream hold the same.
const liveEvents = 100

// answerEvents tells what changed, newest first. Its fields time, title, text and tags make it an
// annotation query as well.
func answerEvents(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	query := store.EventQuery{Clusters: a.clusters, From: a.from, To: a.to, Kinds: a.kinds, Limit: a.rows}
	liveable := len(a.kinds) == 0 && len(a.states) == 0
	if a.live && liveable {
		query = store.EventQuery{Clusters: a.clusters, Limit: liveEvents}
	}
	if len(a.states) > 0 {
		query.Limit = mostScannedEvents // the filter comes after the limit
	}
	events, err := d.store.Events(ctx, query)
	if err != nil {
		return nil, err
	}
	events = intoStates(events, a.states, a.rows)
	_, lacking, err := d.knownClusters(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	frame := eventsFrame(events)
	if a.live {
		d.goLive(frame, streamPath{topicEvents, a.clusters}, &lacking, liveable, "the kinds and states filters")
	}
	return lacking.on(data.Frames{frame}), nil
}

// mostScannedEvents bounds the search for events that lead to a state.
const mostScannedEvents = 10_000

// intoStates keeps the events that lead to one of the states.
func intoStates(events []store.Event, states []health.State, most int) []store.Event {
	if len(states) == 0 {
		return events
	}
	var kept []store.Event
	for _, e := range events {
		if len(kept) < most && slices.Contains(states, e.To) {
			kept = append(kept, e)
		}
	}
	return kept
}

// eventsFrame has the same fields whatever the events, so that a stream never changes its schema.
func eventsFrame(events []store.Event) *data.Frame {
	frame := typed("events", data.FrameTypeTable,
		column("time", nil, events, func(e store.Event) time.Time { return e.At.UTC() }),
		column("cluster", nil, events, func(e store.Event) string { return e.Cluster }),
		column("title", nil, events, eventTitle),
		column("state", stateConfig(""), events, func(e store.Event) *float64 {
			if e.Stale {
				return nil
			}
			return level(e.To)
		}),
		column("text", nil, events, eventText),
		column("tags", nil, events, func(e store.Event) string { return fmt.Sprintf("%s,%s,%s", e.Cluster, e.Kind, e.To) }),
		column("kind", nil, events, func(e store.Event) string { return string(e.Kind) }),
		column("from", stateNames(""), events, func(e store.Event) string { return e.From.String() }),
		column("to", stateNames(""), events, func(e store.Event) string { return e.To.String() }),
		column("stale", flagConfig("", "current", green, "stale", grey), events, func(e store.Event) *float64 { return oneIf(e.Stale) }),
		column("from_bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.FromBottleneck) }),
		column("bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.Bottleneck) }),
		column("coverage", shareConfig(""), events, func(e store.Event) float64 { return e.Coverage }),
		column("seq", nil, events, func(e store.Event) int64 { return e.Seq }),
		column("id", nil, events, func(e store.Event) string { return fmt.Sprintf("%s/%d", e.Cluster, e.Seq) }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}
