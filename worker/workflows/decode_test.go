package workflows_test

import (
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/worker/workflows"
)

// decode reads the input that a run hands to the next one, through the converter that a server's
// history would use.
func decode(next *workflow.ContinueAsNewError, in *workflows.ObserveInput) error {
	return converter.GetDefaultDataConverter().FromPayloads(next.Input, in)
}
