package traffic

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The names that the workers and the client share.
const (
	orderWorkflow = "FulfilOrder"
	paidSignal    = "paid"
)

// Queues are the task queues that orders can use, in the order in which they come into use. Each of them has
// workers of its own. The hyphen is on purpose: the server's tally metrics show it as an underscore.
var Queues = []string{"orders", "orders-express", "orders-returns"}

// TaskQueue is the first of the Queues.
const TaskQueue = "orders"

// order is what one workflow is started with. It carries the faults that it is to have, so that
// conditions change without a restart of the workers.
type order struct {
	// ActivityTime is how long each of its two activities takes.
	ActivityTime time.Duration
	// Fail makes the workflow end as failed.
	Fail bool
	// Gift orders are wrapped by the second version of the workflow, which does it wrong.
	Gift bool
}

// errDeclined is the failure of orders that are meant to fail. Retrying would not help.
var errDeclined = temporal.NewNonRetryableApplicationError("the card is declined", "Declined", nil)

// errUnreachable is the failure of activities while a service that they depend on is down. Their retry
// policy tries them again without end.
var errUnreachable = temporal.NewApplicationError("the carrier's service is unreachable", "Unreachable")

// fulfilOrder charges the customer, waits for the confirmation of the payment, leaves a moment to cancel,
// and ships: two activities, a signal and a timer, about 16 state transitions in all.
func fulfilOrder(ctx workflow.Context, o order) error {
	return fulfil(ctx, o, func(workflow.Context) error { return nil })
}

// fulfilOrderWithWrapping is the second version of fulfilOrder. It wraps gifts, and it breaks determinism with a
// well-known mistake: it guards a step against being repeated with IsReplaying. As soon as such a workflow is
// replayed, its code asks for another step than its history contains, and every workflow task fails from then on. The
// SDK does not notice that in a workflow's last task: there has to be a step to wait for after the guarded one.
func fulfilOrderWithWrapping(ctx workflow.Context, o order) error {
	return fulfil(ctx, o, func(ctx workflow.Context) error {
		if !o.Gift || workflow.IsReplaying(ctx) {
			return nil
		}
		var steps *activities
		return workflow.ExecuteActivity(ctx, steps.Wrap, o).Get(ctx, nil)
	})
}

func fulfil(ctx workflow.Context, o order, wrap func(workflow.Context) error) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: o.ActivityTime + 30*time.Second,
	})
	var steps *activities
	if err := workflow.ExecuteActivity(ctx, steps.Charge, o).Get(ctx, nil); err != nil {
		return err
	}
	workflow.GetSignalChannel(ctx, paidSignal).Receive(ctx, nil)
	if err := wrap(ctx); err != nil {
		return err
	}
	if err := workflow.Sleep(ctx, 200*time.Millisecond); err != nil {
		return err
	}
	// A carrier whose service is down is not asked every second.
	ctx = workflow.WithRetryPolicy(ctx, temporal.RetryPolicy{InitialInterval: 5 * time.Second})
	return workflow.ExecuteActivity(ctx, steps.Ship, o).Get(ctx, nil)
}

// activities are the steps of an order.
type activities struct {
	// temporal is where the bank sends confirmations of payments.
	temporal client.Client
	// unreachable makes each attempt to ship fail.
	unreachable bool
}

// Charge has the bank take the money; the bank signals the workflow.
func (a *activities) Charge(ctx context.Context, o order) error {
	if o.Fail {
		return errDeclined
	}
	if err := work(ctx, o.ActivityTime); err != nil {
		return err
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	return a.temporal.SignalWorkflow(ctx, execution.ID, execution.RunID, paidSignal, nil)
}

// Wrap wraps a gift.
func (a *activities) Wrap(ctx context.Context, o order) error { return work(ctx, o.ActivityTime) }

// Ship sends the goods.
func (a *activities) Ship(ctx context.Context, o order) error {
	if a.unreachable {
		return errUnreachable
	}
	return work(ctx, o.ActivityTime)
}

// work takes as long as it is told to, or until the worker is stopped.
func work(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return errors.New("the worker is stopping")
	}
}
