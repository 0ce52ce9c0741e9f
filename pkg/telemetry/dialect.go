package telemetry

import (
	"slices"
	"strings"
)

// ServerDialect is how the metrics framework of a Temporal server names and measures.
type ServerDialect struct {
	// CounterSuffix: counters end in _total.
	CounterSuffix bool
	// UnitSuffix: histograms carry their unit, _milliseconds or _seconds for timers and _ratio for counts.
	UnitSuffix bool
	// Milliseconds: timers measure milliseconds, not seconds.
	Milliseconds bool
}

// The dialects of a server whose framework runs with its defaults.
var (
	// Tally is the server's default framework.
	Tally = ServerDialect{}
	// OpenTelemetry is `framework: opentelemetry` without any of its options.
	OpenTelemetry = ServerDialect{CounterSuffix: true, UnitSuffix: true, Milliseconds: true}
)

// String describes the dialect as an operator would set it.
func (d ServerDialect) String() string {
	switch d {
	case Tally:
		return "tally"
	case OpenTelemetry:
		return "opentelemetry"
	}
	options := []string{}
	if !d.UnitSuffix {
		options = append(options, "withoutUnitSuffix")
	}
	if !d.CounterSuffix {
		options = append(options, "withoutCounterSuffix")
	}
	if !d.Milliseconds {
		options = append(options, "recordTimerInSeconds")
	}
	return "opentelemetry + " + strings.Join(options, " + ")
}

// counter is the name of a counter's series.
func (d ServerDialect) counter(metric string) string {
	if d.CounterSuffix {
		return metric + "_total"
	}
	return metric
}

// timer is the name of a timer, without _bucket, _sum or _count.
func (d ServerDialect) timer(metric string) string {
	switch {
	case d.UnitSuffix && d.Milliseconds:
		return metric + "_milliseconds"
	case d.UnitSuffix:
		return metric + "_seconds"
	}
	return metric
}

// distribution is the name of a histogram of counts, without _bucket, _sum or _count.
func (d ServerDialect) distribution(metric string) string {
	if d.UnitSuffix {
		return metric + "_ratio"
	}
	return metric
}

// SDKDialect is how one kind of metrics exporter of SDK workers names and measures. Workers of one
// cluster may use several.
type SDKDialect struct {
	// CounterSuffix: counters end in _total.
	CounterSuffix bool
	// TimerSuffix is what timers' names end in: "_seconds", "_milliseconds" or nothing.
	TimerSuffix string
	// Milliseconds: timers measure milliseconds, not seconds.
	Milliseconds bool
	// Summary: timers are summaries with a quantile label, not histograms.
	Summary bool
	// Coarse: timers are measured in seconds with buckets made for milliseconds (0, 5, 10, …), the default
	// of the OpenTelemetry SDK. Everything below five seconds looks the same, and p95 is always 4.75.
	Coarse bool
}

// String describes the dialect.
func (d SDKDialect) String() string {
	words := []string{"counters plain"}
	if d.CounterSuffix {
		words[0] = "counters _total"
	}
	timers := "timers plain"
	if d.TimerSuffix != "" {
		timers = "timers " + d.TimerSuffix
	}
	words = append(words, timers)
	if d.Milliseconds {
		words = append(words, "in milliseconds")
	} else {
		words = append(words, "in seconds")
	}
	if d.Summary {
		words = append(words, "as summaries")
	}
	if d.Coarse {
		words = append(words, "with useless default buckets")
	}
	return strings.Join(words, ", ")
}

// counterNames are the names under which a counter exists in any of the dialects.
func counterNames(dialects []SDKDialect, metric string) []string {
	var names []string
	for _, d := range dialects {
		name := metric
		if d.CounterSuffix {
			name += "_total"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
