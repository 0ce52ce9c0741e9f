package answer

import (
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// timeline tells the states of clusters over time, one series each.
func (d Answers) timeline(ctx context.Context, a query.Query) (data.Frames, error) {
	known, notices, err := d.Views.KnownClusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	runs, err := d.Views.Spans(ctx, a.Clusters, a.From, a.To)
	if err != nil {
		return nil, err
	}
	now := d.Views.Now()
	end := view.Earlier(a.To, now)
	var all data.Frames
	for _, cluster := range known {
		points := view.Clip(view.Changes(runs[cluster], now), a.From, end)
		if len(points) == 0 {
			points = []view.Point{{At: a.From}, {At: a.To}} // known, but not then
		}
		all = append(all, frames.Timeline(cluster, view.Thin(points, a.From, a.To, a.Points)))
	}
	if len(all) == 0 {
		all = data.Frames{frames.NoSeries(string(query.MeasureState), frames.StateConfig(""))}
	}
	return notices.On(all), nil
}

// An answer of hundreds of series has fewer points of each: a browser that draws a panel of a thousand points for
// each of them is no help to anybody. Fewer than fewestPoints make no curve.
const (
	mostValues   = 60_000
	fewestPoints = 100
)

func (d Answers) signals(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	signals := wantedSignals(a)
	points := min(a.Points, max(mostValues/max(1, len(clusters)*len(signals)), fewestPoints))
	stored, err := d.Views.Store.Series(ctx, store.SeriesQuery{Clusters: a.Clusters, Signals: signals, From: a.From, To: a.To, Points: points})
	if err != nil {
		return nil, err
	}
	all := frames.Signals(stored, clusters, a)
	if len(all) == 0 {
		all = data.Frames{frames.NoSeries(string(signals[0]), nil)}
	}
	return notices.On(all), nil
}

// wantedSignals are the named ones, or all of the named services, or the primary ones.
func wantedSignals(a query.Query) []health.SignalID {
	if len(a.Signals) > 0 {
		return a.Signals
	}
	var ids []health.SignalID
	for _, s := range health.Signals() {
		if len(a.Services) > 0 && slices.Contains(a.Services, s.Service) || len(a.Services) == 0 && s.Class == health.Primary {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// events tells what changed, newest first. Its fields time, title, text and tags make it an annotation query as well.
func (d Answers) events(ctx context.Context, a query.Query) (data.Frames, error) {
	wanted := store.EventQuery{Clusters: a.Clusters, From: a.From, To: a.To, Kinds: a.Kinds, Limit: a.Rows, Brief: true}
	liveable := len(a.Kinds) == 0 && len(a.States) == 0
	if a.Live && liveable {
		wanted = store.EventQuery{Clusters: a.Clusters, Limit: live.MaxEvents, Brief: true}
	}
	if len(a.States) > 0 {
		wanted.Limit = view.MostScannedEvents // the filter comes after the limit
	}
	events, err := d.Views.Store.Events(ctx, wanted)
	if err != nil {
		return nil, err
	}
	events = intoStates(events, a.States, a.Rows)
	_, notices, err := d.Views.KnownClusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	said, err := view.ExplanationsOf(ctx, d.Views.Store, events)
	if err != nil {
		return nil, err
	}
	frame := frames.Events(events, said)
	if a.Live {
		d.goLive(ctx, frame, live.Path{Topic: live.TopicEvents, Clusters: a.Clusters}, &notices, liveable, "the kinds and states filters")
	}
	return notices.On(data.Frames{frame}), nil
}

// changes lists what changed in the clusters, newest first.
func (d Answers) changes(ctx context.Context, a query.Query) (data.Frames, error) {
	_, notices, err := d.Views.KnownClusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	rows, err := d.Views.Changes(ctx, a.Clusters, a.From, a.To, a.Rows)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Changes(rows)}), nil
}

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
