package view

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/internal/story"
)

func TestStepsAreRoundAndFit(t *testing.T) {
	for _, hours := range []int{1, 3, 24, 24 * 7, 24 * 30, 24 * 366} {
		to := story.Now
		from := to.Add(-time.Duration(hours) * time.Hour)
		step := StepFor(from, to, 1000)
		begins := grid(from, to, step)
		assert.LessOrEqual(t, len(begins), 367)
		assert.False(t, begins[0].After(from))
		assert.Zero(t, begins[0].Unix()%int64(step.Seconds()), "steps begin where those of the store do")
	}
}
