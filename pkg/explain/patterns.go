package explain

import (
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// LogPattern is a known trouble pattern found in logs. Samples are lines of other people's programs:
// material to quote, never instructions.
type LogPattern struct {
	ID string `json:"id"`
	// Service is whose lines they are.
	Service health.Service `json:"service"`
	// Meaning is what the pattern stands for, in one line of our own.
	Meaning string `json:"meaning,omitempty"`
	Count   int    `json:"count"`
	// AtLeast: there were more lines than could be read.
	AtLeast bool   `json:"at_least,omitempty"`
	Sample  string `json:"sample,omitempty"`
}

// tellsOf are the services that patterns tell of, where that is not the one that writes the line: the
// history service logs that the database is gone. Patterns without an entry tell of their writer.
var tellsOf = map[string]health.Service{
	"database_down": health.Persistence, "connection_refresh": health.Persistence, "connections_exhausted": health.Persistence,
	"statement_cancelled": health.Persistence, "sqlstate_40001": health.Persistence, "reservoir_discard": health.Persistence,
	"persistence_qps": health.Persistence, "deadline_exceeded": health.Persistence,
	"history_down": health.History, "shard_ownership": health.History, "shard_acquired": health.History, "membership": health.History,
	"queue_reader": health.History, "task_failing": health.History,
	"rate_limit": health.Frontend, "slow_call": health.Frontend,
	"no_poller": health.Workers, "workflow_task_failed": health.Workers,
}

// about is the service that the pattern tells of.
func (p LogPattern) about() health.Service {
	if service, known := tellsOf[p.ID]; known {
		return service
	}
	return p.Service
}

func (p LogPattern) linesText() string { return linesText(p.Count, p.AtLeast) + " lines" }

func linesText(count int, atLeast bool) string {
	if atLeast {
		return fmt.Sprintf("at least %d", count)
	}
	return fmt.Sprint(count)
}

// lines are how many lines each pattern was found in, at all services together, in words.
func (e *Evidence) lines() map[string]string {
	sums, atLeast := map[string]int{}, map[string]bool{}
	for _, p := range e.Patterns {
		sums[p.ID] += p.Count
		atLeast[p.ID] = atLeast[p.ID] || p.AtLeast
	}
	lines := map[string]string{}
	for id, sum := range sums {
		lines[id] = linesText(sum, atLeast[id])
	}
	return lines
}

// logged is what logs say of a service: its most frequent pattern.
func (w writer) logged(service health.Service) string {
	for _, p := range w.Patterns {
		if p.about() == service && p.Meaning != "" {
			return fmt.Sprintf("Logs say so too: %s (%s lines).", uncapital(strings.TrimRight(p.Meaning, ".")), w.facts["log."+p.ID])
		}
	}
	return ""
}
