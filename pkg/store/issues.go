package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Issue is a problem with an identity, from when it was first seen to when it was gone.
type Issue struct {
	Cluster string
	// ID is rule@service. An issue that comes back after it was resolved opens again, as a row of its own.
	ID       string
	OpenedAt time.Time
	// LastAt is the time of the last assessment that saw it.
	LastAt time.Time
	// ResolvedAt is nil while the issue is open.
	ResolvedAt *time.Time
	// Severity is warning or critical.
	Severity    string
	Service     string
	Gate        string
	Title       string
	Description string
	LikelyCause string
	// Assessment is the id of the last assessment that saw it.
	Assessment string
	// Issue is the whole explain.Issue as JSON: related signals, logs, and suggested actions.
	Issue json.RawMessage
}

// Findings are what an assessment says about issues.
type Findings struct {
	// Issues are those that are there now. Only the fields that describe them are read: the store knows
	// since when they are open.
	Issues []Issue
	// Unknowable are ids of issues of which the evidence can't tell whether they are still there. They stay as they are.
	Unknowable []string
}

// IssueQuery asks for issues: open ones first, then critical before warning, then the latest.
type IssueQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To: issues that were open at some time in between. A zero time is no bound.
	From, To time.Time
	// Open leaves out resolved issues.
	Open       bool
	Severities []string
	Services   []string
	// Limit is the most issues to return. 0 means 100, more than 1,000 means 1,000.
	Limit int
}

// The severities of issues.
const (
	SeverityWarning  = "warning"
	SeverityCritical = "critical"
)

// Issues returns issues, open ones first, then critical before warning, then those that opened last. An issue is
// open from OpenedAt, included, to ResolvedAt, which is not.
func (s *Store) Issues(ctx context.Context, q IssueQuery) ([]Issue, error) {
	const doing = "reading issues"
	clusters, err := s.names(ctx, doing, q.Clusters)
	if err != nil || len(clusters) == 0 {
		return nil, err
	}
	var where conditions
	if !q.To.IsZero() {
		where.and("opened_at < %s", q.To)
	}
	where.in("severity", q.Severities)
	where.in("service", q.Services)
	groups, limit := where.each(clusters), where.arg(limited(q.Limit, defaultAssessments, maxAssessments))
	// One tier after the other, each along its index, so that none is read further than rows are wanted.
	tiers := []string{where.tier(groups, "resolved_at is null", "severity <> 'critical', opened_at desc", limit)}
	resolved := "resolved_at is not null"
	if !q.From.IsZero() {
		resolved = "resolved_at > " + where.arg(q.From)
	}
	for _, severity := range []string{SeverityCritical, SeverityWarning} {
		if !q.Open && (len(q.Severities) == 0 || slices.Contains(q.Severities, severity)) {
			tiers = append(tiers, where.tier(groups, fmt.Sprintf("severity = '%s' and %s", severity, resolved), "opened_at desc", limit))
		}
	}
	sql := fmt.Sprintf(`select %s from (%s) as tiers order by resolved_at is not null, severity <> 'critical', opened_at desc, cluster, id desc limit %s`,
		issueColumns, strings.Join(tiers, " union all "), limit)
	return readAll(ctx, s, doing, sql, where.args, func(row pgx.CollectableRow) (Issue, error) {
		var (
			i        Issue
			resolved *time.Time
		)
		err := row.Scan(&i.Cluster, &i.ID, &i.OpenedAt, &i.LastAt, &resolved, &i.Severity, &i.Service, &i.Gate, &i.Title, &i.Description,
			&i.LikelyCause, &i.Assessment, (*[]byte)(&i.Issue))
		i.OpenedAt, i.LastAt = i.OpenedAt.UTC(), i.LastAt.UTC()
		if resolved != nil {
			utc := resolved.UTC()
			i.ResolvedAt = &utc
		}
		return i, err
	})
}

// tier are the first issues of all clusters that have something in common.
func (c *conditions) tier(clusters []string, common, order, limit string) string {
	var groups []string
	for _, cluster := range clusters {
		groups = append(groups, cluster+" and "+common)
	}
	newest := c.newestOfEach(groups, issueColumns, "issues", order+", id desc", limit)
	return fmt.Sprintf("(select %s from (%s) as tier order by %s, cluster, id desc limit %s)", issueColumns, newest, order, limit)
}

const issueColumns = `cluster, id, opened_at, last_at, resolved_at, severity, service, gate, title, description, likely_cause, assessment, issue`
