package answer

import (
	"context"
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// cause is the root cause and the first action of the last cycle.
func (d Answers) cause(ctx context.Context, a query.Query) (data.Frames, error) {
	if a.ForAlert {
		a.States = nil // a rule needs the healthy rows to resolve
	}
	briefs, notices, err := d.Views.Briefs(ctx, a.Clusters, a.States...)
	if err != nil {
		return nil, err
	}
	if a.ForAlert {
		return data.Frames{frames.CauseForAlert(briefs)}, nil
	}
	frame := frames.Cause(briefs, Root(ctx), d.Views.Now())
	if a.Live {
		d.goLive(ctx, frame, live.Path{Topic: live.TopicCause, Clusters: a.Clusters}, &notices, len(a.States) == 0, "the states filter")
	}
	return notices.On(data.Frames{frame}), nil
}

// chain lists what fires, from cause to consequence.
func (d Answers) chain(ctx context.Context, a query.Query) (data.Frames, error) {
	briefs, notices, err := d.Views.Briefs(ctx, a.Clusters, a.States...)
	if err != nil {
		return nil, err
	}
	frame := frames.Chain(briefs, a.Rows)
	if len(briefs) > 0 && frame.Rows() == 0 && len(notices) == 0 {
		notices.Inform("No condition fires.")
	}
	return notices.On(data.Frames{frame}), nil
}

// mostMaps is how many clusters a map shows: more are drawn too small to be read.
const mostMaps = 3

// topology draws clusters, the worst first.
func (d Answers) topology(ctx context.Context, a query.Query) (data.Frames, error) {
	briefs, notices, err := d.Views.Briefs(ctx, a.Clusters, a.States...)
	if err != nil {
		return nil, err
	}
	if len(briefs) > mostMaps {
		notices.Inform(fmt.Sprintf("The maps of the worst %d of %d clusters: choose a cluster to see its own.", mostMaps, len(briefs)))
		briefs = briefs[:mostMaps]
	}
	return notices.On(frames.Topology(briefs)), nil
}

// deciding draws the signal of a firing condition with its bounds, or a key signal where none fires.
func (d Answers) deciding(ctx context.Context, a query.Query) (data.Frames, error) {
	briefs, notices, err := d.Views.Briefs(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	if len(briefs) == 0 {
		return notices.On(data.Frames{frames.NoSeries("deciding", nil)}), nil
	}
	if len(briefs) > 1 {
		notices.Inform(fmt.Sprintf("This panel is about one cluster: it shows %q, the worst. Choose a cluster to see its own.", briefs[0].Cluster))
	}
	b := briefs[0]
	wanted := b.Deciding(view.Rank(a.Measure))
	a.Clusters, a.Signals = []string{b.Cluster}, []health.SignalID{wanted.Signal}
	stored, err := d.Views.Store.Series(ctx, store.SeriesQuery{Clusters: a.Clusters, Signals: a.Signals, From: a.From, To: a.To, Points: a.Points})
	if err != nil {
		return nil, err
	}
	curve := frames.Signals(stored, []view.Present{b.Present}, a)
	if len(curve) == 0 {
		curve = data.Frames{frames.NoSeries(string(wanted.Signal), nil)}
	}
	return notices.On(frames.Deciding(b, wanted, curve, a.From, a.To)), nil
}

// explanation is an explanation in full.
func (d Answers) explanation(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.ExplainedInFull(ctx, a.Clusters, a.Assessments)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Explanation(clusters, Root(ctx))}), nil
}

// mostSimilar is how many similar incidents of a cluster are told: each is read from several tables.
const mostSimilar = 20

// similar lists the past incidents that had the root cause of the present one, or of an explanation.
func (d Answers) similar(ctx context.Context, a query.Query) (data.Frames, error) {
	rows, notices, err := d.Views.Similar(ctx, a.Clusters, a.Assessments, min(a.Rows, mostSimilar))
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Similar(rows)}), nil
}

// runbook shows runbooks.
func (d Answers) runbook(_ context.Context, a query.Query) (data.Frames, error) {
	pages, notices := view.Runbooks(a.Documents, a.Gates)
	return notices.On(data.Frames{frames.Runbooks(pages)}), nil
}
