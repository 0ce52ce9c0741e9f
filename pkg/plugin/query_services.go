package plugin

import (
	"context"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// serviceRow is one service of one cluster.
type serviceRow struct {
	present
	health.ServiceStatus
}

// state is the service's state, unknown when the cluster is silent.
func (s serviceRow) state() health.State {
	if s.silent {
		return health.Unknown
	}
	return s.State
}

// answerServices tells how each service of a cluster is, from the same gates that decide the state.
func answerServices(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	rows := serviceRows(clusters, a)
	fields := []*data.Field{
		column("cluster", titled("Cluster"), rows, func(s serviceRow) string { return s.Cluster }),
		column("service", titled("Service"), rows, func(s serviceRow) string { return string(s.Service) }),
		// The state of a service of which nothing is known is null, as that of a stale cluster. The field
		// has no title: "grouping to matrix" would put it over every service.
		column("state", stateConfig(""), rows, func(s serviceRow) *float64 { return level(s.state()) }),
	}
	if a.forAlert {
		return data.Frames{numbers("services", fields...)}, nil
	}
	fields = append(fields,
		column("gates_fired", inUnit("Gates fired", "short"), rows, func(s serviceRow) float64 { return count(s.Gates, health.Fired) }),
		column("gates_unknown", inUnit("Gates unknown", "short"), rows, func(s serviceRow) float64 { return count(s.Gates, health.NotKnowable) }),
		column("gates", inUnit("Gates", "short"), rows, func(s serviceRow) float64 { return float64(len(s.Gates)) }),
		column("evidence", titled("Evidence"), rows, serviceEvidence),
	)
	return lacking.on(data.Frames{numbers("services", fields...)}), nil
}

func serviceRows(clusters []present, a ask) []serviceRow {
	var rows []serviceRow
	for _, c := range clusters {
		for _, s := range health.ServiceStatuses(c.Verdict) {
			row := serviceRow{c, s}
			wanted := (len(a.services) == 0 || slices.Contains(a.services, s.Service)) &&
				(len(a.states) == 0 || a.forAlert || slices.Contains(a.states, row.state()))
			if wanted {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// serviceEvidence lists what fired.
func serviceEvidence(s serviceRow) string {
	var fired []string
	for _, g := range s.Gates {
		if g.Result == health.Fired {
			fired = append(fired, evidence(g))
		}
	}
	return strings.Join(fired, "\n")
}
