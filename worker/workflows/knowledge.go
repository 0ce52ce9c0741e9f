package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// KnowledgeScheduleID is the schedule that starts SyncKnowledge.
const KnowledgeScheduleID = "copilot-knowledge"

// SyncKnowledge brings the documents to the knowledge base when they have changed since the last time.
func SyncKnowledge(ctx workflow.Context, in SyncKnowledgeInput) (SyncKnowledgeOutput, error) {
	if workflow.HasLastCompletionResult(ctx) {
		var last SyncKnowledgeOutput
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return SyncKnowledgeOutput{}, err
		}
		in.Digest = last.Digest
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 30 * time.Second, MaximumAttempts: 5},
	})
	var out SyncKnowledgeOutput
	err := workflow.ExecuteActivity(ctx, ActivitySyncKnowledge, in).Get(ctx, &out)
	return out, err
}
