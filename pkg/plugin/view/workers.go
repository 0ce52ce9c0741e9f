package view

import (
	"context"
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// workersSeen is how far back worker metrics are looked for: further back it was another deployment.
const workersSeen = 6 * time.Hour

// WorkerMetricsStopped says of clusters whose worker metrics are unknown now and were known before when they stopped: that
// workers died must not read as if they had never been scraped.
func (d Reader) WorkerMetricsStopped(ctx context.Context, clusters []Present) (Notices, error) {
	var notices Notices
	for _, c := range clusters {
		if c.Silent || c.knowsWorkers() {
			continue
		}
		last, err := d.lastKnown(ctx, c)
		if err != nil {
			return nil, err
		}
		if last.IsZero() {
			continue
		}
		text := fmt.Sprintf("Worker metrics of cluster %q stopped at %s", c.Cluster, Clock(last))
		if pollers, known := c.Snapshot.Value(health.MatchingWorkflowPoll); known && pollers == 0 {
			notices.Warn(text + ", and no worker polls: the workers are gone, or cannot reach the cluster.")
		} else {
			notices.Warn(text + ": check that Prometheus still scrapes the workers.")
		}
	}
	return notices, nil
}

// knowsWorkers: at least one signal of the workers' own is known.
func (p Present) knowsWorkers() bool {
	for _, s := range health.Signals() {
		if _, known := p.Snapshot.Value(s.ID); known && s.Class == health.Worker {
			return true
		}
	}
	return false
}

// lastKnown is when a signal of the workers was last known, zero where none was of late.
func (d Reader) lastKnown(ctx context.Context, c Present) (time.Time, error) {
	curves, err := d.Store.Series(ctx, store.SeriesQuery{
		Clusters: []string{c.Cluster}, Signals: []health.SignalID{health.WorkflowPollers, health.WorkflowSlots},
		From: c.At.Add(-workersSeen), To: c.At, Points: int(workersSeen / interval(c.Interval)),
	})
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, curve := range curves {
		for _, p := range curve.Points {
			if p.Value != nil && p.At.After(last) {
				last = p.At
			}
		}
	}
	return last, nil
}
