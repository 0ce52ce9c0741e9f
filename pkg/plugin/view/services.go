package view

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// Service is one service of one cluster.
type Service struct {
	Brief
	health.ServiceStatus
}

// StateNow is the service's state, unknown when the cluster is silent.
func (s Service) StateNow() health.State {
	if s.Silent {
		return health.Unknown
	}
	return s.ServiceStatus.State
}

// Services keeps the services that were asked for. An alert rule needs the healthy ones too, whatever states it names.
func Services(clusters []Brief, a query.Query) []Service {
	var rows []Service
	for _, c := range clusters {
		for _, s := range health.ServiceStatuses(c.Verdict) {
			row := Service{c, s}
			wanted := (len(a.Services) == 0 || slices.Contains(a.Services, s.Service)) &&
				(len(a.States) == 0 || a.ForAlert || slices.Contains(a.States, row.StateNow()))
			if wanted {
				rows = append(rows, row)
			}
		}
	}
	return rows
}
