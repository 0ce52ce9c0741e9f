package answer

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// usage tells what the calls to models took, over time or summed up, or how much of the day's budget is left.
func (d Answers) usage(ctx context.Context, a query.Query) (data.Frames, error) {
	known, notices, err := d.Views.KnownClusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	switch a.Measure {
	case query.MeasureBudget:
		return d.budget(ctx, known, a, notices)
	case query.MeasureTable:
		rows, err := d.Views.Store.Usage(ctx, store.UsageQuery{Clusters: a.Clusters, From: a.From, To: a.To})
		if err != nil {
			return nil, err
		}
		return notices.On(data.Frames{frames.UsageTable(rows)}), nil
	}
	sums, begins, err := d.Views.Usage(ctx, known, a)
	if err != nil {
		return nil, err
	}
	if len(sums) == 0 && len(known) > 0 {
		notices.Inform("No model was called in this time range: the rules wrote every assessment.")
	}
	return notices.On(frames.Usage(sums, begins, a.Measure)), nil
}

func (d Answers) budget(ctx context.Context, known []string, a query.Query, notices view.Notices) (data.Frames, error) {
	b, ok, err := d.Views.Store.LoadBudget(ctx)
	if err != nil {
		return nil, err
	}
	var rows []store.Budget
	if ok {
		rows = append(rows, b)
	} else if len(known) > 0 {
		notices.Warn("The worker has not said yet what it may spend on models: check that a worker of this version runs.")
	}
	frame := frames.Budget(rows, a.ForAlert)
	if a.ForAlert {
		return data.Frames{frame}, nil
	}
	return notices.On(data.Frames{frame}), nil
}
