package evidence

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestAPatternIsAboutTheServiceThatItConcernsOrElseAboutItsWriter(t *testing.T) {
	down := LogPattern{ID: "database_down", Service: health.History, Concerns: health.Persistence, Meaning: "The database cannot be reached.", Count: 3}
	expired := LogPattern{ID: "certificate_refused", Service: health.Matching, Meaning: "TLS connections fail", Count: 2}
	assert.Equal(t, health.Persistence, down.About())
	assert.Equal(t, health.Matching, expired.About())
}
