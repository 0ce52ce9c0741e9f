// Package service runs the worker process: it connects to Temporal and the store, serves activities and
// workflows, makes sure that every configured cluster is observed, and shows its own health.
package service

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
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
	logReaders, err := logReaders(c)
	if err != nil {
		return err
	}
	provider, err := c.Explain.Explainer(ctx)
	if err != nil {
		return err
	}
	documents, err := newLibrary(ctx, c.Knowledge, logger)
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
	a := &activities.Activities{
		Clusters: readers, Store: s, Logs: logReaders, AmplifierThresholds: amplifierThresholds(c), Knowledge: documents,
		Explainer: activities.NewExplainer(string(c.Explain.Provider), provider, c.Explain.Limits()),
		Metrics:   activities.NewMetrics(registry), Logger: logger,
	}
	if c.Knowledge.Bedrock.Synced() {
		a.KnowledgeBase = documents
	}
	Register(w, a)
	if err := w.Start(); err != nil {
		return fmt.Errorf("starting the Temporal worker: %w", err)
	}
	defer w.Stop()
	go documents.keepUp(ctx, refreshEvery)
	go showBudget(ctx, a, logger)

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
	w.RegisterWorkflow(workflows.Assess)
	w.RegisterWorkflow(workflows.Periodic)
	w.RegisterWorkflow(workflows.WatchLogs)
	w.RegisterWorkflow(workflows.SyncKnowledge)
	for name, fn := range map[string]any{
		workflows.ActivityReadSignals:     a.ReadSignals,
		workflows.ActivityStoreCycles:     a.StoreCycles,
		workflows.ActivityLoadMemory:      a.LoadMemory,
		workflows.ActivityPrune:           a.Prune,
		workflows.ActivityGatherEvidence:  a.GatherEvidence,
		workflows.ActivityRecall:          a.Recall,
		workflows.ActivityTriage:          a.Triage,
		workflows.ActivityResearch:        a.Research,
		workflows.ActivityStoreAssessment: a.StoreAssessment,
		workflows.ActivityDueAssessments:  a.DueAssessments,
		workflows.ActivityReadLogs:        a.ReadLogs,
		workflows.ActivityStoreLogs:       a.StoreLogs,
		workflows.ActivitySyncKnowledge:   a.SyncKnowledge,
	} {
		w.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
}

// showBudget stores the budget as soon as the store is there.
func showBudget(ctx context.Context, a *activities.Activities, logger *slog.Logger) {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, a.ShowBudget(ctx) }, backoff.WithMaxElapsedTime(0))
	if err != nil && ctx.Err() == nil {
		logger.Warn("the budget can't be shown", "error", err)
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

// watch makes sure that the observation of every cluster runs with the configured settings, that its logs
// are read, and that schedules do the rest.
func watch(ctx context.Context, c client.Client, cfg config.Config) error {
	for _, cluster := range cfg.Clusters {
		if err := observe(ctx, c, string(cfg.Temporal.TaskQueue), cluster); err != nil {
			return fmt.Errorf("starting the observation of cluster %q: %w", cluster.Name, err)
		}
		if cluster.Logs == nil {
			continue
		}
		if err := watchLogs(ctx, c, string(cfg.Temporal.TaskQueue), cluster); err != nil {
			return fmt.Errorf("starting to read the logs of cluster %q: %w", cluster.Name, err)
		}
	}
	return setSchedules(ctx, c, cfg)
}

// observe starts a cluster's observation, or hands the running one its settings.
func observe(ctx context.Context, c client.Client, taskQueue string, cluster config.Cluster) error {
	name := string(cluster.Name)
	settings := workflows.Settings{Interval: time.Duration(cluster.Interval), Thresholds: cluster.Rules(), Assess: true}
	if cluster.Logs != nil {
		settings.LogsEvery = logsEvery(cluster)
	}
	return configure(ctx, c, client.StartWorkflowOptions{
		ID: workflows.ObserveID(name), TaskQueue: taskQueue, StaticSummary: "Observes the Temporal cluster " + name,
	}, workflows.ObserveCluster, workflows.ObserveInput{Cluster: name, Settings: settings}, settings)
}

// watchLogs starts the reading of a cluster's logs, or hands the running one its settings.
func watchLogs(ctx context.Context, c client.Client, taskQueue string, cluster config.Cluster) error {
	name := string(cluster.Name)
	settings := workflows.LogSettings{Interval: logsEvery(cluster)}
	return configure(ctx, c, client.StartWorkflowOptions{
		ID: workflows.LogsID(name), TaskQueue: taskQueue, StaticSummary: "Reads the logs of the Temporal cluster " + name,
	}, workflows.WatchLogs, workflows.WatchLogsInput{Cluster: name, Settings: settings}, settings)
}

// minLogsEvery keeps what Loki is asked apart from the cycles of clusters that are observed every few seconds.
const minLogsEvery = 10 * time.Second

// logsEvery is the time between two readings of logs: a cycle, so that what they say of an event is known with it.
func logsEvery(cluster config.Cluster) time.Duration {
	return max(time.Duration(cluster.Interval), minLogsEvery)
}

// configure starts a workflow that there is one of, or hands the running one its settings.
func configure(ctx context.Context, c client.Client, options client.StartWorkflowOptions, workflow, input, settings any) error {
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	handle, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(options, workflow, input),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateConfigure, Args: []any{settings}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}
