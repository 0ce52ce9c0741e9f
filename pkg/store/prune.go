package store

import (
	"context"
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// DefaultRetention is how long history is kept unless an operator decides otherwise.
const DefaultRetention = 30 * 24 * time.Hour

// pruneBatch is the most rows that one transaction deletes. DSQL allows 3,000 changed rows.
const pruneBatch = 1000

// Pruned says how much of a table was deleted.
type Pruned struct {
	Table string
	Rows  int64
}

// aging is a kind of rows that grow old: which rows of a table, the column that sorts them, and when a row is
// older than $2. Where many rows have the same time, key tells them apart.
type aging struct{ table, within, sort, old, key string }

var agings = func() []aging {
	list := []aging{
		{table: "snapshots", within: "cluster = $1", sort: "at", old: "at < $2"},
		{table: "spans", within: "cluster = $1", sort: "started_at", old: "started_at < $2 and last_at < $2"},
		{table: "events", within: "cluster = $1", sort: "at", old: "at < $2"},
		{table: "assessments", within: "cluster = $1", sort: "at", old: "at < $2"},
		// An open issue has no end, however old it is.
		{table: "issues", within: "cluster = $1", sort: "resolved_at", old: "resolved_at < $2"},
		{table: "log_patterns", within: "cluster = $1", sort: "at", old: "at < $2", key: "at, pattern, service, read_at"},
		{table: "feedback", within: "cluster = $1", sort: "at", old: "at < $2", key: "at, assessment, author"},
		{table: "model_calls", within: "cluster = $1", sort: "at", old: "at < $2"},
	}
	for _, level := range logLevels {
		within := fmt.Sprintf("cluster = $1 and step_sec = %d", int64(level.step/time.Second))
		old := fmt.Sprintf("at < $2::timestamptz - interval '%d seconds'", int64(level.length/time.Second))
		list = append(list, aging{table: "log_pages", within: within, sort: "at", old: old, key: "at, pattern, service"})
	}
	for _, step := range rollupSteps {
		within := fmt.Sprintf("cluster = $1 and step_sec = %d", int64(step/time.Second))
		list = append(list, aging{table: "rollups", within: within, sort: "at", old: "at < $2"})
	}
	return list
}()

// Prune deletes the history before a time: signals, events, explanations, log patterns and calls to models, and runs
// of states and issues that ended before it. "Now" stays, since it holds a cluster's memory and the number of its
// last event: a cluster that is gone for good is removed from copilot.clusters_now by hand. Prune works in small
// transactions, so it can be stopped and repeated; what was deleted before an error is counted in its result.
func (s *Store) Prune(ctx context.Context, before time.Time) ([]Pruned, error) {
	if err := s.checkReadable(ctx); err != nil {
		return nil, fmt.Errorf("pruning: %w", err)
	}
	deleted := make(map[string]int64)
	var failed error
	for _, a := range agings {
		rows, err := s.prune(ctx, a, stored(before))
		deleted[a.table] += rows
		if err != nil {
			failed = fmt.Errorf("pruning %s: %w", a.table, readOnly(err))
			break
		}
	}
	var report []Pruned
	for _, table := range schema.Tables {
		if rows, ok := deleted[table.Name]; ok {
			report = append(report, Pruned{table.Name, rows})
		}
	}
	return report, failed
}

// prune goes from cluster to cluster along the primary key, so that it also finds what a cluster that was
// removed by hand has left.
func (s *Store) prune(ctx context.Context, a aging, before time.Time) (rows int64, err error) {
	next := fmt.Sprintf(`select min(cluster) from copilot.%s where cluster > $1`, a.table)
	for cluster := ""; ; {
		var found *string
		if err := s.pool.QueryRow(ctx, next, cluster).Scan(&found); err != nil {
			return rows, typed(err)
		}
		if found == nil {
			return rows, nil
		}
		cluster = *found
		n, err := s.pruneCluster(ctx, a, cluster, before)
		rows += n
		if err != nil {
			return rows, err
		}
	}
}

func (s *Store) pruneCluster(ctx context.Context, a aging, cluster string, before time.Time) (rows int64, err error) {
	// The inner query finds where the batch ends, so that both run along the key.
	sql := fmt.Sprintf(`delete from copilot.%[1]s where %[2]s and %[4]s and %[3]s <= coalesce(
		(select %[3]s from copilot.%[1]s where %[2]s and %[4]s order by %[3]s limit 1 offset %[5]d), $2)`,
		a.table, a.within, a.sort, a.old, pruneBatch-1)
	if a.key != "" {
		sql += fmt.Sprintf(` and (%[5]s) in (select %[5]s from copilot.%[1]s where %[2]s and %[4]s order by %[3]s limit %[6]d)`,
			a.table, a.within, a.sort, a.old, a.key, pruneBatch)
	}
	for {
		var deleted int64
		err := s.retry(ctx, func() error {
			tag, err := s.pool.Exec(ctx, sql, cluster, before)
			deleted = tag.RowsAffected()
			return err
		})
		if err != nil {
			return rows, err
		}
		rows += deleted
		if deleted < pruneBatch {
			return rows, nil
		}
	}
}
