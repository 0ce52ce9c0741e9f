package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// ClusterStatus is the last cycle of a cluster.
type ClusterStatus struct {
	Cluster string
	// At is when the last cycle read its signals.
	At       time.Time
	Interval time.Duration
	// Seq is the number of the cluster's last event, 0 before the first.
	Seq      int64
	Verdict  health.Verdict
	Snapshot health.Snapshot
}

// Cursor is where a cluster's events, cycles and explanations have come to: what a live view polls.
type Cursor struct {
	Cluster string
	// Seq is the number of the cluster's last event, 0 before the first.
	Seq int64
	// At is when the last cycle read its signals.
	At time.Time
	// AssessedAt is when the last explanation was ready, zero before the first. It moves on with every explanation
	// that is stored, by a microsecond when one is stored after a younger one.
	AssessedAt time.Time
}

// Clusters lists the clusters that were ever stored, sorted by name.
func (s *Store) Clusters(ctx context.Context) ([]string, error) {
	cursors, err := s.Cursors(ctx)
	names := make([]string, len(cursors))
	for i, cursor := range cursors {
		names[i] = cursor.Cluster
	}
	return names, err
}

// Cursors tells for every cluster how far its events and cycles have come, sorted by name. It is the cheapest
// question there is: a live view asks it again and again and reads more only when the answer has changed.
func (s *Store) Cursors(ctx context.Context) ([]Cursor, error) {
	cursors, err := readAll(ctx, s, "reading the clusters", `select cluster, seq, at, assessed_at from copilot.clusters_now`, nil,
		func(row pgx.CollectableRow) (Cursor, error) {
			var (
				h        Cursor
				assessed *time.Time
			)
			err := row.Scan(&h.Cluster, &h.Seq, &h.At, &assessed)
			h.At, h.AssessedAt = h.At.UTC(), orZero(assessed)
			return h, err
		})
	// Sorted here, since databases differ in how they sort names.
	slices.SortFunc(cursors, func(a, b Cursor) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return cursors, err
}

// Statuses returns the last cycle of the clusters, or of all when none is named, sorted by name. A cluster that
// was never stored is left out.
func (s *Store) Statuses(ctx context.Context, clusters []string) ([]ClusterStatus, error) {
	var where conditions
	where.in("cluster", clusters)
	all, err := readAll(ctx, s, "reading the clusters' last cycles",
		`select cluster, at, interval_ms, seq, verdict, snapshot from copilot.clusters_now`+where.sql(), where.args,
		func(row pgx.CollectableRow) (ClusterStatus, error) {
			var (
				n                 ClusterStatus
				intervalMS        int64
				verdict, snapshot []byte
			)
			if err := row.Scan(&n.Cluster, &n.At, &intervalMS, &n.Seq, &verdict, &snapshot); err != nil {
				return n, err
			}
			n.At, n.Interval = n.At.UTC(), time.Duration(intervalMS)*time.Millisecond
			if err := json.Unmarshal(verdict, &n.Verdict); err != nil {
				return n, fmt.Errorf("the stored verdict of cluster %q: %w", n.Cluster, err)
			}
			if err := json.Unmarshal(snapshot, &n.Snapshot); err != nil {
				return n, fmt.Errorf("the stored snapshot of cluster %q: %w", n.Cluster, err)
			}
			return n, nil
		})
	slices.SortFunc(all, func(a, b ClusterStatus) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all, err
}

// names returns the clusters without doubles, sorted, or those that the store knows when none is named: a table
// with a long history is read along its key, which begins with the cluster.
func (s *Store) names(ctx context.Context, doing string, clusters []string) ([]string, error) {
	if len(clusters) > 0 {
		if err := s.checkReadable(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		return slices.Compact(slices.Sorted(slices.Values(clusters))), nil
	}
	cadences, err := s.cadences(ctx, doing, nil)
	var names []string
	for _, c := range cadences {
		names = append(names, c.cluster)
	}
	return names, err
}

// cadence is a cluster and the time between its cycles.
type cadence struct {
	cluster  string
	interval time.Duration
}

// cadences returns those of the clusters that are stored, or all when none is named, sorted by name.
func (s *Store) cadences(ctx context.Context, doing string, clusters []string) ([]cadence, error) {
	var where conditions
	where.in("cluster", clusters)
	found, err := readAll(ctx, s, doing, `select cluster, interval_ms from copilot.clusters_now`+where.sql(), where.args,
		func(row pgx.CollectableRow) (cadence, error) {
			var (
				c          cadence
				intervalMS int64
			)
			err := row.Scan(&c.cluster, &intervalMS)
			c.interval = time.Duration(intervalMS) * time.Millisecond
			return c, err
		})
	slices.SortFunc(found, func(a, b cadence) int { return cmp.Compare(a.cluster, b.cluster) })
	return found, err
}
