package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

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
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
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

// between adds that a time is not before from and before to. A zero time is no bound.
func (c *conditions) between(column string, from, to time.Time) {
	if !from.IsZero() {
		c.and(column+" >= %s", from)
	}
	if !to.IsZero() {
		c.and(column+" < %s", to)
	}
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

// limited is how many rows to return: the usual number where none is asked for, and never more than the most.
func limited(limit, usual, most int) int {
	if limit <= 0 {
		return usual
	}
	return min(limit, most)
}

func plain[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}
