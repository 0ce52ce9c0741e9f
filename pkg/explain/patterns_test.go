package explain

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

func TestPatternsThatTellOfAServiceAreKnownPatterns(t *testing.T) {
	known := logs.Patterns()
	for id, service := range tellsOf {
		assert.True(t, slices.ContainsFunc(known, func(p logs.Pattern) bool { return p.ID == id }), "no reader looks for %s", id)
		assert.Contains(t, health.Services(), service)
	}
}
