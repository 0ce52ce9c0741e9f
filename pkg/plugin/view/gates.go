package view

import (
	"slices"
	"strconv"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// NoGate is the number of a gate where none fires.
const NoGate = 0

// namedGates is how many gates a line about a cluster names: more would drown the first.
const namedGates = 3

// firing are the gates of the last cycle that fire, the worst first: those that decide before those that only
// attribute. None of a cluster whose cycles have stopped, or of a newer worker's own.
func (p Present) firing() []health.Gate {
	if p.Silent {
		return nil
	}
	fired := slices.Clone(p.Verdict.Gates)
	slices.SortStableFunc(fired, func(x, y health.GateResult) int {
		if x.Deciding != y.Deciding {
			if x.Deciding {
				return -1
			}
			return 1
		}
		return health.Urgency(x.Result, x.Severity) - health.Urgency(y.Result, y.Severity)
	})
	var gates []health.Gate
	for _, r := range fired {
		if gate, known := health.LookupGate(r.ID); known && r.Result == health.Fired {
			gates = append(gates, gate)
		}
	}
	return gates
}

// TopGates names what fires in words, for a table.
func (p Present) TopGates() string {
	gates := p.firing()
	var titles []string
	for _, g := range gates[:min(len(gates), namedGates)] {
		titles = append(titles, g.Title)
	}
	text := strings.Join(titles, " · ")
	if more := len(gates) - len(titles); more > 0 {
		text += " · and " + strconv.Itoa(more) + " more"
	}
	return text
}

// GateNumber is the number of a gate: the gate of a rank, from 0, among those that fire. It is 0 when fewer fire, and
// nil when no current verdict says what does. A gate keeps its number for ever, so that a rule which was copied to a
// Grafana names it rightly whatever gates a later release has.
//
// A number, since the text columns of an alert rule's query are labels, and a label that changes makes another
// alert. The messages of the provisioned rules turn it into words.
func (p Present) GateNumber(rank int) *float64 {
	if p.Stale() {
		return nil
	}
	gates := p.firing()
	if rank >= len(gates) {
		return new(float64(NoGate))
	}
	return new(float64(gates[rank].Number))
}

// LimitedBy is 1 when one side alone limits progress, and nil when no current verdict says on which side it is.
func (p Present) LimitedBy(side health.Bottleneck) *float64 {
	b := p.Bottleneck()
	if b == string(health.BottleneckUnknown) {
		return nil
	}
	return OneIf(b == string(side))
}

// Flapping is 1 while the state flaps, and nil when no current verdict says so.
func (p Present) Flapping() *float64 {
	if p.Stale() {
		return nil
	}
	return OneIf(p.Verdict.Flapping)
}

// Bottleneck is the current class, unknown when no current verdict says one.
func (p Present) Bottleneck() string {
	if p.Stale() || p.Verdict.Bottleneck == "" {
		return string(health.BottleneckUnknown)
	}
	return string(p.Verdict.Bottleneck)
}

// Count counts the gates with a result; nil when the cluster is silent.
func (p Present) Count(result health.Result) *float64 {
	if p.Silent {
		return nil
	}
	return new(CountGates(p.Verdict.Gates, result))
}

// CountGates counts the gates with a result.
func CountGates(gates []health.GateResult, result health.Result) float64 {
	n := 0
	for _, g := range gates {
		if g.Result == result {
			n++
		}
	}
	return float64(n)
}
