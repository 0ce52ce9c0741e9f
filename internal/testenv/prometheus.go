//go:build unix

package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
)

// PrometheusOptions describe a Prometheus. The zero value scrapes nothing and can only be asked.
type PrometheusOptions struct {
	// Targets are scraped from the start, whether or not something listens there yet.
	Targets []Target
	// ScrapeInterval is the time between two scrapes of a target, 1 s by default.
	ScrapeInterval time.Duration
	// RemoteWrite lets clients push samples to <URL>/api/v1/write.
	RemoteWrite bool
	// OutOfOrder is how much older than the newest sample of its series a pushed sample may be.
	OutOfOrder time.Duration
	// Dir keeps the samples beyond Stop. By default they go with it.
	Dir string
}

// Target is a process whose /metrics page Prometheus scrapes.
type Target struct {
	// Job becomes the label "job".
	Job string
	// Address is "host:port"; it becomes the label "instance" unless Labels has one.
	Address string
	// Labels are put on every series of the target.
	Labels map[string]string
}

// Prometheus is a running Prometheus server.
type Prometheus struct {
	process *Process
	scratch string
	address string
	keep    bool // the samples
}

// StartPrometheus starts a Prometheus and returns when it answers queries.
func StartPrometheus(ctx context.Context, options PrometheusOptions) (*Prometheus, error) {
	binary, err := Binary("bin", "prometheus")
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "copilot-prometheus-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Prometheus: %w", err)
	}
	p := &Prometheus{scratch: scratch, address: Loopback(port), keep: options.Dir != ""}
	if err := p.start(ctx, binary, options); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Prometheus) start(ctx context.Context, binary string, options PrometheusOptions) error {
	config := filepath.Join(p.scratch, "prometheus.yml")
	content, err := yaml.Marshal(options.config())
	if err != nil {
		return fmt.Errorf("writing Prometheus' configuration: %w", err)
	}
	if err := os.WriteFile(config, content, 0o600); err != nil {
		return fmt.Errorf("writing Prometheus' configuration: %w", err)
	}
	data := options.Dir
	if data == "" {
		data = filepath.Join(p.scratch, "data")
	}
	arguments := []string{
		"--config.file=" + config,
		"--web.listen-address=" + p.address,
		"--storage.tsdb.path=" + data,
		// Tests load samples recorded long ago; the default of 15 days would drop them.
		"--storage.tsdb.retention.time=100y",
		// Targets are static: the default of waiting 5 s for more of them before the first scrape helps nobody.
		"--scrape.discovery-reload-interval=100ms",
		"--log.level=warn",
	}
	if options.RemoteWrite {
		arguments = append(arguments, "--web.enable-remote-write-receiver")
	}
	process, err := StartProcess("Prometheus", exec.Command(binary, arguments...), ProcessOptions{})
	if err != nil {
		return err
	}
	p.process = process
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return await(ctx, process, func(ctx context.Context) error { return getOK(ctx, p.URL()+"/-/ready") })
}

// config is the content of prometheus.yml.
func (o PrometheusOptions) config() map[string]any {
	interval := o.ScrapeInterval
	if interval == 0 {
		interval = time.Second
	}
	var scrapes []map[string]any
	for _, job := range o.jobs() {
		var static []map[string]any
		for _, target := range o.Targets {
			if target.Job == job {
				static = append(static, map[string]any{"targets": []string{target.Address}, "labels": target.Labels})
			}
		}
		scrapes = append(scrapes, map[string]any{"job_name": job, "static_configs": static})
	}
	config := map[string]any{
		"global":         map[string]any{"scrape_interval": interval.String(), "scrape_timeout": interval.String()},
		"scrape_configs": scrapes,
	}
	if o.OutOfOrder > 0 {
		window := fmt.Sprintf("%ds", int(o.OutOfOrder.Seconds()))
		config["storage"] = map[string]any{"tsdb": map[string]any{"out_of_order_time_window": window}}
	}
	return config
}

func (o PrometheusOptions) jobs() []string {
	var jobs []string
	seen := map[string]bool{}
	for _, target := range o.Targets {
		if !seen[target.Job] {
			seen[target.Job] = true
			jobs = append(jobs, target.Job)
		}
	}
	return jobs
}

// URL is the base of Prometheus' HTTP API, "http://127.0.0.1:29090".
func (p *Prometheus) URL() string { return "http://" + p.address }

// Stop ends Prometheus and removes its samples, unless they have a directory of their own. Calling it
// again does no harm.
func (p *Prometheus) Stop() error {
	var stopped error
	switch {
	case p.process == nil:
	case p.keep:
		stopped = p.process.Stop()
	default:
		stopped = p.process.Kill()
	}
	if err := os.RemoveAll(p.scratch); err != nil {
		return errors.Join(stopped, fmt.Errorf("removing Prometheus' data: %w", err))
	}
	return stopped
}

// getOK fails unless the page answers 200.
func getOK(ctx context.Context, page string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// Reading to the end lets the connection be used again.
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", page, response.Status)
	}
	return nil
}
