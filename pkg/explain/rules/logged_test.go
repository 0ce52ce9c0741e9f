package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestLogsSpeakOfTheServiceThatTheyConcern(t *testing.T) {
	w := writer{
		Evidence: &evidence.Evidence{Patterns: []evidence.LogPattern{
			{ID: "database_down", Service: health.History, Concerns: health.Persistence, Meaning: "The database cannot be reached.", Count: 3},
			{ID: "certificate_refused", Service: health.Matching, Meaning: "TLS connections fail", Count: 2},
		}},
		facts: evidence.Facts{"log.database_down": "3", "log.certificate_refused": "2"},
	}
	assert.Equal(t, "Logs say so too: the database cannot be reached (3 lines).", w.logged(health.Persistence))
	assert.Equal(t, "Logs say so too: TLS connections fail (2 lines).", w.logged(health.Matching))
	assert.Empty(t, w.logged(health.History), "the writer of a line is not blamed for it")
}
