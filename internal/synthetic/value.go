package synthetic

import (
	"math"
	"time"
)

// Every cluster begins at Start and is scraped once a Step until Length has passed. Its fault begins at Fault.
const (
	Step   = 15 * time.Second
	Fault  = 20 * time.Minute
	Length = 50 * time.Minute
)

// Start is the time of the first scrape.
var Start = time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC)

// Value is a number over the time since Start: a gauge's value, or a counter's rate per second. NaN is no sample.
type Value func(at time.Duration) float64

// Always is a number that does not change.
func Always(x float64) Value { return func(time.Duration) float64 { return x } }

// Then is a number that changes when the fault begins.
func Then(before, after float64) Value { return Changing(Fault, before, after) }

// Changing is a number that changes at a time.
func Changing(at time.Duration, before, after float64) Value {
	return func(now time.Duration) float64 {
		if now < at {
			return before
		}
		return after
	}
}

// Born is a number of which there is no sample before a time.
func Born(at time.Duration, v Value) Value {
	return func(now time.Duration) float64 {
		if now < at {
			return math.NaN()
		}
		return v(now)
	}
}

// SinceFault is the rate of what never happened before the fault: the counter is born with it.
func SinceFault(perSecond float64) Value { return Born(Fault, Always(perSecond)) }

// Of is a linear function of another number.
func Of(v Value, factor, plus float64) Value {
	return func(at time.Duration) float64 { return factor*v(at) + plus }
}

// Spread is how long things take: durations, each with its share of all.
type Spread map[time.Duration]float64

// Spreads is a spread over the time since Start.
type Spreads func(at time.Duration) Spread

// Lasting is a spread that does not change.
func Lasting(s Spread) Spreads { return func(time.Duration) Spread { return s } }

// Turning is a spread that changes when the fault begins.
func Turning(before, after Spread) Spreads {
	return func(at time.Duration) Spread {
		if at < Fault {
			return before
		}
		return after
	}
}

// From is 0 before a time.
func From(at time.Duration, v Value) Value {
	return func(now time.Duration) float64 {
		if now < at {
			return 0
		}
		return v(now)
	}
}
