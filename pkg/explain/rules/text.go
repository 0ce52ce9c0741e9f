package rules

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// text is what there is to say about a gate that fired. The tables texts_*.go mirror gates_*.go of pkg/health and hold
// one or several for every gate. Texts hold references instead of numbers (see Facts), besides these two: [[value]] is
// the gate's signal, [[threshold]] what it was compared with.
type text struct {
	gate health.GateID
	// when tells a special case of the gate from its general one, which stands below it and has none.
	when func(*evidence.Evidence) bool
	// what says what happens, as a clause: it goes on after "prod is critical: ".
	what string
	// why says what usually makes it so, in full sentences.
	why string
	// first is the first thing to do, in one sentence.
	first string
	// hints are amplifiers that, when they stand out, say more about the why.
	hints []health.SignalID
	// actions are what to do, the best first.
	actions []advice
	// watch are the signals that show whether it gets better.
	watch []health.SignalID
	// own: no other failure can be the cause of this one, so it is never explained as a consequence.
	own bool
}

// about is what a text that several gates share says about one of them, in a situation. watch takes the place of the
// text's own.
func (t text) about(gate health.GateID, when func(*evidence.Evidence) bool, what string, watch ...health.SignalID) text {
	t.gate, t.when, t.what = gate, when, what
	if len(watch) > 0 {
		t.watch = watch
	}
	return t
}

// advice is an action as the tables know it.
type advice struct {
	kind   explain.ActionType
	target health.Service
	// do says what to do, because says why; both as full sentences.
	do, because string
	// confidence is how sure a rule can be that this helps, 0 to 1, when everything is known.
	confidence float64
	risk       explain.Risk
	parameters map[string]string
}

// texts are all texts.
var texts = slices.Concat(persistenceTexts, clusterTexts, historyTexts, frontendTexts, matchingTexts, visibilityTexts,
	systemWorkerTexts, replicationTexts, workflowTexts, workerTexts, progressTexts)

// textOf finds the text for a gate in a situation.
func textOf(e *evidence.Evidence, id health.GateID) (text, bool) {
	for _, t := range texts {
		if t.gate == id && (t.when == nil || t.when(e)) {
			return t, true
		}
	}
	return text{}, false
}

// GatesWithText lists the gates for which there is a text that fits every situation.
func GatesWithText() []health.GateID {
	var ids []health.GateID
	for _, t := range texts {
		if t.when == nil {
			ids = append(ids, t.gate)
		}
	}
	return ids
}
