package evidence

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConfidenceIsInWholePercentAndNeverAboveWhatIsKnown(t *testing.T) {
	for _, c := range []struct{ coverage, confidence, want float64 }{
		{1, 0.9, 0.9}, {0.875, 0.9, 0.87}, {0.875, 0.5, 0.5}, {0.4, 7, 0.4}, {0, 0.9, 0}, {1, -1, 0}, {1, math.NaN(), 0}, {0.996, 0.999, 0.99},
	} {
		e := Evidence{Coverage: c.coverage}
		assert.InDelta(t, c.want, e.CapConfidence(c.confidence), 1e-9, "%+v", c)
		assert.LessOrEqual(t, e.CapConfidence(c.confidence), c.coverage)
	}
}
