package plugin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

func span(state health.State, from, to int, stale bool) store.Span {
	return store.Span{Cluster: "c", State: state, Stale: stale, From: minute(from), To: minute(to), Interval: cycleInterval}
}

func minute(n int) time.Time { return storyBegins.Add(time.Duration(n) * time.Minute) }

func TestAStateHoldsUntilTheNextAndAGapIsNull(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	for name, c := range map[string]struct {
		spans []store.Span
		now   time.Time
		want  []point
	}{
		"a state that holds reaches until now": {
			[]store.Span{span(health.Happy, 0, 10, false)}, minute(11),
			[]point{{minute(0), happy}, {minute(11), happy}},
		},
		"one state follows another": {
			[]store.Span{span(health.Happy, 0, 4, false), span(health.Critical, 5, 10, false)}, minute(10),
			[]point{{minute(0), happy}, {minute(5), critical}, {minute(10), critical}},
		},
		"a gap begins one interval after the last cycle": {
			[]store.Span{span(health.Happy, 0, 4, false), span(health.Happy, 8, 10, false)}, minute(10),
			[]point{{minute(0), happy}, {minute(4).Add(cycleInterval), nil}, {minute(8), happy}, {minute(10), happy}},
		},
		"a cluster that fell silent ends in a null": {
			[]store.Span{span(health.Critical, 0, 4, false)}, minute(6),
			[]point{{minute(0), critical}, {minute(4).Add(cycleInterval), nil}},
		},
		"a stale span is null whatever its state": {
			[]store.Span{span(health.Happy, 0, 4, true)}, minute(4),
			[]point{{minute(0), nil}, {minute(4), nil}},
		},
		"before the first verdict nobody knows": {
			[]store.Span{span(health.Unknown, 0, 4, false)}, minute(4),
			[]point{{minute(0), nil}, {minute(4), nil}},
		},
		"no cycle, no point": {nil, minute(4), nil},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, changes(c.spans, c.now)) })
	}
}

func TestARangeBeginsAndEndsWithTheStateThatHoldsThere(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	points := []point{{minute(0), happy}, {minute(5), critical}, {minute(10), nil}}
	assert.Equal(t, []point{{minute(2), happy}, {minute(5), critical}, {minute(7), critical}}, clip(points, minute(2), minute(7)))
	assert.Equal(t, []point{{minute(11), nil}}, clip(points, minute(11), minute(12)))
	assert.Empty(t, clip(points, minute(-5), minute(-1)))
}

func TestThinningNeverHidesTrouble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := []*float64{nil, new(0.0), new(1.0), new(2.0)}
		length := rapid.IntRange(1, 3000).Draw(t, "length")
		most := rapid.IntRange(2, 50).Draw(t, "most")
		var points []point
		for i := range length {
			points = append(points, point{minute(0).Add(time.Duration(i) * time.Minute), rapid.SampledFrom(states).Draw(t, "state")})
		}
		end := points[len(points)-1].at
		thinned := thin(points, minute(0), end, most)

		if len(thinned) > most {
			t.Fatalf("%d points, at most %d were asked for", len(thinned), most)
		}
		worst := func(points []point) float64 {
			worst := 0.0
			for _, p := range points {
				worst = max(worst, gravity(p.value))
			}
			return worst
		}
		if worst(points) != worst(thinned) {
			t.Fatalf("the worst was %v and reads %v", worst(points), worst(thinned))
		}
		for i := 1; i < len(thinned); i++ {
			if !thinned[i].at.After(thinned[i-1].at) {
				t.Fatalf("point %d does not come after the one before", i)
			}
		}
	})
}

func TestAShortOutageShowsInAPictureOfAMonth(t *testing.T) {
	happy, critical := new(0.0), new(2.0)
	points := []point{{minute(0), happy}}
	for day := range 30 {
		for flap := range 100 {
			at := minute(day*24*60 + flap*10)
			points = append(points, point{at.Add(time.Minute), new(1.0)}, point{at.Add(2 * time.Minute), happy})
		}
	}
	outage := minute(15*24*60 + 1100)
	points = append(points, point{minute(31 * 24 * 60), happy})
	for i, p := range points {
		if p.at.After(outage) {
			points = append(points[:i:i], append([]point{{outage, critical}, {outage.Add(cycleInterval), happy}}, points[i:]...)...)
			break
		}
	}
	thinned := thin(points, minute(0), minute(31*24*60), 100)
	assert.LessOrEqual(t, len(thinned), 100)
	reds := 0
	for _, p := range thinned {
		if equal(p.value, critical) {
			reds++
			assert.WithinDuration(t, outage, p.at, 8*time.Hour)
		}
	}
	assert.Equal(t, 1, reds)
}
