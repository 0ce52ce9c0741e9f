package stage

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Database is a way for a database to behave.
type Database string

// The behaviours.
const (
	DatabaseOK Database = "ok"
	// DatabaseSlow answers every request late.
	DatabaseSlow Database = "slow"
	// DatabaseHung takes connections and requests and never answers.
	DatabaseHung Database = "hung"
	// DatabaseDown refuses connections and breaks those it has.
	DatabaseDown Database = "down"
)

// slowness is the delay of every answer of a slow database, in milliseconds: far beyond what a busy small
// machine does to a sound one, and within what the server bears without errors.
const slowness = `{"name": "fault", "type": "latency", "stream": "downstream", "attributes": {"latency": 600, "jitter": 100}}`

// silence swallows every answer and keeps connections open.
const silence = `{"name": "fault", "type": "timeout", "stream": "downstream", "attributes": {"timeout": 0}}`

func (d Database) valid() bool {
	switch d {
	case DatabaseOK, DatabaseSlow, DatabaseHung, DatabaseDown:
		return true
	}
	return false
}

// databaseProxy stands between the Temporal cluster and its database.
type databaseProxy struct {
	proxy *toxiproxy.Proxy
}

func startDatabaseProxy(upstream string) (*databaseProxy, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "database", "127.0.0.1:0", upstream)
	if err := proxy.Start(); err != nil {
		return nil, fmt.Errorf("starting the proxy in front of the database: %w", err)
	}
	return &databaseProxy{proxy}, nil
}

// url turns the URL of the database into one that goes through the proxy.
func (p *databaseProxy) url(direct string) (string, error) {
	parsed, err := url.Parse(direct)
	if err != nil {
		return "", fmt.Errorf("reading the database's URL: %w", err)
	}
	parsed.Host = p.proxy.Listen
	return parsed.String(), nil
}

// behave makes the database sound again and then gives it the fault that is asked for.
func (p *databaseProxy) behave(ctx context.Context, behaviour Database) error {
	p.proxy.Toxics.ResetToxics(ctx)
	if behaviour == DatabaseDown {
		p.proxy.Stop()
		return nil
	}
	if err := p.proxy.Start(); err != nil && err != toxiproxy.ErrProxyAlreadyStarted { //nolint:errorlint // it is returned bare
		return fmt.Errorf("starting the proxy in front of the database again: %w", err)
	}
	toxics := map[Database]string{DatabaseSlow: slowness, DatabaseHung: silence}
	if toxic, ok := toxics[behaviour]; ok {
		if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return fmt.Errorf("making the database %s: %w", behaviour, err)
		}
	}
	return nil
}

func (p *databaseProxy) stop() error {
	p.proxy.Stop()
	return nil
}
