package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// explained is a cluster as of its last cycle, with the newest explanation that there is.
type explained struct {
	present
	assessment store.Assessment
	// whole is the assessment's explanation; empty when this version can't read it.
	whole explain.Explanation
}

// current: the explanation is of the situation that holds now. An earlier one is never shown as if it
// explained the present.
func (e explained) current() bool {
	since := e.Verdict.Since.Truncate(time.Microsecond) // what the store keeps of the assessment's time
	return !e.silent && e.assessment.State == e.Verdict.State && e.assessment.Stale == e.Verdict.Stale && !e.assessment.At.Before(since)
}

// unassessed are clusters without any explanation.
type unassessed []string

// clustersExplained reads the latest explanation of each cluster that is in one of the states. What has none,
// or one of an earlier situation, is said in notices.
func (d *Datasource) clustersExplained(ctx context.Context, wanted []string, states ...health.State) ([]explained, unassessed, notices, error) {
	clusters, lacking, err := d.clustersNow(ctx, wanted)
	if err != nil {
		return nil, nil, nil, err
	}
	latest, err := d.store.LatestAssessments(ctx, wanted)
	if err != nil {
		return nil, nil, nil, err
	}
	newest := map[string]store.Assessment{}
	for _, a := range latest {
		newest[a.Cluster] = a
	}
	var all []explained
	var without unassessed
	for _, c := range inStates(clusters, states) {
		a, ok := newest[c.Cluster]
		if !ok {
			without = append(without, c.Cluster)
			continue
		}
		e := explained{present: c, assessment: a}
		if e.whole, ok = readExplanation(a); !ok {
			lacking.warn(unreadable(a))
		}
		if !e.current() {
			lacking.warn(e.outdated())
		}
		all = append(all, e)
	}
	if len(without) > 0 {
		lacking.warn(without.String())
	}
	return all, without, lacking, nil
}

// readExplanation reads the whole of an assessment. A newer worker may write what this version can't read.
func readExplanation(a store.Assessment) (explain.Explanation, bool) {
	var whole explain.Explanation
	if err := json.Unmarshal(a.Explanation, &whole); err != nil {
		return explain.Explanation{}, false
	}
	return whole, true
}

func unreadable(a store.Assessment) string {
	return fmt.Sprintf("The details of assessment %q of cluster %q can't be read by this version of the plugin: update it to the version of the worker.", a.ID, a.Cluster)
}

func (u unassessed) String() string {
	return fmt.Sprintf("There is no assessment of %s yet, so nothing is known about issues there. The worker assesses after each change and every few minutes: check that `copilot worker` runs and that its log shows no failing assessments.", clusterNames(u))
}

// outdated says which situation the explanation is of, and which one holds.
func (e explained) outdated() string {
	was := fmt.Sprintf("The newest assessment of cluster %q is of an earlier situation (%s at %s)",
		e.Cluster, situation(e.assessment.State, e.assessment.Stale), clock(e.assessment.At))
	if e.silent {
		return fmt.Sprintf("%s: cycles have stopped, the last one was at %s. Check that the worker runs.", was, clock(e.At))
	}
	return fmt.Sprintf("%s and does not explain the present one (%s since %s). A new one follows in a moment; if none comes, check the worker.",
		was, situation(e.Verdict.State, e.Verdict.Stale), clock(e.Verdict.Since))
}

func situation(s health.State, stale bool) string {
	if stale {
		return "too little known, last " + s.String()
	}
	return s.String()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// maxNamed is how many names a sentence holds.
const maxNamed = 5

// clusterNames writes names into a sentence: cluster "a", or clusters "a", "b" and 3 more.
func clusterNames(names []string) string {
	var quoted []string
	for _, name := range names[:min(len(names), maxNamed)] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	text := "cluster " + strings.Join(quoted, ", ")
	if len(names) > 1 {
		text = "clusters " + strings.Join(quoted, ", ")
	}
	if more := len(names) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// best is what to do first; nil when there is nothing to do. Advice on an earlier situation is no advice.
func (e explained) best() *explain.Action {
	if len(e.whole.Actions) == 0 || !e.current() {
		return nil
	}
	return &e.whole.Actions[0]
}

// worst is the worst issue of the present, the first among equals; nil when none is known.
func (e explained) worst() *explain.Issue {
	if len(e.whole.Issues) == 0 || !e.current() {
		return nil
	}
	worst := slices.MinFunc(e.whole.Issues, func(a, b explain.Issue) int { return cmp.Compare(severityLevel(b.Severity), severityLevel(a.Severity)) })
	return &worst
}

// severityLevel is a severity as the number that panels colour: that of the state it makes.
func severityLevel(s explain.Severity) float64 {
	if s == explain.Critical {
		return 2
	}
	return 1
}

// summary is what to show in a sentence or three. One of an earlier situation says so first.
func (e explained) summary() string {
	if e.current() {
		return e.assessment.Summary
	}
	return fmt.Sprintf("Earlier situation, %s: %s", clock(e.assessment.At), e.assessment.Summary)
}
