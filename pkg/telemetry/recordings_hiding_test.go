package telemetry_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestHidingSignalsNeverMakesHappy(t *testing.T) {
	recorded := replayRecordings(t)
	blame := map[string]int{}
	bad := 0
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(recorded).Draw(t, "recording")
		h := drawHidden(t)
		if rapid.Bool().Draw(t, "what fires") {
			worst := rapid.SampledFrom(r.line).Draw(t, "moment")
			for _, g := range worst.fired() {
				h.signals[g.Signal] = true
			}
		}
		var memory health.Memory
		for _, j := range r.line {
			var verdict health.Verdict
			verdict, memory = health.Evaluate(memory, h.from(j.snapshot), health.DefaultThresholds())
			if j.decided() && j.verdict.State > health.Happy && verdict.State == health.Happy && !verdict.Stale {
				bad++
				key := fmt.Sprintf("%s %s cov %.2f:", r.Name, r.phaseAt(j.at), verdict.Coverage)
				for _, g := range j.fired() {
					if g.Deciding {
						key += " " + string(g.ID)
					}
				}
				blame[key]++
				return
			}
		}
	})
	for _, k := range slices.Sorted(maps.Keys(blame)) {
		t.Log(blame[k], k)
	}
	t.Log(bad)
}

func (r *replayed) phaseAt(at interface{ Seconds() float64 }) string {
	for _, p := range slices.Backward(r.Phases) {
		if p.Start().Sub(r.Start()).Seconds() <= at.Seconds() {
			return p.Name
		}
	}
	return ""
}

// hidden are signals and fields of task queues that a cluster does not let be seen.
type hidden struct {
	signals                                                  map[health.SignalID]bool
	queues, age, backlog, inflow, dispatched, pollers, slots bool
}

func drawHidden(t *rapid.T) hidden {
	h := hidden{signals: map[health.SignalID]bool{}}
	few := rapid.IntRange(0, 9).Draw(t, "of ten")
	for _, s := range health.Signals() {
		if rapid.IntRange(1, 10).Draw(t, string(s.ID)) <= few {
			h.signals[s.ID] = true
		}
	}
	for _, f := range []*bool{&h.queues, &h.age, &h.backlog, &h.inflow, &h.dispatched, &h.pollers, &h.slots} {
		*f = rapid.IntRange(1, 10).Draw(t, "queue") <= few
	}
	return h
}

func (h hidden) from(s health.Snapshot) health.Snapshot {
	s.Signals = maps.Clone(s.Signals)
	maps.DeleteFunc(s.Signals, func(id health.SignalID, _ float64) bool { return h.signals[id] })
	s.Queues = slices.Clone(s.Queues)
	if h.queues {
		s.Queues = nil
	}
	for i := range s.Queues {
		q := &s.Queues[i]
		for field, hide := range map[**float64]bool{&q.OldestAgeSec: h.age, &q.Backlog: h.backlog, &q.InflowPerSec: h.inflow, &q.DispatchedPerSec: h.dispatched, &q.Pollers: h.pollers, &q.SlotsAvailable: h.slots} {
			if hide {
				*field = nil
			}
		}
	}
	return s
}
