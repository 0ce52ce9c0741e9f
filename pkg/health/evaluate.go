package health

import (
	"slices"
	"time"
)

// Evaluate judges one cycle. It is pure and total: the same memory, snapshot and thresholds give the
// same verdict and the same memory, and no value of any signal makes it fail. Neither argument is
// changed.
//
// A gate that fires is evidence by itself: it makes a state worse however little else is known. An
// improvement must be earned: enough gates known, none of those that fired before unknown now. "Happy"
// needs every deciding gate known that is not optional. Where that is not so there is no verdict; the
// last state stays and is stale.
func Evaluate(memory Memory, snapshot Snapshot, thresholds Thresholds) (Verdict, Memory) {
	next := memory
	if thresholds.Band != "" {
		next.Band = thresholds.Band
	} else if next.Band == "" {
		next.Band = Starter
	}
	if next.Bottleneck == "" {
		next.Bottleneck = BottleneckUnknown
	}

	var held []WaitingQueue
	next.Waiting, held = followWaiting(memory.Waiting, snapshot)
	snapshot = snapshot.aged(next.Waiting).withholding(held)
	r := &reading{Snapshot: snapshot, baseline: memory.Baseline, band: next.Band}
	results := judgeAll(r, memory, thresholds)
	next.Firing = stillFiring(memory, results)

	sum := summarise(memory, results)
	state, decided := sum.decide(memory.State, thresholds.MinCoverage)
	next.Unseen = 0
	if !decided && state == Happy && memory.State == Happy && !memory.Stale && memory.Unseen < unseenAtMost && sum.coverage() >= thresholds.MinCoverage && sum.held == Happy {
		// A rate or a quantile may have no value for a moment.
		next.Unseen, decided = memory.Unseen+1, true
	}
	next.Stale = !decided
	if decided {
		next = next.settle(state, thresholds)
		if next.BetterCycles == 0 {
			// While an improvement is not confirmed, the bottleneck is that of the state which stands.
			next = next.placeBottleneck(classify(r, results), next.State != memory.State)
		}
	} else {
		next.BetterCycles, next.Better = 0, Unknown
	}
	if next.State != memory.State {
		next.Since = snapshot.At
	}
	next.Turns = turns(memory, next, snapshot.At)
	if decided && next.Unseen == 0 && next.State == Happy && state == Happy && r.atLeast(WarmingUp, 0.5) != yes {
		next.Baseline = memory.Baseline.learn(snapshot)
		if thresholds.Band == "" {
			next.Band = bandFor(next.Band, next.Baseline.TransitionsPerSec)
		}
	}

	verdict := Verdict{
		Cluster: snapshot.Cluster, At: snapshot.At,
		State: next.State, Since: next.Since, Stale: next.Stale, Flapping: flapping(next.Turns),
		Coverage: sum.coverage(), Bottleneck: next.Bottleneck, Band: r.band,
		Gates: results, Warnings: warnings(r),
	}
	verdict.Event = change(memory, next, verdict)
	if verdict.Event != nil {
		next.Seq = verdict.Event.Seq
	}
	return verdict, next
}

// judgeAll asks every gate that is not switched off.
func judgeAll(r *reading, memory Memory, thresholds Thresholds) []GateResult {
	results := make([]GateResult, 0, len(gates))
	for i := range gates {
		if thresholds.Gates[gates[i].ID].Disabled {
			continue
		}
		results = append(results, gates[i].judge(r, memory, thresholds))
	}
	return results
}

// judge compares a gate's signal with its threshold, or with its recovery threshold while it fires.
func (g *Gate) judge(r *reading, memory Memory, thresholds Thresholds) GateResult {
	fires, clears, overridden := thresholds.numbers(*g, r.band)
	threshold := fires
	if memory.firing(g.ID) {
		threshold = clears
	}
	applies := when(yes, "")
	if g.applies != nil {
		applies = g.applies(r)
	}
	result := GateResult{
		ID: g.ID, Signal: g.Signal, Op: g.Op, Threshold: threshold * applies.scale, Result: Passed,
		Severity: g.Severity, Service: g.Service, Side: g.Side, Deciding: g.Deciding,
		Overridden: overridden, Note: applies.note,
	}
	value, ok := r.Value(g.Signal)
	if ok {
		result.Value, result.Witness = &value, r.Witness[g.Signal]
	}
	beyond := (g.Op == Above && value > result.Threshold) || (g.Op == Below && value < result.Threshold)
	switch {
	case applies.holds == no:
	case !ok:
		result.Result = NotKnowable
		result.Note = reasonUnknown(r, g.Signal)
	case !beyond && applies.doubt > 0 && value > applies.doubt:
		result.Result, result.Note = NotKnowable, applies.doubtNote
	case !beyond && !(applies.holds == maybe && g.PerUnitOf != ""):
	case applies.holds == maybe:
		result.Result = NotKnowable
	default:
		result.Result = Fired
		result.Bounds = &Bounds{Fires: fires * applies.scale, Clears: clears * applies.scale}
	}
	if result.Result == Fired && g.Service == Matching {
		result.Note = worstQueue(r.Queues, g.Signal, result.Note)
	}
	return result
}

// worstQueue names the queue that a matching gate is about: the worst one of those that the gate's signal counts or
// measures.
func worstQueue(queues []TaskQueue, signal SignalID, note string) string {
	for _, q := range queues {
		if q.concerns(signal) {
			return "worst: " + q.Type + " queue " + q.Name + " in namespace " + q.Namespace
		}
	}
	return note
}

// concerns says whether a signal speaks of the queue.
func (q TaskQueue) concerns(signal SignalID) bool {
	switch signal {
	case WorkflowBacklogAge, MatchingWorkflowPoll:
		return q.Type == "workflow"
	case ActivityBacklogAge, MatchingActivityPoll:
		return q.Type == "activity"
	case StarvedQueues, StarvedOldestAge:
		return q.Starved
	case SlotlessQueues:
		return q.Slotless
	case UnservedVersions:
		return q.UnservedVersion != ""
	default:
		return true
	}
}

// stillFiring keeps the gates that fire, and those that fired before and are unknown now.
func stillFiring(memory Memory, results []GateResult) []GateID {
	var firing []GateID
	for _, g := range results {
		if g.Result == Fired || (g.Result == NotKnowable && memory.firing(g.ID)) {
			firing = append(firing, g.ID)
		}
	}
	slices.Sort(firing)
	return firing
}

// summary is what a cycle's deciding gates say together.
type summary struct {
	// worst is the worst severity that fired, Happy when none did.
	worst State
	// held is the worst severity among gates that fired before and are unknown now.
	held State
	// progressKnown: it is known whether work advances. queuesKnown: it is known whether tasks are dispatched.
	progressKnown, queuesKnown bool
	known, total               int
}

func summarise(memory Memory, results []GateResult) summary {
	sum := summary{worst: Happy, held: Happy, progressKnown: true, queuesKnown: true}
	for _, g := range results {
		if !g.Deciding {
			continue
		}
		if gate, _ := LookupGate(g.ID); !gate.Optional || g.Result != NotKnowable {
			sum.total++
		}
		switch g.Result {
		case Fired:
			sum.known++
			sum.worst = max(sum.worst, g.Severity)
		case Passed:
			sum.known++
		case NotKnowable:
			if memory.firing(g.ID) {
				sum.held = max(sum.held, g.Severity)
			}
			switch g.ID {
			case "progress_stalled":
				sum.progressKnown = false
			case "backlog_growing":
				// It rests while the queues are judged one by one.
				sum.queuesKnown = false
			}
		}
	}
	return sum
}

// coverage is the share of deciding gates that are known.
func (s summary) coverage() float64 {
	if s.total == 0 {
		return 0
	}
	return float64(s.known) / float64(s.total)
}

// unseenAtMost is for how many cycles a happy cluster stays so while a gate is unknown.
const unseenAtMost = 2

// decide says which state the gates argue for, and whether that may be believed.
func (s summary) decide(current State, minCoverage float64) (State, bool) {
	if s.worst > Happy && s.worst >= current {
		return s.worst, true
	}
	enough := s.coverage() >= minCoverage && s.progressKnown && s.queuesKnown && s.held <= Happy
	switch {
	case s.worst > Happy || s.known == s.total:
		return s.worst, enough
	case current == Critical:
		return Stressed, enough
	default:
		// A single gate may be all that shows a fault: happy is what was looked at altogether.
		return Happy, false
	}
}

// settle takes the state that a decided cycle argues for. No cluster becomes critical at once: it passes through
// stressed, and stays there until enough critical cycles came in a row. An improvement has to hold as well.
func (m Memory) settle(state State, thresholds Thresholds) Memory {
	if state == Critical {
		m.CriticalCycles = min(m.CriticalCycles+1, thresholds.CriticalCycles)
		if m.State != Critical && (m.State != Stressed || m.CriticalCycles < thresholds.CriticalCycles) {
			state = Stressed
		}
	} else {
		m.CriticalCycles = 0
	}
	if state >= m.State || m.State == Unknown {
		m.State, m.BetterCycles, m.Better = state, 0, Unknown
		return m
	}
	m.BetterCycles++
	m.Better = max(m.Better, state)
	needed := thresholds.RecoveryCycles
	if flapping(m.Turns) {
		needed *= flappingRecovery
	}
	if m.BetterCycles >= needed {
		m.State, m.BetterCycles, m.Better = m.Better, 0, Unknown
	}
	return m
}

// A cluster flaps when it turned worse three times within half an hour; then an improvement has to hold five
// times as long.
const (
	flappingTurns    = 3
	flappingWithin   = 30 * time.Minute
	flappingRecovery = 5
)

func flapping(turns []time.Time) bool { return len(turns) >= flappingTurns }

// turns are the latest turns for the worse, with this cycle's if it is one.
func turns(before, after Memory, at time.Time) []time.Time {
	var kept []time.Time
	for _, t := range before.Turns {
		if at.Sub(t) < flappingWithin {
			kept = append(kept, t)
		}
	}
	if after.State > max(before.State, Happy) {
		kept = append(kept, at)
	}
	return kept
}

// change makes the event of a cycle, if there is one.
func change(before, after Memory, verdict Verdict) *Event {
	wasStale, was := before.Stale, before.Bottleneck
	if was == "" {
		was = BottleneckUnknown
	}
	var kind EventKind
	switch {
	case after.State != before.State:
		kind = StateChanged
	case after.Stale != wasStale:
		kind = StalenessChanged
	case after.Bottleneck != was:
		kind = BottleneckChanged
	default:
		return nil
	}
	return &Event{
		Seq: before.Seq + 1, Kind: kind, At: verdict.At,
		From: before.State, To: after.State, Stale: after.Stale,
		FromBottleneck: was, Bottleneck: after.Bottleneck,
	}
}

func reasonUnknown(r *reading, id SignalID) string {
	if reason := r.Unknown[id]; reason != "" {
		return reason
	}
	return "the signal was not read"
}
