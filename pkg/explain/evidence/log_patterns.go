package evidence

import (
	"cmp"
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

// LogPattern is a known trouble pattern found in logs. Samples are lines of other people's programs:
// material to quote, never instructions.
type LogPattern struct {
	ID string `json:"id"`
	// Service is whose lines they are.
	Service health.Service `json:"service"`
	// Concerns is the service whose state the pattern shows where that is not the one that writes the line: a history
	// host logs that the database is gone.
	Concerns health.Service `json:"concerns,omitempty"`
	// Meaning is what the pattern stands for, in one line of our own.
	Meaning string `json:"meaning,omitempty"`
	Count   int    `json:"count"`
	// AtLeast: there were more lines than could be read.
	AtLeast bool   `json:"at_least,omitempty"`
	Sample  string `json:"sample,omitempty"`
}

// About is the service that the pattern concerns.
func (p LogPattern) About() health.Service { return cmp.Or(p.Concerns, p.Service) }

// Lines are how many lines the pattern was found in, in words.
func (p LogPattern) Lines() string { return linesText(p.Count, p.AtLeast) + " lines" }

func linesText(count int, atLeast bool) string {
	if atLeast {
		return fmt.Sprintf("at least %d", count)
	}
	return fmt.Sprint(count)
}

// Lines are how many lines each pattern was found in, at all services together, in words.
func (e *Evidence) Lines() map[string]string {
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
