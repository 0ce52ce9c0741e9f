package evidence

import (
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	// paceOver is the number of cycles that a pace is taken from: two minutes at 30 seconds a cycle, which is long enough for the
	// server's own gauges, reported once a minute, to have moved.
	paceOver = 5
	// furthest limits the extrapolation: a longer time to clear is a guess.
	furthest = time.Hour
)

// expect adds to each firing gate its two bounds, and the time until it clears at the present pace.
func (e *Evidence) expect(now health.Snapshot, before []health.Snapshot, v health.Verdict) {
	for i, result := range v.Gates {
		if result.Result != health.Fired || result.Bounds == nil {
			continue
		}
		signal, _ := health.LookupSignal(result.Signal)
		gate := &e.Gates[i]
		gate.Fires, gate.Clears = signal.Format(result.Bounds.Fires), signal.Format(result.Bounds.Clears)
		if left, ok := clearsIn(result, now, before); ok {
			gate.ClearsIn = health.Lasting(left)
		}
	}
}

// clearsIn extrapolates the pace of the last cycles to the bound at which a gate clears. It is false where the value does
// not approach the bound, or not within furthest, or where too few values are known.
func clearsIn(g health.GateResult, now health.Snapshot, before []health.Snapshot) (time.Duration, bool) {
	if g.Value == nil {
		return 0, false
	}
	first, steps := *g.Value, 0
	var began time.Time
	for i := len(before) - 1; i >= 0 && steps < paceOver; i-- {
		value, known := before[i].Value(g.Signal)
		if !known {
			break
		}
		first, began = value, before[i].At
		steps++
	}
	if steps < 2 || !now.At.After(began) {
		return 0, false
	}
	perSecond := (*g.Value - first) / now.At.Sub(began).Seconds()
	left := (g.Bounds.Clears - *g.Value) / perSecond
	// The wrong direction has a negative time, and no movement an infinite one.
	if !(left > 0 && left < furthest.Seconds()) {
		return 0, false
	}
	return time.Duration(left * float64(time.Second)).Round(time.Second), true
}
