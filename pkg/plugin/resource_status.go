package plugin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
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
	// RootCause is the root cause as of the last cycle in one clause, or why there is none.
	RootCause string `json:"root_cause"`

	PrimarySignals signalGroups `json:"primary_signals"`
	Amplifiers     signalGroups `json:"amplifiers"`
	WorkerSignals  signalGroups `json:"worker_signals"`
	// LogPatterns are those of the last minutes, the most frequent first; LogsUnavailable says why it may be
	// empty although there was trouble.
	LogPatterns     []logPatternJSON `json:"log_patterns"`
	LogsUnavailable string           `json:"logs_unavailable,omitempty"`
	// RecommendedActions are on the present situation, the best first.
	RecommendedActions []explain.Action `json:"recommended_actions"`
	// IssueCount is the number of open issues; null when no assessment of the present situation tells.
	IssueCount *int `json:"issue_count"`
}

// logPatternJSON is how often a known trouble pattern was found in the log lines of a service.
type logPatternJSON struct {
	Pattern string    `json:"pattern"`
	Service string    `json:"service"`
	Meaning string    `json:"meaning"`
	Count   int       `json:"count"`
	AtLeast bool      `json:"at_least"`
	Last    time.Time `json:"last_seen"`
	Sample  string    `json:"sample"`
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
	// IssueCount is the number of gates that fired at this moment.
	IssueCount int `json:"issue_count"`
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
	nothing := clusterStatus(view.Present{Silent: true})
	nothing.RootCause = ""
	if len(clusters) == 0 {
		return nothing, nil
	}
	all := make([]statusJSON, 0, len(clusters))
	for _, c := range clusters {
		all = append(all, clusterStatus(c))
	}
	if err := d.addExplanations(r.Context(), all, clusters); err != nil {
		return nil, err
	}
	if err := d.addLogs(r.Context(), all, clusters); err != nil {
		return nil, err
	}
	return oneOrAll(all, named, nothing), nil
}

func clusterStatus(p view.Present) statusJSON {
	return statusJSON{
		Cluster:            p.Cluster,
		HealthState:        p.State(),
		Timestamp:          view.Moment(p.At),
		LastState:          p.Verdict.State,
		Stale:              p.Stale(),
		Since:              view.Moment(p.Verdict.Since),
		Coverage:           p.Verdict.Coverage,
		Bottleneck:         health.Bottleneck(p.Bottleneck()),
		RootCause:          view.BriefOf(p, nil).Rules.Headline,
		PrimarySignals:     groups(p.Snapshot.Signals, health.Primary),
		Amplifiers:         groups(p.Snapshot.Signals, health.Amplifier),
		WorkerSignals:      groups(p.Snapshot.Signals, health.Worker, health.WorkerAmplifier),
		LogPatterns:        []logPatternJSON{},
		RecommendedActions: []explain.Action{},
	}
}

func clusterNamesOf(clusters []view.Present) []string {
	names := make([]string, 0, len(clusters))
	for _, c := range clusters {
		names = append(names, c.Cluster)
	}
	return names
}

// addExplanations adds what the newest assessments say, where they are of the present situation.
func (d *Datasource) addExplanations(ctx context.Context, all []statusJSON, clusters []view.Present) error {
	assessed, _, _, err := d.views.Explained(ctx, clusterNamesOf(clusters))
	if err != nil {
		return err
	}
	counts, err := d.views.CountIssues(ctx, clusterNamesOf(clusters), store.IssueQuery{})
	if err != nil {
		return err
	}
	for _, e := range assessed {
		i := slices.IndexFunc(all, func(s statusJSON) bool { return s.Cluster == e.Cluster })
		if i < 0 || !e.Current() {
			continue
		}
		all[i].RecommendedActions = append(all[i].RecommendedActions, e.Whole.Actions...)
		total := 0.0
		for _, n := range counts[e.Cluster] {
			total += n
		}
		all[i].IssueCount = new(int(total))
	}
	return nil
}

// recentLogs is how far back the log patterns of a status reach.
const recentLogs = 15 * time.Minute

// mostPatterns is how many log patterns a status holds for a cluster.
const mostPatterns = 10

// addLogs adds the log patterns of the last minutes, and why there may be none.
func (d *Datasource) addLogs(ctx context.Context, all []statusJSON, clusters []view.Present) error {
	names, now := clusterNamesOf(clusters), d.now()
	readings, err := d.views.LogReadings(ctx, clusters, names)
	if err != nil {
		return err
	}
	found, err := d.store.LogPatterns(ctx, store.LogQuery{Clusters: names, From: now.Add(-recentLogs), To: now, Limit: view.MostLogCounts})
	if err != nil {
		return err
	}
	for i := range all {
		all[i].LogsUnavailable = readings[i].Caveat()
		for _, p := range found {
			if p.Cluster == all[i].Cluster && len(all[i].LogPatterns) < mostPatterns {
				all[i].LogPatterns = append(all[i].LogPatterns, logPatternJSON{p.Pattern, p.Service, p.Meaning, p.Count, p.AtLeast, p.At.UTC(), p.Sample})
			}
		}
	}
	return nil
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
		for _, row := range view.Services([]view.Brief{view.BriefOf(c, nil)}, query.Query{}) {
			services.Services = append(services.Services, serviceJSON{row.Service, row.StateNow(), keySignals(row)})
		}
		all = append(all, services)
	}
	return oneOrAll(all, named, servicesJSON{Services: []serviceJSON{}}), nil
}

func keySignals(row view.Service) map[health.SignalID]*float64 {
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
	histories, err := d.histories(r, clusterNamesOf(clusters), from, to)
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
	runs, err := d.views.Spans(r.Context(), names, from, to)
	if err != nil {
		return nil, err
	}
	events, err := d.store.Events(r.Context(), store.EventQuery{Clusters: names, From: from.Add(-view.Reach), To: to.Add(view.Reach), Limit: view.MostScannedEvents})
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
		for _, p := range view.Clip(view.Changes(runs[name], d.now()), from, view.Earlier(to, d.now())) {
			e := evidence[instant{name, p.At.UnixMicro()}]
			history.append(p, e)
		}
		histories = append(histories, history)
	}
	return histories, nil
}

// append adds a state unless it is the one that holds already.
func (t *timelineJSON) append(p view.Point, e store.Event) {
	state := view.StateAt(p.Value)
	if n := len(t.Timeline); n > 0 && t.Timeline[n-1].HealthState == state {
		return
	}
	t.Timeline = append(t.Timeline, momentJSON{
		Timestamp: p.At.UTC(), HealthState: state, IssueCount: int(view.CountGates(e.Gates, health.Fired)),
		PrimarySignals: groups(e.Signals, health.Primary),
	})
}
