package rules

import "github.com/temporal-sre/copilot/pkg/health"

// TriageByRules says how much explaining a situation needs. Critical always goes deep. A happy cluster
// that did not change needs nothing.
func TriageByRules(e Evidence) Depth {
	fired := e.Fired()
	switch {
	case e.State == health.Critical:
		return Deep
	case e.Event == nil && !e.Stale && e.State == health.Happy:
		return None
	case e.State == health.Happy || e.Stale || e.State == health.Unknown:
		return Quick
	}
	for _, g := range fired {
		if g.Deciding && g.Severity == health.Critical {
			return Deep
		}
	}
	// Failures of several services at once need to be separated.
	services := map[health.Service]bool{}
	for _, g := range fired {
		services[culprit(g)] = true
	}
	if len(services) >= 3 || e.Bottleneck == health.Mixed {
		return Deep
	}
	return Quick
}
