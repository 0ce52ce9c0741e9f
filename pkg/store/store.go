package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is a pool of connections to the state store. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
}

var errTODO = errors.New("not yet")

func Open(ctx context.Context, cfg Config) (*Store, error) { return nil, cfg.validate() }

func (s *Store) Close() { s.pool.Close() }

type Role struct{ Name, Password string }

type MigrateOptions struct{ Reader, Writer Role }

type Migration struct {
	From, To int
	Done     []string
}

func (s *Store) Migrate(ctx context.Context, options MigrateOptions) (Migration, error) {
	return Migration{}, errTODO
}

type Health struct {
	Server   string
	Schema   int
	Expected int
	Writable bool
	Clusters int
	Newest   time.Time
}

func (s *Store) Check(ctx context.Context) (Health, error) { return Health{}, errTODO }

type Table struct {
	Name           string
	Rows           int64
	Oldest, Newest time.Time
}

func (s *Store) Tables(ctx context.Context) ([]Table, error) { return nil, errTODO }

type Pruned struct {
	Table string
	Rows  int64
}

func (s *Store) Prune(ctx context.Context, before time.Time) ([]Pruned, error) { return nil, errTODO }

func (s *Store) SaveCycles(ctx context.Context, cycles []Cycle) error { return errTODO }

func (s *Store) LoadMemory(ctx context.Context, cluster string) (json.RawMessage, bool, error) {
	return nil, false, errTODO
}

func (s *Store) Clusters(ctx context.Context) ([]string, error)                { return nil, errTODO }
func (s *Store) Now(ctx context.Context, clusters []string) ([]Now, error)     { return nil, errTODO }
func (s *Store) Heads(ctx context.Context) ([]Head, error)                     { return nil, errTODO }
func (s *Store) Series(ctx context.Context, q SeriesQuery) ([]Series, error)   { return nil, errTODO }
func (s *Store) Events(ctx context.Context, query EventQuery) ([]Event, error) { return nil, errTODO }
func (s *Store) Spans(ctx context.Context, clusters []string, from, to time.Time) ([]Span, error) {
	return nil, errTODO
}
func (s *Store) EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]Event, error) {
	return nil, errTODO
}
