package view

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

func span(state health.State, from, to int, stale bool) store.Span {
	return store.Span{Cluster: "c", State: state, Stale: stale, From: minute(from), To: minute(to), Interval: story.Interval}
}

func minute(n int) time.Time { return story.Begins.Add(time.Duration(n) * time.Minute) }

func TestAStateHoldsUntilTheNextAndAGapIsNull(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	for name, c := range map[string]struct {
		spans []store.Span
		now   time.Time
		want  []Point
	}{
		"a state that holds reaches until now": {
			[]store.Span{span(health.Happy, 0, 10, false)}, minute(11),
			[]Point{{minute(0), happy}, {minute(11), happy}},
		},
		"one state follows another": {
			[]store.Span{span(health.Happy, 0, 4, false), span(health.Critical, 5, 10, false)}, minute(10),
			[]Point{{minute(0), happy}, {minute(5), critical}, {minute(10), critical}},
		},
		"a gap begins one interval after the last cycle": {
			[]store.Span{span(health.Happy, 0, 4, false), span(health.Happy, 8, 10, false)}, minute(10),
			[]Point{{minute(0), happy}, {minute(4).Add(story.Interval), nil}, {minute(8), happy}, {minute(10), happy}},
		},
		"a cluster that fell silent ends in a null": {
			[]store.Span{span(health.Critical, 0, 4, false)}, minute(6),
			[]Point{{minute(0), critical}, {minute(4).Add(story.Interval), nil}},
		},
		"a stale span is null whatever its state": {
			[]store.Span{span(health.Happy, 0, 4, true)}, minute(4),
			[]Point{{minute(0), nil}, {minute(4), nil}},
		},
		"before the first verdict nobody knows": {
			[]store.Span{span(health.Unknown, 0, 4, false)}, minute(4),
			[]Point{{minute(0), nil}, {minute(4), nil}},
		},
		"no cycle, no point": {nil, minute(4), nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Changes(c.spans, c.now)) })
	}
}

func TestARangeBeginsAndEndsWithTheStateThatHoldsThere(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	points := []Point{{minute(0), happy}, {minute(5), critical}, {minute(10), nil}}
	assert.Equal(t, []Point{{minute(2), happy}, {minute(5), critical}, {minute(7), critical}}, Clip(points, minute(2), minute(7)))
	assert.Equal(t, []Point{{minute(11), nil}}, Clip(points, minute(11), minute(12)))
	assert.Empty(t, Clip(points, minute(-5), minute(-1)))
}

func TestThinningNeverHidesTrouble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := []*float64{nil, new(0.0), new(1.0), new(2.0)}
		length := rapid.IntRange(1, 3000).Draw(t, "length")
		most := rapid.IntRange(2, 50).Draw(t, "most")
		var points []Point
		for i := range length {
			points = append(points, Point{minute(0).Add(time.Duration(i) * time.Minute), rapid.SampledFrom(states).Draw(t, "state")})
		}
		end := points[len(points)-1].At
		thinned := Thin(points, minute(0), end, most)

		if len(thinned) > most {
			t.Fatalf("%d points, at most %d were asked for", len(thinned), most)
		}
		worst := func(points []Point) float64 {
			worst := 0.0
			for _, p := range points {
				worst = max(worst, gravity(p.Value))
			}
			return worst
		}
		if worst(points) != worst(thinned) {
			t.Fatalf("the worst was %v and reads %v", worst(points), worst(thinned))
		}
		for i := 1; i < len(thinned); i++ {
			if !thinned[i].At.After(thinned[i-1].At) {
				t.Fatalf("point %d does not come after the one before", i)
			}
		}
	})
}

func TestAShortOutageShowsInAPictureOfAMonth(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	points := []Point{{minute(0), happy}}
	for day := range 30 {
		for flap := range 100 {
			at := minute(day*24*60 + flap*10)
			points = append(points, Point{at.Add(time.Minute), new(1.0)}, Point{at.Add(2 * time.Minute), happy})
		}
	}
	outage := minute(15*24*60 + 1100)
	points = append(points, Point{minute(31 * 24 * 60), happy})
	for i, p := range points {
		if p.At.After(outage) {
			points = append(points[:i:i], append([]Point{{outage, critical}, {outage.Add(story.Interval), happy}}, points[i:]...)...)
			break
		}
	}
	thinned := Thin(points, minute(0), minute(31*24*60), 100)
	assert.LessOrEqual(t, len(thinned), 100)
	reds := 0
	for _, p := range thinned {
		if equal(p.Value, critical) {
			reds++
			assert.WithinDuration(t, outage, p.At, 8*time.Hour)
		}
	}
	assert.Equal(t, 1, reds)
}
