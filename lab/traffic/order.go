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
	TaskQueue     = "orders"
	orderWorkflow = "FulfilOrder"
	paidSignal    = "paid"
)

// order is what one workflow is started with. It carries the trouble that it is to have, so that
// conditions change without a restart of the workers.
type order struct {
	// ActivityTime is how long each of its two activities takes.
	ActivityTime time.Duration
	// Fail makes the workflow end as failed.
	Fail bool
}

// errDeclined is the failure of orders that are meant to fail. Retrying would not help.
var errDeclined = temporal.NewNonRetryableApplicationError("the card is declined", "Declined", nil)

// fulfilOrder charges the customer, waits for the word that the money is there, leaves a moment to cancel,
// and ships: two activities, a signal and a timer, about 16 state transitions in all.
func fulfilOrder(ctx workflow.Context, o order) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: o.ActivityTime + 30*time.Second,
	})
	var steps *activities
	if err := workflow.ExecuteActivity(ctx, steps.Charge, o).Get(ctx, nil); err != nil {
		return err
	}
	workflow.GetSignalChannel(ctx, paidSignal).Receive(ctx, nil)
	if err := workflow.Sleep(ctx, 200*time.Millisecond); err != nil {
		return err
	}
	return workflow.ExecuteActivity(ctx, steps.Ship, o).Get(ctx, nil)
}

// activities are the steps of an order.
type activities struct {
	// temporal is where the bank sends word of payments.
	temporal client.Client
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

// Ship sends the goods.
func (a *activities) Ship(ctx context.Context, o order) error { return work(ctx, o.ActivityTime) }

// work takes as long as it is told to, or until the worker is stopped.
func work(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return errors.New("the worker is stopping")
	}
}
