package health_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestTheBaselineRisesWithinMinutesAndDeclinesWithinADay(t *testing.T) {
	known := health.Memory{Baseline: health.Baseline{TransitionsPerSec: 100, StartsPerSec: 10, ClosedPerSec: 8, Cycles: 7}}
	_, up := watch(t, known, with(healthy(), values{health.TransitionRate: 300, health.WorkflowStarts: 30, health.ClosedRate: 28}))
	assert.Equal(t, 8, up.Baseline.Cycles)
	assert.InDelta(t, 110, up.Baseline.TransitionsPerSec, 1e-9, "a twentieth of the rise")
	assert.InDelta(t, 11, up.Baseline.StartsPerSec, 1e-9)
	assert.InDelta(t, 9, up.Baseline.ClosedPerSec, 1e-9)

	_, down := watch(t, known, idle())
	assert.InDelta(t, 99.9653, down.Baseline.TransitionsPerSec, 1e-4, "one part in 2,880 of the decline")
	assert.InDelta(t, 9.9965, down.Baseline.StartsPerSec, 1e-4)
	assert.InDelta(t, 7.9972, down.Baseline.ClosedPerSec, 1e-4)

	_, blind := watch(t, known, values{})
	assert.Equal(t, known.Baseline, blind.Baseline)
	_, sick := watch(t, known, with(healthy(), values{health.PersistenceP99: 300, health.TransitionRate: 300}))
	assert.Equal(t, known.Baseline, sick.Baseline)
}

func TestBandsFollowTheBaselineWithAMargin(t *testing.T) {
	for _, c := range []struct {
		band        health.Band
		transitions float64
		want        health.Band
	}{
		{health.Starter, 54.9, health.Starter},
		{health.Starter, 55.1, health.Mid},
		{health.Starter, 501, health.High},
		{health.Mid, 45.1, health.Mid},
		{health.Mid, 44.9, health.Starter},
		{health.Mid, 549, health.Mid},
		{health.Mid, 551, health.High},
		{health.High, 451, health.High},
		{health.High, 449, health.Mid},
		{health.High, 49, health.Starter},
	} {
		memory := health.Memory{State: health.Happy, Band: c.band, Baseline: health.Baseline{TransitionsPerSec: c.transitions}}
		_, memory = watch(t, memory, with(healthy(), values{health.TransitionRate: c.transitions}))
		assert.Equal(t, c.want, memory.Band, "%s at %g transitions/s", c.band, c.transitions)
	}
}

func TestImpossibleValuesAreUnknown(t *testing.T) {
	for value, want := range map[float64]bool{0: true, 1e18: true, 1.1e18: false, -0.001: false, missing: false} {
		_, known := health.Snapshot{Signals: values{health.TransitionRate: value}}.Value(health.TransitionRate)
		assert.Equal(t, want, known, "%g", value)
	}
}
