package view

import (
	"net/url"

	"github.com/temporal-sre/copilot/pkg/health"
)

// runbookBoard is the dashboard that shows a runbook; it comes with the plugin.
const runbookBoard = "/d/temporal-copilot-runbook?var-runbook="

// Runbook is the id of a gate's runbook, empty for a gate that a newer worker knows.
func Runbook(id health.GateID) string {
	gate, _ := health.LookupGate(id)
	return gate.Runbook
}

// Guide is the address of a gate's runbook inside of Grafana, below Grafana's root; empty for a gate that a newer worker
// knows. Data links need no more: Grafana puts its own root before them.
func Guide(id health.GateID) string {
	if runbook := Runbook(id); runbook != "" {
		return GuideTo(runbook)
	}
	return ""
}

// GuideTo is the address of a document inside of Grafana.
func GuideTo(document string) string { return runbookBoard + url.QueryEscape(document) }
