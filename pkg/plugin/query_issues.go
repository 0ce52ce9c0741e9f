package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// issueRow is one issue of one cluster.
type issueRow struct {
	store.Issue
	whole explain.Issue
	// outdated: the cluster's newest assessment does not speak for the present, so the issue may be gone.
	outdated bool
	// until is when it was resolved, or the moment of asking.
	until time.Time
}

// answerIssues tells the problems that are there now, worst first, or those of a time range. An alert rule
// gets their number for each cluster and severity.
func answerIssues(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	states := a.states
	if a.forAlert {
		states = nil // a rule needs the healthy rows to resolve
	}
	clusters, without, lacking, err := d.clustersExplained(ctx, a.clusters, states...)
	if err != nil {
		return nil, err
	}
	if a.forAlert {
		return d.issuesForAlert(ctx, clusters, without, a)
	}
	q := issueQuery(a)
	if len(states) > 0 {
		if len(clusters) == 0 {
			return lacking.on(data.Frames{issuesFrame(nil)}), nil
		}
		q.Clusters = namesOf(clusters)
	}
	rows, err := d.issueRows(ctx, q, clusters)
	if err != nil {
		return nil, err
	}
	return lacking.on(data.Frames{issuesFrame(rows)}), nil
}

// issueQuery asks for what is open now, or, with resolved issues, for what was open in the time range.
func issueQuery(a ask) store.IssueQuery {
	q := store.IssueQuery{Clusters: a.clusters, Open: !a.resolved, Severities: plainNames(a.severities), Services: plainNames(a.services), Limit: a.rows}
	if a.resolved {
		q.From, q.To = a.from, a.to
	}
	return q
}

// namesOf are the names of explained clusters.
func namesOf(clusters []explained) []string {
	names := make([]string, len(clusters))
	for i, c := range clusters {
		names[i] = c.Cluster
	}
	return names
}

// plainNames are the names of a filter as the store takes them.
func plainNames[T ~string](names []T) []string {
	var all []string
	for _, n := range names {
		all = append(all, string(n))
	}
	return all
}

func (d *Datasource) issueRows(ctx context.Context, q store.IssueQuery, clusters []explained) ([]issueRow, error) {
	stored, err := d.store.Issues(ctx, q)
	if err != nil {
		return nil, err
	}
	current := map[string]bool{}
	for _, c := range clusters {
		current[c.Cluster] = c.current()
	}
	rows := make([]issueRow, 0, len(stored))
	for _, issue := range stored {
		row := issueRow{Issue: issue, until: d.now(), outdated: issue.ResolvedAt == nil && !current[issue.Cluster]}
		if issue.ResolvedAt != nil {
			row.until = *issue.ResolvedAt
		}
		// What this version can't read is missing from the row; what people sort and filter by stands in columns.
		_ = json.Unmarshal(issue.Issue, &row.whole)
		rows = append(rows, row)
	}
	sortOpen(rows, clusters)
	return rows, nil
}

// sortOpen puts the issues of the present in the order in which they are to be read: the worst first, those of the worst
// cluster before others, and within a cluster as its newest explanation tells them, what causes others before them.
func sortOpen(rows []issueRow, clusters []explained) {
	place := map[string]int{}
	told := map[[2]string]int{}
	for i, c := range clusters {
		place[c.Cluster] = i
		for k, issue := range c.whole.Issues {
			told[[2]string{c.Cluster, issue.ID}] = k
		}
	}
	open := rows
	if i := slices.IndexFunc(rows, func(r issueRow) bool { return r.ResolvedAt != nil }); i >= 0 {
		open = rows[:i] // the store gives the open ones first
	}
	slices.SortStableFunc(open, func(x, y issueRow) int {
		return cmp.Or(
			cmp.Compare(severityLevel(explain.Severity(y.Severity)), severityLevel(explain.Severity(x.Severity))),
			cmp.Compare(place[x.Cluster], place[y.Cluster]),
			cmp.Compare(told[[2]string{x.Cluster, x.ID}], told[[2]string{y.Cluster, y.ID}]),
		)
	})
}

// best is the first suggestion.
func (r issueRow) best() *explain.Action {
	if len(r.whole.SuggestedActions) == 0 {
		return nil
	}
	return &r.whole.SuggestedActions[0]
}

// issuesFrame has the fields of an annotation, which Grafana finds by the names that people see: those have no other.
func issuesFrame(rows []issueRow) *data.Frame {
	text := func(name, title string, value func(issueRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	frame := typed("issues", data.FrameTypeTable,
		column("time", nil, rows, func(r issueRow) time.Time { return r.OpenedAt.UTC() }),
		column("timeEnd", nil, rows, func(r issueRow) time.Time { return r.until.UTC() }),
		text("cluster", "Cluster", func(r issueRow) string { return r.Cluster }),
		column("severity", severityConfig("Severity"), rows, func(r issueRow) float64 { return severityLevel(explain.Severity(r.Severity)) }),
		column("title", nil, rows, func(r issueRow) string { return r.Title }),
		column("open", flagConfig("Open", "resolved", green, "open", red), rows, func(r issueRow) *float64 { return oneIf(r.ResolvedAt == nil) }),
		column("stale", flagConfig("Staleness", "current", green, "may be gone", grey), rows, func(r issueRow) *float64 { return oneIf(r.outdated) }),
		text("service", "Service", func(r issueRow) string { return r.Service }),
		text("description", "What is wrong", func(r issueRow) string { return r.Description }),
		text("likely_cause", "Likely cause", func(r issueRow) string { return r.LikelyCause }),
		text("suggested_action", "Recommended action", func(r issueRow) string {
			if best := r.best(); best != nil {
				return best.Description
			}
			return ""
		}),
		column("confidence", shareConfig("Confidence"), rows, func(r issueRow) *float64 {
			if best := r.best(); best != nil {
				return new(best.Confidence)
			}
			return nil
		}),
		column("duration", inUnit("Lasted", "s"), rows, func(r issueRow) float64 { return max(0, r.until.Sub(r.OpenedAt).Seconds()) }),
		column("last_at", inUnit("Last seen", "dateTimeFromNow"), rows, func(r issueRow) time.Time { return r.LastAt.UTC() }),
		column("resolved_at", inUnit("Resolved", "dateTimeFromNow"), rows, func(r issueRow) *time.Time {
			if r.ResolvedAt == nil {
				return nil
			}
			return moment(*r.ResolvedAt)
		}),
		text("gate", "Gate", func(r issueRow) string { return r.Gate }),
		column("guide", guideConfig(), rows, func(r issueRow) string { return guide(health.GateID(r.Gate)) }),
		text("related_signals", "Related signals", func(r issueRow) string { return strings.Join(plainNames(r.whole.RelatedSignals), ", ") }),
		text("related_logs", "Related log patterns", func(r issueRow) string { return strings.Join(r.whole.RelatedLogs, ", ") }),
		column("text", nil, rows, issueText),
		column("tags", nil, rows, func(r issueRow) string { return fmt.Sprintf("%s,%s,%s", r.Cluster, r.Severity, r.Service) }),
		text("issue", "Issue", func(r issueRow) string { return r.ID }),
		column("id", nil, rows, func(r issueRow) string { return fmt.Sprintf("%s/%s/%d", r.Cluster, r.ID, r.OpenedAt.UnixMicro()) }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}

// issueText is what an annotation shows below its title.
func issueText(r issueRow) string {
	lines := []string{r.Description, r.LikelyCause}
	if best := r.best(); best != nil {
		lines = append(lines, best.Description)
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

// openIssues counts the open issues of a cluster by severity.
type openIssues map[string]map[explain.Severity]float64

// clustersPerCount is how many clusters are counted at a time: the store returns at most a thousand issues,
// and a cluster can't have more of them than there are gates.
const clustersPerCount = 20

func (d *Datasource) countIssues(ctx context.Context, clusters []string, q store.IssueQuery) (openIssues, error) {
	counts := openIssues{}
	for some := range slices.Chunk(clusters, clustersPerCount) {
		q.Clusters, q.Open, q.Limit = some, true, maxRows
		issues, err := d.store.Issues(ctx, q)
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

// issueCount is the number of open issues of a cluster and a severity.
type issueCount struct {
	cluster  string
	severity explain.Severity
	open     *float64
}

// issuesForAlert holds one number for each cluster and severity, 0 when there is no issue. It is null where
// nobody knows: without an assessment, or when the newest one is of an earlier situation.
func (d *Datasource) issuesForAlert(ctx context.Context, clusters []explained, without unassessed, a ask) (data.Frames, error) {
	var known []string
	for _, c := range clusters {
		if c.current() {
			known = append(known, c.Cluster)
		}
	}
	counts, err := d.countIssues(ctx, known, store.IssueQuery{Services: plainNames(a.services)})
	if err != nil {
		return nil, err
	}
	names := slices.Concat(without, namesOf(clusters))
	slices.Sort(names)
	asked := a.severities
	if len(asked) == 0 {
		asked = severities
	}
	var rows []issueCount
	for _, name := range names {
		for _, s := range asked {
			row := issueCount{cluster: name, severity: s}
			if slices.Contains(known, name) {
				row.open = new(counts[name][s])
			}
			rows = append(rows, row)
		}
	}
	return data.Frames{numbers("issues",
		column("cluster", titled("Cluster"), rows, func(r issueCount) string { return r.cluster }),
		column("severity", titled("Severity"), rows, func(r issueCount) string { return string(r.severity) }),
		column("open", inUnit("Open issues", "short"), rows, func(r issueCount) *float64 { return r.open }),
	)}, nil
}
