package view

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestNeighbouringCyclesAreOneChangeAndUnknownOnesPartNone(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	unknown := -1.0
	curve := store.Series{Cluster: "prod", Signal: health.TaskRestarts}
	for i, v := range []float64{0, 0, 1, 2, 0, 0, 1, unknown, unknown, 0, 0, 0, 0, 3, 0} {
		p := store.Point{At: begin.Add(time.Duration(i) * 30 * time.Second)}
		if v != unknown {
			p.Value = &v
		}
		curve.Points = append(curve.Points, p)
	}
	changes := changesIn(curve)
	at := func(i int) time.Time { return curve.Points[i].At }
	restarts, _ := health.LookupSignal(health.TaskRestarts)
	assert.Equal(t, []Change{
		{"prod", restarts, at(2), at(6), 2},
		{"prod", restarts, at(13), at(13), 3},
	}, changes)
}

func TestWhereNothingChangedThereIsNoChange(t *testing.T) {
	assert.Empty(t, changesIn(store.Series{Cluster: "prod", Signal: health.ShardsMoved}))
	assert.Empty(t, changesIn(store.Series{Cluster: "prod", Signal: health.ShardsMoved, Points: []store.Point{{}, {Value: new(0.0)}}}))
}
