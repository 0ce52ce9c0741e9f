package plugin

import (
	"context"
	"time"

	"github.com/temporal-sre/copilot/pkg/store"
)

// unusable stands in for the store of a data source whose settings can't work: every question gets the
// reason for an answer.
type unusable struct{ reason error }

var _ reader = unusable{}

// settingsError: the settings can't work, whatever the database does.
type settingsError struct{ reason error }

func (e *settingsError) Error() string { return e.reason.Error() }
func (e *settingsError) Unwrap() error { return e.reason }

func (u unusable) err() error { return &settingsError{u.reason} }

func (u unusable) Statuses(context.Context, []string) ([]store.ClusterStatus, error) {
	return nil, u.err()
}
func (u unusable) Cursors(context.Context) ([]store.Cursor, error) { return nil, u.err() }
func (u unusable) Check(context.Context) (store.Health, error)     { return store.Health{}, u.err() }
func (u unusable) Close()                                          {}

func (u unusable) Spans(context.Context, []string, time.Time, time.Time) ([]store.Span, error) {
	return nil, u.err()
}

func (u unusable) Series(context.Context, store.SeriesQuery) ([]store.Series, error) {
	return nil, u.err()
}

func (u unusable) Events(context.Context, store.EventQuery) ([]store.Event, error) {
	return nil, u.err()
}

func (u unusable) EventsAfter(context.Context, string, int64, int) ([]store.Event, error) {
	return nil, u.err()
}

func (u unusable) LatestAssessments(context.Context, []string) ([]store.Assessment, error) {
	return nil, u.err()
}

func (u unusable) Assessments(context.Context, store.AssessmentQuery) ([]store.Assessment, error) {
	return nil, u.err()
}

func (u unusable) Issues(context.Context, store.IssueQuery) ([]store.Issue, error) {
	return nil, u.err()
}

func (u unusable) LogStates(context.Context, []string) ([]store.LogState, error) {
	return nil, u.err()
}

func (u unusable) LogPatterns(context.Context, store.LogQuery) ([]store.LogPattern, error) {
	return nil, u.err()
}

func (u unusable) Usage(context.Context, store.UsageQuery) ([]store.Usage, error) {
	return nil, u.err()
}

func (u unusable) LoadBudget(context.Context) (store.Budget, bool, error) {
	return store.Budget{}, false, u.err()
}
