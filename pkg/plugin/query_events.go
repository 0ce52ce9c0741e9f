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
	query := store.EventQuery{Clusters: a.clusters, From: a.from, To: a.to, Kinds: a.kinds, Limit: a.rows, Brief: true}
	liveable := len(a.kinds) == 0 && len(a.states) == 0
	if a.live && liveable {
		query = store.EventQuery{Clusters: a.clusters, Limit: liveEvents, Brief: true}
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
	said, err := explanationsOf(ctx, d.store, events)
	if err != nil {
		return nil, err
	}
	frame := eventsFrame(events, said)
	if a.live {
		d.goLive(ctx, frame, streamPath{topicEvents, a.clusters}, &lacking, liveable, "the kinds and states filters")
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

// eventKey names an event.
type eventKey struct {
	cluster string
	seq     int64
}

func keyOf(e store.Event) eventKey { return eventKey{e.Cluster, e.Seq} }

// explanation is what is shown of an assessment beside its event.
type explanation struct {
	assessment, summary string
	madeAt              time.Time
}

// explanations are those of events. An event without one is not explained yet.
type explanations map[eventKey]explanation

// add keeps the assessment that was ready last.
func (x explanations) add(a store.Assessment) {
	key := eventKey{a.Cluster, a.EventSeq}
	if a.EventSeq > 0 && !a.MadeAt.Before(x[key].madeAt) {
		x[key] = explanation{a.ID, a.Summary, a.MadeAt}
	}
}

// mark is equal for explanations that are shown alike.
func (x explanations) mark() string {
	var newest time.Time
	for _, e := range x {
		newest = later(newest, e.madeAt)
	}
	return fmt.Sprintf("%d %d", len(x), newest.UnixNano())
}

// assessmentReader reads assessments.
type assessmentReader interface {
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
}

// explanationsOf reads the explanations of events.
func explanationsOf(ctx context.Context, r assessmentReader, events []store.Event) (explanations, error) {
	found := explanations{}
	if len(events) == 0 {
		return found, nil
	}
	q := store.AssessmentQuery{Triggers: []store.Trigger{store.OnEvent, store.OnDemand}, Limit: maxRows, Brief: true}
	for _, e := range events {
		q.Events = append(q.Events, store.EventKey{Cluster: e.Cluster, Seq: e.Seq})
		if !slices.Contains(q.Clusters, e.Cluster) {
			q.Clusters = append(q.Clusters, e.Cluster)
		}
	}
	stored, err := r.Assessments(ctx, q)
	for _, a := range stored {
		found.add(a)
	}
	return found, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// eventsFrame has the same fields whatever the events, so that a stream never changes its schema.
func eventsFrame(events []store.Event, said explanations) *data.Frame {
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
		column("explanation", nil, events, func(e store.Event) string { return said[keyOf(e)].summary }),
		column("tags", nil, events, func(e store.Event) string { return fmt.Sprintf("%s,%s,%s", e.Cluster, e.Kind, e.To) }),
		column("kind", nil, events, func(e store.Event) string { return string(e.Kind) }),
		column("from", stateNames(""), events, func(e store.Event) string { return e.From.String() }),
		column("to", stateNames(""), events, func(e store.Event) string { return e.To.String() }),
		column("stale", flagConfig("", "current", green, "stale", grey), events, func(e store.Event) *float64 { return oneIf(e.Stale) }),
		column("from_bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.FromBottleneck) }),
		column("bottleneck", bottleneckNames(""), events, func(e store.Event) string { return string(e.Bottleneck) }),
		column("coverage", shareConfig(""), events, func(e store.Event) float64 { return e.Coverage }),
		column("seq", nil, events, func(e store.Event) int64 { return e.Seq }),
		column("assessment", nil, events, func(e store.Event) string { return said[keyOf(e)].assessment }),
		column("id", nil, events, func(e store.Event) string { return fmt.Sprintf("%s/%d", e.Cluster, e.Seq) }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}
