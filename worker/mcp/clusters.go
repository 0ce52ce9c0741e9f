package mcp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

const clustersHelp = `Lists the monitored Temporal clusters, the worst first: state now, since when, bottleneck, and the root cause from the newest explanation. Use it first, and to find the names of clusters. An unknown state means insufficient data or stopped cycles; it is not healthy.`

type clustersQuestion struct {
	States []string `json:"states,omitempty" jsonschema:"only clusters whose state now is one of: happy, stressed, critical, unknown"`
}

type clusterRow struct {
	Cluster string `json:"cluster"`
	State   string `json:"state" jsonschema:"the state now: happy, stressed, critical or unknown"`
	Stale   bool   `json:"stale" jsonschema:"true when there is no current verdict; the state is then unknown"`
	// LastState is what was decided last, also while the cluster is stale.
	LastState  string     `json:"last_state" jsonschema:"the last known state"`
	Since      *time.Time `json:"since" jsonschema:"start of the last known state"`
	Lasting    string     `json:"lasting,omitempty" jsonschema:"how long the state has lasted, in words"`
	LastCycle  *time.Time `json:"last_cycle" jsonschema:"when the signals were last read"`
	Coverage   float64    `json:"coverage" jsonschema:"share of the deciding conditions that are known, 0 to 1; 0 when cycles have stopped"`
	Bottleneck string     `json:"bottleneck" jsonschema:"healthy, server_limited, worker_limited, mixed, application_limited or unknown"`
	Firing     string     `json:"firing" jsonschema:"the worst firing conditions, by title"`
	RootCause  string     `json:"root_cause" jsonschema:"the leading cause of the present situation; empty when none is known"`
	Summary    string     `json:"summary" jsonschema:"the newest explanation in about three sentences; one of an earlier situation begins with a note"`
}

type clustersAnswer struct {
	AsOf      time.Time      `json:"as_of"`
	Counts    map[string]int `json:"counts" jsonschema:"number of clusters in each state"`
	Clusters  []clusterRow   `json:"clusters"`
	Notices   []string       `json:"notices"`
	Truncated ownText        `json:"truncated,omitempty"`
}

func (q questions) clusters(ctx context.Context, in clustersQuestion) (clustersAnswer, error) {
	known := query.Values(query.States)
	wanted, err := query.ParseNames("states", in.States, query.OneOf(known), query.Listing(known))
	if err != nil {
		return clustersAnswer{}, err
	}
	all, notices, err := q.view.Clusters(ctx, nil)
	if err != nil {
		return clustersAnswer{}, err
	}
	explained, _, _, err := q.view.Explained(ctx, nil)
	if err != nil {
		return clustersAnswer{}, err
	}
	explanations := map[string]view.Explained{}
	for _, e := range explained {
		explanations[e.Cluster] = e
	}
	answer := clustersAnswer{AsOf: q.now(), Counts: map[string]int{}, Notices: texts(notices)}
	var left leftOut
	for _, state := range known {
		answer.Counts[state] = 0
	}
	for _, c := range all {
		answer.Counts[c.State().String()]++
	}
	for _, c := range first(&left, view.InStates(all, states(wanted)), maxClusters, "clusters") {
		answer.Clusters = append(answer.Clusters, rowOf(c, explanations[c.Cluster], answer.AsOf))
	}
	answer.Clusters = first(&left, answer.Clusters, maxClusters, "clusters")
	answer.Truncated = left.text()
	return answer, nil
}

// states are those with names that were checked.
func states(names []string) []health.State {
	var all []health.State
	for _, name := range names {
		if s, err := health.ParseState(name); err == nil {
			all = append(all, s)
		}
	}
	return all
}

func rowOf(c view.Present, e view.Explained, now time.Time) clusterRow {
	row := clusterRow{
		Cluster: c.Cluster, State: c.State().String(), Stale: c.Stale(), LastState: c.Verdict.State.String(),
		Since: view.Moment(c.Verdict.Since), LastCycle: view.Moment(c.At), Coverage: coverage(c), Bottleneck: c.Bottleneck(),
		Firing: c.TopGates(), Lasting: lasting(c, now),
	}
	if e.Cluster == "" {
		return row
	}
	row.Summary = cut(e.Summary(), maxSentence)
	if e.Current() && len(e.Whole.Factors) > 0 && c.State() != health.Happy {
		row.RootCause = cut(e.Whole.Factors[0].Title, maxSentence)
	}
	return row
}

// coverage of a cluster whose cycles have stopped is 0, as in panels.
func coverage(c view.Present) float64 {
	if c.Silent {
		return 0
	}
	return c.Verdict.Coverage
}

// lasting is how long the current state has lasted; empty without a current verdict.
func lasting(c view.Present, now time.Time) string {
	if c.Stale() || c.Verdict.Since.IsZero() {
		return ""
	}
	return health.Lasting(now.Sub(c.Verdict.Since))
}

// Text is one line for each cluster.
func (a clustersAnswer) Text() string {
	var p page
	var counts []string
	for _, state := range query.Values(query.States) {
		counts = append(counts, fmt.Sprintf("%d %s", a.Counts[state], state))
	}
	p.line("As of %s: %s.", clock(a.AsOf), strings.Join(counts, ", "))
	for _, c := range a.Clusters {
		line := fmt.Sprintf("- %q is %s", c.Cluster, c.State)
		switch {
		case c.Stale:
			line += fmt.Sprintf(" (no current verdict; last known state %s; last cycle %s)", c.LastState, momentText(c.LastCycle))
		case c.Since != nil:
			line += fmt.Sprintf(" since %s (%s); bottleneck %s", clock(*c.Since), c.Lasting, c.Bottleneck)
		}
		if c.Firing != "" {
			line += "; firing: " + c.Firing
		}
		if c.RootCause != "" {
			line += "; root cause: " + c.RootCause
		}
		p.line("%s.", line)
	}
	return p.end(a.Truncated, a.Notices)
}

func momentText(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return clock(*t)
}
