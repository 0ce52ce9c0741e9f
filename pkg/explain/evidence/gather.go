package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Input is what evidence is made from.
type Input struct {
	// Verdict is the verdict to explain, Snapshot what it was judged from.
	Verdict  health.Verdict
	Snapshot health.Snapshot
	// Before are the snapshots of the cycles before, oldest first; of more than ten the last ten count.
	Before []health.Snapshot
	// Previous is the verdict of the cycle before, or of the one before the improvement that this cycle confirms, nil when
	// it is not known: it says what has cleared.
	Previous *health.Verdict
	// Thresholds are the cluster's own thresholds of amplifiers; see AmplifierThresholds for the usual ones.
	Thresholds map[health.SignalID]float64
	// Event is the change to explain; nil takes the verdict's own.
	Event *health.Event
	// Patterns are the log patterns around it. LogsUnavailable says why there are none to be had.
	Patterns        []LogPattern
	LogsUnavailable string
	Passages        []Passage
	// Feedback is what editors said of earlier explanations with the same root cause, newest first.
	Feedback []string
}

const (
	maxBefore   = 10
	maxQueues   = 5
	maxPatterns = 10
	maxPassages = 5
	maxFeedback = 3
	// Lines of logs and notes are cut at what a person reads, in bytes; passages at what a model should.
	maxSample  = 300
	maxPassage = 1500
)

// Gather makes the evidence. It is pure and total, changes no argument, and redacts every text that
// comes from outside.
func Gather(in Input) Evidence {
	v := in.Verdict
	before := in.Before[max(0, len(in.Before)-maxBefore):]
	texts := sanitized{}
	e := Evidence{
		Cluster: texts.text(v.Cluster), At: v.At, State: v.State, Since: v.Since,
		Stale: v.Stale, Flapping: v.Flapping, Coverage: v.Coverage, Bottleneck: v.Bottleneck, Band: v.Band,
		Event: in.Event, LogsUnavailable: texts.text(in.LogsUnavailable),
	}
	if e.Event == nil {
		e.Event = v.Event
	}
	if !v.Since.IsZero() {
		e.Lasting = health.Lasting(v.At.Sub(v.Since))
	}
	e.Gates = gatesOf(v, texts)
	e.expect(in.Snapshot, before, v)
	e.Cleared = cleared(in.Previous, v)
	e.Signals = signalsOf(in, before, texts)
	e.Gaps = gapsOf(v, in.Snapshot, texts)
	e.Waiting = waitingIn(in, texts)
	e.Queues = queuesOf(in.Snapshot.Queues, texts)
	for _, w := range v.Warnings {
		e.ScalingRules = append(e.ScalingRules, health.Warning{Rule: w.Rule, Text: texts.text(w.Text)})
	}
	e.Changes = changesOf(in.Snapshot, before)
	e.Patterns = patternsOf(in.Patterns, texts)
	e.Passages = passagesOf(in.Passages, texts)
	for _, said := range in.Feedback[:min(len(in.Feedback), maxFeedback)] {
		e.Feedback = append(e.Feedback, texts.text(said))
	}
	e.order()
	e.Services = rolesOf(v, &e)
	return e
}

func gatesOf(v health.Verdict, texts sanitized) []Gate {
	gates := make([]Gate, 0, len(v.Gates))
	for _, r := range v.Gates {
		signal, _ := health.LookupSignal(r.Signal)
		gate := Gate{
			ID: r.ID, Title: string(r.ID), Result: r.Result, Severity: r.Severity, Service: r.Service, Side: r.Side,
			Signal: r.Signal, Op: r.Op, Threshold: signal.Format(r.Threshold),
			Deciding: r.Deciding, Overridden: r.Overridden, Note: texts.text(r.Note), Witness: texts.text(r.Witness),
		}
		if known, ok := health.LookupGate(r.ID); ok {
			gate.Title = known.Title
		}
		if r.Value != nil {
			gate.Value = signal.Format(*r.Value)
		}
		gates = append(gates, gate)
	}
	return gates
}

func cleared(previous *health.Verdict, now health.Verdict) []health.GateID {
	if previous == nil {
		return nil
	}
	fired := map[health.GateID]bool{}
	for _, g := range previous.Gates {
		fired[g.ID] = g.Result == health.Fired
	}
	var ids []health.GateID
	for _, g := range now.Gates {
		if fired[g.ID] && g.Result == health.Passed {
			ids = append(ids, g.ID)
		}
	}
	// Causes before their symptoms.
	slices.SortStableFunc(ids, func(a, b health.GateID) int { return placeOf(a) - placeOf(b) })
	return ids
}

func signalsOf(in Input, before []health.Snapshot, texts sanitized) []Signal {
	v, snapshot := in.Verdict, in.Snapshot
	tail, known := snapshot.Value(health.PersistenceP99)
	looksFast := known && tail < 100 && (firedIn(v, "persistence_failing") || firedIn(v, "persistence_error_rate"))
	var signals []Signal
	for _, s := range health.Signals() {
		amount, ok := snapshot.Value(s.ID)
		if !ok || withheld(v, s.ID) {
			continue
		}
		signal := Signal{
			ID: s.ID, Title: s.Title, Class: s.Class, Service: s.Service,
			Amount: amount, Value: s.Format(amount), Trend: trendOf(s, snapshot, before), Witness: texts.text(witnessOf(in, s.ID)),
		}
		signal.Standing = standing(v, s, amount, in.Thresholds)
		switch {
		case looksFast && s.ID == health.PersistenceP99:
			signal.Remark = "looks fast only because operations that fail return at once"
		case signal.Standing == AtRest:
			signal.Remark = texts.text(restNote(v, s.ID))
		}
		signals = append(signals, signal)
	}
	return signals
}

// withheld: the snapshot holds a value that the rules did not believe, such as the empty backlog of a queue that was
// unloaded with its tasks.
func withheld(v health.Verdict, id health.SignalID) bool {
	return slices.ContainsFunc(v.Gates, func(g health.GateResult) bool {
		return g.Signal == id && g.Result == health.NotKnowable && g.Value == nil
	})
}

// waitingIn is the rules' reason for not believing that a task queue has emptied.
func waitingIn(in Input, texts sanitized) string {
	for _, g := range in.Verdict.Gates {
		if _, read := in.Snapshot.Value(g.Signal); read && g.Service == health.Matching && withheld(in.Verdict, g.Signal) {
			return texts.text(g.Note)
		}
	}
	return ""
}

// witnessOf is what a signal was read from. An event's snapshot is stored without it, its gates with it.
func witnessOf(in Input, id health.SignalID) string {
	if witness := in.Snapshot.Witness[id]; witness != "" {
		return witness
	}
	for _, g := range in.Verdict.Gates {
		if g.Signal == id && g.Witness != "" {
			return g.Witness
		}
	}
	return ""
}

func firedIn(v health.Verdict, id health.GateID) bool {
	return slices.ContainsFunc(v.Gates, func(g health.GateResult) bool { return g.ID == id && g.Result == health.Fired })
}

func restNote(v health.Verdict, id health.SignalID) string {
	for _, g := range v.Gates {
		if g.Signal == id && g.Result == health.Passed && g.Note != "" && g.Value != nil && beyond(g.Op, *g.Value, g.Threshold) {
			return g.Note
		}
	}
	return ""
}

// standing is the worst that the signal's gates say of it, or its amplifier threshold when it has no gate.
func standing(v health.Verdict, s health.Signal, amount float64, own map[health.SignalID]float64) Standing {
	severity := []Standing{NoStanding, WellWithin, AtRest, Near, Beyond}
	worst := 0
	for _, g := range v.Gates {
		if g.Signal != s.ID {
			continue
		}
		said := 1
		switch {
		case g.Result == health.Fired:
			said = 4
		case beyond(g.Op, amount, g.Threshold):
			said = 2
		case g.Result == health.Passed && near(g.Op, amount, g.Threshold, s.Unit) && g.Note == "":
			said = 3
		}
		worst = max(worst, said)
	}
	if t, ok := LookupAmplifierThreshold(s.ID, own); ok && worst == 0 {
		switch {
		case beyond(t.Op, amount, t.At):
			worst = 4
		case t.At > 0 && near(t.Op, amount, t.At, s.Unit):
			worst = 3
		default:
			worst = 1
		}
	}
	return severity[worst]
}

// trendOf compares the newer half of the known values with the older half. Medians, because a single
// odd cycle is no trend.
func trendOf(s health.Signal, now health.Snapshot, before []health.Snapshot) Trend {
	var values []float64
	for _, snapshot := range before {
		if v, ok := snapshot.Value(s.ID); ok {
			values = append(values, v)
		}
	}
	if v, ok := now.Value(s.ID); ok {
		values = append(values, v)
	}
	if len(values) < 4 {
		return UnknownTrend
	}
	half := len(values) / 2
	older, newer := median(values[:half]), median(values[len(values)-half:])
	// A change counts from a sixth of the larger value on, and never within the unit's noise.
	if change := newer - older; max(change, -change) <= max(max(older, newer)/6, noise[s.Unit]) {
		return Steady
	} else if change > 0 {
		return Rising
	}
	return Falling
}

// noise is what changes in a signal without anything being the matter, in its unit.
var noise = map[health.Unit]float64{
	health.PerSecond: 0.2, health.PerMinute: 1, health.Seconds: 1, health.Milliseconds: 5,
	health.Ratio: 0.01, health.Percent: 2, health.Count: 0.5, health.Bytes: 1 << 20,
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return sorted[(n-1)/2]/2 + sorted[n/2]/2
}

// gapsOf groups the unknown signals that gates read by their reason.
func gapsOf(v health.Verdict, snapshot health.Snapshot, texts sanitized) []Gap {
	reasons := map[string][]health.SignalID{}
	for _, g := range v.Gates {
		if g.Value != nil || g.Result != health.NotKnowable {
			continue
		}
		reason := texts.text(snapshot.Unknown[g.Signal])
		if reason == "" {
			reason = texts.text(g.Note)
		}
		if reason == "" {
			reason = notRead
		}
		if !slices.Contains(reasons[reason], g.Signal) {
			reasons[reason] = append(reasons[reason], g.Signal)
		}
	}
	var gaps []Gap
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		gaps = append(gaps, Gap{reason, slices.Sorted(slices.Values(reasons[reason]))})
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		// A reason tells more than none.
		switch {
		case a.Reason == notRead:
			return 1
		case b.Reason == notRead:
			return -1
		}
		return len(b.Signals) - len(a.Signals)
	})
	return gaps
}

// notRead is the reason where none is given.
const notRead = "the signal was not read"

func queuesOf(queues []health.TaskQueue, texts sanitized) []Queue {
	var all []Queue
	for _, q := range queues[:min(len(queues), maxQueues)] {
		all = append(all, Queue{
			Namespace: texts.text(q.Namespace), Name: texts.text(q.Name), Type: texts.text(q.Type), Starved: q.Starved,
			Slotless: q.Slotless, UnservedVersion: texts.text(q.UnservedVersion),
			Oldest: maybe(q.OldestAgeSec, health.Seconds), Backlog: maybe(q.Backlog, health.Count),
			Inflow:  maybe(q.InflowPerSec, health.PerSecond),
			Pollers: maybe(q.Pollers, health.Count), Slots: maybe(q.SlotsAvailable, health.Count),
		})
	}
	return all
}

func maybe(v *float64, unit health.Unit) string {
	if v == nil {
		return ""
	}
	return unit.Format(*v)
}

// changesOf looks for what an operator would ask first: was something deployed?
func changesOf(now health.Snapshot, before []health.Snapshot) []Change {
	var changes []Change
	for _, id := range []health.SignalID{health.TaskRestarts, health.MembershipChanges, health.LeaderChanges, health.ShardsMoved, health.WarmingUp} {
		signal, _ := health.LookupSignal(id)
		at, value, found := now.At, 0.0, false
		// The first sight of it is when it happened; its largest value is how much.
		for _, snapshot := range append(slices.Clone(before), now) {
			if v, ok := snapshot.Value(id); ok && v > 0 {
				if !found {
					at = snapshot.At
				}
				found, value = true, max(value, v)
			}
		}
		if !found {
			continue
		}
		when := "now"
		if ago := now.At.Sub(at); ago >= time.Second {
			when = health.Lasting(ago) + " before"
		}
		changes = append(changes, Change{id, signal.Title, signal.Format(value), when})
	}
	return changes
}

func patternsOf(patterns []LogPattern, texts sanitized) []LogPattern {
	var all []LogPattern
	for _, p := range patterns {
		if p.Count > 0 {
			p.ID, p.Service, p.Meaning, p.Sample = texts.text(p.ID), health.Service(texts.text(string(p.Service))), texts.text(p.Meaning), texts.text(p.Sample)
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b LogPattern) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.ID, b.ID), strings.Compare(string(a.Service), string(b.Service)))
	})
	return all[:min(len(all), maxPatterns)]
}

func passagesOf(passages []Passage, texts sanitized) []Passage {
	var all []Passage
	for _, p := range passages[:min(len(passages), maxPassages)] {
		p.DocumentID, p.Method, p.Source = texts.text(p.DocumentID), texts.text(p.Method), texts.text(p.Source)
		p.Title, p.Section, p.Text = texts.text(p.Title), texts.text(p.Section), bound(p.Text, maxPassage)
		all = append(all, p)
	}
	return all
}
