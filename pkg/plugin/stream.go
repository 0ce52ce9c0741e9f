package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/store"
)

// SubscribeStream lets a panel join a stream and hands it the current snapshot, so that one that comes
// back after a lost connection is up to date before the next change.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	path, err := parseStreamPath(req.Path)
	if err != nil {
		backend.Logger.FromContext(ctx).Info("A subscription was refused", "reason", err)
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	response := &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}
	ctx, cancel := context.WithTimeout(ctx, initialTimeout)
	defer cancel()
	current, err := d.feed.read(ctx)
	if err != nil {
		// The stream itself goes on trying; a store that is down now may be back in a minute.
		backend.Logger.FromContext(ctx).Warn("A stream begins without its current snapshot", "cause", diagnose(err).cause)
		return response, nil
	}
	snapshot, err := current.packet(path, d.now())
	if err == nil {
		response.InitialData, err = backend.NewInitialData(snapshot.json)
	}
	if err != nil {
		return nil, backend.PluginError(fmt.Errorf("writing the current snapshot of stream %q: %w", path, err))
	}
	return response, nil
}

// initialTimeout bounds the reading of the first snapshot: a panel waits for it.
const initialTimeout = 3 * time.Second

// PublishStream refuses: the rules speak on these streams, nobody else.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream sends a complete snapshot whenever it differs from the one before. It returns nil only
// when Grafana hung up: a nil ends the stream for panels that are still open, while an error makes
// Grafana begin it again.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	path, err := parseStreamPath(req.Path)
	if err != nil {
		return backend.PluginError(err)
	}
	v, err := d.feed.join()
	if err != nil {
		return err
	}
	defer d.feed.leave(v)
	sent, first := "", true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.feed.closed:
			return errReplaced
		case <-v.wake:
		}
		snapshot, err := d.feed.latest().packet(path, d.now())
		if err != nil {
			return backend.PluginError(fmt.Errorf("writing the snapshot of stream %q: %w", path, err))
		}
		if snapshot.mark == sent && !first {
			continue
		}
		if err := sender.SendBytes(snapshot.json); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("sending on stream %q: %w", path, err)
		}
		sent, first = snapshot.mark, false
	}
}

// goLive names the channel that keeps a frame up to date, or says why there is none.
func (d *Datasource) goLive(ctx context.Context, frame *data.Frame, path streamPath, lacking *notices, unfiltered bool, filters string) {
	if !unfiltered {
		lacking.inform("This panel is not live: a stream follows clusters only. Clear " + filters + " to make it live.")
		return
	}
	channel, err := path.channel(d.uid)
	if err != nil && d.isEveryCluster(ctx, path.clusters) {
		// The names of a large fleet, from a variable at "All", do not fit into the name of a channel.
		channel, err = streamPath{topic: path.topic}.channel(d.uid)
	}
	if err != nil {
		lacking.inform("This panel is not live: " + err.Error() + ". Choose fewer clusters, or all.")
		return
	}
	frame.Meta.Channel = channel
}

// isEveryCluster: the names are those of all clusters in the store.
func (d *Datasource) isEveryCluster(ctx context.Context, names []string) bool {
	heads, err := d.store.Cursors(ctx)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(heads, func(h store.Cursor) bool { return !slices.Contains(names, h.Cluster) })
}
