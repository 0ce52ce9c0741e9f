package frames

import (
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Services tells how each service of a cluster is, from the same gates that decide the state.
func Services(rows []view.Service, forAlert bool) *data.Frame {
	fields := []*data.Field{
		column("cluster", titled("Cluster"), rows, func(s view.Service) string { return s.Cluster }),
		column("service", titled("Service"), rows, func(s view.Service) string { return string(s.Service) }),
		// The state of a service of which nothing is known is null, as that of a stale cluster. The field
		// has no title: "grouping to matrix" would put it over every service.
		column("state", StateConfig(""), rows, func(s view.Service) *float64 { return view.Level(s.StateNow()) }),
	}
	if forAlert {
		return numbers("services", fields...)
	}
	fields = append(fields,
		column("role", roleConfig(""), rows, func(s view.Service) *float64 { return roleOf(s.Brief, s.Service).number() }),
		column("gates_fired", inUnit("Gates fired", "short"), rows, func(s view.Service) float64 { return view.CountGates(s.Gates, health.Fired) }),
		column("gates_unknown", inUnit("Gates unknown", "short"), rows, func(s view.Service) float64 { return view.CountGates(s.Gates, health.NotKnowable) }),
		column("gates", inUnit("Gates", "short"), rows, func(s view.Service) float64 { return float64(len(s.Gates)) }),
		column("evidence", titled("Evidence"), rows, serviceEvidence),
	)
	return numbers("services", fields...)
}

// serviceEvidence lists what fired.
func serviceEvidence(s view.Service) string {
	var fired []string
	for _, g := range s.Gates {
		if g.Result == health.Fired {
			fired = append(fired, compared(g))
		}
	}
	return strings.Join(fired, "\n")
}
