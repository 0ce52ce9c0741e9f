package stage

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestTheDatabaseBehavesAsItIsTold(t *testing.T) {
	postgres, err := testenv.StartPostgres(t.Context(), testenv.PostgresOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	proxy, err := startDatabaseProxy(postgres.Address())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.stop()) })
	through, err := proxy.url(postgres.URL("postgres"))
	require.NoError(t, err)

	// ask connects and asks one question, as a fresh connection of the server would.
	ask := func(patience time.Duration) (time.Duration, error) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		connection, err := pgx.Connect(ctx, through)
		if err != nil {
			return time.Since(began), err
		}
		defer connection.Close(context.WithoutCancel(ctx))
		var one int
		began = time.Now()
		err = connection.QueryRow(ctx, "SELECT 1").Scan(&one)
		return time.Since(began), err
	}
	for _, step := range []struct {
		promise   string
		behaviour Database
		patience  time.Duration
		check     func(t *testing.T, took time.Duration, err error)
	}{
		{"a sound one answers", DatabaseOK, 10 * time.Second, func(t *testing.T, _ time.Duration, err error) {
			require.NoError(t, err)
		}},
		{"a slow one answers late", DatabaseSlow, 30 * time.Second, func(t *testing.T, took time.Duration, err error) {
			require.NoError(t, err)
			require.Greater(t, took, 400*time.Millisecond)
		}},
		{"a hung one never answers", DatabaseHung, time.Second, func(t *testing.T, took time.Duration, err error) {
			require.Error(t, err)
			require.GreaterOrEqual(t, took, time.Second)
		}},
		{"one that is down refuses at once", DatabaseDown, 10 * time.Second, func(t *testing.T, took time.Duration, err error) {
			require.ErrorContains(t, err, "refused")
			require.Less(t, took, 5*time.Second)
		}},
		{"one that is back answers", DatabaseOK, 10 * time.Second, func(t *testing.T, _ time.Duration, err error) {
			require.NoError(t, err)
		}},
	} {
		t.Run(step.promise, func(t *testing.T) {
			require.NoError(t, proxy.behave(t.Context(), step.behaviour))
			took, err := ask(step.patience)
			step.check(t, took, err)
		})
	}
}

func TestADatabaseThatGoesDownBreaksTheConnectionsItHas(t *testing.T) {
	postgres, err := testenv.StartPostgres(t.Context(), testenv.PostgresOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	proxy, err := startDatabaseProxy(postgres.Address())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.stop()) })
	through, err := proxy.url(postgres.URL("postgres"))
	require.NoError(t, err)
	connection, err := pgx.Connect(t.Context(), through)
	require.NoError(t, err)
	defer connection.Close(context.WithoutCancel(t.Context()))

	require.NoError(t, proxy.behave(t.Context(), DatabaseDown))
	_, err = connection.Exec(t.Context(), "SELECT 1")
	require.Error(t, err)
	require.True(t, connection.IsClosed())
}
