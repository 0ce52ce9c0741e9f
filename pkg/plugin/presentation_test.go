package plugin

import (
	"math"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEveryThresholdColoursAValueAsItsGatesWould(t *testing.T) {
	for _, s := range health.Signals() {
		config := signalThresholds(s.ID, limits{band: health.Starter})
		if config == nil {
			continue
		}
		for _, step := range config.Steps[1:] {
			for _, value := range []float64{float64(step.Value) * 0.999, float64(step.Value) * 1.001, 0, 1} {
				if s.Unit == health.Count {
					value = math.Round(value)
				}
				assert.Equal(t, worstColour(s.ID, value), colourAt(config, value), "%s at %g", s.ID, value)
			}
		}
	}
}

func worstColour(id health.SignalID, value float64) string {
	colour := green
	for _, g := range health.Gates() {
		threshold := g.Threshold.For(health.Starter)
		fires := g.Op == health.Above && value > threshold || g.Op == health.Below && value < threshold
		switch {
		case g.Signal != id || g.PerUnitOf != "" || !fires || colour == red:
		case g.Severity == health.Critical:
			colour = red
		default:
			colour = yellow
		}
	}
	return colour
}

func colourAt(config *data.ThresholdsConfig, value float64) string {
	colour := config.Steps[0].Color
	for _, s := range config.Steps[1:] {
		if value >= float64(s.Value) {
			colour = s.Color
		}
	}
	return colour
}
