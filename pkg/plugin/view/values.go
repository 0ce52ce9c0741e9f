package view

import (
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Level is a state as the number that panels colour and alert rules compare: 0 happy, 1 stressed,
// 2 critical, nil unknown.
func Level(s health.State) *float64 {
	n, known := s.Level()
	if !known {
		return nil
	}
	return new(float64(n))
}

// StateAt is the inverse of level.
func StateAt(level *float64) health.State {
	if level == nil {
		return health.Unknown
	}
	return health.States()[int(*level)]
}

// OneIf is a yes or no as the number that panels and alert rules compare.
func OneIf(yes bool) *float64 {
	if yes {
		return new(1.0)
	}
	return new(0.0)
}

// Moment is nil for a time that never was.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}
