package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// MaxEvents is how many events a live panel shows: the newest ones, whatever the time range. The
// answer to the query and every packet of the stream hold the same.
const MaxEvents = 100

// Store knows cheaply whether anything is new, and what.
type Store interface {
	Statuses(ctx context.Context, clusters []string) ([]store.ClusterStatus, error)
	Before(ctx context.Context, cluster string, at time.Time, n int) ([]health.Snapshot, error)
	Cursors(ctx context.Context) ([]store.Cursor, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.Event, error)
	EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]store.Event, error)
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
}

// Snapshot is what a live view shows of the store at a moment. Once it is taken only its packets are added to.
type Snapshot struct {
	heads map[string]store.Cursor
	// clusters as of their last cycle, sorted by name.
	clusters []store.ClusterStatus
	// before are the cycles before the last one of each cluster, oldest first: what tells a trend.
	before map[string][]health.Snapshot
	// events of each cluster, newest first, at most MaxEvents.
	events map[string][]store.Event
	// said are the explanations of these events, by cluster.
	said map[string]view.Explanations

	mu sync.Mutex
	// packets are those that were made of it, by path.
	packets map[string]packet
}

// packet is a snapshot as a stream sends it.
type packet struct {
	// Mark is equal for packets that show the same.
	Mark string
	JSON []byte
}

// Packet is the complete current snapshot of a stream. It is made once, however many streams there are of a path. root is
// the path below which Grafana is served.
func (p *Snapshot) Packet(path Path, root string, now time.Time) (packet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := path.String()
	known, ok := p.packets[key]
	if ok && path.Topic == TopicEvents {
		return known, nil // what has happened does not change as time goes by
	}
	made := packet{Mark: p.mark(path, now)}
	if ok && known.Mark == made.Mark {
		return known, nil
	}
	var err error
	if made.JSON, err = data.FrameToJSON(p.frame(path, root, now), data.IncludeAll); err != nil {
		return packet{}, err
	}
	if p.packets == nil {
		p.packets = map[string]packet{}
	}
	p.packets[key] = made
	return made, nil
}

// take reads what is new since the last snapshot, or everything when last is nil.
func take(ctx context.Context, r Store, last *Snapshot) (*Snapshot, error) {
	heads, err := r.Cursors(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the cursors: %w", err)
	}
	next := &Snapshot{heads: map[string]store.Cursor{}, events: map[string][]store.Event{}, said: map[string]view.Explanations{}}
	var moved []string
	for _, h := range heads {
		next.heads[h.Cluster] = h
		before, known := last.head(h.Cluster)
		if !known || h.Seq != before.Seq || !h.At.Equal(before.At) || !h.AssessedAt.Equal(before.AssessedAt) {
			moved = append(moved, h.Cluster)
		}
		if next.events[h.Cluster], err = newestEvents(ctx, r, h, last); err != nil {
			return nil, fmt.Errorf("reading the events of cluster %q: %w", h.Cluster, err)
		}
		if next.said[h.Cluster], err = newestExplanations(ctx, r, next.events[h.Cluster], h, last); err != nil {
			return nil, fmt.Errorf("reading the explanations of cluster %q: %w", h.Cluster, err)
		}
	}
	if last != nil && len(moved) == 0 && len(last.heads) == len(heads) {
		return last, nil
	}
	if next.clusters, err = presentClusters(ctx, r, heads, moved, last); err != nil {
		return nil, fmt.Errorf("reading the clusters: %w", err)
	}
	if next.before, err = cyclesBefore(ctx, r, next.clusters, last); err != nil {
		return nil, fmt.Errorf("reading the cycles before: %w", err)
	}
	return next, nil
}

// cyclesBefore continues what earlier snapshots saw. The first snapshot reads it from the store, where something is wrong.
func cyclesBefore(ctx context.Context, r Store, clusters []store.ClusterStatus, last *Snapshot) (map[string][]health.Snapshot, error) {
	before := map[string][]health.Snapshot{}
	for _, c := range clusters {
		known := last.cycles(c.Cluster)
		if i := slices.IndexFunc(known, func(s health.Snapshot) bool { return !s.At.Before(c.At) }); i >= 0 {
			known = known[:i]
		}
		if last == nil && c.Verdict.Fires() {
			read, err := r.Before(ctx, c.Cluster, c.At, view.CyclesBefore)
			if err != nil {
				return nil, err
			}
			known = read
		}
		before[c.Cluster] = known[max(0, len(known)-view.CyclesBefore):]
	}
	return before, nil
}

// cycles are the cycles of a cluster that the snapshot knows, the last one behind those before it.
func (p *Snapshot) cycles(cluster string) []health.Snapshot {
	if p == nil {
		return nil
	}
	known := p.before[cluster]
	if i := slices.IndexFunc(p.clusters, func(c store.ClusterStatus) bool { return c.Cluster == cluster }); i >= 0 {
		// Trends need the numbers alone.
		c := p.clusters[i]
		known = append(known[:len(known):len(known)], health.Snapshot{Cluster: cluster, At: c.At, Signals: c.Snapshot.Signals})
	}
	return known
}

// presentClusters reads the clusters that have moved, and takes the others from the last snapshot.
func presentClusters(ctx context.Context, r Store, heads []store.Cursor, moved []string, last *Snapshot) ([]store.ClusterStatus, error) {
	present := map[string]store.ClusterStatus{}
	if last != nil {
		for _, c := range last.clusters {
			present[c.Cluster] = c
		}
	}
	if len(moved) > 0 {
		read, err := r.Statuses(ctx, moved)
		if err != nil {
			return nil, err
		}
		for _, c := range read {
			present[c.Cluster] = c
		}
	}
	var all []store.ClusterStatus
	for _, h := range heads {
		if c, ok := present[h.Cluster]; ok {
			all = append(all, c)
		}
	}
	return all, nil
}

func (p *Snapshot) head(cluster string) (store.Cursor, bool) {
	if p == nil {
		return store.Cursor{}, false
	}
	h, ok := p.heads[cluster]
	return h, ok
}

// newestEvents continues the events of the last snapshot by the cursor. A number that went back means
// that the store was emptied or restored: then they are read anew.
func newestEvents(ctx context.Context, r Store, head store.Cursor, last *Snapshot) ([]store.Event, error) {
	before, known := last.head(head.Cluster)
	if known && head.Seq == before.Seq {
		return last.events[head.Cluster], nil
	}
	if known && head.Seq > before.Seq && head.Seq-before.Seq < MaxEvents {
		newer, err := r.EventsAfter(ctx, head.Cluster, before.Seq, MaxEvents)
		if err != nil {
			return nil, err
		}
		// What came after the head was read belongs to the next snapshot, or it would come twice.
		newer = slices.DeleteFunc(newer, func(e store.Event) bool { return e.Seq > head.Seq })
		slices.Reverse(newer)
		for i := range newer {
			newer[i] = newer[i].Brief() // a snapshot of many clusters holds thousands of events
		}
		all := append(newer, last.events[head.Cluster]...)
		return all[:min(len(all), MaxEvents)], nil
	}
	if head.Seq == 0 {
		return nil, nil
	}
	newest, err := r.Events(ctx, store.EventQuery{Clusters: []string{head.Cluster}, Limit: MaxEvents, Brief: true})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(newest, func(e store.Event) bool { return e.Seq > head.Seq }), nil
}

// newestExplanations are those of a cluster's events. They come after their event, so both have a cursor.
func newestExplanations(ctx context.Context, r Store, events []store.Event, head store.Cursor, last *Snapshot) (view.Explanations, error) {
	before, known := last.head(head.Cluster)
	if known && head.Seq == before.Seq && head.AssessedAt.Equal(before.AssessedAt) {
		return last.said[head.Cluster], nil
	}
	if head.AssessedAt.IsZero() {
		return view.Explanations{}, nil
	}
	return view.ExplanationsOf(ctx, r, events)
}

// frame is the complete current snapshot of a stream, with the same fields every time.
func (p *Snapshot) frame(path Path, root string, now time.Time) *data.Frame {
	switch path.Topic {
	case TopicStatus:
		return frames.Status(view.AsOf(p.of(path), now), query.MeasureState)
	case TopicCause:
		var briefs []view.Brief
		for _, c := range view.AsOf(p.of(path), now) {
			briefs = append(briefs, view.BriefOf(c, p.before[c.Cluster]))
		}
		return frames.Cause(briefs, root, now)
	}
	var all []*store.Event
	for cluster, some := range p.events {
		if path.includes(cluster) {
			for i := range some {
				all = append(all, &some[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b *store.Event) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		if c := strings.Compare(a.Cluster, b.Cluster); c != 0 {
			return c
		}
		return int(b.Seq - a.Seq)
	})
	said := view.Explanations{}
	for cluster, some := range p.said {
		if path.includes(cluster) {
			maps.Copy(said, some)
		}
	}
	var events []store.Event
	for _, e := range all[:min(len(all), MaxEvents)] {
		events = append(events, *e)
	}
	return frames.Events(events, said)
}

// mark is equal for two snapshots that a stream shows alike, so that only what changed is sent.
func (p *Snapshot) mark(path Path, now time.Time) string {
	var b strings.Builder
	if path.Topic != TopicEvents {
		for _, c := range view.AsOf(p.of(path), now) {
			fmt.Fprintf(&b, "%q %d %d %t\n", c.Cluster, c.Seq, c.At.UnixNano(), c.Silent)
		}
		return b.String()
	}
	for _, c := range p.of(path) {
		fmt.Fprintf(&b, "%q %d %s\n", c.Cluster, p.heads[c.Cluster].Seq, p.said[c.Cluster].Mark())
	}
	return b.String()
}

// of are the clusters that a stream is about.
func (p *Snapshot) of(path Path) []store.ClusterStatus {
	var some []store.ClusterStatus
	for _, c := range p.clusters {
		if path.includes(c.Cluster) {
			some = append(some, c)
		}
	}
	return some
}
