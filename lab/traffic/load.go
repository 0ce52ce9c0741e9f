package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
)

// LoadOptions describe the demand for order workflows.
type LoadOptions struct {
	// Address and Namespace say where Temporal is.
	Address, Namespace string
	// TaskQueues are the task queues over which the workflows are spread evenly; none is the first of Queues.
	TaskQueues []string
	// Rate is how many workflows are started per second.
	Rate float64
	// ActivityTime is how long each activity of a workflow takes.
	ActivityTime time.Duration
	// FailShare is the share of workflows that fail, 0 to 1.
	FailShare float64
}

// The client gives up on a request after requestTimeout, as an application would, and has at most
// maxInFlight of them under way: a server that hangs must not fill this process.
const (
	requestTimeout = 10 * time.Second
	maxInFlight    = 200
)

// RunLoad starts workflows at an even rate until ctx ends, however many of the requests fail.
func RunLoad(ctx context.Context, options LoadOptions) error {
	connection, err := client.NewLazyClient(client.Options{HostPort: options.Address, Namespace: options.Namespace, Logger: logger})
	if err != nil {
		return fmt.Errorf("making a client of Temporal at %s: %w", options.Address, err)
	}
	defer connection.Close()

	queues := options.TaskQueues
	if len(queues) == 0 {
		queues = []string{TaskQueue}
	}
	ticker := time.NewTicker(time.Duration(float64(time.Second) / options.Rate))
	defer ticker.Stop()
	inFlight := make(chan struct{}, maxInFlight)
	var requests sync.WaitGroup
	defer requests.Wait()
	for number := 0; ; number++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		select {
		case inFlight <- struct{}{}:
			requests.Go(func() {
				defer func() { <-inFlight }()
				placeOrder(ctx, connection, queues[number%len(queues)], order{
					ActivityTime: options.ActivityTime,
					Fail:         rand.Float64() < options.FailShare,
					// Every third order of each queue.
					Gift: number/len(queues)%3 == 0,
				})
			})
		default: // the server hangs; one more request would only wait with the others
		}
	}
}

// placeOrder starts a workflow. That it fails is the point of some scenarios, and the server's metrics
// count it.
func placeOrder(ctx context.Context, connection client.Client, queue string, o order) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, _ = connection.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: queue}, orderWorkflow, o)
}
