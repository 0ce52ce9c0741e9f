package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/plugin/answer"
	"github.com/temporal-sre/copilot/pkg/plugin/failure"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
)

// SubscribeStream lets a panel join a stream and hands it the current snapshot, so that one that comes
// back after a lost connection is up to date before the next change.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	path, err := live.ParsePath(req.Path)
	if err != nil {
		backend.Logger.FromContext(ctx).Info("A subscription was refused", "reason", err)
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	response := &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}
	ctx, cancel := context.WithTimeout(ctx, initialTimeout)
	defer cancel()
	current, err := d.feed.Read(ctx)
	if err != nil {
		// The stream itself goes on trying; a store that is down now may be back in a minute.
		backend.Logger.FromContext(ctx).Warn("A stream begins without its current snapshot", "cause", failure.Of(err).Cause)
		return response, nil
	}
	snapshot, err := current.Packet(path, answer.Root(ctx), d.now())
	if err == nil {
		response.InitialData, err = backend.NewInitialData(snapshot.JSON)
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
	path, err := live.ParsePath(req.Path)
	if err != nil {
		return backend.PluginError(err)
	}
	v, err := d.feed.Join()
	if err != nil {
		return err
	}
	defer d.feed.Leave(v)
	sent, first := "", true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.feed.Closed():
			return live.ErrReplaced
		case <-v.Wake:
		}
		snapshot, err := d.feed.Latest().Packet(path, answer.Root(ctx), d.now())
		if err != nil {
			return backend.PluginError(fmt.Errorf("writing the snapshot of stream %q: %w", path, err))
		}
		if snapshot.Mark == sent && !first {
			continue
		}
		if err := sender.SendBytes(snapshot.JSON); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("sending on stream %q: %w", path, err)
		}
		sent, first = snapshot.Mark, false
	}
}
