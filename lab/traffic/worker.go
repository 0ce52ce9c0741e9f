package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// WorkerOptions describe a worker of the order workflows.
type WorkerOptions struct {
	// Address and Namespace say where Temporal is.
	Address, Namespace string
	// TaskQueue is the one that it polls, the first of Queues when empty.
	TaskQueue string
	// MetricsAddress is where the worker serves its SDK metrics on /metrics.
	MetricsAddress string
	// Exporter decides how the metrics are named, see Exporters; empty is the first of them.
	Exporter string
	// WorkflowSlots and ActivitySlots are how many tasks it runs at a time.
	WorkflowSlots, ActivitySlots int
	// Pollers is how many polls of each kind it keeps open.
	Pollers int
	// Unreachable makes each attempt of every order's last activity fail with an error that is retried without end,
	// as while a service that it calls is down.
	Unreachable bool
	// Incompatible makes it a worker of the second version of the workflow code, which breaks determinism. It has no
	// sticky cache and so replays a workflow at each of its tasks: a third of the orders gets stuck for ever, those of
	// them included that the first version began and had not shipped.
	Incompatible bool
}

// RunWorker runs a worker until ctx ends.
func RunWorker(ctx context.Context, options WorkerOptions) error {
	metrics, err := newMetrics(options.Exporter)
	if err != nil {
		return err
	}
	defer metrics.close()
	connection, err := client.DialContext(ctx, client.Options{
		HostPort:       options.Address,
		Namespace:      options.Namespace,
		MetricsHandler: metrics.sdk,
		Logger:         logger,
	})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", options.Address, err)
	}
	defer connection.Close()

	version := fulfilOrder
	if options.Incompatible {
		version = fulfilOrderWithWrapping
		worker.SetStickyWorkflowCacheSize(0)
	}
	orders := worker.New(connection, cmp.Or(options.TaskQueue, TaskQueue), worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: options.WorkflowSlots,
		MaxConcurrentActivityExecutionSize:     options.ActivitySlots,
		MaxConcurrentWorkflowTaskPollers:       options.Pollers,
		MaxConcurrentActivityTaskPollers:       options.Pollers,
		// Eager activities skip the task queue, and with it the schedule-to-start metric that we want to see.
		DisableEagerActivities: true,
		WorkerStopTimeout:      2 * time.Second,
	})
	orders.RegisterWorkflowWithOptions(version, workflow.RegisterOptions{Name: orderWorkflow})
	orders.RegisterActivity(&activities{temporal: connection, unreachable: options.Unreachable})

	page := &http.Server{Addr: options.MetricsAddress, Handler: metrics.page, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- page.ListenAndServe() }()
	defer page.Close()

	if err := orders.Start(); err != nil {
		return fmt.Errorf("starting the worker: %w", err)
	}
	defer orders.Stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serving metrics: %w", err)
	}
}
