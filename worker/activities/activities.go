// Package activities is the worker's hands: it reads signals and logs, asks models, and writes the
// store, for the workflows that decide when.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// SignalReader knows how to read all signals of one cluster at one time. What it can't read is unknown
// in the snapshot; it never fails as a whole. The snapshot includes the task queues in keep, however well they are.
type SignalReader interface {
	Snapshot(ctx context.Context, at time.Time, keep []health.QueueKey) health.Snapshot
}

// Store knows how to keep what was decided.
type Store interface {
	SaveCycles(ctx context.Context, cycles []store.Cycle) error
	LoadMemory(ctx context.Context, cluster string) (memory json.RawMessage, found bool, err error)
	Prune(ctx context.Context, before time.Time) ([]store.Pruned, error)

	Cursors(ctx context.Context) ([]store.Cursor, error)
	Statuses(ctx context.Context, clusters []string) ([]store.ClusterStatus, error)
	EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]store.Event, error)
	Before(ctx context.Context, cluster string, at time.Time, n int) ([]health.Snapshot, error)
	Feedback(ctx context.Context, clusters, ids []string, limit int) ([]store.Feedback, error)

	SaveAssessment(ctx context.Context, a store.Assessment, f store.Findings) error
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
	LatestAssessments(ctx context.Context, clusters []string) ([]store.Assessment, error)

	SaveLogRead(ctx context.Context, r store.LogRead) error
	LogStates(ctx context.Context, clusters []string) ([]store.LogState, error)
	LogPatterns(ctx context.Context, q store.LogQuery) ([]store.LogPattern, error)

	SaveModelCalls(ctx context.Context, calls []store.ModelCall) error
	Spent(ctx context.Context, since time.Time) (store.Spent, error)
	SaveBudget(ctx context.Context, b store.Budget) error
}

// Activities are the activities of all workflows.
type Activities struct {
	// Clusters holds a reader for every configured cluster.
	Clusters map[string]SignalReader
	Store    Store
	// Logs holds every cluster whose logs are configured.
	Logs map[string]Logs
	// AmplifierThresholds are the own thresholds of amplifiers of clusters that have any.
	AmplifierThresholds map[string]map[health.SignalID]float64
	// Knowledge finds documents; nil finds none.
	Knowledge knowledge.Retriever
	// KnowledgeBase is nil unless there is one to be kept in step.
	KnowledgeBase KnowledgeBase
	Explainer     Explainer
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// Logger is told what goes wrong on the way; nil is not.
	Logger *slog.Logger
}

func (a *Activities) warn(message string, args ...any) {
	if a.Logger != nil {
		a.Logger.Warn(message, args...)
	}
}

// ReadSignals reads all signals of a cluster. The deadline of the activity is the deadline of the
// reading, less what it takes to report: an answer that says what is unknown is better than none.
func (a *Activities) ReadSignals(ctx context.Context, in workflows.ReadSignalsInput) (workflows.ReadSignalsOutput, error) {
	reader, ok := a.Clusters[in.Cluster]
	if !ok {
		return workflows.ReadSignalsOutput{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("cluster %q is not in the configuration", in.Cluster), workflows.ErrNotConfigured, nil)
	}
	began := time.Now()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
		defer cancel()
	}
	snapshot := reader.Snapshot(ctx, in.At, in.Keep)
	a.Metrics.observed(in.Cluster, snapshot, time.Since(began))
	return workflows.ReadSignalsOutput{Snapshot: snapshot}, nil
}

// StoreCycles writes cycles in their order. Writing them again changes nothing.
func (a *Activities) StoreCycles(ctx context.Context, in workflows.StoreCyclesInput) (workflows.StoreCyclesOutput, error) {
	cycles := make([]store.Cycle, len(in.Cycles))
	for i, c := range in.Cycles {
		memory, err := json.Marshal(c.Memory)
		if err != nil {
			return workflows.StoreCyclesOutput{}, fmt.Errorf("writing the memory of cluster %q as JSON: %w", c.Verdict.Cluster, err)
		}
		cycles[i] = store.Cycle{Verdict: c.Verdict, Snapshot: c.Snapshot, Memory: memory, Interval: c.Interval}
	}
	err := a.Store.SaveCycles(ctx, cycles)
	a.Metrics.stored(cycles, err)
	return workflows.StoreCyclesOutput{}, storeError(err)
}

// LoadMemory reads what the store remembers of a cluster.
func (a *Activities) LoadMemory(ctx context.Context, in workflows.LoadMemoryInput) (workflows.LoadMemoryOutput, error) {
	memory, found, err := a.Store.LoadMemory(ctx, in.Cluster)
	return workflows.LoadMemoryOutput{Memory: memory, Found: found}, storeError(err)
}

// Prune deletes history in small batches.
func (a *Activities) Prune(ctx context.Context, in workflows.PruneInput) (workflows.PruneOutput, error) {
	// The store deletes in batches without telling.
	defer alive(ctx)()
	pruned, err := a.Store.Prune(ctx, time.Now().Add(-in.Retention))
	var rows int64
	for _, p := range pruned {
		rows += p.Rows
	}
	return workflows.PruneOutput{Rows: rows}, storeError(err)
}

// storeError tells Temporal which errors no second attempt can mend.
func storeError(err error) error {
	if errors.Is(err, store.ErrEventGap) || errors.Is(err, store.ErrEventConflict) {
		return temporal.NewNonRetryableApplicationError(err.Error(), workflows.ErrOutOfStep, err)
	}
	if err := badInput(err); temporal.IsApplicationError(err) {
		return err
	}
	for _, final := range []error{store.ErrNewerSchema, store.ErrNoSchema, store.ErrOlderSchema, store.ErrReadOnly, store.ErrNotPermitted} {
		if errors.Is(err, final) {
			return temporal.NewNonRetryableApplicationError(err.Error(), "StoreUnusable", err)
		}
	}
	return err
}

// badInput tells Temporal what no store ever takes. Other errors may pass as long as somebody waits: a store
// that is read-only, or not set up, is mended by people.
func badInput(err error) error {
	for _, bad := range []error{store.ErrBadCycle, store.ErrBadAssessment, store.ErrBadLogRead, store.ErrBadUsage} {
		if errors.Is(err, bad) {
			return temporal.NewNonRetryableApplicationError(err.Error(), "NotStorable", err)
		}
	}
	return err
}
