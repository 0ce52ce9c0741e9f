package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

const clustersHelp = `Lists the monitored Temporal clusters, the worst first: state now, since when, bottleneck, the root cause of the last cycle and the first action. Use it first, and to find the names of clusters. An unknown state means insufficient data or stopped cycles; it is not healthy.`

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
	RootCause  string     `json:"root_cause" jsonschema:"the root cause as of the last cycle; empty when no condition leads"`
	// FirstAction answers the root cause.
	FirstAction string `json:"first_action" jsonschema:"what to do first; empty when nothing needs to be done"`
	Summary     string `json:"summary" jsonschema:"the newest explanation in about three sentences; one of an earlier situation begins with a note"`
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
	all, notices, err := q.view.Briefs(ctx, nil)
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
	answer := clustersAnswer{AsOf: q.now(), Counts: map[string]int{}, Notices: notices.Texts()}
	var left leftOut
	for _, state := range known {
		answer.Counts[state] = 0
	}
	for _, c := range all {
		answer.Counts[c.State().String()]++
	}
	asked := states(wanted)
	matching := kept(all, func(b view.Brief) bool { return len(asked) == 0 || slices.Contains(asked, b.State()) })
	for _, c := range first(&left, matching, maxClusters, "clusters") {
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

func rowOf(c view.Brief, e view.Explained, now time.Time) clusterRow {
	row := clusterRow{
		Cluster: c.Cluster, State: c.State().String(), Stale: c.Stale(), LastState: c.Verdict.State.String(),
		Since: view.Moment(c.Verdict.Since), LastCycle: view.Moment(c.At), Coverage: c.Coverage(), Bottleneck: c.Bottleneck(),
		Firing: c.TopGates(), Lasting: lasting(c.Present, now),
	}
	if c.Rules.Cause != "" {
		row.RootCause = cut(c.Rules.Headline, maxSentence)
	}
	if len(c.Rules.Actions) > 0 {
		row.FirstAction = cut(c.Rules.Actions[0].Description, maxSentence)
	}
	if e.Cluster == "" {
		return row
	}
	row.Summary = cut(e.Summary(), maxSentence)
	return row
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
	p.line("As of %s: %s.", view.Clock(a.AsOf), strings.Join(counts, ", "))
	for _, c := range a.Clusters {
		line := fmt.Sprintf("- %q is %s", c.Cluster, c.State)
		switch {
		case c.Stale:
			line += fmt.Sprintf(" (no current verdict; last known state %s; last cycle %s)", c.LastState, momentText(c.LastCycle))
		case c.Since != nil:
			line += fmt.Sprintf(" since %s (%s); bottleneck %s", view.Clock(*c.Since), c.Lasting, c.Bottleneck)
		}
		if c.Firing != "" {
			line += "; firing: " + c.Firing
		}
		if c.RootCause != "" {
			line += "; root cause: " + c.RootCause
		}
		if c.FirstAction != "" {
			line += "; first: " + strings.TrimSuffix(c.FirstAction, ".")
		}
		p.line("%s.", line)
	}
	return p.end(a.Truncated, a.Notices)
}

func momentText(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return view.Clock(*t)
}
