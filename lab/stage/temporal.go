package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func (s *Stage) startTemporals(ctx context.Context) error {
	main, err := s.proxy.url(s.postgres.URL("temporal"))
	if err != nil {
		return err
	}
	visibility, err := s.visibilityProxy.url(s.postgres.URL("temporal_visibility"))
	if err != nil {
		return err
	}
	options := testenv.TemporalOptions{
		PostgresURL: main, VisibilityURL: visibility, MetricsFramework: s.options.MetricsFramework, Shards: shards,
		DynamicConfig: filepath.Join(s.scratch, "dynamic.yaml"), Log: s.shippers.server,
	}
	if err := s.limitRequests(Calm()); err != nil {
		return err
	}
	if s.options.TwoHistoryHosts {
		if options.HistoryMetricsPort, err = testenv.FreePort(); err != nil {
			return err
		}
		s.historyMetrics = testenv.Loopback(options.HistoryMetricsPort)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.watched, err = testenv.StartTemporal(ctx, options)
		return err
	})
	group.Go(func() (err error) {
		s.home, err = testenv.StartTemporal(ctx, testenv.TemporalOptions{Shards: homeShards})
		return err
	})
	err = group.Wait()
	for _, server := range []*testenv.Temporal{s.watched, s.home} {
		if server != nil {
			s.onStop(server.Stop)
		}
	}
	return err
}

// limitRequests brings the server's dynamic configuration in line with conditions. The server notices within 5 s.
func (s *Stage) limitRequests(c Conditions) error {
	// The server must never read half a file.
	file := filepath.Join(s.scratch, "dynamic.yaml")
	if err := os.WriteFile(file+".new", dynamicConfig(c), 0o600); err != nil {
		return fmt.Errorf("writing the server's dynamic configuration: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("writing the server's dynamic configuration: %w", err)
	}
	return nil
}

func dynamicConfig(c Conditions) []byte {
	type constrained struct {
		Value int `yaml:"value"`
	}
	settings := map[string][]constrained{}
	for key, limit := range map[string]int{"frontend.rps": c.FrontendRPS, "frontend.namespaceRPS": c.NamespaceRPS} {
		if limit > 0 {
			settings[key] = []constrained{{limit}}
		}
	}
	content, err := yaml.Marshal(settings)
	if err != nil {
		panic(err) // numbers by name can be written
	}
	return content
}

// Restart is a part of the watched cluster to restart.
type Restart string

// What can be restarted.
const (
	// RestartServer kills all processes of the server and starts them again.
	RestartServer Restart = "server"
	// RestartHistory does so with the second history process, where there is one, after historyDown.
	RestartHistory Restart = "history"
)

// historyDown is how long the second history process stays down. The other one notices within 10 s that it is gone, and
// takes its shards over. A process that is back before that finds its shards as it left them, and none moves.
const historyDown = 20 * time.Second

// Restart kills a part of the watched cluster, as a crash would, and starts it again. It does not wait until the part
// is back, for what happens meanwhile is of interest; Check fails when it does not come back.
func (s *Stage) Restart(ctx context.Context, part Restart) error {
	if err := s.awaitRestart(); err != nil {
		return err
	}
	restart := s.watched.Restart
	if part == RestartHistory {
		restart = func(ctx context.Context) error { return s.watched.RestartHistory(ctx, historyDown) }
	}
	done := make(chan error, 1)
	s.restarting = done
	go func() { done <- restart(ctx) }()
	return nil
}

// awaitRestart waits until what is being restarted is back.
func (s *Stage) awaitRestart() error {
	if s.restarting == nil {
		return nil
	}
	err := <-s.restarting
	s.restarting = nil
	return err
}

// checkRestart fails when what was restarted did not come back.
func (s *Stage) checkRestart() error {
	select {
	case err := <-s.restarting:
		s.restarting = nil
		return err
	default:
		return nil
	}
}
