package plugin

import (
	"net/http"

	"github.com/temporal-sre/copilot/pkg/health"
)

// The query editor's choices: which clusters there are, and what the tables of signals and gates hold.

type signalChoice struct {
	ID      health.SignalID `json:"id"`
	Title   string          `json:"title"`
	Meaning string          `json:"meaning"`
	Unit    health.Unit     `json:"unit"`
	Class   health.Class    `json:"class"`
	Number  int             `json:"number"`
	Service health.Service  `json:"service"`
}

type gateChoice struct {
	ID    health.GateID `json:"id"`
	Title string        `json:"title"`
	Why   string        `json:"why"`
}

func (d *Datasource) serveClusters(r *http.Request) (any, error) {
	clusters, _, err := d.knownClusters(r.Context(), nil)
	if err != nil {
		return nil, err
	}
	if clusters == nil {
		clusters = []string{}
	}
	return map[string][]string{"clusters": clusters}, nil
}

func (d *Datasource) serveSignals(*http.Request) (any, error) {
	choices := make([]signalChoice, 0, len(health.Signals()))
	for _, s := range health.Signals() {
		choices = append(choices, signalChoice{s.ID, s.Title, s.Meaning, s.Unit, s.Class, s.Number, s.Service})
	}
	return map[string][]signalChoice{"signals": choices}, nil
}

func (d *Datasource) serveGates(*http.Request) (any, error) {
	choices := make([]gateChoice, 0, len(health.Gates()))
	for _, g := range health.Gates() {
		choices = append(choices, gateChoice{g.ID, g.Title, g.Why})
	}
	return map[string][]gateChoice{"gates": choices}, nil
}
