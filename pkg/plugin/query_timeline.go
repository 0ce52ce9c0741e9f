package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/store"
)

// answerTimeline tells the states of clusters over time, one series each. A point stands where the
// state changes and holds until the next one; an explicit null stands where knowledge ends.
func answerTimeline(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	known, lacking, err := d.knownClusters(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	runs, err := d.spansAround(ctx, a.clusters, a.from, a.to)
	if err != nil {
		return nil, err
	}
	now := d.now()
	end := earlier(a.to, now)
	var frames data.Frames
	for _, cluster := range known {
		points := clip(changes(runs[cluster], now), a.from, end)
		if len(points) == 0 {
			points = []point{{a.from, nil}, {a.to, nil}} // known, but not then
		}
		frames = append(frames, timelineFrame(cluster, thin(points, a.from, a.to, a.points)))
	}
	if len(frames) == 0 {
		frames = data.Frames{noSeries(string(measureState), stateConfig(""))}
	}
	return lacking.on(frames), nil
}

// reach is how far outside a time range a cycle may lie that speaks for its beginning, or tells
// whether its end is a gap: three times the longest interval that makes sense.
const reach = 15 * time.Minute

// spansAround reads the spans of each cluster, oldest first, in a little more than a time range, so
// that its edges are judged like its middle.
func (d *Datasource) spansAround(ctx context.Context, clusters []string, from, to time.Time) (map[string][]store.Span, error) {
	spans, err := d.store.Spans(ctx, clusters, from.Add(-reach), to.Add(reach))
	if err != nil {
		return nil, err
	}
	runs := map[string][]store.Span{}
	for _, s := range spans {
		runs[s.Cluster] = append(runs[s.Cluster], s)
	}
	return runs, nil
}

// point is a state from a moment on; nil means unknown.
type point struct {
	at    time.Time
	value *float64
}

// changes turns a cluster's spans, oldest first, into points. The first cycle that is missing is
// where a gap begins: one interval after the last one. The newest span lasts until now unless its
// cluster has fallen silent.
func changes(spans []store.Span, now time.Time) []point {
	var points []point
	for i, s := range spans {
		points = append(points, point{s.From, spanLevel(s)})
		end := s.To.Add(interval(s.Interval))
		last := i == len(spans)-1
		switch {
		case last && silent(s.To, s.Interval, now), !last && silent(s.To, s.Interval, spans[i+1].From):
			points = append(points, point{end, nil})
		case last:
			points = append(points, point{now, spanLevel(s)})
		}
	}
	return points
}

// spanLevel is the state of a span, nil while it knew too little for a verdict.
func spanLevel(s store.Span) *float64 {
	if s.Stale {
		return nil
	}
	return level(s.State)
}

// clip keeps the points from one moment to another. The state that holds at the first moment begins there.
func clip(points []point, from, to time.Time) []point {
	var kept []point
	for _, p := range points {
		switch {
		case p.at.After(to):
			// The state holds until the end of the range, and the panel must know that.
			if len(kept) > 0 && kept[len(kept)-1].at.Before(to) {
				kept = append(kept, point{to, kept[len(kept)-1].value})
			}
			return kept
		case !p.at.After(from):
			kept = []point{{from, p.value}}
		default:
			kept = append(kept, p)
		}
	}
	return kept
}

// thin reduces points to a panel's width by keeping the worst state of each bucket: a short outage
// must survive in a picture of a month. Unknown is worse than happy and better than trouble.
func thin(points []point, from, to time.Time, most int) []point {
	if len(points) <= most {
		return points
	}
	// One point less than there is room for: the end of the last state needs one too.
	width := to.Sub(from)/time.Duration(max(most-1, 1)) + 1
	var kept []point
	var holding point
	next := 0
	for start := from; start.Before(to) && next < len(points); start = start.Add(width) {
		end := start.Add(width)
		var worst *point
		if next > 0 {
			worst = &point{start, holding.value} // what still holds when the bucket begins
		}
		for ; next < len(points) && points[next].at.Before(end); next++ {
			holding = points[next]
			if worst == nil || graver(holding.value, worst.value) {
				worst = &point{start, holding.value}
			}
		}
		if worst != nil && (len(kept) == 0 || !equal(kept[len(kept)-1].value, worst.value)) {
			kept = append(kept, *worst)
		}
	}
	// The panel must know how far the last state reaches.
	if last := points[len(points)-1]; len(kept) > 0 && last.at.After(kept[len(kept)-1].at) {
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

func timelineFrame(cluster string, points []point) *data.Frame {
	at, values := make([]time.Time, len(points)), make([]*float64, len(points))
	for i, p := range points {
		at[i], values[i] = p.at.UTC(), p.value
	}
	return series(string(measureState), data.Labels{"cluster": cluster}, stepConfig(cluster), at, values)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
