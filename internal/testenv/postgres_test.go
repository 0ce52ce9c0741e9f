//go:build unix

package testenv_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func startPostgres(t *testing.T, options testenv.PostgresOptions) *testenv.Postgres {
	t.Helper()
	postgres, err := testenv.StartPostgres(t.Context(), options)
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	return postgres
}

func TestPostgresIsARealVersion16WithDatabasesOnDemand(t *testing.T) {
	postgres := startPostgres(t, testenv.PostgresOptions{Settings: map[string]string{"default_transaction_isolation": "repeatable read"}})
	require.NoError(t, postgres.CreateDatabase(t.Context(), `odd "name"`))
	require.NoError(t, postgres.CreateDatabase(t.Context(), `odd "name"`), "creating it again does no harm")

	connection, err := pgx.Connect(t.Context(), postgres.URL(`odd "name"`))
	require.NoError(t, err)
	defer connection.Close(context.Background())
	var version, isolation, database string
	require.NoError(t, connection.QueryRow(t.Context(),
		"SELECT current_setting('server_version'), current_setting('transaction_isolation'), current_database()").Scan(&version, &isolation, &database))
	require.Regexp(t, `^16\.`, version)
	require.Equal(t, "repeatable read", isolation, "settings are taken over")
	require.Equal(t, `odd "name"`, database)
}

func TestPostgresRefusesAWrongPassword(t *testing.T) {
	postgres := startPostgres(t, testenv.PostgresOptions{})
	config, err := pgx.ParseConfig(postgres.URL("postgres"))
	require.NoError(t, err)
	config.Password = "wrong"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.ErrorContains(t, err, "password authentication failed")
}

func TestPostgresWithTLSIsVerifiableByItsCertificate(t *testing.T) {
	postgres := startPostgres(t, testenv.PostgresOptions{TLS: true})
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(postgres.CACertificate()))
	for _, server := range []string{"127.0.0.1", "localhost"} {
		config, err := pgx.ParseConfig(postgres.URL("postgres"))
		require.NoError(t, err)
		config.TLSConfig = &tls.Config{RootCAs: roots, ServerName: server, MinVersion: tls.VersionTLS12}
		connection, err := pgx.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		require.NoError(t, connection.Close(t.Context()))
	}
}

func TestPostgresStopsDespiteAnOpenConnectionAndFreesItsPort(t *testing.T) {
	postgres := startPostgres(t, testenv.PostgresOptions{})
	connection, err := pgx.Connect(t.Context(), postgres.URL("postgres"))
	require.NoError(t, err)
	defer connection.Close(context.Background())

	began := time.Now()
	require.NoError(t, postgres.Stop())
	require.NoError(t, postgres.Stop(), "stopping again does no harm")
	require.Less(t, time.Since(began), 5*time.Second)

	listener, err := net.Listen("tcp", postgres.Address())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

func TestPostgresSaysWhyItDidNotStart(t *testing.T) {
	_, err := testenv.StartPostgres(t.Context(), testenv.PostgresOptions{Settings: map[string]string{"no_such_setting": "1"}})
	if testenv.Optional(err) {
		t.Skip(err)
	}
	require.ErrorContains(t, err, "PostgreSQL ended by itself")
	require.ErrorContains(t, err, "no_such_setting", "the server's own words are in the error")
}
