package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Clusters lists the clusters that were ever stored, sorted by name.
func (s *Store) Clusters(ctx context.Context) ([]string, error) {
	heads, err := s.Heads(ctx)
	names := make([]string, len(heads))
	for i, head := range heads {
		names[i] = head.Cluster
	}
	return names, err
}

// Heads tells for every cluster how far its events and cycles have come, sorted by name. It is the cheapest
// question there is: a live view asks it again and again and reads more only when the answer has changed.
func (s *Store) Heads(ctx context.Context) ([]Head, error) {
	heads, err := readAll(ctx, s, "reading the clusters", `select cluster, seq, at, assessed_at from copilot.clusters_now`, nil,
		func(row pgx.CollectableRow) (Head, error) {
			var (
				h        Head
				assessed *time.Time
			)
			err := row.Scan(&h.Cluster, &h.Seq, &h.At, &assessed)
			h.At, h.AssessedAt = h.At.UTC(), orZero(assessed)
			return h, err
		})
	// Sorted here, since databases differ in how they sort names.
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return heads, err
}

// Now returns the last cycle of the clusters, or of all when none is named, sorted by name. A cluster that
// was never stored is left out.
func (s *Store) Now(ctx context.Context, clusters []string) ([]Now, error) {
	var where conditions
	where.in("cluster", clusters)
	all, err := readAll(ctx, s, "reading the clusters' last cycles",
		`select cluster, at, interval_ms, seq, verdict, snapshot from copilot.clusters_now`+where.sql(), where.args,
		func(row pgx.CollectableRow) (Now, error) {
			var (
				n                 Now
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
	slices.SortFunc(all, func(a, b Now) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all, err
}

// orZero is a time that may be NULL: the zero time stands for it.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// readAll runs a query and collects its rows. doing says in an error what failed.
func readAll[T any](ctx context.Context, s *Store, doing, sql string, args []any, scan pgx.RowToFunc[T]) ([]T, error) {
	if err := s.checkReadable(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, explained(err))
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, explained(err))
	}
	return all, nil
}

// conditions collects the WHERE clause of a query. Values only ever become parameters.
type conditions struct {
	terms []string
	args  []any
}

// and adds a term in which %s stands for the value's placeholder.
func (c *conditions) and(term string, value any) {
	c.args = append(c.args, value)
	c.terms = append(c.terms, fmt.Sprintf(term, fmt.Sprintf("$%d", len(c.args))))
}

// in adds a term that the column has one of the values. No values are no condition.
func (c *conditions) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	var places []string
	for _, value := range values {
		c.args = append(c.args, text(value))
		places = append(places, fmt.Sprintf("$%d", len(c.args)))
	}
	c.terms = append(c.terms, fmt.Sprintf("%s in (%s)", column, strings.Join(places, ", ")))
}

// arg adds a value and returns its placeholder.
func (c *conditions) arg(value any) string {
	c.args = append(c.args, value)
	return fmt.Sprintf("$%d", len(c.args))
}

// each are conditions for the clusters one by one.
func (c *conditions) each(clusters []string) []string {
	groups := make([]string, len(clusters))
	for i, cluster := range clusters {
		groups[i] = "cluster = " + c.arg(text(cluster))
	}
	return groups
}

// newestOfEach are the first rows of each group that meet the conditions, in an order that an index of the table has.
// Whoever sorts them all in the same order reads each index only as far as rows are wanted, instead of every
// row of every group.
func (c *conditions) newestOfEach(groups []string, columns, table, order, limit string) string {
	var each []string
	for _, group := range groups {
		terms := strings.Join(append([]string{group}, c.terms...), " and ")
		each = append(each, fmt.Sprintf("(select %s from copilot.%s where %s order by %s limit %s)", columns, table, terms, order, limit))
	}
	return strings.Join(each, " union all ")
}

// last is the placeholder of the last value.
func (c *conditions) last() string { return fmt.Sprintf("$%d", len(c.args)) }

// step is the number of the bucket of this length that a row's time falls into. Without a length all rows
// share one.
func (c *conditions) step(length time.Duration) string {
	if length <= 0 {
		return "0::bigint"
	}
	c.args = append(c.args, length.Seconds())
	return bucketOf(c.last())
}

func (c *conditions) sql() string {
	if len(c.terms) == 0 {
		return ""
	}
	return " where " + strings.Join(c.terms, " and ")
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
