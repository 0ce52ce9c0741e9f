package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

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
	where.in("cluster", clusters)
	if !q.From.IsZero() {
		where.and("(resolved_at is null or resolved_at > %s)", q.From)
	}
	if !q.To.IsZero() {
		where.and("opened_at < %s", q.To)
	}
	if q.Open {
		where.terms = append(where.terms, "resolved_at is null")
	}
	where.in("severity", q.Severities)
	where.in("service", q.Services)
	where.args = append(where.args, explainedLimit(q.Limit))
	sql := `select cluster, id, opened_at, last_at, resolved_at, severity, service, gate, title, description, likely_cause, assessment, issue
		from copilot.issues` + where.sql() + `
		order by resolved_at is not null, severity <> 'critical', opened_at desc, cluster, id limit ` + where.last()
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
