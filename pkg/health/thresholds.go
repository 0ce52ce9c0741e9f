package health

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Thresholds are what a cluster's config may say about the rules.
type Thresholds struct {
	// Band fixes the scale band; empty means that the baseline chooses it.
	Band Band
	// CriticalCycles is how many critical cycles in a row make a stressed cluster critical.
	CriticalCycles int
	// RecoveryCycles is how many cycles in a row an improvement must hold before the state follows.
	RecoveryCycles int
	// MinCoverage is the least share of known deciding gates that an improvement stands on. "Happy" needs all of those that
	// are not optional or switched off.
	MinCoverage float64
	// Gates override single gates.
	Gates map[GateID]Override
}

// Override is a cluster's own number for a gate. It counts in every band; the recovery threshold moves
// along in proportion.
type Override struct {
	Threshold *float64
	Disabled  bool
}

// DefaultThresholds are three critical cycles (90 seconds at one cycle every 30), two cycles to recover, and half
// of the gates.
func DefaultThresholds() Thresholds {
	return Thresholds{CriticalCycles: 3, RecoveryCycles: 2, MinCoverage: 0.5}
}

// Validate returns every mistake in one error: unknown gates, numbers that can't be, and thresholds
// that contradict each other, such as a critical one that is reached before the stressed one.
func (t Thresholds) Validate() error {
	var errs []error
	if t.Band != "" && !slices.Contains(Bands(), t.Band) {
		errs = append(errs, fmt.Errorf("band %q: it is one of %v, or empty to follow the baseline", t.Band, Bands()))
	}
	if t.CriticalCycles < 1 || t.CriticalCycles > 100 {
		errs = append(errs, fmt.Errorf("critical_cycles %d: it is a number from 1 to 100", t.CriticalCycles))
	}
	if t.RecoveryCycles < 1 || t.RecoveryCycles > 100 {
		errs = append(errs, fmt.Errorf("recovery_cycles %d: it is a number from 1 to 100", t.RecoveryCycles))
	}
	if !(t.MinCoverage > 0 && t.MinCoverage <= 1) {
		errs = append(errs, fmt.Errorf("min_coverage %g: it is a share above 0 and up to 1", t.MinCoverage))
	}
	ids := slices.Sorted(maps.Keys(t.Gates)) //workflowcheck:ignore
	for _, id := range ids {
		if err := t.Gates[id].validate(id); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, t.contradictions()...)...)
}

func (o Override) validate(id GateID) error {
	gate, ok := LookupGate(id)
	if !ok {
		return fmt.Errorf("gates.%s: there is no such gate; `copilot gates` lists them", id)
	}
	if o.Threshold == nil {
		return nil
	}
	x := *o.Threshold
	if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
		return fmt.Errorf("gates.%s.threshold %g: it is a finite number, 0 or above", id, x)
	}
	signal, _ := LookupSignal(gate.Signal)
	if signal.Unit == Ratio && gate.PerUnitOf == "" && x > 1 {
		return fmt.Errorf("gates.%s.threshold %g: %s is a share from 0 to 1", id, x, gate.Signal)
	}
	return nil
}

// contradictions finds pairs of gates over one signal where the milder one would fire after the worse.
func (t Thresholds) contradictions() []error {
	var errs []error
	for _, worse := range gates {
		for _, milder := range gates {
			if worse.Signal != milder.Signal || worse.Op != milder.Op || worse.Severity != Critical || milder.Severity != Stressed ||
				worse.PerUnitOf != milder.PerUnitOf || t.Gates[worse.ID].Disabled || t.Gates[milder.ID].Disabled {
				continue
			}
			for _, band := range Bands() {
				w, _, _ := t.numbers(worse, band)
				m, _, _ := t.numbers(milder, band)
				if (worse.Op == Above && w < m) || (worse.Op == Below && w > m) {
					errs = append(errs, fmt.Errorf("gates.%s (%g) contradicts gates.%s (%g): the critical threshold must lie beyond the stressed one",
						worse.ID, w, milder.ID, m))
					break
				}
			}
		}
	}
	return errs
}

// numbers returns a gate's threshold and recovery threshold in a band, and whether config set them.
func (t Thresholds) numbers(g Gate, band Band) (threshold, recovery float64, overridden bool) {
	threshold, recovery = g.Threshold.For(band), g.Recover.For(band)
	o, ok := t.Gates[g.ID]
	if !ok || o.Threshold == nil {
		return threshold, recovery, false
	}
	own := *o.Threshold
	switch {
	case threshold != 0:
		recovery = own * recovery / threshold
	default:
		recovery = own
	}
	if signal, _ := LookupSignal(g.Signal); signal.Unit == Ratio && g.PerUnitOf == "" {
		recovery = math.Min(recovery, math.Max(own, 1))
	}
	return own, recovery, true
}

// Number returns the threshold that a gate has in a band under these thresholds, for legends and documents.
func (t Thresholds) Number(id GateID, band Band) (threshold float64, ok bool) {
	g, ok := LookupGate(id)
	if !ok || t.Gates[id].Disabled {
		return 0, false
	}
	threshold, _, _ = t.numbers(g, band)
	return threshold, true
}
