package answer

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// summary tells in words how clusters are. A cluster without an explanation has no row, and a notice.
func (d Answers) summary(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, _, notices, err := d.Views.Explained(ctx, a.Clusters, a.States...)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Summary(clusters, Root(ctx), d.Views.Now())}), nil
}

// issues tells the problems that are there now, worst first, or those of a time range. An alert rule gets their
// number for each cluster and severity.
func (d Answers) issues(ctx context.Context, a query.Query) (data.Frames, error) {
	states := a.States
	if a.ForAlert {
		states = nil // a rule needs the healthy rows to resolve
	}
	clusters, without, notices, err := d.Views.Explained(ctx, a.Clusters, states...)
	if err != nil {
		return nil, err
	}
	if a.ForAlert {
		counts, err := d.Views.IssueCounts(ctx, clusters, without, a)
		if err != nil {
			return nil, err
		}
		return data.Frames{frames.IssueCounts(counts)}, nil
	}
	q := issueQuery(a)
	if len(states) > 0 {
		if len(clusters) == 0 {
			return notices.On(data.Frames{frames.Issues(nil)}), nil
		}
		q.Clusters = view.NamesOf(clusters)
	}
	rows, err := d.Views.Issues(ctx, q, clusters)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Issues(rows)}), nil
}

// issueQuery asks for what is open now, or, with resolved issues, for what was open in the time range.
func issueQuery(a query.Query) store.IssueQuery {
	q := store.IssueQuery{Clusters: a.Clusters, Open: !a.Resolved, Severities: query.PlainNames(a.Severities), Services: query.PlainNames(a.Services), Limit: a.Rows}
	if a.Resolved {
		q.From, q.To = a.From, a.To
	}
	return q
}

// actions tells what to do. Advice on an earlier situation is marked as such.
func (d Answers) actions(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, _, notices, err := d.Views.Explained(ctx, a.Clusters, a.States...)
	if err != nil {
		return nil, err
	}
	frame := frames.Actions(clusters, a.Rows)
	if len(clusters) > 0 && frame.Rows() == 0 && len(notices) == 0 {
		notices.Inform("There is nothing to do: the newest assessments suggest no action.")
	}
	return notices.On(data.Frames{frame}), nil
}

// assessments tells what was explained in a time range, newest first.
func (d Answers) assessments(ctx context.Context, a query.Query) (data.Frames, error) {
	_, notices, err := d.Views.KnownClusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	stored, err := d.Views.Store.Assessments(ctx, store.AssessmentQuery{Clusters: a.Clusters, From: a.From, To: a.To, Limit: a.Rows})
	if err != nil {
		return nil, err
	}
	rows := make([]view.Assessment, 0, len(stored))
	for _, s := range stored {
		whole, ok := view.ReadExplanation(s)
		if !ok {
			notices.Warn(view.Unreadable(s))
		}
		rows = append(rows, view.Assessment{Assessment: s, Whole: whole})
	}
	return notices.On(data.Frames{frames.Assessments(rows)}), nil
}
