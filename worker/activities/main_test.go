package activities_test

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/store"
)

// postgres is a real PostgreSQL 16 that all tests share, each with a database of its own; missing says why there is none.
var (
	postgres *testenv.Postgres
	missing  error
)

func TestMain(m *testing.M) {
	flag.Parse()
	if postgres, missing = testenv.StartPostgres(context.Background(), testenv.PostgresOptions{}); missing != nil && !testenv.Optional(missing) {
		log.Fatal(missing)
	}
	code := m.Run()
	if postgres != nil {
		if err := postgres.Stop(); err != nil {
			log.Print(err)
		}
	}
	os.Exit(code)
}

var databases atomic.Int64

func newStore(t testing.TB) *store.Store {
	t.Helper()
	testenv.Require(t, missing)
	name := fmt.Sprintf("activities_%d", databases.Add(1))
	require.NoError(t, postgres.CreateDatabase(t.Context(), name))
	database, err := store.ParseURL(postgres.URL(name))
	require.NoError(t, err)
	s, err := store.Open(t.Context(), store.Config{Postgres: &database})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, err = s.Migrate(t.Context(), store.MigrateOptions{})
	require.NoError(t, err)
	return s
}
