package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Options describe a server.
type Options struct {
	// SQLite is the file that keeps the server's data; it is created when missing.
	SQLite string
	// Postgres is the connection string of the database that keeps them instead. Visibility records go
	// to a second one, named after it with "_visibility" at the end. Both are created when missing.
	Postgres string
	// Namespace is registered when missing.
	Namespace string
	// MetricsFramework is "tally" or "opentelemetry": it decides how metrics are named.
	MetricsFramework string
	// Shards is the number of history shards. It cannot change once there are data.
	Shards int
	// LogLevel is the least important level that is written to standard error: debug, info, warn, error.
	LogLevel string
	// DynamicConfig are settings that operators change at run time, by key.
	DynamicConfig map[string]any
	Ports         Ports
}

// setDynamicConfig reads "key=value", where the value is JSON.
func (o *Options) setDynamicConfig(setting string) error {
	key, text, ok := strings.Cut(setting, "=")
	if !ok || key == "" {
		return errors.New("write key=value")
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Errorf("the value is not JSON: %w", err)
	}
	if o.DynamicConfig == nil {
		o.DynamicConfig = map[string]any{}
	}
	o.DynamicConfig[key] = value
	return nil
}

func (o Options) validate() error {
	if (o.SQLite == "") == (o.Postgres == "") {
		return errors.New("give either --sqlite FILE or --postgres URL")
	}
	if frameworks := []string{"tally", "opentelemetry"}; !slices.Contains(frameworks, o.MetricsFramework) {
		return fmt.Errorf("--metrics-framework %q: it is one of %s", o.MetricsFramework, strings.Join(frameworks, ", "))
	}
	if o.Namespace == "" {
		return errors.New("--namespace is empty: name the namespace to register")
	}
	if o.Shards < 1 {
		return fmt.Errorf("--shards %d: a server needs at least one", o.Shards)
	}
	return nil
}

// database is a PostgreSQL connection string taken apart the way the server wants it.
type database struct {
	address, user, password, name string
}

func parseDatabase(raw string) (database, error) {
	parsed, err := url.Parse(raw)
	if err != nil {
		// The error of url.Parse repeats the URL with its password.
		return database{}, errors.New("--postgres is not a URL: write postgres://user:password@host:port/database")
	}
	password, _ := parsed.User.Password()
	d := database{
		address:  parsed.Host,
		user:     parsed.User.Username(),
		password: password,
		name:     strings.TrimPrefix(parsed.Path, "/"),
	}
	if d.address == "" || d.user == "" || d.name == "" {
		return database{}, fmt.Errorf("--postgres %s lacks a host, a user or a database: write postgres://user:password@host:port/database", parsed.Redacted())
	}
	return d, nil
}
