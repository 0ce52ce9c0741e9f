// Package service runs the worker process: it connects to Temporal and the store, serves activities and
// workflows, makes sure that every configured cluster is observed, and shows its own health.
package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// Run works until the context ends. It waits for a Temporal server that is not there yet; it does not
// wait for the store, whose absence the workflows bridge.
func Run(ctx context.Context, c config.Config, logger *slog.Logger) error {
	readers, err := readers(c.Clusters)
	if err != nil {
		return err
	}
	database, err := c.Store.Database(ctx)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	defer s.Close()

	registry := prometheus.NewRegistry()
	health := newStatus(registry, s)
	stop, err := health.serve(string(c.Metrics.Listen), logger)
	if err != nil {
		return err
	}
	defer stop()

	temporalClient, err := connect(ctx, c.Temporal, registry, logger)
	if err != nil {
		return err
	}
	defer temporalClient.Close()
	health.temporalReady(temporalClient)

	w := worker.New(temporalClient, string(c.Temporal.TaskQueue), worker.Options{})
	Register(w, &activities.Activities{Clusters: readers, Store: s, Metrics: activities.NewMetrics(registry)})
	if err := w.Start(); err != nil {
		return fmt.Errorf("starting the Temporal worker: %w", err)
	}
	defer w.Stop()

	if err := watch(ctx, temporalClient, c); err != nil {
		return err
	}
	for _, cluster := range c.Clusters {
		logger.Info("observing", "cluster", string(cluster.Name), "interval", time.Duration(cluster.Interval).String())
	}
	health.ready()
	<-ctx.Done()
	logger.Info("stopping")
	return nil
}

// Register adds all workflows and activities to a worker, under their names.
func Register(w worker.Registry, a *activities.Activities) {
	w.RegisterWorkflow(workflows.ObserveCluster)
	w.RegisterWorkflow(workflows.Prune)
	for name, fn := range map[string]any{
		workflows.ActivityReadSignals: a.ReadSignals,
		workflows.ActivityStoreCycles: a.StoreCycles,
		workflows.ActivityLoadMemory:  a.LoadMemory,
		workflows.ActivityPrune:       a.Prune,
	} {
		w.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

// Dial connects to Temporal once.
func Dial(ctx context.Context, t config.Temporal, options client.Options) (client.Client, error) {
	options.HostPort, options.Namespace = string(t.Address), string(t.Namespace)
	protection, err := t.TLS.Config()
	if err != nil {
		return nil, fmt.Errorf("temporal.tls: %w", err)
	}
	options.ConnectionOptions.TLS = protection
	if t.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(string(t.APIKey))
		if protection == nil {
			// The SDK sends a key over TLS only.
			options.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	connected, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connecting to Temporal at %s (namespace %q): %w", options.HostPort, options.Namespace, err)
	}
	return connected, nil
}

// connect dials until Temporal is there: in a new deployment everything starts at once.
func connect(ctx context.Context, t config.Temporal, registry prometheus.Registerer, logger *slog.Logger) (client.Client, error) {
	metrics, err := sdkMetrics(registry)
	if err != nil {
		return nil, err
	}
	return backoff.Retry(ctx, func() (client.Client, error) {
		c, err := Dial(ctx, t, client.Options{Logger: log.NewStructuredLogger(logger), MetricsHandler: metrics})
		if err != nil {
			logger.Warn("Temporal is not there yet", "error", err)
		}
		return c, err
	}, backoff.WithBackOff(&backoff.ExponentialBackOff{InitialInterval: time.Second, Multiplier: 2, MaxInterval: 15 * time.Second, RandomizationFactor: 0.2}),
		backoff.WithMaxElapsedTime(0))
}

// watch makes sure that the observation of every cluster runs with the configured settings, and that
// history is pruned.
func watch(ctx context.Context, c client.Client, cfg config.Config) error {
	for _, cluster := range cfg.Clusters {
		if err := observe(ctx, c, string(cfg.Temporal.TaskQueue), cluster); err != nil {
			return fmt.Errorf("starting the observation of cluster %q: %w", cluster.Name, err)
		}
	}
	if err := scheduleRetention(ctx, c, cfg); err != nil {
		return fmt.Errorf("setting up the retention schedule: %w", err)
	}
	return nil
}

// observe starts a cluster's workflow, or hands the running one its settings.
func observe(ctx context.Context, c client.Client, taskQueue string, cluster config.Cluster) error {
	name := string(cluster.Name)
	settings := workflows.Settings{Interval: time.Duration(cluster.Interval), Thresholds: cluster.Rules()}
	start := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: workflows.ObserveID(name), TaskQueue: taskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Observes the Temporal cluster " + name,
	}, workflows.ObserveCluster, workflows.ObserveInput{Cluster: name, Settings: settings})
	handle, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateConfigure, Args: []any{settings}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// pruneEvery keeps what is deleted at a time small: an hour of 30-second cycles is 120 rows a cluster.
const pruneEvery = time.Hour

// scheduleRetention creates the schedule, or gives the existing one the configured retention.
func scheduleRetention(ctx context.Context, c client.Client, cfg config.Config) error {
	action := &client.ScheduleWorkflowAction{
		ID: workflows.RetentionScheduleID, Workflow: workflows.Prune, TaskQueue: string(cfg.Temporal.TaskQueue),
		Args: []any{workflows.PruneInput{Retention: time.Duration(cfg.Retention)}},
	}
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: pruneEvery}}}
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: workflows.RetentionScheduleID, Spec: spec, Action: action,
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: 2 * time.Minute,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return c.ScheduleClient().GetHandle(ctx, workflows.RetentionScheduleID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := in.Description.Schedule
			schedule.Spec, schedule.Action = &spec, action
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
}
