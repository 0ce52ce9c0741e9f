package frames

import (
	"math"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestEveryBottleneckHasAWordAndAColourOfItsOwn(t *testing.T) {
	names := bottleneckNames("Bottleneck").Mappings[0].(data.ValueMapper)
	colours, places := map[string]bool{}, map[int]bool{}
	for _, b := range append(health.Bottlenecks(), health.BottleneckUnknown) {
		shown, ok := names[string(b)]
		assert.True(t, ok, b)
		assert.NotEmpty(t, shown.Text, b)
		assert.Falsef(t, colours[shown.Color] || places[shown.Index], "%s looks like another", b)
		colours[shown.Color], places[shown.Index] = true, true
	}
	assert.Len(t, names, len(colours))
}

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
				// A step of Grafana's holds from its value on, a gate only above its threshold. For numbers that are not
				// counted the two differ in a point without width.
				if s.Unit != health.Count && (onThreshold(s.ID, value) || (value > 0 && value < 2*math.SmallestNonzeroFloat32)) {
					continue
				}
				assert.Equal(t, worstColour(s.ID, value), colourAt(config, value), "%s at %g", s.ID, value)
			}
		}
	}
}

func onThreshold(id health.SignalID, value float64) bool {
	for _, g := range health.Gates() {
		if g.Signal == id && g.Threshold.For(health.Starter) == value {
			return true
		}
	}
	return false
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

func TestAValueIsShownWithItsWitnessAndAStarvedQueueWithItsCause(t *testing.T) {
	g := story.Gate("workflow_pollers_gone", new(0.0), health.Fired)
	assert.Equal(t, "Workflow pollers (server): 0 < 1", compared(g))
	g.Witness = "polls that ended"
	assert.Equal(t, "Workflow pollers (server): 0 < 1, read from polls that ended", compared(g))

	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	frame := signalFrame(store.Series{Cluster: "prod", Signal: health.MatchingWorkflowPoll, Points: []store.Point{{At: at}}}, limits{}, "polls that ended", true)
	assert.Contains(t, frame.Fields[1].Config.Description, "Read from polls that ended.")

	queue := health.TaskQueue{Namespace: "shop", Name: "orders", Type: "activity", Starved: true}
	text := func() string { return eventText(store.Event{Queues: []health.TaskQueue{queue}}) }
	assert.Equal(t, "Task queue shop/orders (activity) is starved", text())
	queue.Slotless = true
	assert.Equal(t, "Task queue shop/orders (activity) is starved: its workers have no free slot", text())
	queue.UnservedVersion = "orders:7"
	assert.Equal(t, "Task queue shop/orders (activity) is starved: no worker runs version orders:7", text())
}
