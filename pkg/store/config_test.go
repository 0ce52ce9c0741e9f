package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func everySignal() (ids []health.SignalID) {
	for _, signal := range health.Signals() {
		ids = append(ids, signal.ID)
	}
	return ids
}

func TestParseURLReadsWhatLibpqReads(t *testing.T) {
	for url, want := range map[string]Postgres{
		"postgres://sre:p%40ss@db.example:6543/copilot?sslmode=require": {Host: "db.example", Port: 6543, Database: "copilot", User: "sre", Password: "p@ss", TLS: Require},
		"postgresql://sre@[::1]/copilot":                                {Host: "::1", Database: "copilot", User: "sre"},
		"postgres://sre@/copilot?host=/var/run/postgresql":              {Host: "/var/run/postgresql", Database: "copilot", User: "sre"},
	} {
		got, err := ParseURL(url)
		require.NoError(t, err, url)
		assert.Equal(t, want, got)
	}
}

func TestABadURLIsRefusedWithoutRepeatingIt(t *testing.T) {
	for name, url := range map[string]string{
		"no URL":                       "geheim",
		"another database":             "mysql://sre:geheim@db/copilot",
		"no host":                      "postgres://sre:geheim@/copilot",
		"no user":                      "postgres://:geheim@db/copilot",
		"no database":                  "postgres://sre:geheim@db",
		"a password unescaped":         "postgres://sre:geheim#1@db/copilot",
		"a percent sign alone":         "postgres://sre:geheim%@db/copilot",
		"a port that is no port":       "postgres://sre:geheim@db:99999/copilot",
		"an unsafe mode":               "postgres://sre:geheim@db/copilot?sslmode=prefer",
		"a file to read":               "postgres://sre:geheim@db/copilot?sslrootcert=/etc/passwd",
		"a password in the parameters": "postgres://sre@db/copilot?password=geheim",
	} {
		_, err := ParseURL(url)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "geheim", name)
	}
}

func TestAConfigurationThatCannotWorkIsRefusedAtOnce(t *testing.T) {
	postgres := func(change func(*Postgres)) Config {
		p := Postgres{Host: "db", Database: "d", User: "u", Password: "geheim"}
		change(&p)
		return Config{Postgres: &p}
	}
	dsql := func(change func(*DSQL)) Config {
		d := DSQL{Endpoint: "x.dsql.eu-west-1.on.aws", Region: "eu-west-1", Role: "r", Credentials: credentials.NewStaticCredentialsProvider("k", "geheim", "")}
		change(&d)
		return Config{DSQL: &d}
	}
	both := postgres(func(*Postgres) {})
	both.DSQL = dsql(func(*DSQL) {}).DSQL
	many := postgres(func(*Postgres) {})
	many.MaxConns = 100_000
	for name, cfg := range map[string]Config{
		"nothing":                     {},
		"both databases":              both,
		"too many connections":        many,
		"no host":                     postgres(func(p *Postgres) { p.Host = "" }),
		"a port out of range":         postgres(func(p *Postgres) { p.Port = 70_000 }),
		"an unknown TLS mode":         postgres(func(p *Postgres) { p.TLS = "allow" }),
		"a CA that is no certificate": postgres(func(p *Postgres) { p.CACert = "geheim" }),
		"NUL in the user":             postgres(func(p *Postgres) { p.User = "u\x00" }),
		"an endpoint with a scheme":   dsql(func(d *DSQL) { d.Endpoint = "https://x.dsql.eu-west-1.on.aws" }),
		"an endpoint with a port":     dsql(func(d *DSQL) { d.Endpoint = "x:5432" }),
		"no region":                   dsql(func(d *DSQL) { d.Region = "" }),
		"no role":                     dsql(func(d *DSQL) { d.Role = "" }),
		"no credentials":              dsql(func(d *DSQL) { d.Credentials = nil }),
		"a CA that is none, for DSQL": dsql(func(d *DSQL) { d.CACert = "geheim" }),
	} {
		_, err := Open(t.Context(), cfg)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "geheim", name)
	}
}

// TestTheSurroundingsOfTheProcessDoNotMatter: the driver would take a database, a password or a certificate from
// the environment of whoever runs Grafana.
func TestTheSurroundingsOfTheProcessDoNotMatter(t *testing.T) {
	home := t.TempDir()
	p := emptyDatabase(t)
	password := p.Password
	require.NoError(t, os.WriteFile(filepath.Join(home, ".pgpass"), []byte("*:*:*:*:"+password+"\n"), 0o600))
	for name, value := range map[string]string{
		"HOME": home, "PGHOST": "elsewhere.invalid", "PGPORT": "1", "PGDATABASE": "other", "PGUSER": "other", "PGPASSWORD": password,
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere",
		"PGOPTIONS": "-c search_path=elsewhere", "PGAPPNAME": "other", "PGCONNECT_TIMEOUT": "soon", "PGTARGETSESSIONATTRS": "nonsense",
		"PGTZ": "nonsense", "PGMINPROTOCOLVERSION": "9", "PGMAXPROTOCOLVERSION": "9", "PGCHANNELBINDING": "nonsense", "PGREQUIREAUTH": "nonsense",
		"PGSSLNEGOTIATION": "nonsense", "PGSSLCERTMODE": "nonsense", "PGSSLSNI": "nonsense",
	} {
		t.Setenv(name, value)
	}
	s := openStore(t, p)
	_, err := s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	var name string
	require.NoError(t, s.pool.QueryRow(t.Context(), `select current_setting('application_name')`).Scan(&name))
	assert.Equal(t, "temporal-sre-copilot", name)

	p.Password = ""
	_, err = openStore(t, p).Check(t.Context())
	assert.ErrorIs(t, err, ErrAuth, "a password that was not given is not looked for elsewhere")
	assert.NotContains(t, err.Error(), password+"\n")
}
