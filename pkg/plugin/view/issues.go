package view

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Issue is one issue of one cluster.
type Issue struct {
	store.Issue
	Whole explain.Issue
	// Outdated: the cluster's newest assessment does not speak for the present, so the issue may be gone.
	Outdated bool
	// Until is when it was resolved, or the moment of asking.
	Until time.Time
}

// NamesOf are the names of explained clusters.
func NamesOf(clusters []Explained) []string {
	names := make([]string, len(clusters))
	for i, c := range clusters {
		names[i] = c.Cluster
	}
	return names
}

// Issues reads issues: open ones first, in the order in which they are to be read.
func (d Reader) Issues(ctx context.Context, q store.IssueQuery, clusters []Explained) ([]Issue, error) {
	stored, err := d.Store.Issues(ctx, q)
	if err != nil {
		return nil, err
	}
	current := map[string]bool{}
	for _, c := range clusters {
		current[c.Cluster] = c.Current()
	}
	rows := make([]Issue, 0, len(stored))
	for _, issue := range stored {
		row := Issue{Issue: issue, Until: d.Now(), Outdated: issue.ResolvedAt == nil && !current[issue.Cluster]}
		if issue.ResolvedAt != nil {
			row.Until = *issue.ResolvedAt
		}
		// What this version can't read is missing from the row; what people sort and filter by stands in columns.
		_ = json.Unmarshal(issue.Issue, &row.Whole)
		rows = append(rows, row)
	}
	sortOpen(rows, clusters)
	return rows, nil
}

// sortOpen puts the issues of the present in the order in which they are to be read: the worst first, those of the worst
// cluster before others, and within a cluster as its newest explanation tells them, what causes others before them.
func sortOpen(rows []Issue, clusters []Explained) {
	place := map[string]int{}
	told := map[[2]string]int{}
	for i, c := range clusters {
		place[c.Cluster] = i
		for k, issue := range c.Whole.Issues {
			told[[2]string{c.Cluster, issue.ID}] = k
		}
	}
	open := rows
	if i := slices.IndexFunc(rows, func(r Issue) bool { return r.ResolvedAt != nil }); i >= 0 {
		open = rows[:i] // the store gives the open ones first
	}
	slices.SortStableFunc(open, func(x, y Issue) int {
		return cmp.Or(
			cmp.Compare(SeverityLevel(explain.Severity(y.Severity)), SeverityLevel(explain.Severity(x.Severity))),
			cmp.Compare(place[x.Cluster], place[y.Cluster]),
			cmp.Compare(told[[2]string{x.Cluster, x.ID}], told[[2]string{y.Cluster, y.ID}]),
		)
	})
}

// BestAction is the first suggestion.
func (r Issue) BestAction() *explain.Action {
	if len(r.Whole.SuggestedActions) == 0 {
		return nil
	}
	return &r.Whole.SuggestedActions[0]
}

// openIssues counts the open issues of a cluster by severity.
type openIssues map[string]map[explain.Severity]float64

// clustersPerCount is how many clusters are counted at a time: the store returns at most a thousand issues,
// and a cluster can't have more of them than there are gates.
const clustersPerCount = 20

// CountIssues counts the open issues of clusters, of those that a query asks for.
func (d Reader) CountIssues(ctx context.Context, clusters []string, q store.IssueQuery) (openIssues, error) {
	counts := openIssues{}
	for some := range slices.Chunk(clusters, clustersPerCount) {
		q.Clusters, q.Open, q.Limit = some, true, query.MaxRows
		issues, err := d.Store.Issues(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, i := range issues {
			if counts[i.Cluster] == nil {
				counts[i.Cluster] = map[explain.Severity]float64{}
			}
			counts[i.Cluster][explain.Severity(i.Severity)]++
		}
	}
	return counts, nil
}

// IssueCount is the number of open issues of a cluster and a severity.
type IssueCount struct {
	Cluster  string
	Severity explain.Severity
	Open     *float64
}

// IssueCounts holds one number for each cluster and severity, 0 when there is no issue. It is null where
// nobody knows: without an assessment, or when the newest one is of an earlier situation.
func (d Reader) IssueCounts(ctx context.Context, clusters []Explained, without Unassessed, a query.Query) ([]IssueCount, error) {
	var known []string
	for _, c := range clusters {
		if c.Current() {
			known = append(known, c.Cluster)
		}
	}
	counts, err := d.CountIssues(ctx, known, store.IssueQuery{Services: query.PlainNames(a.Services)})
	if err != nil {
		return nil, err
	}
	names := slices.Concat(without, NamesOf(clusters))
	slices.Sort(names)
	asked := a.Severities
	if len(asked) == 0 {
		asked = query.Values(query.Severities)
	}
	var rows []IssueCount
	for _, name := range names {
		for _, s := range asked {
			row := IssueCount{Cluster: name, Severity: s}
			if slices.Contains(known, name) {
				row.Open = new(counts[name][s])
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}
