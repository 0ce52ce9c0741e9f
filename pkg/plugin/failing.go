package plugin

import (
	"context"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/failure"
	"github.com/temporal-sre/copilot/pkg/store"
)

// failingStore stands in for the store of a data source whose settings can't work: every question gets the
// reason for an answer.
type failingStore struct{ reason error }

var _ reader = failingStore{}

func (u failingStore) err() error { return &failure.SettingsError{Reason: u.reason} }

func (u failingStore) Statuses(context.Context, []string) ([]store.ClusterStatus, error) {
	return nil, u.err()
}
func (u failingStore) Cursors(context.Context) ([]store.Cursor, error) { return nil, u.err() }
func (u failingStore) Check(context.Context) (store.Health, error)     { return store.Health{}, u.err() }
func (u failingStore) Close()                                          {}

func (u failingStore) Before(context.Context, string, time.Time, int) ([]health.Snapshot, error) {
	return nil, u.err()
}

func (u failingStore) Spans(context.Context, []string, time.Time, time.Time) ([]store.Span, error) {
	return nil, u.err()
}

func (u failingStore) Series(context.Context, store.SeriesQuery) ([]store.Series, error) {
	return nil, u.err()
}

func (u failingStore) Events(context.Context, store.EventQuery) ([]store.Event, error) {
	return nil, u.err()
}

func (u failingStore) EventsAfter(context.Context, string, int64, int) ([]store.Event, error) {
	return nil, u.err()
}

func (u failingStore) LatestAssessments(context.Context, []string) ([]store.Assessment, error) {
	return nil, u.err()
}

func (u failingStore) Assessments(context.Context, store.AssessmentQuery) ([]store.Assessment, error) {
	return nil, u.err()
}

func (u failingStore) Issues(context.Context, store.IssueQuery) ([]store.Issue, error) {
	return nil, u.err()
}

func (u failingStore) Feedback(context.Context, []string, []string, int) ([]store.Feedback, error) {
	return nil, u.err()
}

func (u failingStore) SaveFeedback(context.Context, store.Feedback) error { return u.err() }

func (u failingStore) LogStates(context.Context, []string) ([]store.LogState, error) {
	return nil, u.err()
}

func (u failingStore) LogPatterns(context.Context, store.LogQuery) ([]store.LogPattern, error) {
	return nil, u.err()
}

func (u failingStore) Usage(context.Context, store.UsageQuery) ([]store.Usage, error) {
	return nil, u.err()
}

func (u failingStore) LoadBudget(context.Context) (store.Budget, bool, error) {
	return store.Budget{}, false, u.err()
}
