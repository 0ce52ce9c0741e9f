package health_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// TestMutants scales every threshold and every recovery threshold of every gate, one at a time and band by band, and
// demands that a boundary case notices. `go tool mage mutate` runs it, and scales the constants besides.
func TestMutants(t *testing.T) {
	cases := map[health.GateID][]boundaryCase{}
	for _, b := range boundaries {
		cases[b.gate] = append(cases[b.gate], b.cases()...)
	}
	mutants, gates := 0, health.Gates()
	for i := range gates {
		for name, numbers := range map[string]*health.PerBand{"threshold": &gates[i].Threshold, "recovery": &gates[i].Recover} {
			for band, number := range map[health.Band]*float64{
				health.Starter: &numbers.Starter, health.Mid: &numbers.Mid, health.High: &numbers.High,
			} {
				original := *number
				for _, mutant := range mutantsOf(original) {
					mutants++
					*number = mutant
					if !noticed(cases[gates[i].ID]) {
						t.Errorf("survivor: %s of %s in band %s, %g -> %g", name, gates[i].ID, band, original, mutant)
					}
				}
				*number = original
			}
		}
	}
	for _, all := range cases {
		require.False(t, noticed(all), "every number is as before")
	}
	t.Logf("%d mutants of the numbers of %d gates", mutants, len(gates))
}

func mutantsOf(number float64) []float64 {
	if number == 0 {
		return []float64{0.5}
	}
	return []float64{number * 0.5, number * 2, number * 10}
}

// noticed says whether a case fails.
func noticed(cases []boundaryCase) bool {
	for _, c := range cases {
		if !c.holds() {
			return true
		}
	}
	return false
}
