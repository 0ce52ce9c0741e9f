package evidence

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestAPatternIsAboutTheServiceThatItConcernsOrElseAboutItsWriter(t *testing.T) {
	down := LogPattern{ID: "database_down", Service: health.History, Concerns: health.Persistence, Meaning: "The database cannot be reached.", Count: 3}
	expired := LogPattern{ID: "certificate_refused", Service: health.Matching, Meaning: "TLS connections fail", Count: 2}
	assert.Equal(t, health.Persistence, down.about())
	assert.Equal(t, health.Matching, expired.about())

	e := &Evidence{Patterns: []LogPattern{down, expired}}
	w := writer{Evidence: e, facts: Facts{"log.database_down": "3", "log.certificate_refused": "2"}}
	assert.Equal(t, "Logs say so too: the database cannot be reached (3 lines).", w.logged(health.Persistence))
	assert.Equal(t, "Logs say so too: TLS connections fail (2 lines).", w.logged(health.Matching))
	assert.Empty(t, w.logged(health.History), "the writer of a line is not blamed for it")
}
