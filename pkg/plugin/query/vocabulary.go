package query

import (
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Word is a fixed word of the rules: as query JSON spells it, and as people read it.
type Word[T ~string] struct {
	Value T
	Label string
}

// States are the states that a verdict can have, best first, and the one before any verdict.
var States = []Word[string]{
	{health.Happy.String(), "Happy"},
	{health.Stressed.String(), "Stressed"},
	{health.Critical.String(), "Critical"},
	{health.Unknown.String(), "Unknown"},
}

// Services are the parts of a Temporal deployment in the order of a request's way through them.
var Services = []Word[health.Service]{
	{health.Frontend, "Frontend"},
	{health.History, "History"},
	{health.Matching, "Matching"},
	{health.Persistence, "Persistence"},
	{health.Visibility, "Visibility store"},
	{health.SystemWorker, "Internal worker"},
	{health.Replication, "Replication"},
	{health.Workers, "Workers"},
}

// ServicesAndCluster are services as gates and signals name them: some speak about the cluster as a whole.
var ServicesAndCluster = append(Services[:len(Services):len(Services)], Word[health.Service]{health.Cluster, "Cluster as a whole"})

// LogServices are services as the labels of log lines usually name them.
var LogServices = []Word[string]{
	{"frontend", "Frontend"},
	{"history", "History"},
	{"matching", "Matching"},
	{"worker", "Worker (system)"},
}

// Severities are those of issues, the worst first.
var Severities = []Word[explain.Severity]{
	{explain.Critical, "Critical"},
	{explain.Warning, "Warning"},
}

// Results are what a gate can come to.
var Results = []Word[health.Result]{
	{health.Fired, "Fired"},
	{health.NotKnowable, "Unknown"},
	{health.Passed, "Passed"},
}

// EventKinds are what an event can tell of.
var EventKinds = []Word[health.EventKind]{
	{health.StateChanged, "State changed"},
	{health.StalenessChanged, "Became stale or fresh"},
	{health.BottleneckChanged, "Bottleneck moved"},
}

// SignalClasses are the classes of signals as headings, in the order in which people read them.
var SignalClasses = []Word[health.Class]{
	{health.Primary, "Primary: is work making progress?"},
	{health.Support, "Support: demand, pollers, ratios"},
	{health.Worker, "Workers: can they make progress?"},
	{health.Amplifier, "Amplifiers: why is it so?"},
	{health.WorkerAmplifier, "Worker amplifiers: why are workers in trouble?"},
}

// Units are units of signals as they are written next to a name.
var Units = []Word[health.Unit]{
	{health.PerSecond, "1/s"},
	{health.PerMinute, "1/min"},
	{health.Seconds, "s"},
	{health.Milliseconds, "ms"},
	{health.Ratio, "0–1"},
	{health.Percent, "%"},
	{health.Count, "count"},
	{health.Bytes, "bytes"},
}

// Values are words as query JSON spells them.
func Values[T ~string](words []Word[T]) []T {
	all := make([]T, len(words))
	for i, w := range words {
		all[i] = w.Value
	}
	return all
}
