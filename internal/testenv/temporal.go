//go:build unix

package testenv

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TemporalOptions describe a Temporal server. The zero value has the namespace "default" and keeps its
// data in a file of its own.
type TemporalOptions struct {
	// PostgresURL names the database that keeps the server's data, see Postgres.URL; visibility records
	// go to a second one with "_visibility" after its name. Both are created when missing. Empty is a
	// SQLite file.
	PostgresURL string
	// VisibilityURL names another database for the visibility records.
	VisibilityURL string
	// DynamicConfig is a file of Temporal's dynamic configuration, which the server reads again within 5 s when it
	// changes. Empty is none.
	DynamicConfig string
	// HistoryMetricsPort, where it is not 0, adds a second process to the cluster that runs a history service alone, and
	// serves its metrics on this port.
	HistoryMetricsPort int
	// Namespace is registered at the start, "default" by default.
	Namespace string
	// MetricsFramework is "tally" (the default) or "opentelemetry": it decides how metrics are named.
	MetricsFramework string
	// Shards is the number of history shards, 16 by default.
	Shards int
	// Log is given the server's log lines, JSON of level info and above. By default only errors are written, and
	// nobody sees them unless the server fails to start.
	Log io.Writer
}

// Temporal is a running Temporal server: all services in one process, and perhaps a second history service in
// another one.
type Temporal struct {
	scratch string
	main    *temporalProcess
	history *temporalProcess // nil without one
	ready   temporalReady
}

// temporalProcess is a process of a server, which can be started again.
type temporalProcess struct {
	binary  string
	flags   []string
	log     io.Writer
	process *Process
}

// temporalReady is the one line that bin/temporal prints once the server serves its namespace.
type temporalReady struct {
	Address        string `json:"address"`
	MetricsAddress string `json:"metrics_address"`
	Namespace      string `json:"namespace"`
}

// StartTemporal starts a Temporal server and returns when it takes requests for its namespace.
func StartTemporal(ctx context.Context, options TemporalOptions) (*Temporal, error) {
	binary, err := Binary("bin", "temporal")
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "copilot-temporal-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Temporal: %w", err)
	}
	t := &Temporal{scratch: scratch}
	if err := t.start(ctx, binary, options); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

func (t *Temporal) start(ctx context.Context, binary string, options TemporalOptions) error {
	ports, err := temporalPorts()
	if err != nil {
		return err
	}
	flags := append(options.flags(t.scratch), ports.flags()...)
	if options.HistoryMetricsPort != 0 {
		gossip, err := gossipPorts()
		if err != nil {
			return err
		}
		flags = append(flags, gossip...)
	}
	t.main = &temporalProcess{binary: binary, flags: flags, log: options.Log}
	if t.ready, err = t.main.start(ctx); err != nil || options.HistoryMetricsPort == 0 {
		return err
	}
	return t.addHistory(ctx, options, ports)
}

// addHistory starts the second history service. The process knows the other services from the cluster's gossip, and
// the frontend by its port.
func (t *Temporal) addHistory(ctx context.Context, options TemporalOptions, of temporalPortNumbers) error {
	ports, err := temporalPorts()
	if err != nil {
		return err
	}
	ports["frontend"], ports["metrics"] = of["frontend"], options.HistoryMetricsPort
	gossip, err := gossipPorts()
	if err != nil {
		return err
	}
	flags := slices.Concat(options.flags(t.scratch), ports.flags(), gossip, []string{"--services", "history"})
	t.history = &temporalProcess{binary: t.main.binary, flags: flags, log: options.Log}
	_, err = t.history.start(ctx)
	return err
}

// Restart kills the server's processes, as a crash would, and starts them again at the same addresses. It returns when
// the server takes requests again.
func (t *Temporal) Restart(ctx context.Context) error {
	if err := t.main.restart(ctx, 0); err != nil {
		return err
	}
	return t.RestartHistory(ctx, 0)
}

// RestartHistory restarts the second history service alone, and leaves it down for a while. Without one it does
// nothing.
func (t *Temporal) RestartHistory(ctx context.Context, down time.Duration) error {
	if t.history == nil {
		return nil
	}
	return t.history.restart(ctx, down)
}

func (p *temporalProcess) restart(ctx context.Context, down time.Duration) error {
	if err := p.process.Kill(); err != nil {
		return err
	}
	select {
	case <-time.After(down):
		_, err := p.start(ctx)
		return err
	case <-ctx.Done():
		return fmt.Errorf("restarting Temporal: %w", context.Cause(ctx))
	}
}

// start starts the process and returns what it prints when it is ready.
func (p *temporalProcess) start(ctx context.Context) (ready temporalReady, err error) {
	command := exec.Command(p.binary, p.flags...)
	output, input := io.Pipe()
	command.Stdout = input
	p.process, err = StartProcess("Temporal", command, ProcessOptions{Log: p.log})
	if err != nil {
		return ready, err
	}

	type line struct {
		text []byte
		err  error
	}
	first := make(chan line, 1)
	go func() {
		reader := bufio.NewReader(output)
		text, err := reader.ReadBytes('\n')
		first <- line{text, err}
		// Whatever else is written must not block the server.
		_, _ = io.Copy(io.Discard, reader)
	}()
	// A server on an empty PostgreSQL first creates its tables.
	const patience = 90 * time.Second
	select {
	case got := <-first:
		if got.err != nil {
			return ready, fmt.Errorf("reading Temporal's addresses: %w", got.err)
		}
		if err := json.Unmarshal(got.text, &ready); err != nil {
			return ready, fmt.Errorf("reading Temporal's addresses from %q: %w", got.text, err)
		}
		return ready, nil
	case <-p.process.Exited():
		return ready, p.process.Failure()
	case <-ctx.Done():
		return ready, fmt.Errorf("starting Temporal: %w", context.Cause(ctx))
	case <-time.After(patience):
		return ready, fmt.Errorf("Temporal is not ready after %s\n%s", patience, p.process.log)
	}
}

func (o TemporalOptions) flags(scratch string) []string {
	flags := []string{"--sqlite", filepath.Join(scratch, "temporal.db")}
	if o.PostgresURL != "" {
		flags = []string{"--postgres", o.PostgresURL}
	}
	if o.VisibilityURL != "" {
		flags = append(flags, "--postgres-visibility", o.VisibilityURL)
	}
	if o.DynamicConfig != "" {
		flags = append(flags, "--dynamic-config-file", o.DynamicConfig)
	}
	if o.Namespace != "" {
		flags = append(flags, "--namespace", o.Namespace)
	}
	if o.MetricsFramework != "" {
		flags = append(flags, "--metrics-framework", o.MetricsFramework)
	}
	if o.Log != nil {
		flags = append(flags, "--log-level", "info")
	}
	if o.Shards != 0 {
		flags = append(flags, "--shards", strconv.Itoa(o.Shards))
	}
	return flags
}

// temporalPortNumbers are the ports of a server's process, by what listens there.
type temporalPortNumbers map[string]int

// temporalPorts gives each of the server's services a port of its own.
func temporalPorts() (temporalPortNumbers, error) {
	ports := temporalPortNumbers{}
	for _, name := range []string{"frontend", "history", "matching", "worker", "metrics"} {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		ports[name] = port
	}
	return ports, nil
}

func (p temporalPortNumbers) flags() []string {
	var flags []string
	for name, port := range p {
		flags = append(flags, fmt.Sprintf("--%s-port=%d", name, port))
	}
	return flags
}

// gossipPorts is the flag that gives each service a port to gossip at.
func gossipPorts() ([]string, error) {
	ports := make([]string, 4)
	for i := range ports {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = strconv.Itoa(port)
	}
	return []string{"--gossip-ports", strings.Join(ports, ",")}, nil
}

// Address is the frontend's gRPC address, "127.0.0.1:27233".
func (t *Temporal) Address() string { return t.ready.Address }

// MetricsAddress serves the server's own metrics on /metrics.
func (t *Temporal) MetricsAddress() string { return t.ready.MetricsAddress }

// Namespace is the namespace that was registered at the start.
func (t *Temporal) Namespace() string { return t.ready.Namespace }

// Stop ends the server at once, as a crash would, and removes its data unless they are in PostgreSQL;
// those survive a crash. Calling it again does no harm.
func (t *Temporal) Stop() error {
	var errs []error
	for _, p := range []*temporalProcess{t.history, t.main} {
		if p != nil && p.process != nil {
			// An orderly end takes seconds, to hand over work that nobody is there to take.
			errs = append(errs, p.process.Kill())
		}
	}
	if err := os.RemoveAll(t.scratch); err != nil {
		errs = append(errs, fmt.Errorf("removing Temporal's data: %w", err))
	}
	return errors.Join(errs...)
}
