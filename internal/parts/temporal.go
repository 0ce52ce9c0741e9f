//go:build unix

package parts

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
	"strconv"
	"time"
)

// TemporalOptions describe a Temporal server. The zero value has the namespace "default" and keeps its
// data in a file of its own.
type TemporalOptions struct {
	// PostgresURL names the database that keeps the server's data, see Postgres.URL; visibility records
	// go to a second one with "_visibility" after its name. Both are created when missing. Empty is a
	// SQLite file.
	PostgresURL string
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

// Temporal is a running Temporal server: all services in one process.
type Temporal struct {
	process *Process
	scratch string
	ready   temporalReady
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
	command := exec.Command(binary, append(options.flags(t.scratch), ports...)...)
	output, input := io.Pipe()
	command.Stdout = input
	process, err := StartProcess("Temporal", command, ProcessOptions{Log: options.Log})
	if err != nil {
		return err
	}
	t.process = process

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
			return fmt.Errorf("reading Temporal's addresses: %w", got.err)
		}
		if err := json.Unmarshal(got.text, &t.ready); err != nil {
			return fmt.Errorf("reading Temporal's addresses from %q: %w", got.text, err)
		}
		return nil
	case <-process.Exited():
		return process.Failure()
	case <-ctx.Done():
		return fmt.Errorf("starting Temporal: %w", context.Cause(ctx))
	case <-time.After(patience):
		return fmt.Errorf("Temporal is not ready after %s\n%s", patience, process.log)
	}
}

func (o TemporalOptions) flags(scratch string) []string {
	flags := []string{"--sqlite", filepath.Join(scratch, "temporal.db")}
	if o.PostgresURL != "" {
		flags = []string{"--postgres", o.PostgresURL}
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

// temporalPorts gives each of the server's services a port of its own.
func temporalPorts() ([]string, error) {
	var flags []string
	for _, name := range []string{"--frontend-port", "--history-port", "--matching-port", "--worker-port", "--metrics-port"} {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		flags = append(flags, name, strconv.Itoa(port))
	}
	return flags, nil
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
	var stopped error
	if t.process != nil {
		// An orderly end takes seconds, to hand over work that nobody is there to take.
		stopped = t.process.Kill()
	}
	if err := os.RemoveAll(t.scratch); err != nil {
		return errors.Join(stopped, fmt.Errorf("removing Temporal's data: %w", err))
	}
	return stopped
}
