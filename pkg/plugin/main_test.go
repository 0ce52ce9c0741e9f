package plugin

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/parts"
	"github.com/temporal-sre/copilot/pkg/store"
)

var (
	// updateGolden rewrites the golden frames: go test ./pkg/plugin -update-golden
	updateGolden = flag.Bool("update-golden", false, "write the golden frames instead of comparing with them")

	postgres  *parts.Postgres
	databases atomic.Int32
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	started, err := parts.StartPostgres(ctx, parts.PostgresOptions{TLS: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	postgres = started
	defer func() { _ = postgres.Stop() }()
	return m.Run()
}

// newDatabase makes an empty database and returns the settings of a data source on it.
func newDatabase(t testing.TB) store.Postgres {
	t.Helper()
	name := fmt.Sprintf("plugin_%d", databases.Add(1))
	require.NoError(t, postgres.CreateDatabase(t.Context(), name))
	return store.Postgres{
		Host: "127.0.0.1", Port: postgres.Port(), Database: name,
		User: parts.PostgresUser, Password: parts.PostgresPassword, TLS: store.Disable,
	}
}

// newStore makes an empty store.
func newStore(t testing.TB) (*store.Store, store.Postgres) {
	t.Helper()
	database := newDatabase(t)
	s, err := store.Open(t.Context(), store.Config{Postgres: &database})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, err = s.Migrate(t.Context(), store.MigrateOptions{})
	require.NoError(t, err)
	return s, database
}

// newTestDatasource puts a data source on a store, at a fixed time.
func newTestDatasource(t testing.TB, s *store.Store, now time.Time) *Datasource {
	t.Helper()
	d := newDatasource("copilot", s, settings{poll: shortestPoll}, func() time.Time { return now })
	t.Cleanup(d.feed.close)
	return d
}
