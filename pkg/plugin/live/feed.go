// Package live keeps open panels up to date: one poll of the store for all viewers, snapshots of what it found, and the
// channels on which they are sent.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"golang.org/x/sync/singleflight"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
)

// ErrReplaced ends the streams of an instance that is gone. Grafana opens them again on its successor.
var ErrReplaced = errors.New("the data source was changed or removed: the stream begins again with its new settings")

// Bounds of a look at the store.
const (
	lookTimeout = 10 * time.Second
	longestWait = 30 * time.Second
)

// Feed looks at the store on behalf of all viewers of a data source: one poll of the cursors however
// many watch, and none while there is no viewer.
type Feed struct {
	store Store
	// every is the poll interval.
	every  time.Duration
	closed chan struct{}
	// first looks at the store for those who do not watch yet. All who do so at the same moment, as when Grafana was
	// restarted and a wall of panels comes back, get the same snapshot.
	first singleflight.Group

	mu      sync.Mutex
	viewers map[*Viewer]struct{}
	// stop ends the poll; nil without viewers.
	stop context.CancelFunc
	// seen is the newest snapshot; nil until the first look of a poll succeeded.
	seen *Snapshot
	// known is the newest snapshot of any look, also of earlier polls. The next look begins with it and reads only
	// what came after.
	known *Snapshot
}

// Viewer is one running stream. Wake holds at most one token: a viewer that is slow finds the newest
// snapshot when it comes back, and misses only those that are out of date by then.
type Viewer struct{ Wake chan struct{} }

// NewFeed makes a feed that polls at an interval while there are viewers.
func NewFeed(s Store, every time.Duration) *Feed {
	return &Feed{store: s, every: every, closed: make(chan struct{}), viewers: map[*Viewer]struct{}{}}
}

// Closed is closed when the data source is disposed of.
func (f *Feed) Closed() <-chan struct{} { return f.closed }

// Join begins watching. The first viewer starts the poll.
func (f *Feed) Join() (*Viewer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isClosed() {
		return nil, ErrReplaced
	}
	v := &Viewer{Wake: make(chan struct{}, 1)}
	f.viewers[v] = struct{}{}
	if f.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f.stop, f.seen = cancel, nil
		go f.poll(ctx)
	}
	if f.seen != nil {
		v.Wake <- struct{}{}
	}
	return v, nil
}

// Leave ends watching. The last viewer stops the poll.
func (f *Feed) Leave(v *Viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.viewers, v)
	if len(f.viewers) == 0 && f.stop != nil {
		f.stop()
		f.stop = nil
	}
}

// Close ends all streams.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isClosed() {
		close(f.closed)
	}
	if f.stop != nil {
		f.stop()
		f.stop = nil
	}
}

func (f *Feed) isClosed() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

// Latest is the newest snapshot, nil before the first.
func (f *Feed) Latest() *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// poll looks at the store until its context ends. While the store fails it waits longer and longer, up to half a
// minute; viewers are woken all the same, because a cluster falls silent by the clock alone.
func (f *Feed) poll(ctx context.Context) {
	longest := max(longestWait, f.every)
	retry := &backoff.ExponentialBackOff{InitialInterval: min(2*f.every, longest), Multiplier: 2, MaxInterval: longest}
	retry.Reset()
	var seen *Snapshot
	failing := false
	for {
		wait := f.every
		next, err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				backend.Logger.Warn("The live view can't read the state store and goes on trying", "cause", failure.Of(err).Cause)
			}
			failing, wait = true, retry.NextBackOff()
		default:
			seen, failing = next, false
			retry.Reset()
		}
		f.show(ctx, seen)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// look takes a new snapshot.
func (f *Feed) look(ctx context.Context) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	f.mu.Lock()
	known := f.known
	f.mu.Unlock()
	next, err := take(ctx, f.store, known)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = next
	return next, nil
}

// show wakes the viewers. A poll that was stopped meanwhile has nothing to show any more.
func (f *Feed) show(ctx context.Context, p *Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p == nil || ctx.Err() != nil {
		return
	}
	f.seen = p
	for v := range f.viewers {
		select {
		case v.Wake <- struct{}{}:
		default: // it has not taken the last token yet
		}
	}
}

// Read is the newest snapshot for a viewer that does not watch yet.
func (f *Feed) Read(ctx context.Context) (*Snapshot, error) {
	if seen := f.Latest(); seen != nil {
		return seen, nil
	}
	// The look goes on after the one that began it has gone: others may wait for it.
	looking := f.first.DoChan("", func() (any, error) { return f.look(context.Background()) })
	select {
	case looked := <-looking:
		if looked.Err != nil {
			return nil, looked.Err
		}
		return looked.Val.(*Snapshot), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
