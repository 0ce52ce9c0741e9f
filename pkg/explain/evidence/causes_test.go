package evidence

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEveryGateHasItsPlaceBetweenCauseAndSymptom(t *testing.T) {
	listed := 0
	for _, ids := range causes {
		listed += len(ids)
	}
	assert.Equal(t, len(places), listed, "each once")
	assert.Len(t, health.Gates(), listed)
	for _, g := range health.Gates() {
		assert.Contains(t, places, g.ID)
		assert.Equal(t, g.Side == health.SideEarly, layerOf(g.ID) == early, g.ID)
	}
}

func layerOf(id health.GateID) int {
	for layer, ids := range causes {
		for _, other := range ids {
			if other == id {
				return layer
			}
		}
	}
	return -1
}
