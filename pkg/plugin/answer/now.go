package answer

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// status tells how clusters are now, one row each. What it costs does not depend on the length of history.
func (d Answers) status(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	if a.ForAlert {
		return data.Frames{frames.StatusForAlert(clusters, a.Measure)}, nil
	}
	frame := frames.Status(view.InStates(clusters, a.States), a.Measure)
	if a.Live {
		d.goLive(ctx, frame, live.Path{Topic: live.TopicStatus, Clusters: a.Clusters}, &notices, a.Measure == query.MeasureState && len(a.States) == 0,
			"the measure and states filters")
	}
	return notices.On(data.Frames{frame}), nil
}

func (d Answers) gates(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	if a.ForAlert {
		return data.Frames{frames.GatesForAlert(clusters, a)}, nil
	}
	return notices.On(data.Frames{frames.Gates(clusters, a)}), nil
}

func (d Answers) services(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Briefs(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	frame := frames.Services(view.Services(clusters, a), a.ForAlert)
	if a.ForAlert {
		return data.Frames{frame}, nil
	}
	return notices.On(data.Frames{frame}), nil
}

func (d Answers) queues(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Queues(clusters, a.Rows, d.Links)}), nil
}

func (d Answers) workers(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	stopped, err := d.Views.WorkerMetricsStopped(ctx, clusters)
	if err != nil {
		return nil, err
	}
	return append(notices, stopped...).On(data.Frames{frames.Workers(clusters)}), nil
}

func (d Answers) sources(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	rows, err := d.Views.Sources(ctx, clusters, a)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Sources(rows, a.ForAlert, d.Views.Now())}), nil
}
