package telemetry_test

import (
	"flag"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// rapidCases is how many cases each property is tried with.
const rapidCases = 1000

// checkMany tries a property with many cases, whatever the number on the command line is.
func checkMany(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		before := f.Value.String()
		require.NoError(t, f.Value.Set(strconv.Itoa(rapidCases)))
		t.Cleanup(func() { require.NoError(t, f.Value.Set(before)) })
	}
	rapid.Check(t, property)
}

// TestPropertyWhatIsHiddenNeverMakesARecordingHappy drops signals and what is known of task queues from recorded
// snapshots: no verdict that is not happy becomes one that is happy and not stale.
func TestPropertyWhatIsHiddenNeverMakesARecordingHappy(t *testing.T) {
	recorded := replayRecordings(t)
	checkMany(t, func(t *rapid.T) {
		r := recorded[rapid.IntRange(0, len(recorded)-1).Draw(t, "recording")]
		h := drawHidden(t, r)
		// Some minutes from anywhere, since a fault that is never seen begins with nothing remembered.
		const cycles = 12
		first := rapid.IntRange(0, max(0, len(r.line)-cycles)).Draw(t, "first")
		var seen, all health.Memory
		for _, j := range r.line[first:min(first+cycles, len(r.line))] {
			var with, without health.Verdict
			with, all = health.Evaluate(all, j.snapshot, health.DefaultThresholds())
			without, seen = health.Evaluate(seen, h.from(j.snapshot), health.DefaultThresholds())
			j.verdict = with
			if seen.Unseen > 0 {
				// A happy cluster stays so for two cycles while a value is missing.
				continue
			}
			if with.State > health.Happy && !with.Stale && without.State == health.Happy && !without.Stale && !j.arguesForHappy() {
				t.Fatalf("%s, %s, %s: hidden it is happy, coverage %.2f; it is %s", r.Name, r.phaseAt(j.snapshot.At), offset(j.at), without.Coverage, j.summary())
			}
		}
	})
}

// arguesForHappy reports whether the gates of a cycle argue for happy, while its state is worse only because an improvement has to
// hold for some cycles.
func (j judged) arguesForHappy() bool {
	return !slices.ContainsFunc(j.fired(), func(g health.GateResult) bool { return g.Deciding })
}

// hidden are signals and fields of task queues that a cluster does not let be seen.
type hidden struct {
	signals                                                  map[health.SignalID]bool
	queues, age, backlog, inflow, dispatched, pollers, slots bool
}

// drawHidden hides anything, or all that fires at a moment and a little else, which is the worst case.
func drawHidden(t *rapid.T, r *replayed) hidden {
	h := hidden{signals: map[health.SignalID]bool{}}
	ofTen := rapid.IntRange(0, 9).Draw(t, "of ten")
	if rapid.Bool().Draw(t, "what fires") {
		for _, g := range r.line[rapid.IntRange(0, len(r.line)-1).Draw(t, "moment")].fired() {
			h.signals[g.Signal] = true
		}
	}
	for _, s := range health.Signals() {
		if rapid.IntRange(1, 10).Draw(t, string(s.ID)) <= ofTen {
			h.signals[s.ID] = true
		}
	}
	for _, f := range []*bool{&h.queues, &h.age, &h.backlog, &h.inflow, &h.dispatched, &h.pollers, &h.slots} {
		*f = rapid.IntRange(1, 10).Draw(t, "of queues") <= ofTen
	}
	return h
}

func (h hidden) from(s health.Snapshot) health.Snapshot {
	s.Signals = maps.Clone(s.Signals)
	maps.DeleteFunc(s.Signals, func(id health.SignalID, _ float64) bool { return h.signals[id] })
	if h.queues {
		s.Queues = nil
	}
	s.Queues = slices.Clone(s.Queues)
	for i := range s.Queues {
		q := &s.Queues[i]
		for field, hide := range map[**float64]bool{
			&q.OldestAgeSec: h.age, &q.Backlog: h.backlog, &q.InflowPerSec: h.inflow, &q.DispatchedPerSec: h.dispatched,
			&q.Pollers: h.pollers, &q.SlotsAvailable: h.slots,
		} {
			if hide {
				*field = nil
			}
		}
	}
	return s
}
