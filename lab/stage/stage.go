package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Options describe a stage.
type Options struct {
	// Interval is the time between two cycles of the copilot.
	Interval time.Duration
	// MetricsFramework names the metrics of the watched cluster, see testenv.TemporalOptions.
	MetricsFramework string
	// TwoHistoryHosts runs a second process of the watched cluster with a history service of its own.
	TwoHistoryHosts bool
	// WatchItself has the copilot watch its own Temporal server too, as a second cluster.
	WatchItself bool
	// LokiOptional leaves Loki out where it is not built; the copilot then reads no logs.
	LokiOptional bool
	// Progress is told what is being started, in words, one step after the other.
	Progress func(step string)
}

// The jobs of the watched cluster's server and of its workers, in Prometheus and in Loki.
const (
	serverJob = "temporal"
	workerJob = "workers"
)

// The jobs of the copilot's own Temporal server and of the copilot, the only worker there.
const (
	homeJob    = "copilot-temporal"
	copilotJob = "copilot"
)

// shards is the watched cluster's number of history shards: enough to spread work, few enough for a
// small machine. The copilot's own server has fewer.
const (
	shards     = 16
	homeShards = 4
)

// Stage is everything a scenario needs, running.
type Stage struct {
	options Options
	scratch string

	postgres *testenv.Postgres
	// proxy stands before the watched cluster's database, visibilityProxy before that of its visibility records.
	proxy, visibilityProxy *databaseProxy

	home       *testenv.Temporal // the copilot's own server
	watched    *testenv.Temporal
	prometheus *testenv.Prometheus
	loki       *testenv.Loki // nil without one
	shippers   shippers

	// historyMetrics is where the second history process serves its metrics, empty without one.
	historyMetrics string
	// restarting gets the outcome of a restart that is under way; nil without one.
	restarting chan error

	copilot       *testenv.Process
	copilotConfig string
	copilotListen string // the address of its metrics
	store         *store.Store

	applications *applications
	conditions   Conditions

	// stops undo what was started, in order of starting.
	stops []func() error
}

// Start sets a stage up under calm conditions. When it fails, what had been started is stopped.
func Start(ctx context.Context, options Options) (*Stage, error) {
	s := &Stage{options: options}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stage) start(ctx context.Context) error {
	var err error
	if s.scratch, err = os.MkdirTemp("", "copilot-stage-"); err != nil {
		return fmt.Errorf("making a directory for the stage: %w", err)
	}
	s.onStop(func() error { return os.RemoveAll(s.scratch) })
	for _, step := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"PostgreSQL 16", s.startPostgres},
		{"Loki", s.startLoki},
		{"two Temporal servers: the one to watch, and the copilot's own", s.startTemporals},
		{"Prometheus", s.startPrometheus},
		{"the copilot", s.startCopilot},
		{"workers", func(ctx context.Context) error { return s.Set(ctx, Calm()) }},
	} {
		s.options.Progress(step.title)
		if err := step.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) onStop(stop func() error) { s.stops = append(s.stops, stop) }

func (s *Stage) startPostgres(ctx context.Context) error {
	var err error
	// Two Temporal pools, the copilot's, a Grafana's and whoever looks in.
	settings := map[string]string{
		"max_connections": "200",
		// Who measures how fast a change is seen needs to know when it could be seen first.
		"track_commit_timestamp": "on",
	}
	if s.postgres, err = testenv.StartPostgres(ctx, testenv.PostgresOptions{Settings: settings}); err != nil {
		return err
	}
	s.onStop(s.postgres.Stop)
	if err := s.postgres.CreateDatabase(ctx, "copilot"); err != nil {
		return err
	}
	for _, proxy := range []**databaseProxy{&s.proxy, &s.visibilityProxy} {
		if *proxy, err = startDatabaseProxy(s.postgres.Address()); err != nil {
			return err
		}
		s.onStop((*proxy).stop)
	}
	return nil
}

func (s *Stage) startPrometheus(ctx context.Context) error {
	var err error
	if s.applications, err = newApplications(s.watched, s.shippers.workers); err != nil {
		return err
	}
	s.onStop(s.applications.stop)
	listen, err := testenv.FreePort()
	if err != nil {
		return err
	}
	s.copilotListen = testenv.Loopback(listen)
	targets := append(s.applications.targets(),
		testenv.Target{Job: serverJob, Address: s.watched.MetricsAddress()},
		testenv.Target{Job: homeJob, Address: s.home.MetricsAddress()},
		testenv.Target{Job: copilotJob, Address: s.copilotListen})
	if s.historyMetrics != "" {
		targets = append(targets, testenv.Target{Job: serverJob, Address: s.historyMetrics})
	}
	if s.prometheus, err = testenv.StartPrometheus(ctx, testenv.PrometheusOptions{Targets: targets, ScrapeInterval: scrapeInterval}); err != nil {
		return err
	}
	s.onStop(s.prometheus.Stop)
	return nil
}

// Set puts the watched cluster under new conditions.
func (s *Stage) Set(ctx context.Context, wanted Conditions) error {
	if err := wanted.Validate(); err != nil {
		return err
	}
	if err := s.awaitRestart(); err != nil {
		return err
	}
	if err := s.proxy.behave(ctx, wanted.Database); err != nil {
		return err
	}
	if err := s.visibilityProxy.behave(ctx, wanted.visibilityBehaves()); err != nil {
		return err
	}
	if err := s.limitRequests(wanted); err != nil {
		return err
	}
	if err := s.applications.follow(s.conditions, wanted); err != nil {
		return err
	}
	s.conditions = wanted
	return nil
}

// Conditions are those that were set last.
func (s *Stage) Conditions() Conditions { return s.conditions }

// Check fails when a process ended that was to go on: then no verdict can be expected any more.
func (s *Stage) Check() error {
	select {
	case <-s.copilot.Exited():
		return s.copilot.Failure()
	default:
		return errors.Join(s.checkRestart(), s.applications.check())
	}
}

// Address is a part of the stage and where to find it.
type Address struct{ Part, Where string }

// Addresses lists what can be looked at from outside.
func (s *Stage) Addresses() []Address {
	addresses := []Address{
		{"watched Temporal server (gRPC)", s.watched.Address()},
		{"its metrics", "http://" + s.watched.MetricsAddress() + "/metrics"},
		{"the copilot's Temporal server (gRPC)", s.home.Address()},
		{"Prometheus", s.prometheus.URL()},
		{"the copilot's store", s.StoreURL()},
		{"the copilot's configuration", s.copilotConfig},
	}
	if s.loki != nil {
		addresses = append(addresses, Address{"Loki", s.loki.URL()})
	}
	return addresses
}

// Stop ends everything that was started, the last first. Calling it again does no harm.
func (s *Stage) Stop() error {
	var errs []error
	// A server that waits for its database would hold up its own end.
	for _, proxy := range []*databaseProxy{s.proxy, s.visibilityProxy} {
		if proxy != nil {
			errs = append(errs, proxy.behave(context.Background(), DatabaseOK))
		}
	}
	errs = append(errs, s.awaitRestart())
	for _, stop := range slices.Backward(s.stops) {
		errs = append(errs, stop())
	}
	s.stops, s.proxy, s.visibilityProxy = nil, nil, nil
	return errors.Join(errs...)
}
