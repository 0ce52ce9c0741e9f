package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// ErrReplaced ends the streams of an instance that is gone. Grafana opens them again on its successor.
var ErrReplaced = errors.New("the data source was changed or removed: the stream begins again with its new settings")

// Bounds of a look at the store.
const (
	lookTimeout = 10 * time.Second
	longestWait = 30 * time.Second
)

// Feed looks at the store on behalf of all viewers of a data source: one poll of the cursors however
// many watch, and none when nobody does.
type Feed struct {
	store Store
	every time.Duration
	now   func() time.Time
	// Closed is closed when the data source is disposed of.
	Closed chan struct{}

	mu      sync.Mutex
	viewers map[*viewer]struct{}
	// stop ends the poll; nil while nobody watches.
	stop context.CancelFunc
	// seen is the newest picture; nil until the first look of a poll succeeded.
	seen *Snapshot
	// known is the newest picture of any look, also of earlier polls. The next look begins with it and reads only
	// what came after.
	known *Snapshot
	// glance is the look that is under way for those who do not watch yet; nil when there is none.
	glance *glance
}

// glance is one look at the store. Its picture and err are there when done is closed.
type glance struct {
	done    chan struct{}
	picture *Snapshot
	err     error
}

// viewer is one running stream. wake holds at most one token: a viewer that is slow finds the newest
// picture when it comes back, and misses only those that are out of date by then.
type viewer struct{ Wake chan struct{} }

func NewFeed(r Store, every time.Duration, now func() time.Time) *Feed {
	return &Feed{store: r, every: every, now: now, Closed: make(chan struct{}), viewers: map[*viewer]struct{}{}}
}

// Join begins watching. The first viewer starts the poll.
func (f *Feed) Join() (*viewer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isClosed() {
		return nil, ErrReplaced
	}
	v := &viewer{Wake: make(chan struct{}, 1)}
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
func (f *Feed) Leave(v *viewer) {
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
		close(f.Closed)
	}
	if f.stop != nil {
		f.stop()
		f.stop = nil
	}
}

func (f *Feed) isClosed() bool {
	select {
	case <-f.Closed:
		return true
	default:
		return false
	}
}

// Latest is the newest picture, nil before the first.
func (f *Feed) Latest() *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// poll looks at the store until its context ends. While the store fails it waits longer and longer;
// viewers are woken all the same, because a cluster falls silent by the clock alone.
func (f *Feed) poll(ctx context.Context) {
	var seen *Snapshot
	failures := 0
	for {
		next, err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failures == 0 {
				backend.Logger.Warn("The live view can't read the state store and goes on trying", "cause", failure.Of(err).Cause)
			}
			failures++
		default:
			seen, failures = next, 0
		}
		f.show(ctx, seen)
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.wait(failures)):
		}
	}
}

// wait is the poll interval, doubled with every failure in a row up to half a minute.
func (f *Feed) wait(failures int) time.Duration {
	wait := f.every
	for range failures {
		if wait >= longestWait {
			break
		}
		wait *= 2
	}
	return wait
}

// look takes a new picture.
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

// Read takes one picture for somebody who does not watch yet. All who want one at the same moment, as when Grafana was
// restarted and a wall of panels comes back, get the same.
func (f *Feed) Read(ctx context.Context) (*Snapshot, error) {
	f.mu.Lock()
	if f.seen != nil {
		defer f.mu.Unlock()
		return f.seen, nil
	}
	g := f.glance
	if g == nil {
		g = &glance{done: make(chan struct{})}
		f.glance = g
		go f.glanceFor(g)
	}
	f.mu.Unlock()
	select {
	case <-g.done:
		return g.picture, g.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// glanceFor looks on after whoever began it has gone: others may wait.
func (f *Feed) glanceFor(g *glance) {
	defer close(g.done)
	g.picture, g.err = f.look(context.Background())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.glance = nil
}
