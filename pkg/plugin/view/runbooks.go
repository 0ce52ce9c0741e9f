package view

import "github.com/temporal-sre/copilot/pkg/health"

// runbooksURL is where the runbooks can be read.
const runbooksURL = "https://github.com/temporal-sre/copilot/blob/main/pkg/knowledge/documents/"

// Guide is the address of a gate's runbook, empty for a gate that a newer worker knows.
func Guide(id health.GateID) string {
	gate, ok := health.LookupGate(id)
	if !ok {
		return ""
	}
	return runbooksURL + gate.Runbook + ".md"
}
