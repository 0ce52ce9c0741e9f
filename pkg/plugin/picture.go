package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/store"
)

// picture is what a live view shows of the store at a moment. Once it is taken only its packets are added to.
type picture struct {
	heads map[string]store.Cursor
	// clusters as of their last cycle, sorted by name.
	clusters []store.ClusterStatus
	// events of each cluster, newest first, at most liveEvents.
	events map[string][]store.Event
	// said are the explanations of these events, by cluster.
	said map[string]explanations

	mu sync.Mutex
	// packets are those that were made of it, by path.
	packets map[string]packet
}

// packet is a picture as a stream sends it.
type packet struct {
	// mark is equal for packets that show the same.
	mark string
	json []byte
}

// packet is the complete current snapshot of a stream. It is made once, however many streams there are of a path.
func (p *picture) packet(path streamPath, now time.Time) (packet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := path.String()
	known, ok := p.packets[key]
	if ok && path.topic == topicEvents {
		return known, nil // what has happened does not change as time goes by
	}
	made := packet{mark: p.mark(path, now)}
	if ok && known.mark == made.mark {
		return known, nil
	}
	var err error
	if made.json, err = data.FrameToJSON(p.frame(path, now), data.IncludeAll); err != nil {
		return packet{}, err
	}
	if p.packets == nil {
		p.packets = map[string]packet{}
	}
	p.packets[key] = made
	return made, nil
}

// takePicture reads what is new since the last picture, or everything when last is nil.
func takePicture(ctx context.Context, r cursorReader, last *picture) (*picture, error) {
	heads, err := r.Cursors(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the cursors: %w", err)
	}
	next := &picture{heads: map[string]store.Cursor{}, events: map[string][]store.Event{}, said: map[string]explanations{}}
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
	return next, nil
}

// presentClusters reads the clusters that have moved, and takes the others from the last picture.
func presentClusters(ctx context.Context, r nowReader, heads []store.Cursor, moved []string, last *picture) ([]store.ClusterStatus, error) {
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

func (p *picture) head(cluster string) (store.Cursor, bool) {
	if p == nil {
		return store.Cursor{}, false
	}
	h, ok := p.heads[cluster]
	return h, ok
}

// newestEvents continues the events of the last picture by the cursor. A number that went back means
// that the store was emptied or restored: then they are read anew.
func newestEvents(ctx context.Context, r cursorReader, head store.Cursor, last *picture) ([]store.Event, error) {
	before, known := last.head(head.Cluster)
	if known && head.Seq == before.Seq {
		return last.events[head.Cluster], nil
	}
	if known && head.Seq > before.Seq && head.Seq-before.Seq < liveEvents {
		newer, err := r.EventsAfter(ctx, head.Cluster, before.Seq, liveEvents)
		if err != nil {
			return nil, err
		}
		// What came after the head was read belongs to the next picture, or it would come twice.
		newer = slices.DeleteFunc(newer, func(e store.Event) bool { return e.Seq > head.Seq })
		slices.Reverse(newer)
		for i := range newer {
			newer[i] = newer[i].Brief() // a picture of many clusters holds thousands of events
		}
		all := append(newer, last.events[head.Cluster]...)
		return all[:min(len(all), liveEvents)], nil
	}
	if head.Seq == 0 {
		return nil, nil
	}
	newest, err := r.Events(ctx, store.EventQuery{Clusters: []string{head.Cluster}, Limit: liveEvents, Brief: true})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(newest, func(e store.Event) bool { return e.Seq > head.Seq }), nil
}

// newestExplanations are those of a cluster's events. They come after their event, so both have a cursor.
func newestExplanations(ctx context.Context, r cursorReader, events []store.Event, head store.Cursor, last *picture) (explanations, error) {
	before, known := last.head(head.Cluster)
	if known && head.Seq == before.Seq && head.AssessedAt.Equal(before.AssessedAt) {
		return last.said[head.Cluster], nil
	}
	if head.AssessedAt.IsZero() {
		return explanations{}, nil
	}
	return explanationsOf(ctx, r, events)
}

// frame is the complete current snapshot of a stream, with the same fields every time.
func (p *picture) frame(path streamPath, now time.Time) *data.Frame {
	if path.topic == topicStatus {
		return statusFrame(asOf(p.of(path), now), measureState)
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
	said := explanations{}
	for cluster, some := range p.said {
		if path.includes(cluster) {
			maps.Copy(said, some)
		}
	}
	var events []store.Event
	for _, e := range all[:min(len(all), liveEvents)] {
		events = append(events, *e)
	}
	return eventsFrame(events, said)
}

// mark is equal for two pictures that a stream shows alike, so that only what changed is sent.
func (p *picture) mark(path streamPath, now time.Time) string {
	var b strings.Builder
	if path.topic == topicStatus {
		for _, c := range asOf(p.of(path), now) {
			fmt.Fprintf(&b, "%q %d %d %t\n", c.Cluster, c.Seq, c.At.UnixNano(), c.silent)
		}
		return b.String()
	}
	for _, c := range p.of(path) {
		fmt.Fprintf(&b, "%q %d %s\n", c.Cluster, p.heads[c.Cluster].Seq, p.said[c.Cluster].mark())
	}
	return b.String()
}

// of are the clusters that a stream is about.
func (p *picture) of(path streamPath) []store.ClusterStatus {
	var some []store.ClusterStatus
	for _, c := range p.clusters {
		if path.includes(c.Cluster) {
			some = append(some, c)
		}
	}
	return some
}
