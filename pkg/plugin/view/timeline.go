package view

import (
	"context"
	"time"

	"github.com/temporal-sre/copilot/pkg/store"
)

// Reach is how far outside a time range a cycle may lie that speaks for its beginning, or tells
// whether its end is a gap: three times the longest interval that makes sense.
const Reach = 15 * time.Minute

// Spans reads the spans of each cluster, oldest first, in a little more than a time range, so
// that its edges are judged like its middle.
func (d Reader) Spans(ctx context.Context, clusters []string, from, to time.Time) (map[string][]store.Span, error) {
	spans, err := d.Store.Spans(ctx, clusters, from.Add(-Reach), to.Add(Reach))
	if err != nil {
		return nil, err
	}
	runs := map[string][]store.Span{}
	for _, s := range spans {
		runs[s.Cluster] = append(runs[s.Cluster], s)
	}
	return runs, nil
}

// Point is a state from a moment on; nil means unknown.
type Point struct {
	At    time.Time
	Value *float64
}

// Changes turns a cluster's spans, oldest first, into points. The first cycle that is missing is
// where a gap begins: one interval after the last one. The newest span lasts until now unless its
// cluster has fallen silent.
func Changes(spans []store.Span, now time.Time) []Point {
	var points []Point
	for i, s := range spans {
		points = append(points, Point{s.From, spanLevel(s)})
		end := s.To.Add(interval(s.Interval))
		last := i == len(spans)-1
		switch {
		case last && silent(s.To, s.Interval, now), !last && silent(s.To, s.Interval, spans[i+1].From):
			points = append(points, Point{end, nil})
		case last:
			points = append(points, Point{now, spanLevel(s)})
		}
	}
	return points
}

// spanLevel is the state of a span, nil while it knew too little for a verdict.
func spanLevel(s store.Span) *float64 {
	if s.Stale {
		return nil
	}
	return Level(s.State)
}

// Clip keeps the points from one moment to another. The state that holds at the first moment begins there.
func Clip(points []Point, from, to time.Time) []Point {
	var kept []Point
	for _, p := range points {
		switch {
		case p.At.After(to):
			// The state holds until the end of the range, and the panel must know that.
			if len(kept) > 0 && kept[len(kept)-1].At.Before(to) {
				kept = append(kept, Point{to, kept[len(kept)-1].Value})
			}
			return kept
		case !p.At.After(from):
			kept = []Point{{from, p.Value}}
		default:
			kept = append(kept, p)
		}
	}
	return kept
}

// Thin reduces points to a panel's width by keeping the worst state of each bucket: a short outage
// must survive in a panel of a month. Unknown is worse than happy and better than stressed.
func Thin(points []Point, from, to time.Time, most int) []Point {
	if len(points) <= most {
		return points
	}
	// One point less than there is room for: the end of the last state needs one too.
	width := to.Sub(from)/time.Duration(max(most-1, 1)) + 1
	var kept []Point
	var holding Point
	next := 0
	for start := from; start.Before(to) && next < len(points); start = start.Add(width) {
		end := start.Add(width)
		var worst *Point
		if next > 0 {
			worst = &Point{start, holding.Value} // what still holds when the bucket begins
		}
		for ; next < len(points) && points[next].At.Before(end); next++ {
			holding = points[next]
			if worst == nil || graver(holding.Value, worst.Value) {
				worst = &Point{start, holding.Value}
			}
		}
		if worst != nil && (len(kept) == 0 || !equal(kept[len(kept)-1].Value, worst.Value)) {
			kept = append(kept, *worst)
		}
	}
	// The panel must know how far the last state reaches.
	if last := points[len(points)-1]; len(kept) > 0 && last.At.After(kept[len(kept)-1].At) {
		kept = append(kept, last)
	}
	return kept
}

// graver compares states: critical, stressed, unknown, happy.
func graver(a, b *float64) bool { return gravity(a) > gravity(b) }

func gravity(v *float64) float64 {
	if v == nil {
		return 0.5
	}
	return *v
}

func equal(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Earlier is the earlier of two moments.
func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
