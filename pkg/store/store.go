package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// Store is a pool of connections to the state store. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	// dsql: the database is Aurora DSQL, so statements that only PostgreSQL takes are left out.
	dsql bool
	// readable is set once the schema was seen to be one that this program reads.
	readable atomic.Bool
	// paged is set once it is known since when log patterns are kept in pages.
	paged atomic.Pointer[time.Time]
}

// Open prepares a store. It does not connect: the first use does, and Check tells how that went.
// Close releases the connections.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	return open(ctx, cfg, nil)
}

func open(ctx context.Context, cfg Config, tracer pgx.QueryTracer) (*Store, error) {
	poolConfig, err := cfg.poolConfig()
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	poolConfig.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return &Store{pool: pool, dsql: cfg.DSQL != nil}, nil
}

// Close closes all connections, after waiting for those in use.
func (s *Store) Close() { s.pool.Close() }

// checkReadable looks at the schema's version before the first read, so that an empty or a newer store says
// so in words instead of failing with a missing table or, worse, being misread.
func (s *Store) checkReadable(ctx context.Context) error {
	if s.readable.Load() {
		return nil
	}
	version, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if err := compareSchema(version); err != nil {
		return err
	}
	s.readable.Store(true)
	return nil
}

// schemaVersion is the newest migration in the database, 0 if the first one never finished.
func (s *Store) schemaVersion(ctx context.Context) (int, error) {
	var version int
	if err := s.pool.QueryRow(ctx, selectSchemaVersion).Scan(&version); err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", typed(err))
	}
	return version, nil
}

const selectSchemaVersion = `select coalesce(max(version), 0)::integer from copilot.schema_migrations`

// compareSchema compares the version of the database with schema.Version.
func compareSchema(version int) error {
	switch {
	case version == 0:
		return ErrNoSchema
	case version < schema.Version:
		return fmt.Errorf("%w (it has version %d, this program needs %d)", ErrOlderSchema, version, schema.Version)
	case version > schema.Version:
		return fmt.Errorf("%w (its version is %d, this program supports %d)", ErrNewerSchema, version, schema.Version)
	}
	return nil
}
