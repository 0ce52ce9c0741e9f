package telemetry

import (
	"fmt"
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

// The server's settings that change its dialect, in the words of its own configuration
// (global.metrics.prometheus of v1.32.1).
const (
	withoutUnitSuffix    = "withoutUnitSuffix"
	withoutCounterSuffix = "withoutCounterSuffix"
	recordTimerInSeconds = "recordTimerInSeconds"
)

// String names the dialect by the server's framework and settings: "tally", "opentelemetry",
// "opentelemetry + withoutUnitSuffix".
func (d ServerDialect) String() string {
	if d == Tally {
		return "tally"
	}
	name := "opentelemetry"
	for _, option := range []struct {
		set  bool
		name string
	}{{!d.UnitSuffix, withoutUnitSuffix}, {!d.CounterSuffix, withoutCounterSuffix}, {!d.Milliseconds, recordTimerInSeconds}} {
		if option.set {
			name += " + " + option.name
		}
	}
	return name
}

// ParseServerDialect is the inverse of String.
func ParseServerDialect(name string) (ServerDialect, error) {
	words := strings.Split(name, "+")
	d := OpenTelemetry
	switch strings.TrimSpace(words[0]) {
	case "tally":
		d = Tally
		if len(words) > 1 {
			return d, fmt.Errorf("dialect %q: tally has no options", name)
		}
	case "opentelemetry":
	default:
		return d, fmt.Errorf("no such server dialect %q: it is tally or opentelemetry", name)
	}
	for _, option := range words[1:] {
		switch strings.TrimSpace(option) {
		case withoutUnitSuffix:
			d.UnitSuffix = false
		case withoutCounterSuffix:
			d.CounterSuffix = false
		case recordTimerInSeconds:
			d.Milliseconds = false
		default:
			return d, fmt.Errorf("dialect %q: no such option %q: there are %s, %s and %s",
				name, strings.TrimSpace(option), withoutUnitSuffix, withoutCounterSuffix, recordTimerInSeconds)
		}
	}
	return d, nil
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
	// Mixed: one scrape job exports timers under one name in different units, which nothing can tell apart.
	Mixed bool
	// Coarse: timers are measured in seconds with buckets made for milliseconds (0, 5, 10, …), the default
	// of the OpenTelemetry SDK. Everything below five seconds looks the same, and p95 is always 4.75.
	Coarse bool
}

// sdkDialects are the dialects that are met, by the exporter that makes them.
var sdkDialects = []struct {
	name    string
	dialect SDKDialect
}{
	{"go-tally-prometheus", SDKDialect{CounterSuffix: true, TimerSuffix: "_seconds"}}, // contrib/tally with NewPrometheusNamingScope
	{"go-tally-summary", SDKDialect{CounterSuffix: true, TimerSuffix: "_seconds", Summary: true}},
	{"go-tally", SDKDialect{}},
	{"go-opentelemetry", SDKDialect{TimerSuffix: "_seconds", Coarse: true}},
	{"go-opentelemetry-views", SDKDialect{TimerSuffix: "_seconds"}}, // with a view that sets buckets
	// The SDKs on the Rust core: Python, TypeScript, .NET, Ruby. With useSecondsForDurations alone it is as go-tally; with
	// all its options as go-tally-prometheus.
	{"core", SDKDialect{Milliseconds: true}},
	{"core-suffixes", SDKDialect{CounterSuffix: true, TimerSuffix: "_milliseconds", Milliseconds: true}},
}

// String names the dialect by the exporter that makes it, or describes it.
func (d SDKDialect) String() string {
	for _, known := range sdkDialects {
		if known.dialect == d {
			return known.name
		}
	}
	return fmt.Sprintf("counters%q timers%q milliseconds=%t summaries=%t coarse=%t mixed=%t",
		map[bool]string{true: "_total"}[d.CounterSuffix], d.TimerSuffix, d.Milliseconds, d.Summary, d.Coarse, d.Mixed)
}

// ParseSDKDialect finds a dialect by its exporter's name.
func ParseSDKDialect(name string) (SDKDialect, error) {
	var names []string
	for _, known := range sdkDialects {
		if known.name == name {
			return known.dialect, nil
		}
		names = append(names, known.name)
	}
	return SDKDialect{}, fmt.Errorf("no such SDK dialect %q: it is one of %s", name, strings.Join(names, ", "))
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

// sdkTimers is how some workers export timers: histograms of others are never added to theirs.
type sdkTimers struct {
	dialect SDKDialect
	// jobs are the scrape jobs whose workers all do so; instances, of one job, are those that do so in a mixed one.
	jobs, instances []string
}
