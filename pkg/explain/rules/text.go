package rules

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// text is what there is to say about a gate that fired. The tables texts_*.go mirror gates_*.go of pkg/health and hold
// one or several for every gate. Texts hold references instead of numbers (see Facts), besides these two: [[value]] is
// the gate's signal, [[threshold]] what it was compared with.
type text struct {
	gate health.GateID
	// when tells a special case of the gate from its general one, which stands below it and has none.
	when func(*Evidence) bool
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

// advice is an action as the tables know it.
type advice struct {
	kind   ActionType
	target health.Service
	// do says what to do, because says why; both as full sentences.
	do, because string
	// confidence is how sure a rule can be that this helps, 0 to 1, when everything is known.
	confidence float64
	risk       Risk
	parameters map[string]string
}

// texts are all texts in the order of cause and symptom: when several gates fire, the one whose text comes first leads
// the explanation. Within a layer it is the order of the tables.
var texts = func() []text {
	all := slices.Concat(persistenceTexts, clusterTexts, historyTexts, frontendTexts, matchingTexts, visibilityTexts,
		systemWorkerTexts, replicationTexts, workflowTexts, workerTexts, progressTexts)
	slices.SortStableFunc(all, func(a, b text) int { return layerOf(a.gate) - layerOf(b.gate) })
	return all
}()

// The layers of causes, the deepest first. What is beside a workflow's way through the cluster stops no workflow, so it
// leads only where nothing on that way fires.
const (
	inDatabase = iota
	inCluster
	inHistory
	inFrontend
	inMatching
	atWorkers
	inApplication
	waiting
	progress
	beside
	early
)

func layerOf(id health.GateID) int {
	g, ok := health.LookupGate(id)
	switch {
	case !ok, g.Side == health.SideEarly:
		return early
	case g.Service == health.Visibility, g.Service == health.SystemWorker, g.Service == health.Replication, g.Signal == health.CertsExpiring:
		return beside
	}
	switch g.Side {
	case health.SideWorker:
		return atWorkers
	case health.SideApplication:
		return inApplication
	case health.SideWaiting:
		return waiting
	case health.SideProgress:
		return progress
	}
	return map[health.Service]int{health.Persistence: inDatabase, health.Cluster: inCluster, health.History: inHistory,
		health.Frontend: inFrontend, health.Matching: inMatching}[g.Service]
}

// textOf finds the text for a gate in a situation.
func textOf(e *Evidence, id health.GateID) (text, bool) {
	for _, t := range texts {
		if t.gate == id && (t.when == nil || t.when(e)) {
			return t, true
		}
	}
	return text{}, false
}

// rowOf is the place of a gate's first text; gates without a text come last.
func rowOf(id health.GateID) int {
	if row, ok := rows[id]; ok {
		return row
	}
	return len(texts)
}

var rows = func() map[health.GateID]int {
	rows := map[health.GateID]int{}
	for i, t := range texts {
		if _, seen := rows[t.gate]; !seen {
			rows[t.gate] = i
		}
	}
	return rows
}()

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
