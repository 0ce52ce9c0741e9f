package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

func withPatterns(patterns string) []byte {
	return []byte(`
store: {url: "postgres://localhost/copilot"}
log_patterns: ` + patterns + `
clusters: [{name: prod, prometheus: {url: "http://localhost:9090"}}]`)
}

func TestALogPatternConcernsTheServiceThatTheConfigurationNames(t *testing.T) {
	c, err := Parse(withPatterns(`[{id: payment_refused, expression: payment refused, concerns: workers}, {id: proxy_full, expression: proxy is full},
		{id: database_down, expression: our database is gone}, {id: slow_call, expression: slow call, concerns: matching}]`))
	require.NoError(t, err)
	patterns, err := c.Patterns()
	require.NoError(t, err)
	for id, want := range map[string]health.Service{
		"payment_refused": health.Workers,
		"proxy_full":      "",
		"database_down":   health.Persistence,
		"slow_call":       health.Matching,
	} {
		assert.Equal(t, want, logs.Concerns(patterns, id), id)
	}
}

func TestALogPatternCannotConcernWhatIsNoService(t *testing.T) {
	_, err := Parse(withPatterns(`[{id: payment_refused, expression: payment refused, concerns: bank}]`))
	assert.ErrorContains(t, err, `log_patterns: pattern 1 ("payment_refused"): "bank" is no service that a pattern can concern: the services are frontend, history, matching, persistence`)
}
