//go:build unix

package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// LokiOptions describe a Loki. The zero value takes lines of any time within a week.
type LokiOptions struct {
	// MaxEntries is how many lines one query may give, Loki's default of 5,000 when 0.
	MaxEntries int
	// Tenants makes Loki ask every request for its tenant.
	Tenants bool
}

// Loki is a running Loki: all its parts in one process, its data in a folder.
type Loki struct {
	process *Process
	scratch string
	address string
}

// LogLine is a log line and its time.
type LogLine struct {
	At   time.Time
	Text string
}

// StartLoki starts a Loki and returns when it takes lines and queries.
func StartLoki(ctx context.Context, options LokiOptions) (*Loki, error) {
	binary, err := Binary("bin", "loki")
	if err != nil {
		return nil, err
	}
	var ports [2]int
	for i := range ports {
		if ports[i], err = FreePort(); err != nil {
			return nil, err
		}
	}
	scratch, err := os.MkdirTemp("", "copilot-loki-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Loki: %w", err)
	}
	l := &Loki{scratch: scratch, address: Loopback(ports[0])}
	if err := l.start(ctx, binary, options.config(scratch, ports[0], ports[1])); err != nil {
		return nil, errors.Join(err, l.Stop())
	}
	return l, nil
}

func (l *Loki) start(ctx context.Context, binary string, config map[string]any) error {
	file := filepath.Join(l.scratch, "loki.yaml")
	content, err := yaml.Marshal(config)
	if err != nil {
		return fmt.Errorf("writing Loki's configuration: %w", err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("writing Loki's configuration: %w", err)
	}
	l.process, err = StartProcess("Loki", exec.Command(binary, "-config.file="+file), ProcessOptions{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	return await(ctx, l.process, func(ctx context.Context) error { return getOK(ctx, l.URL()+"/ready") })
}

// config is the content of loki.yaml.
func (o LokiOptions) config(scratch string, httpPort, grpcPort int) map[string]any {
	limits := map[string]any{
		// Tests push lines that are some hours old, and many at once.
		"reject_old_samples": true, "reject_old_samples_max_age": "168h",
		"ingestion_rate_mb": 64, "ingestion_burst_size_mb": 128, "per_stream_rate_limit": "64MB", "per_stream_rate_limit_burst": "128MB",
		// Nothing but the labels that were given.
		"discover_service_name": []string{}, "discover_log_levels": false,
		"allow_structured_metadata": true, "volume_enabled": false,
	}
	if o.MaxEntries > 0 {
		limits["max_entries_limit_per_query"] = o.MaxEntries
	}
	return map[string]any{
		"auth_enabled": o.Tenants,
		"analytics":    map[string]any{"reporting_enabled": false},
		"server": map[string]any{
			"http_listen_address": "127.0.0.1", "http_listen_port": httpPort, "grpc_listen_address": "127.0.0.1", "grpc_listen_port": grpcPort,
			"log_level": "error",
		},
		"common": map[string]any{
			"path_prefix": scratch, "instance_addr": "127.0.0.1", "replication_factor": 1,
			"ring":    map[string]any{"kvstore": map[string]any{"store": "inmemory"}},
			"storage": map[string]any{"filesystem": map[string]any{"chunks_directory": filepath.Join(scratch, "chunks"), "rules_directory": filepath.Join(scratch, "rules")}},
		},
		"schema_config": map[string]any{"configs": []map[string]any{{
			"from": "2024-01-01", "store": "tsdb", "object_store": "filesystem", "schema": "v13",
			"index": map[string]any{"prefix": "index_", "period": "24h"},
		}}},
		"ingester": map[string]any{
			// Ready at once: no other ingester has to be waited for.
			"lifecycler": map[string]any{"min_ready_duration": "0s"},
			"wal":        map[string]any{"enabled": false},
		},
		// The queriers ask the one frontend for work. The way by a scheduler takes ten seconds to find it.
		"frontend_worker": map[string]any{"frontend_address": Loopback(grpcPort)},
		"query_scheduler": map[string]any{"use_scheduler_ring": false},
		"limits_config":   limits,
		"query_range":     map[string]any{"cache_results": false},
	}
}

// URL is the base of Loki's HTTP API, "http://127.0.0.1:23100".
func (l *Loki) URL() string { return "http://" + l.address }

// Push stores lines of one stream. The tenant is only for a Loki that asks for it.
func (l *Loki) Push(ctx context.Context, tenant string, labels map[string]string, lines ...LogLine) error {
	values := make([][2]string, len(lines))
	for i, line := range lines {
		values[i] = [2]string{strconv.FormatInt(line.At.UnixNano(), 10), line.Text}
	}
	body, err := json.Marshal(map[string]any{"streams": []map[string]any{{"stream": labels, "values": values}}})
	if err != nil {
		return fmt.Errorf("writing log lines: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL()+"/loki/api/v1/push", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if tenant != "" {
		request.Header.Set("X-Scope-OrgID", tenant)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("storing log lines: %w", err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("storing log lines: Loki answers %s: %s", response.Status, answer)
	}
	return nil
}

// Stop ends Loki at once and removes its lines. Calling it again does no harm.
func (l *Loki) Stop() error {
	var stopped error
	if l.process != nil {
		stopped = l.process.Kill()
	}
	if err := os.RemoveAll(l.scratch); err != nil {
		return errors.Join(stopped, fmt.Errorf("removing Loki's data: %w", err))
	}
	return stopped
}
