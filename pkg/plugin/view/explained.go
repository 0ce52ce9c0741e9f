package view

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Explained is a cluster as of its last cycle, with the newest explanation that there is.
type Explained struct {
	Present
	Assessment store.Assessment
	// Whole is the assessment's explanation; empty when this version can't read it.
	Whole explain.Explanation
	// Feedback is what editors said of it, newest first; read with complete explanations only.
	Feedback []store.Feedback
	// otherCause: another root cause leads now than the one that was explained. Explanations of earlier versions name none.
	otherCause bool
}

// Explain puts a cluster and an assessment of it together. It is false when this version can't read the whole of it.
func Explain(c Present, a store.Assessment) (Explained, bool) {
	e := Explained{Present: c, Assessment: a}
	var readable bool
	if e.Whole, readable = ReadExplanation(a); e.Whole.Cause != "" {
		now := rules.Cause(c.Verdict, c.Snapshot)
		e.otherCause = now != "" && now != e.Whole.Cause
	}
	return e, readable
}

// Current: the explanation is of the situation that holds now. An earlier one is never shown as if it
// explained the present.
func (e Explained) Current() bool {
	since := e.Verdict.Since.Truncate(time.Microsecond) // what the store keeps of the assessment's time
	return !e.Silent && e.Assessment.State == e.Verdict.State && e.Assessment.Stale == e.Verdict.Stale && !e.Assessment.At.Before(since) && !e.otherCause
}

// Unassessed are clusters without any explanation.
type Unassessed []string

// Explained reads the latest explanation of each cluster that is in one of the states. What has none,
// or one of an earlier situation, is said in notices.
func (d Reader) Explained(ctx context.Context, wanted []string, states ...health.State) ([]Explained, Unassessed, Notices, error) {
	clusters, notices, err := d.Clusters(ctx, wanted)
	if err != nil {
		return nil, nil, nil, err
	}
	latest, err := d.Store.LatestAssessments(ctx, wanted)
	if err != nil {
		return nil, nil, nil, err
	}
	newest := map[string]store.Assessment{}
	for _, a := range latest {
		newest[a.Cluster] = a
	}
	var all []Explained
	var without Unassessed
	for _, c := range InStates(clusters, states) {
		a, ok := newest[c.Cluster]
		if !ok {
			without = append(without, c.Cluster)
			continue
		}
		e, readable := Explain(c, a)
		if !readable {
			notices.Warn(Unreadable(a))
		}
		if !e.Current() {
			notices.Warn(e.Outdated())
		}
		all = append(all, e)
	}
	if len(without) > 0 {
		notices.Warn(without.String())
	}
	return all, without, notices, nil
}

// noSuchExplanation is the notice where no cluster has an explanation with one of the ids.
const noSuchExplanation = "There is no such explanation of these clusters: it is older than the retention, or of another cluster."

// MostExplained is how many clusters' complete explanations one answer holds: they are pages to read.
const MostExplained = 10

// ExplainedInFull reads the complete explanations of clusters with what they stand on, the worst cluster first: the newest, or those
// with the ids.
func (d Reader) ExplainedInFull(ctx context.Context, wanted, ids []string) ([]Explained, Notices, error) {
	clusters, notices, err := d.Clusters(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	if len(clusters) > MostExplained && len(ids) == 0 {
		notices.Inform(fmt.Sprintf("The explanations of the worst %d of %d clusters: choose a cluster to read its own.", MostExplained, len(clusters)))
		clusters = clusters[:MostExplained]
	}
	var all []Explained
	var without Unassessed
	for _, c := range clusters {
		found, err := d.Store.Assessments(ctx, store.AssessmentQuery{Clusters: []string{c.Cluster}, IDs: ids, Limit: 1})
		if err != nil {
			return nil, nil, err
		}
		if len(found) == 0 {
			without = append(without, c.Cluster)
			continue
		}
		e, readable := Explain(c, found[0])
		if !readable {
			notices.Warn(Unreadable(found[0]))
		}
		said, err := d.Feedback(ctx, c.Cluster, found[0].ID)
		if err != nil {
			return nil, nil, err
		}
		e.Feedback = said[found[0].ID]
		all = append(all, e)
	}
	switch {
	case len(ids) > 0 && len(all) == 0 && len(clusters) > 0:
		notices.Warn(noSuchExplanation)
	case len(ids) == 0 && len(without) > 0:
		notices.Warn(without.String())
	}
	return all, notices, nil
}

// ReadExplanation reads the whole of an assessment. A newer worker may write what this version can't read.
func ReadExplanation(a store.Assessment) (explain.Explanation, bool) {
	var whole explain.Explanation
	if err := json.Unmarshal(a.Explanation, &whole); err != nil {
		return explain.Explanation{}, false
	}
	return whole, true
}

// Assessment is an assessment with its explanation, which is empty when this version can't read it.
type Assessment struct {
	store.Assessment
	Whole explain.Explanation
}

// Unreadable is the notice about an assessment that ReadExplanation can't read.
func Unreadable(a store.Assessment) string {
	return fmt.Sprintf("The details of assessment %q of cluster %q can't be read by this version of the plugin: update it to the version of the worker.", a.ID, a.Cluster)
}

func (u Unassessed) String() string {
	return fmt.Sprintf("There is no assessment of %s yet, so nothing is known about issues there. The worker assesses after each change and every few minutes: check that `copilot worker` runs and that its log shows no failing assessments.", clusterNames(u))
}

// Outdated says which situation the explanation is of, and which one holds.
func (e Explained) Outdated() string {
	was := fmt.Sprintf("The newest assessment of cluster %q is of an earlier situation (%s at %s)",
		e.Cluster, situation(e.Assessment.State, e.Assessment.Stale), Clock(e.Assessment.At))
	if e.Silent {
		return fmt.Sprintf("%s: cycles have stopped, the last one was at %s. Check that the worker runs.", was, Clock(e.At))
	}
	if e.otherCause {
		return fmt.Sprintf("%s: the root cause has changed since. A new one follows when the new cause has led for two cycles.", was)
	}
	return fmt.Sprintf("%s and does not explain the present one (%s since %s). A new one follows in a moment; if none comes, check the worker.",
		was, situation(e.Verdict.State, e.Verdict.Stale), Clock(e.Verdict.Since))
}

func situation(s health.State, stale bool) string {
	if stale {
		return "insufficient data; last known state " + s.String()
	}
	return s.String()
}

// Clock is a moment in a sentence.
func Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

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

// BestAction is what to do first; nil when there is nothing to do. Advice on an earlier situation is no advice.
func (e Explained) BestAction() *explain.Action {
	if len(e.Whole.Actions) == 0 || !e.Current() {
		return nil
	}
	return &e.Whole.Actions[0]
}

// WorstIssue is the worst issue of the present, the first among equals; nil when none is known.
func (e Explained) WorstIssue() *explain.Issue {
	if len(e.Whole.Issues) == 0 || !e.Current() {
		return nil
	}
	worst := slices.MinFunc(e.Whole.Issues, func(a, b explain.Issue) int { return cmp.Compare(SeverityLevel(b.Severity), SeverityLevel(a.Severity)) })
	return &worst
}

// SeverityLevel is a severity as the number that panels colour: that of the state it makes.
func SeverityLevel(s explain.Severity) float64 {
	if s == explain.Critical {
		return 2
	}
	return 1
}

// Summary is what to show in a sentence or three. One of an earlier situation says so first.
func (e Explained) Summary() string {
	if e.Current() {
		return e.Assessment.Summary
	}
	return fmt.Sprintf("Earlier situation, %s: %s", Clock(e.Assessment.At), e.Assessment.Summary)
}
