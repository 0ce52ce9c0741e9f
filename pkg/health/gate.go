package health

// Gate is a rule over one signal: it fires when the signal is beyond its threshold and the gate
// applies. The gates stand in the files gates_*.go, one service each, every gate with its threshold,
// its reason and the source of its number.
type Gate struct {
	ID GateID
	// Number is given once and never to another gate: alert rules and stored data name the gate by it.
	Number int
	// Runbook is the document, in pkg/knowledge/documents, to read first when the gate fires.
	Runbook  string
	Signal   SignalID
	Op       Op
	Severity State
	Service  Service
	Side     Side
	// Deciding gates decide the state. The others only classify the bottleneck.
	Deciding bool
	// Optional gates judge a part that a cluster need not have or show: unknown, they lower no coverage and stand in the way
	// of no verdict.
	Optional bool
	// Threshold fires the gate; Recover is what the value must pass again before the gate stops
	// firing. Both are in the signal's unit, or a multiple of what PerUnitOf names.
	Threshold, Recover PerBand
	// PerUnitOf is empty, or names in words the number that the threshold is multiplied with.
	PerUnitOf string
	// Title says what is wrong when the gate fires; Why says why that matters; Source says where the
	// number comes from. "Base table" means the thresholds that this product was designed with, from
	// operating Temporal on Aurora DSQL.
	Title, Why, Source string

	// applies tells whether the gate has anything to say in this cycle; nil means always.
	applies func(*reading) condition
}

// PerBand holds a number for each scale band.
type PerBand struct{ Starter, Mid, High float64 }

// For returns the number of a band.
func (p PerBand) For(b Band) float64 {
	switch b {
	case High:
		return p.High
	case Mid:
		return p.Mid
	default:
		return p.Starter
	}
}

// everywhere is a number that is the same in all bands.
func everywhere(x float64) PerBand { return PerBand{x, x, x} }

// times multiplies the number of every band.
func (p PerBand) times(x float64) PerBand { return PerBand{p.Starter * x, p.Mid * x, p.High * x} }

// collapsed is the rate per second below which nothing to speak of happens, by what a cluster normally
// does: the base table's 10/s for the mid band (50 to 500 transitions/s), a tenth of the lower bound in
// the band above, a hundredth of the upper bound in the band below.
var collapsed = PerBand{0.5, 10, 50}

// Margins for leaving a state, so that a value that dances around a threshold does not make the state
// dance: a ceiling is left at three quarters of it, a floor at one and a half.
const (
	ceilingMargin = 0.75
	floorMargin   = 1.5
)

// Gates returns all gates, worst first within a service. The slice is shared: do not change it.
func Gates() []Gate { return gates }

// LookupGate finds a gate by its id.
func LookupGate(id GateID) (Gate, bool) {
	i, ok := gateIndex[id]
	if !ok {
		return Gate{}, false
	}
	return gates[i], true
}

var gates = concat(progressGates, completionGates, historyGates, persistenceGates, frontendGates, matchingGates,
	visibilityGates, systemWorkerGates, workflowGates, replicationGates, clusterGates, workerGates)

var gateIndex = func() map[GateID]int {
	index := make(map[GateID]int, len(gates))
	for i, g := range gates {
		index[g.ID] = i
	}
	return index
}()

// LookupGateNumber finds a gate by its number.
func LookupGateNumber(number int) (Gate, bool) {
	for _, g := range gates {
		if g.Number == number {
			return g, true
		}
	}
	return Gate{}, false
}

func concat(groups ...[]Gate) []Gate {
	var all []Gate
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}
