package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// startAssess starts an assessment that goes on whatever becomes of its parent, and waits until it has
// started. One that runs already is left alone, and its result is not known here: the future is nil.
func startAssess(ctx workflow.Context, in AssessInput) (workflow.ChildWorkflowFuture, error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        AssessID(in.Cluster, in.ID),
		ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:     "Explains " + in.ID + " of the Temporal cluster " + in.Cluster,
	})
	child := workflow.ExecuteChildWorkflow(ctx, Assess, in)
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return child, nil
}
