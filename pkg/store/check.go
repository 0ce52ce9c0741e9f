package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// Health says how the store is.
type Health struct {
	// Server is how the database introduces itself.
	Server string
	// Schema is the version of the schema in the database, 0 when there is none, and Expected the
	// version that this program needs.
	Schema, Expected int
	// MissingColumns lists the signals that the tables have no column for yet, as table.column.
	MissingColumns []string
	// Writable: this role may write. The plugin's role should not.
	Writable bool
	// Clusters is how many clusters were ever stored.
	Clusters int
	// Newest is the last stored cycle of any cluster, zero when there is none.
	Newest time.Time
}

// Check looks at the store from the connection to the last cycle. The error says what is wrong first (ErrUnreachable,
// ErrAuth, ErrNoSchema, ErrOlderSchema, ErrNewerSchema, ErrNotPermitted); what was learned until then is returned
// with it. A role that may only read is no error.
func (s *Store) Check(ctx context.Context) (Health, error) {
	health := Health{Expected: schema.Version}
	if err := s.check(ctx, &health); err != nil {
		return health, fmt.Errorf("checking the store: %w", err)
	}
	return health, nil
}

func (s *Store) check(ctx context.Context, health *Health) error {
	if err := s.pool.QueryRow(ctx, `select version()`).Scan(&health.Server); err != nil {
		return typed(err)
	}
	var err error
	if health.Schema, err = s.schemaVersion(ctx); err != nil {
		return err
	}
	if err := compareSchema(health.Schema); err != nil {
		return err
	}
	for _, table := range schema.SignalTables {
		missing, err := s.missingColumns(ctx, table)
		if err != nil {
			return err
		}
		for _, name := range missing {
			health.MissingColumns = append(health.MissingColumns, table+"."+name)
		}
	}
	var newest *time.Time
	err = s.pool.QueryRow(ctx, `select count(*), max(at) from copilot.clusters_now`).Scan(&health.Clusters, &newest)
	if err != nil {
		return typed(err)
	}
	if newest != nil {
		health.Newest = newest.UTC()
	}
	if health.Writable, err = s.mayWrite(ctx); err != nil {
		return err
	}
	if len(health.MissingColumns) > 0 {
		return fmt.Errorf("%w (%d signals have no column)", ErrOlderSchema, len(health.MissingColumns))
	}
	return nil
}

// mayWrite tries a change that meets no row: rights, and whether the server takes changes, are looked at
// before rows are.
func (s *Store) mayWrite(ctx context.Context) (bool, error) {
	_, err := s.pool.Exec(ctx, `update copilot.clusters_now set seq = seq where false`)
	err = typed(err)
	if errors.Is(err, ErrNotPermitted) || errors.Is(err, ErrReadOnly) {
		return false, nil
	}
	return err == nil, err
}

// Table says how much a table holds.
type Table struct {
	Name string
	Rows int64
	// Oldest and Newest are the times of its oldest and newest row, zero when it is empty.
	Oldest, Newest time.Time
}

// Tables counts the rows of the store's tables. It reads all of them.
func (s *Store) Tables(ctx context.Context) ([]Table, error) {
	var all []Table
	for _, table := range schema.Tables {
		sql := fmt.Sprintf(`select count(*), min(%[1]s), max(%[1]s) from copilot.%[2]s`, table.Time, table.Name)
		counted, err := readAll(ctx, s, "counting the rows of "+table.Name, sql, nil, func(row pgx.CollectableRow) (Table, error) {
			found := Table{Name: table.Name}
			var oldest, newest *time.Time
			err := row.Scan(&found.Rows, &oldest, &newest)
			if oldest != nil && newest != nil {
				found.Oldest, found.Newest = oldest.UTC(), newest.UTC()
			}
			return found, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, counted...)
	}
	return all, nil
}
