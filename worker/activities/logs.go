package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// LogReader knows how to count the known patterns in the lines of one cluster since a cursor.
type LogReader interface {
	Read(ctx context.Context, cursor logs.Cursor, now time.Time) (logs.Reading, error)
}

// Logs are a cluster's log lines.
type Logs struct {
	Reader LogReader
	// Patterns are those that the Reader looks for. They say which service each of them concerns.
	Patterns []logs.Pattern
	// Window is how far from an event a log pattern is taken to belong to it.
	Window time.Duration
}

// ReadLogs reads the lines since the cursor. Logs that can't be read are an answer, with the reason.
func (a *Activities) ReadLogs(ctx context.Context, in workflows.ReadLogsInput) (workflows.ReadLogsOutput, error) {
	source, ok := a.Logs[in.Cluster]
	if !ok {
		return workflows.ReadLogsOutput{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("the logs of cluster %q are not in the configuration", in.Cluster), workflows.ErrNotConfigured, nil)
	}
	var cursor logs.Cursor
	if len(in.Cursor) > 0 {
		if err := json.Unmarshal(in.Cursor, &cursor); err != nil {
			return workflows.ReadLogsOutput{}, temporal.NewNonRetryableApplicationError("the cursor of the logs can't be read", "CorruptCursor", err)
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
		defer cancel()
	}
	reading, err := source.Reader.Read(ctx, cursor, in.At)
	a.Metrics.readLogs(in.Cluster, err)
	if err != nil {
		return workflows.ReadLogsOutput{Cursor: in.Cursor, Through: cursor.Through, Unavailable: unreadable(err)}, nil
	}
	next, err := json.Marshal(reading.Cursor)
	if err != nil {
		return workflows.ReadLogsOutput{}, fmt.Errorf("writing the cursor of the logs of cluster %q: %w", in.Cluster, err)
	}
	var remarks []string
	for _, remark := range []string{reading.Silent, reading.GaveUp} {
		if remark != "" {
			remarks = append(remarks, remark)
		}
	}
	return workflows.ReadLogsOutput{Cursor: next, Through: reading.Through, Counts: reading.Counts, PerMinute: reading.RatePerMin,
		Unavailable: strings.Join(remarks, "; "), More: reading.More}, nil
}

// unreadable says why logs can't be read.
func unreadable(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}

// StoreLogs writes readings in their order. Writing them again changes nothing.
func (a *Activities) StoreLogs(ctx context.Context, in workflows.StoreLogsInput) (workflows.StoreLogsOutput, error) {
	for _, r := range in.Reads {
		if err := a.Store.SaveLogRead(ctx, store.LogRead(r)); err != nil {
			return workflows.StoreLogsOutput{}, storeError(err)
		}
	}
	return workflows.StoreLogsOutput{}, nil
}
