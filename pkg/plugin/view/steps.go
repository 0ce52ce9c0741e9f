package view

import "time"

// stepLengths divide a day, so that steps begin at round times whatever the range.
var stepLengths = []time.Duration{
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// maxSteps bounds the length of a series of sums. A bar of a chart needs a few pixels.
const maxSteps = 300

// StepFor is the shortest step that needs no more points than a panel has room for.
func StepFor(from, to time.Time, points int) time.Duration {
	for _, s := range stepLengths {
		if to.Sub(from.Truncate(s)) <= time.Duration(min(points, maxSteps))*s {
			return s
		}
	}
	return stepLengths[len(stepLengths)-1]
}

// grid are the beginnings of the steps of a range, whole steps at its beginning.
func grid(from, to time.Time, step time.Duration) []time.Time {
	var begins []time.Time
	for at := from.Truncate(step); at.Before(to); at = at.Add(step) {
		begins = append(begins, at.UTC())
	}
	return begins
}
