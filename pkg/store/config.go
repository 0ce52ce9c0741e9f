package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config says where the store is. Exactly one of Postgres and DSQL is set.
type Config struct {
	Postgres *Postgres
	DSQL     *DSQL

	// MaxConns is the most connections that are open at a time. 0 means 5.
	MaxConns int
	// Dial opens network connections, for whoever must go through a proxy. nil dials directly.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Postgres is a database on a PostgreSQL server, version 16 or newer.
type Postgres struct {
	// Host is a name or address, or the absolute path of a directory with a Unix socket.
	Host string
	// Port 0 means 5432.
	Port     int
	Database string
	User     string
	Password string
	// TLS is how the connection is protected. Empty means VerifyFull.
	TLS TLSMode
	// CACert holds PEM certificates of the authorities to trust. Empty means those of the system.
	CACert string
}

// DSQL is an Aurora DSQL cluster. There is no password: an IAM token is made for every connection.
type DSQL struct {
	// Endpoint is the host name of the cluster, "<id>.dsql.<region>.on.aws".
	Endpoint string
	Region   string
	// Role is the database role to connect as. The role "admin" needs the IAM action
	// dsql:DbConnectAdmin, all others need dsql:DbConnect.
	Role string
	// Credentials sign the tokens.
	Credentials aws.CredentialsProvider
	// CACert holds PEM certificates of the authorities to trust. Empty means those of the system,
	// which know Amazon's.
	CACert string
}

// TLSMode says how much of the server's identity is verified. The names are libpq's.
type TLSMode string

// The modes, safest first. There is no mode that falls back to plain text by itself.
const (
	// VerifyFull verifies the certificate and that it was issued for the host.
	VerifyFull TLSMode = "verify-full"
	// VerifyCA verifies the certificate but not the host's name.
	VerifyCA TLSMode = "verify-ca"
	// Require encrypts. As in libpq it verifies nothing, unless CACert is given: then it is VerifyCA.
	Require TLSMode = "require"
	// Disable does not encrypt.
	Disable TLSMode = "disable"
)

// TLSModes lists the modes, safest first.
func TLSModes() []TLSMode { return []TLSMode{VerifyFull, VerifyCA, Require, Disable} }

const (
	defaultPort     = 5432
	defaultMaxConns = 5
	maxMaxConns     = 1000
)

// ParseURL reads "postgres://user:password@host:port/database?sslmode=…". Beside sslmode no parameter is
// allowed: files that libpq would read (certificates, password files, service files) are handed over as
// text in the struct's fields. An error never repeats the URL, which may hold a password.
func ParseURL(raw string) (Postgres, error) {
	const form = `write it as postgres://user:password@host:5432/database?sslmode=verify-full, with special characters of the password percent-encoded`
	u, err := url.Parse(raw)
	if err != nil {
		// url.Parse quotes its input, password included, so its error goes no further.
		return Postgres{}, errors.New("the database URL cannot be parsed: " + form)
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return Postgres{}, errors.New("the database URL does not start with postgres:// or postgresql://: " + form)
	}
	p := Postgres{Host: u.Hostname(), User: u.User.Username(), Database: strings.TrimPrefix(u.Path, "/")}
	p.Password, _ = u.User.Password()
	if text := u.Port(); text != "" {
		if p.Port, err = strconv.Atoi(text); err != nil {
			return Postgres{}, errors.New("the port in the database URL is not a number: " + form)
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Postgres{}, errors.New("the parameters of the database URL cannot be parsed: " + form)
	}
	for key := range query {
		switch key {
		case "sslmode":
			p.TLS = TLSMode(query.Get(key))
		case "host":
			p.Host = query.Get(key)
		default:
			return Postgres{}, fmt.Errorf("the database URL has a parameter %q: only sslmode is known, the rest has keys of its own in the configuration", key)
		}
	}
	return p, p.validate()
}

func (c Config) validate() error {
	if c.MaxConns < 0 || c.MaxConns > maxMaxConns {
		return fmt.Errorf("the store's connection limit is %d: it must lie between 1 and %d, or be 0 for %d", c.MaxConns, maxMaxConns, defaultMaxConns)
	}
	switch {
	case c.Postgres != nil && c.DSQL != nil:
		return errors.New("the store is configured for PostgreSQL and for Aurora DSQL: choose one")
	case c.Postgres != nil:
		return c.Postgres.validate()
	case c.DSQL != nil:
		return c.DSQL.validate()
	}
	return errors.New("the store is not configured: name a PostgreSQL or an Aurora DSQL database")
}

func (p Postgres) validate() error {
	for _, field := range []struct{ name, value string }{{"host", p.Host}, {"database", p.Database}, {"user", p.User}} {
		if field.value == "" {
			return fmt.Errorf("the store's %s is missing", field.name)
		}
		if strings.ContainsRune(field.value, 0) {
			return fmt.Errorf("the store's %s contains a NUL character", field.name)
		}
	}
	if strings.ContainsRune(p.Password, 0) {
		return errors.New("the store's password contains a NUL character")
	}
	if p.Port < 0 || p.Port > 65535 {
		return fmt.Errorf("the store's port is %d: it must lie between 1 and 65535, or be 0 for %d", p.Port, defaultPort)
	}
	if p.TLS != "" && !slices.Contains(TLSModes(), p.TLS) {
		return fmt.Errorf("the store's TLS mode is %q: it is one of verify-full, verify-ca, require, disable", p.TLS)
	}
	return nil
}

var (
	endpointForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	regionForm   = regexp.MustCompile(`^[a-z0-9-]+$`)
)

func (d DSQL) validate() error {
	if !endpointForm.MatchString(d.Endpoint) {
		return fmt.Errorf("the DSQL endpoint is %q: it must be the cluster's host name, like <id>.dsql.eu-west-1.on.aws, without scheme or port", d.Endpoint)
	}
	if !regionForm.MatchString(d.Region) {
		return fmt.Errorf("the DSQL region is %q: it must be a region like eu-west-1", d.Region)
	}
	if d.Role == "" || strings.ContainsRune(d.Role, 0) {
		return errors.New("the DSQL role is missing: name the database role to connect as")
	}
	if d.Credentials == nil {
		return errors.New("there are no AWS credentials to make DSQL tokens with")
	}
	return nil
}
