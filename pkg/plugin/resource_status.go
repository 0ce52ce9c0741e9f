package plugin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// signalGroups are signals by group and field: {"history": {"backlog_age_sec": 42}}. A signal that is
// unknown has no field.
type signalGroups map[string]map[string]float64

// statusJSON is the health of a cluster. A stale cluster's health_state is unknown; last_state is what
// was decided last.
type statusJSON struct {
	Cluster     string            `json:"cluster,omitempty"`
	HealthState health.State      `json:"health_state"`
	Timestamp   *time.Time        `json:"timestamp"`
	LastState   health.State      `json:"last_state"`
	Stale       bool              `json:"stale"`
	Since       *time.Time        `json:"since"`
	Coverage    float64           `json:"coverage"`
	Bottleneck  health.Bottleneck `json:"bottleneck"`

	PrimarySignals signalGroups `json:"primary_signals"`
	Amplifiers     signalGroups `json:"amplifiers"`
	WorkerSignals  signalGroups `json:"worker_signals"`
	// LogPatterns and RecommendedActions come from assessments, of which there are none without a worker
	// that explains.
	LogPatterns        []string `json:"log_patterns"`
	RecommendedActions []string `json:"recommended_actions"`
	// IssueCount is the number of gates that fire.
	IssueCount int `json:"issue_count"`
}

// serviceJSON is the health of a service of a cluster.
type serviceJSON struct {
	Name   health.Service `json:"name"`
	Status health.State   `json:"status"`
	// KeySignals are the signals that the service's gates read; null is unknown.
	KeySignals map[health.SignalID]*float64 `json:"key_signals"`
}

// servicesJSON are the services of a cluster.
type servicesJSON struct {
	Cluster  string        `json:"cluster,omitempty"`
	Services []serviceJSON `json:"services"`
}

// momentJSON is a state from a moment on.
type momentJSON struct {
	Timestamp   time.Time    `json:"timestamp"`
	HealthState health.State `json:"health_state"`
	IssueCount  int          `json:"issue_count"`
	// PrimarySignals are those of the event at this moment; empty when none was stored.
	PrimarySignals signalGroups `json:"primary_signals"`
}

// timelineJSON are the states of a cluster over time, oldest first.
type timelineJSON struct {
	Cluster  string       `json:"cluster,omitempty"`
	Timeline []momentJSON `json:"timeline"`
}

// oneOrAll answers with a single object when one cluster was named or only one exists, and else with
// a list under "clusters". Without any cluster it answers with nothing, which is an object too.
func oneOrAll[T any](clusters []T, named bool, nothing T) any {
	switch {
	case len(clusters) == 1 || named && len(clusters) > 0:
		return clusters[0]
	case len(clusters) == 0:
		return nothing
	default:
		return map[string][]T{"clusters": clusters}
	}
}

func (d *Datasource) serveStatus(r *http.Request) (any, error) {
	clusters, named, err := d.clustersOf(r)
	if err != nil {
		return nil, err
	}
	all := make([]statusJSON, 0, len(clusters))
	for _, c := range clusters {
		all = append(all, clusterStatus(c))
	}
	return oneOrAll(all, named, clusterStatus(present{silent: true})), nil
}

func clusterStatus(p present) statusJSON {
	return statusJSON{
		Cluster:            p.Cluster,
		HealthState:        p.state(),
		Timestamp:          moment(p.At),
		LastState:          p.Verdict.State,
		Stale:              p.stale(),
		Since:              moment(p.Verdict.Since),
		Coverage:           p.Verdict.Coverage,
		Bottleneck:         health.Bottleneck(p.bottleneck()),
		PrimarySignals:     groups(p.Snapshot.Signals, health.Primary),
		Amplifiers:         groups(p.Snapshot.Signals, health.Amplifier),
		WorkerSignals:      groups(p.Snapshot.Signals, health.Worker, health.WorkerAmplifier),
		LogPatterns:        []string{},
		RecommendedActions: []string{},
		IssueCount:         int(count(p.Verdict.Gates, health.Fired)),
	}
}

// groups nests the known signals of some classes by group.
func groups(signals map[health.SignalID]float64, classes ...health.Class) signalGroups {
	nested := signalGroups{}
	known := health.Snapshot{Signals: signals}
	for _, s := range health.Signals() {
		value, ok := known.Value(s.ID)
		if !ok || !slices.Contains(classes, s.Class) {
			continue
		}
		group, field, _ := strings.Cut(string(s.ID), ".")
		if nested[group] == nil {
			nested[group] = map[string]float64{}
		}
		nested[group][field] = value
	}
	return nested
}

func (d *Datasource) serveServices(r *http.Request) (any, error) {
	clusters, named, err := d.clustersOf(r)
	if err != nil {
		return nil, err
	}
	all := make([]servicesJSON, 0, len(clusters))
	for _, c := range clusters {
		services := servicesJSON{Cluster: c.Cluster}
		for _, row := range serviceRows([]present{c}, ask{}) {
			services.Services = append(services.Services, serviceJSON{row.Service, row.state(), keySignals(row)})
		}
		all = append(all, services)
	}
	return oneOrAll(all, named, servicesJSON{Services: []serviceJSON{}}), nil
}

func keySignals(row serviceRow) map[health.SignalID]*float64 {
	values := map[health.SignalID]*float64{}
	for _, g := range row.Gates {
		values[g.Signal] = g.Value
	}
	return values
}

func (d *Datasource) serveTimeline(r *http.Request) (any, error) {
	from, to, err := timeRange(r, d.now())
	if err != nil {
		return nil, err
	}
	clusters, named, err := d.clustersOf(r)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(clusters))
	for _, c := range clusters {
		names = append(names, c.Cluster)
	}
	histories, err := d.histories(r, names, from, to)
	if err != nil {
		return nil, err
	}
	return oneOrAll(histories, named, timelineJSON{Timeline: []momentJSON{}}), nil
}

// histories reads the states of clusters, each with the evidence of the event that began it.
func (d *Datasource) histories(r *http.Request, names []string, from, to time.Time) ([]timelineJSON, error) {
	if len(names) == 0 {
		return nil, nil
	}
	runs, err := d.spansAround(r.Context(), names, from, to)
	if err != nil {
		return nil, err
	}
	events, err := d.store.Events(r.Context(), store.EventQuery{Clusters: names, From: from.Add(-reach), To: to.Add(reach), Limit: mostScannedEvents})
	if err != nil {
		return nil, err
	}
	type instant struct {
		cluster string
		at      int64
	}
	evidence := map[instant]store.Event{}
	for _, e := range events {
		evidence[instant{e.Cluster, e.At.UnixMicro()}] = e
	}
	histories := make([]timelineJSON, 0, len(names))
	for _, name := range names {
		history := timelineJSON{Cluster: name, Timeline: []momentJSON{}}
		for _, p := range clip(changes(runs[name], d.now()), from, earlier(to, d.now())) {
			e := evidence[instant{name, p.at.UnixMicro()}]
			history.append(p, e)
		}
		histories = append(histories, history)
	}
	return histories, nil
}

// append adds a state unless it is the one that holds already.
func (t *timelineJSON) append(p point, e store.Event) {
	state := stateAt(p.value)
	if n := len(t.Timeline); n > 0 && t.Timeline[n-1].HealthState == state {
		return
	}
	t.Timeline = append(t.Timeline, momentJSON{
		Timestamp: p.at.UTC(), HealthState: state, IssueCount: int(count(e.Gates, health.Fired)),
		PrimarySignals: groups(e.Signals, health.Primary),
	})
}
