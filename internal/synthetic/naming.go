package synthetic

import (
	"strings"
	"unicode"
)

// Framework is what a server's metrics are made with, which decides how they are called.
type Framework string

// The frameworks of the server, both with their defaults.
const (
	Tally         Framework = "tally"
	OpenTelemetry Framework = "opentelemetry"
)

// The bounds of the timers' buckets, in seconds.
var serverBounds = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}

func (f Framework) counter(name string) string {
	if f == OpenTelemetry {
		return name + "_total"
	}
	return name
}

// timer is the name of a timer, and the unit of its buckets per second.
func (f Framework) timer(name string) (full string, unit float64) {
	if f == OpenTelemetry {
		return name + "_milliseconds", 1000
	}
	return name, 1
}

// distribution is the name of a histogram of counts.
func (f Framework) distribution(name string) string {
	if f == OpenTelemetry {
		return name + "_ratio"
	}
	return name
}

// tag is how a label's value is written. Tally replaces what is no letter, digit or underscore.
func (f Framework) tag(value string) string {
	if f == OpenTelemetry {
		return value
	}
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, value)
}
