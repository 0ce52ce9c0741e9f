package story

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/store"
)

var (
	// Postgres is the server that Run has started.
	Postgres  *testenv.Postgres
	missing   error // why there is none
	databases atomic.Int32
)

// Run runs a package's tests with a PostgreSQL, and returns the exit code.
func Run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if Postgres, missing = testenv.StartPostgres(ctx, testenv.PostgresOptions{TLS: true}); missing != nil && !testenv.Optional(missing) {
		fmt.Fprintln(os.Stderr, missing)
		return 1
	}
	if Postgres != nil {
		defer func() { _ = Postgres.Stop() }()
	}
	return m.Run()
}

// NewDatabase makes an empty database and returns the settings of a data source on it.
func NewDatabase(t testing.TB) store.Postgres {
	t.Helper()
	testenv.Require(t, missing)
	name := fmt.Sprintf("plugin_%d", databases.Add(1))
	require.NoError(t, Postgres.CreateDatabase(t.Context(), name))
	return store.Postgres{
		Host: "127.0.0.1", Port: Postgres.Port(), Database: name,
		User: testenv.PostgresUser, Password: testenv.PostgresPassword, TLS: store.Disable,
	}
}

// NewStore makes an empty store.
func NewStore(t testing.TB) (*store.Store, store.Postgres) {
	t.Helper()
	database := NewDatabase(t)
	s, err := store.Open(t.Context(), store.Config{Postgres: &database})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, err = s.Migrate(t.Context(), store.MigrateOptions{})
	require.NoError(t, err)
	return s, database
}
