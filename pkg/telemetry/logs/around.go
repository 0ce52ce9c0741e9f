package logs

import (
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// DefaultWindow is how far from an event a log pattern is still taken to belong to it: a cycle to notice the
// event, and the time in which its causes and its consequences are logged.
const DefaultWindow = 2 * time.Minute

// Around returns the counts whose time is at most the window before or after a time, both ends included.
func Around(counts []health.LogCount, at time.Time, window time.Duration) []health.LogCount {
	var near []health.LogCount
	for _, c := range counts {
		if !c.At.Before(at.Add(-window)) && !c.At.After(at.Add(window)) {
			near = append(near, c)
		}
	}
	return near
}
