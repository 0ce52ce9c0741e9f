// Package view is what the store says, judged as of a moment: clusters and how fresh they are, their explanations,
// issues, logs, sources and states over time. Frames and JSON are made of it.
package view

import (
	"context"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Store is what views are read from.
type Store interface {
	Statuses(ctx context.Context, clusters []string) ([]store.ClusterStatus, error)
	Before(ctx context.Context, cluster string, at time.Time, n int) ([]health.Snapshot, error)
	Cursors(ctx context.Context) ([]store.Cursor, error)
	Spans(ctx context.Context, clusters []string, from, to time.Time) ([]store.Span, error)
	Series(ctx context.Context, q store.SeriesQuery) ([]store.Series, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.Event, error)
	EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]store.Event, error)
	LatestAssessments(ctx context.Context, clusters []string) ([]store.Assessment, error)
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
	Issues(ctx context.Context, q store.IssueQuery) ([]store.Issue, error)
	Feedback(ctx context.Context, clusters, ids []string, limit int) ([]store.Feedback, error)
	LogStates(ctx context.Context, clusters []string) ([]store.LogState, error)
	LogPatterns(ctx context.Context, q store.LogQuery) ([]store.LogPattern, error)
	Usage(ctx context.Context, q store.UsageQuery) ([]store.Usage, error)
	LoadBudget(ctx context.Context) (store.Budget, bool, error)
}

// Reader reads the store and judges what it finds as of now.
type Reader struct {
	Store Store
	Now   func() time.Time
}
