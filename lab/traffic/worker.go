package traffic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	sdktally "go.temporal.io/sdk/contrib/tally"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// WorkerOptions describe a worker of the order workflows.
type WorkerOptions struct {
	// Address and Namespace say where Temporal is.
	Address, Namespace string
	// MetricsAddress is where the worker serves its SDK metrics on /metrics.
	MetricsAddress string
	// WorkflowSlots and ActivitySlots are how many tasks it runs at a time.
	WorkflowSlots, ActivitySlots int
	// Pollers is how many polls of each kind it keeps open.
	Pollers int
}

// RunWorker runs a worker until ctx ends.
func RunWorker(ctx context.Context, options WorkerOptions) error {
	metrics, err := newMetrics()
	if err != nil {
		return err
	}
	defer metrics.Close()
	connection, err := client.DialContext(ctx, client.Options{
		HostPort:       options.Address,
		Namespace:      options.Namespace,
		MetricsHandler: sdktally.NewMetricsHandler(metrics.scope),
		Logger:         logger,
	})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", options.Address, err)
	}
	defer connection.Close()

	orders := worker.New(connection, TaskQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: options.WorkflowSlots,
		MaxConcurrentActivityExecutionSize:     options.ActivitySlots,
		MaxConcurrentWorkflowTaskPollers:       options.Pollers,
		MaxConcurrentActivityTaskPollers:       options.Pollers,
		// Eager activities skip the task queue, and with it the schedule-to-start metric that we want to see.
		DisableEagerActivities: true,
		WorkerStopTimeout:      2 * time.Second,
	})
	orders.RegisterWorkflowWithOptions(fulfilOrder, workflow.RegisterOptions{Name: orderWorkflow})
	orders.RegisterActivity(&activities{temporal: connection})

	page := &http.Server{Addr: options.MetricsAddress, Handler: metrics.handler, ReadHeaderTimeout: 5 * time.Second}
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
