package plugin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// The query editor's choices: which clusters and log patterns there are, and what the tables of signals and
// gates hold.

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

type patternChoice struct {
	ID      string `json:"id"`
	Meaning string `json:"meaning"`
}

func (d *Datasource) serveClusters(r *http.Request) (any, error) {
	clusters, _, err := d.views.KnownClusters(r.Context(), nil)
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

type runbookChoice struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func (d *Datasource) serveRunbooks(*http.Request) (any, error) {
	choices := []runbookChoice{}
	for _, document := range view.RunbooksByTitle() {
		choices = append(choices, runbookChoice{document.ID, document.Title})
	}
	return map[string][]runbookChoice{"runbooks": choices}, nil
}

// patternsOf is how far back log patterns are looked for: operators add their own, which only logs tell of.
const patternsOf = 7 * 24 * time.Hour

func (d *Datasource) servePatterns(r *http.Request) (any, error) {
	now := d.now()
	found, err := d.store.LogPatterns(r.Context(), store.LogQuery{From: now.Add(-patternsOf), To: now, Limit: view.MostLogCounts})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b store.LogPattern) int { return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), b.At.Compare(a.At)) })
	choices := make([]patternChoice, 0, len(found))
	for i, p := range found {
		if i == 0 || p.Pattern != found[i-1].Pattern {
			choices = append(choices, patternChoice{p.Pattern, p.Meaning})
		}
	}
	return map[string][]patternChoice{"patterns": choices}, nil
}
