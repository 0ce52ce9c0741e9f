package answer

import (
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// goLive names the channel that keeps a frame up to date, or says why there is none.
func (d Answers) goLive(ctx context.Context, frame *data.Frame, path live.Path, notices *view.Notices, unfiltered bool, filters string) {
	if !unfiltered {
		notices.Inform("This panel is not live: a stream follows clusters only. Clear " + filters + " to make it live.")
		return
	}
	channel, err := path.Channel(d.UID)
	if err != nil && d.isEveryCluster(ctx, path.Clusters) {
		// The names of a large fleet, from a variable at "All", do not fit into the name of a channel.
		channel, err = live.Path{Topic: path.Topic}.Channel(d.UID)
	}
	if err != nil {
		notices.Inform("This panel is not live: " + err.Error() + ". Choose fewer clusters, or all.")
		return
	}
	frame.Meta.Channel = channel
}

// isEveryCluster: the names are those of all clusters in the store.
func (d Answers) isEveryCluster(ctx context.Context, names []string) bool {
	heads, err := d.Views.Store.Cursors(ctx)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(heads, func(h store.Cursor) bool { return !slices.Contains(names, h.Cluster) })
}
