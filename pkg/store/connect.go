package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dsql/auth"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DSQL ends connections after 60 minutes. Ours end by themselves before that, spread over five minutes so
// that a pool does not reconnect all at once.
const (
	connLifetime       = 50 * time.Minute
	connLifetimeJitter = 5 * time.Minute
	connIdleTime       = 10 * time.Minute
	connectTimeout     = 10 * time.Second
	keepAlive          = time.Minute
)

func (c Config) poolConfig() (*pgxpool.Config, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	pool, err := isolatedPoolConfig()
	if err != nil {
		return nil, err
	}
	pool.MaxConns = int32(cmp.Or(c.MaxConns, defaultMaxConns)) //nolint:gosec // validate bounds it
	pool.MaxConnLifetime, pool.MaxConnLifetimeJitter = connLifetime, connLifetimeJitter
	pool.MaxConnIdleTime = connIdleTime

	conn := pool.ConnConfig
	// A described statement is forgotten after its use: cached ones fail when a migration changes a table.
	conn.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	conn.ConnectTimeout = connectTimeout
	conn.DialFunc = (&net.Dialer{KeepAlive: keepAlive}).DialContext
	if c.Dial != nil {
		// Whoever dials for us may stand in another network, and resolves names there.
		conn.DialFunc = c.Dial
		conn.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	}
	if c.DSQL != nil {
		return pool, c.DSQL.apply(pool)
	}
	return pool, c.Postgres.apply(conn)
}

// isolatedPoolConfig returns a configuration that owes nothing to the process's surroundings. pgx insists on
// making it by parsing a connection string, and fills what the string leaves out from PG* variables,
// ~/.pgpass, service files and the operating system's user: so the string leaves nothing out, and
// what cannot be said in it is overwritten.
func isolatedPoolConfig() (*pgxpool.Config, error) {
	pool, err := pgxpool.ParseConfig("host=localhost port=5432 dbname=none user=none password=none sslmode=disable " +
		"sslnegotiation=postgres sslcertmode=disable sslrootcert='' sslsni=1 connect_timeout=10 target_session_attrs=any " +
		"min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''")
	if err != nil {
		return nil, errors.New("the environment of this process sets PGSERVICE, which the database driver cannot ignore: unset it")
	}
	pool.ConnConfig.Fallbacks = nil
	pool.ConnConfig.KerberosSpn, pool.ConnConfig.KerberosSrvName = "", ""
	pool.ConnConfig.RuntimeParams = map[string]string{"application_name": "temporal-sre-copilot"}
	return pool, nil
}

func (p Postgres) apply(conn *pgx.ConnConfig) error {
	conn.Host = p.Host
	conn.Port = uint16(cmp.Or(p.Port, defaultPort)) //nolint:gosec // validate bounds it
	conn.Database, conn.User, conn.Password = p.Database, p.User, p.Password
	if strings.HasPrefix(p.Host, "/") {
		return nil // a Unix socket never leaves the machine
	}
	var err error
	conn.TLSConfig, err = tlsConfig(cmp.Or(p.TLS, VerifyFull), p.Host, p.CACert)
	return err
}

// apply connects as DSQL wants it: its only database, a verified server, and an IAM token for a password
// that is made anew for each connection, since it lives 15 minutes and is looked at only at the login.
func (d DSQL) apply(pool *pgxpool.Config) error {
	conn := pool.ConnConfig
	conn.Host, conn.Port = d.Endpoint, defaultPort
	conn.Database, conn.User, conn.Password = "postgres", d.Role, ""
	var err error
	if conn.TLSConfig, err = tlsConfig(VerifyFull, d.Endpoint, d.CACert); err != nil {
		return err
	}
	pool.BeforeConnect = func(ctx context.Context, conn *pgx.ConnConfig) error {
		token, err := d.token(ctx)
		if err != nil {
			return fmt.Errorf("%w: making an IAM token for the role %q: %w", ErrAuth, d.Role, err)
		}
		conn.Password = token
		return nil
	}
	return nil
}

func (d DSQL) token(ctx context.Context) (string, error) {
	if d.Role == "admin" {
		return auth.GenerateDBConnectAdminAuthToken(ctx, d.Endpoint, d.Region, d.Credentials)
	}
	return auth.GenerateDbConnectAuthToken(ctx, d.Endpoint, d.Region, d.Credentials)
}

// tlsConfig returns nil for Disable.
func tlsConfig(mode TLSMode, host, caCert string) (*tls.Config, error) {
	if mode == Disable {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caCert != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(caCert)) {
			return nil, errors.New("the store's CA certificate holds no certificate: paste it in PEM form, beginning with -----BEGIN CERTIFICATE-----")
		}
	}
	if mode == VerifyFull {
		return config, nil
	}
	// Go verifies either everything or nothing, so the chain without the name is verified by hand.
	config.InsecureSkipVerify = true //nolint:gosec // asked for by the mode
	if mode == VerifyCA || caCert != "" {
		config.VerifyConnection = verifyChain(config.RootCAs)
	}
	return config, nil
}

func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		if err != nil {
			return fmt.Errorf("verifying the server's certificate: %w", err)
		}
		return nil
	}
}
