package rules

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Triage says how much explaining a situation needs. Critical always goes deep. A happy cluster
// that did not change needs nothing.
func Triage(e evidence.Evidence) explain.Depth {
	fired := e.Fired()
	switch {
	case e.State == health.Critical:
		return explain.Deep
	case e.Event == nil && !e.Stale && e.State == health.Happy:
		return explain.None
	case e.State == health.Happy || e.Stale || e.State == health.Unknown:
		return explain.Quick
	}
	for _, g := range fired {
		if g.Deciding && g.Severity == health.Critical {
			return explain.Deep
		}
	}
	// Failures of several services at once need to be separated.
	services := map[health.Service]bool{}
	for _, g := range fired {
		services[evidence.Culprit(g)] = true
	}
	if len(services) >= 3 || e.Bottleneck == health.Mixed {
		return explain.Deep
	}
	return explain.Quick
}
