package health

import "slices"

// ServiceStatuses groups a verdict's gates by service. It has no threshold of its own.
func ServiceStatuses(v Verdict) []ServiceStatus {
	statuses := make([]ServiceStatus, 0, len(Services()))
	for _, service := range Services() {
		status := ServiceStatus{Service: service}
		for _, g := range v.Gates {
			if g.Service != service {
				continue
			}
			status.Gates = append(status.Gates, g)
			switch g.Result {
			case Fired:
				status.State = max(status.State, g.Severity)
			case Passed:
				// A gate that rests for want of demand knows nothing about the service.
				if g.Value != nil {
					status.State = max(status.State, Happy)
				}
			}
		}
		slices.SortStableFunc(status.Gates, func(a, b GateResult) int { return Urgency(a.Result, a.Severity) - Urgency(b.Result, b.Severity) })
		statuses = append(statuses, status)
	}
	return statuses
}

// Urgency sorts results of gates: fired ones first, worst first, then unknown, then passed ones.
func Urgency(result Result, severity State) int {
	switch result {
	case Fired:
		return int(Critical - severity)
	case NotKnowable:
		return 10
	default:
		return 20
	}
}
