package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// RetentionScheduleID is the schedule that starts Prune.
const RetentionScheduleID = "copilot-retention"

// Prune deletes history that is older than the retention.
func Prune(ctx workflow.Context, in PruneInput) (PruneOutput, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		// Deleting goes in small batches and reports each, so a lost worker is noticed within a minute.
		StartToCloseTimeout: 30 * time.Minute,
		HeartbeatTimeout:    time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 10 * time.Second, MaximumAttempts: 5},
	})
	var out PruneOutput
	err := workflow.ExecuteActivity(ctx, ActivityPrune, in).Get(ctx, &out)
	return out, err
}
