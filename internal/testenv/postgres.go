//go:build unix

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The superuser of every PostgreSQL of this package. Passwords are checked, so that a test can also
// give a wrong one.
const (
	PostgresUser     = "postgres"
	PostgresPassword = "postgres"
)

// PostgresOptions describe a PostgreSQL. The zero value is what most tests want.
type PostgresOptions struct {
	// Settings are set on the server's command line: {"max_connections": "20"}.
	Settings map[string]string
	// TLS lets clients connect with TLS as well as without; see Postgres.CACertificate.
	TLS bool
}

// Postgres is a running PostgreSQL 16 with an empty cluster of databases.
type Postgres struct {
	process *Process
	dir     string
	port    int
	ca      []byte
}

// StartPostgres starts a PostgreSQL on an empty data directory and returns when it takes connections.
// It trades durability for speed: nothing is synced to disk.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	distribution, err := findPostgres()
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "copilot-postgres-")
	if err != nil {
		return nil, fmt.Errorf("making a data directory for PostgreSQL: %w", err)
	}
	p := &Postgres{dir: dir, port: port}
	if err := p.start(ctx, distribution, options); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context, distribution postgresDistribution, options PostgresOptions) error {
	if err := distribution.own(p.dir); err != nil {
		return err
	}
	if err := p.initDB(ctx, distribution); err != nil {
		return err
	}
	settings := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"port":                    fmt.Sprint(p.port),
		"unix_socket_directories": "",
		"fsync":                   "off",
		"synchronous_commit":      "off",
		"full_page_writes":        "off",
	}
	if options.TLS {
		files, err := newServerCertificate(p.dir, distribution)
		if err != nil {
			return err
		}
		p.ca = files.ca
		settings["ssl"], settings["ssl_cert_file"], settings["ssl_key_file"] = "on", files.cert, files.key
	}
	for key, value := range options.Settings {
		settings[key] = value
	}
	arguments := []string{"-D", p.data()}
	for key, value := range settings {
		arguments = append(arguments, "-c", key+"="+value)
	}
	// SIGQUIT is PostgreSQL's immediate shutdown: it waits for nobody and writes nothing, for data that
	// are removed anyway.
	process, err := StartProcess("PostgreSQL", distribution.command(context.Background(), "postgres", arguments...),
		ProcessOptions{Quit: syscall.SIGQUIT, Credential: distribution.credential})
	if err != nil {
		return err
	}
	p.process = process
	return p.awaitConnection(ctx)
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) initDB(ctx context.Context, distribution postgresDistribution) error {
	password := filepath.Join(p.dir, "password")
	if err := os.WriteFile(password, []byte(PostgresPassword), 0o600); err != nil {
		return fmt.Errorf("writing PostgreSQL's password file: %w", err)
	}
	if err := distribution.own(password); err != nil {
		return err
	}
	command := distribution.command(ctx, "initdb", "-D", p.data(), "--username="+PostgresUser, "--pwfile="+password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: distribution.credential}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("creating PostgreSQL's data directory: %w\n%s", err, output)
	}
	return nil
}

func (p *Postgres) awaitConnection(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return await(ctx, p.process, func(ctx context.Context) error {
		connection, err := pgx.Connect(ctx, p.URL("postgres"))
		if err != nil {
			return err
		}
		return connection.Close(ctx)
	})
}

// Address is where PostgreSQL listens, "127.0.0.1:25432".
func (p *Postgres) Address() string { return Loopback(p.port) }

// Port is the number in Address.
func (p *Postgres) Port() int { return p.port }

// URL is the superuser's connection string for a database, without TLS. "postgres" always exists.
func (p *Postgres) URL(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(PostgresUser, PostgresPassword),
		Host:     p.Address(),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// CACertificate is the PEM certificate that signed the server's, for clients that verify 127.0.0.1 or
// localhost. It is nil unless PostgresOptions.TLS was set.
func (p *Postgres) CACertificate() []byte { return p.ca }

// CreateDatabase creates a database unless there is one of that name.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	connection, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return fmt.Errorf("creating database %q: %w", name, err)
	}
	defer connection.Close(context.WithoutCancel(ctx))
	_, err = connection.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	const duplicateDatabase = "42P04"
	var failure *pgconn.PgError
	if errors.As(err, &failure) && failure.Code == duplicateDatabase {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating database %q: %w", name, err)
	}
	return nil
}

// Stop shuts PostgreSQL down without waiting for its clients and removes its data. Calling it again
// does no harm.
func (p *Postgres) Stop() error {
	var stopped error
	if p.process != nil {
		stopped = p.process.Stop()
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return errors.Join(stopped, fmt.Errorf("removing PostgreSQL's data: %w", err))
	}
	return stopped
}
