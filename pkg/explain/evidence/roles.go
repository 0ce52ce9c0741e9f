package evidence

import (
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// order puts fired gates first, causes before their symptoms, then unknown gates, then passed ones.
func (e *Evidence) order() {
	first := e.culpritSide()
	weight := func(g Gate) int {
		if g.Result == health.Fired {
			return depthOf(g, first)
		}
		return 10_000 + health.Urgency(g.Result, g.Severity)
	}
	slices.SortStableFunc(e.Gates, func(a, b Gate) int { return weight(a) - weight(b) })
}

// culpritSide is the side whose gates lead the explanation when both the server's and the workers'
// gates fire: the server's, unless only the workers' argue for critical. It is made of the gates of
// this cycle, because the verdict's bottleneck waits for a second sighting.
func (e *Evidence) culpritSide() health.Side {
	worst := map[health.Side]health.State{}
	for _, g := range e.Gates {
		if g.Result == health.Fired && !Beside(g.ID) {
			worst[g.Side] = max(worst[g.Side], g.Severity)
		}
	}
	if worst[health.SideWorker] > worst[health.SideServer] {
		return health.SideWorker
	}
	return health.SideServer
}

// depthOf is a gate's place between cause and symptom: its place among the causes. Where the workers
// lead, their gates come before the server's.
func depthOf(g Gate, first health.Side) int {
	place := placeOf(g.ID)
	if g.Side == first && !Beside(g.ID) {
		place -= 1_000
	}
	return place
}

// behind lists, for the service that leads the explanation, the services whose failure may be nothing
// but its consequence: a request's way through them, backwards.
var behind = map[health.Service][]health.Service{
	health.Persistence: {health.History, health.Matching, health.Frontend, health.Visibility, health.SystemWorker, health.Replication, health.Workers},
	health.History:     {health.Matching, health.Frontend, health.SystemWorker, health.Replication, health.Workers},
	health.Frontend:    {health.Matching, health.SystemWorker, health.Workers},
	health.Workers:     {health.Matching},
}

// Behind tells whether a service's failure may be nothing but the consequence of another's.
func Behind(cause, service health.Service) bool { return slices.Contains(behind[cause], service) }

// Culprit is the service that the leading gate blames. Gates of the matching service that say that
// no worker takes the work are about the workers.
func Culprit(g Gate) health.Service {
	if g.Side == health.SideWorker || (g.Side == health.SideWaiting && g.Service == health.Matching) {
		return health.Workers
	}
	return g.Service
}

// rolesOf says what each service has to do with the state.
func rolesOf(v health.Verdict, e *Evidence) []ServiceRole {
	fired := e.Fired()
	var blamed health.Service
	if len(fired) > 0 {
		blamed = Culprit(fired[0])
		if HistorySilent(e) && fired[0].Service == health.Frontend {
			blamed = health.History
		}
	}
	var roles []ServiceRole
	for _, status := range health.ServiceStatuses(v) {
		roles = append(roles, e.role(status, blamed))
	}
	return roles
}

func (e *Evidence) role(status health.ServiceStatus, blamed health.Service) ServiceRole {
	role := ServiceRole{Service: status.Service}
	worst, own := health.Happy, status.Service == blamed
	for _, g := range e.Fired() {
		// What matching sees of missing workers is the workers' own failure.
		about := g.Service == status.Service || (status.Service == health.Workers && Culprit(g) == health.Workers)
		if !about {
			continue
		}
		role.Because = append(role.Because, g.ID)
		// Workflows that fail are the application's, and tasks that have waited the past's: the workers do their work.
		if g.Side == health.SideApplication || (g.Side == health.SideWaiting && Draining(e)) {
			worst = max(worst, health.Stressed)
		} else {
			worst = max(worst, g.Severity)
		}
		own = own || (status.Service != health.Matching && g.Side == health.SideWorker && !Behind(blamed, status.Service))
	}
	shadow := !own && Behind(blamed, status.Service)
	switch {
	case len(role.Because) == 0 && status.State == health.Unknown:
		role.Role = RoleUnknown
	case len(role.Because) == 0:
		role.Role = Fine
	case shadow && (worst < health.Critical || blamed == health.Workers):
		role.Role, role.Behind = Artefact, blamed
	case shadow:
		role.Role, role.Behind = Blocked, blamed
	case worst == health.Critical:
		role.Role = Blocked
	default:
		role.Role = UnderPressure
	}
	return role
}

// ServiceNames are the services as people call them.
var ServiceNames = map[health.Service]string{
	health.Cluster: "the cluster", health.Frontend: "the frontend", health.History: "the history service",
	health.Matching: "the matching service", health.Persistence: "the database", health.Workers: "the workers",
	health.Visibility: "the visibility store", health.SystemWorker: "the internal worker service", health.Replication: "replication",
}
