package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/server/temporal"
)

// Options describe a server.
type Options struct {
	// SQLite is the file that keeps the server's data; it is created when missing.
	SQLite string
	// Postgres is the connection string of the database that keeps them instead. Visibility records go
	// to a second one, named after it with "_visibility" at the end. Both are created when missing.
	Postgres string
	// PostgresVisibility is the connection string of another database for the visibility records.
	PostgresVisibility string
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
	// DynamicConfigFile has such settings in Temporal's YAML and is read again when it changes.
	DynamicConfigFile string
	// Services are those that this process runs; none is all of them.
	Services []string
	Ports    Ports
}

// setGossipPorts reads "1,2,3,4".
func (o *Options) setGossipPorts(text string) error {
	for number := range strings.SplitSeq(text, ",") {
		port, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("%q is not a port", number)
		}
		o.Ports.Gossip = append(o.Ports.Gossip, port)
	}
	return nil
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
	if o.PostgresVisibility != "" && o.Postgres == "" {
		return errors.New("--postgres-visibility needs --postgres")
	}
	if len(o.DynamicConfig) > 0 && o.DynamicConfigFile != "" {
		return errors.New("give either --dynamic-config-value or --dynamic-config-file")
	}
	for _, service := range o.Services {
		if !slices.Contains(temporal.DefaultServices, service) {
			return fmt.Errorf("--services %q: it is one of %s", service, strings.Join(temporal.DefaultServices, ", "))
		}
	}
	if len(o.Services) > 0 && len(o.Ports.Gossip) == 0 {
		return errors.New("--services needs --gossip-ports: the other services are in another process")
	}
	if n := len(o.Ports.Gossip); n != 0 && n != len(temporal.DefaultServices) {
		return fmt.Errorf("--gossip-ports has %d ports: it takes four, for frontend, history, matching and worker", n)
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

// parseDatabase reads the value of a flag.
func parseDatabase(flag, raw string) (database, error) {
	parsed, err := url.Parse(raw)
	if err != nil {
		// The error of url.Parse repeats the URL with its password.
		return database{}, fmt.Errorf("%s is not a URL: write postgres://user:password@host:port/database", flag)
	}
	password, _ := parsed.User.Password()
	d := database{
		address:  parsed.Host,
		user:     parsed.User.Username(),
		password: password,
		name:     strings.TrimPrefix(parsed.Path, "/"),
	}
	if d.address == "" || d.user == "" || d.name == "" {
		return database{}, fmt.Errorf("%s %s lacks a host, a user or a database: write postgres://user:password@host:port/database", flag, parsed.Redacted())
	}
	return d, nil
}
