package evidence

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// AmplifierThreshold is a number beyond which an amplifier stands out in an explanation. It decides nothing: amplifiers say why. An
// amplifier without one says why it can't have one.
type AmplifierThreshold struct {
	Signal health.SignalID
	Op     health.Op
	// At is the usual number, in the signal's unit; a cluster may have its own.
	At float64
	// Says is what it means when the signal is beyond the threshold, as a clause. It is empty where there is none, and
	// Without says why.
	Says, Without string
}

// AmplifierThresholds lists all amplifiers and worker amplifiers in the order of the table of signals. The slice is shared: do not
// change it.
func AmplifierThresholds() []AmplifierThreshold { return amplifierThresholds }

const (
	loadOnly   = "it describes load, and no value of it is wrong by itself"
	noExporter = "no Temporal server exports it; a query of your own can"
)

var amplifierThresholds = []AmplifierThreshold{
	// Optimistic concurrency: conflicts are normal, more than one a second is contention.
	{health.OCCConflicts, health.Above, 1, "transactions collide and are retried", ""},
	// Measured: only at start and at membership changes.
	{health.CASFailures, health.Above, 0.5, "writes find a newer value, or a shard with a new owner", ""},
	{health.SerializationFailures, health.Above, 0, "transactions are given up after all their retries", ""},
	// Measured: 25 % when healthy, 10 % with a slow database, 100 % with a hung one.
	{health.PoolUtilization, health.Above, 80, "the connection pool is nearly used up", ""},
	{Signal: health.PoolWaitCount, Without: "the number of waits alone says little; the wait time has a mark"},
	// Any wait that a request feels: a connection had to be waited for, or there was none.
	{health.PoolWaitDuration, health.Above, 100, "requests wait for a database connection", ""},
	// Measured: none when healthy, 258/s with the database down.
	{health.PoolChurn, health.Above, 1, "the connection pool is closed and opened again and again", ""},
	{Signal: health.PoolOpens, Without: "connections are renewed all the time; the churn has a mark"},
	{Signal: health.PoolCloses, Without: "connections are renewed all the time; the churn has a mark"},
	{Signal: health.ReservoirTarget, Without: "it is configured, not measured"},
	{Signal: health.ReservoirSize, Without: "the right size is the configured target; an empty reservoir has a mark"},
	{health.ReservoirEmpty, health.Above, 0, "the reservoir runs out of ready connections", ""},
	// A reservoir renews each connection once in its lifetime of minutes: hundreds of them make less than one a second.
	{health.ReservoirDiscards, health.Above, 5, "the reservoir discards connections that it has just opened", ""},
	// Measured: 0 when healthy, 142 with all slots taken, 985 a few minutes after the workers' end.
	{health.BacklogDepth, health.Above, 100, "many tasks wait, which takes time to drain even after the cause is gone", ""},
	// One second a second: a whole task executor does nothing but repeat.
	{health.RetryTime, health.Above, 1, "history tasks spend their time on repeated attempts", ""},
	{Signal: health.PollerConcurrency, Without: loadOnly},
	{health.TaskSlotsAvailable, health.Below, 1, "no worker has a free slot", ""},
	{Signal: health.TaskSlotsUsed, Without: loadOnly},
	// Measured: 94.6 % when healthy, 44 % in the first minute.
	{health.CacheHitRate, health.Below, 0.5, "the history cache is cold, so reads go to the database", ""},
	{Signal: health.CacheEvictions, Without: noExporter + "; a full cache evicts all the time, and the hit rate has a mark"},
	{Signal: health.CacheSize, Without: loadOnly},
	// A typical hot shard has a few times the median load.
	{health.HotShardRatio, health.Above, 10, "a few shards carry most of the load", ""},
	{Signal: health.MaxShardLoad, Without: "what is much depends on the number of shards; the hot shard ratio has a mark"},
	{Signal: health.GRPCInFlight, Without: loadOnly + "; long polls are in flight while they wait"},
	{Signal: health.GRPCQueueDepth, Without: noExporter},
	{Signal: health.Goroutines, Without: loadOnly + "; the number grows with the shards"},
	{Signal: health.BlockedGoroutines, Without: noExporter},
	// A container that is throttled in a quarter of its periods is short of CPU.
	{health.CPUThrottle, health.Above, 25, "server containers are short of CPU", ""},
	{Signal: health.MemoryRSS, Without: loadOnly + "; the limit of the container is not known here"},
	// A pause longer than a healthy request is felt.
	{health.GCPause, health.Above, 100, "garbage collection stops processes noticeably", ""},
	{health.RateLimitEvents, health.Above, 0.1, "requests are refused for a rate limit", ""},
	{health.AdmissionRejects, health.Above, 0.1, "persistence requests are refused before they run", ""},
	// Single lines are noise: a restart and a busy workflow write some.
	{health.LogPatternRate, health.Above, 10, "the logs hold many lines of known failures", ""},
	{health.TaskRestarts, health.Above, 0, "server processes restarted", ""},
	{health.MembershipChanges, health.Above, 0, "the cluster's membership changed", ""},
	{health.LeaderChanges, health.Above, 0, "leadership changed", ""},

	{Signal: health.StickyCacheSize, Without: loadOnly},
	// The scaling rules' own numbers.
	{health.StickyCacheImbalance, health.Above, 2, "one worker holds far more cached workflows than the others", ""},
	// Below half of the tasks found in memory, replaying is the workers' main work.
	{health.StickyCacheHitRate, health.Below, 0.5, "workers replay histories instead of finding workflows in memory", ""},
	{Signal: health.StickyCacheMisses, Without: "it grows with the load; the hit rate has a mark"},
	{Signal: health.WorkerLongPollLatency, Without: "a high value only means that workers are idle"},
	{health.WorkerLongPollFailures, health.Above, 0.1, "workers' polls fail: look at the network between them and the frontend", ""},
	{health.PollersPerSlot, health.Above, 1, "workers run more pollers than they have slots", ""},
}

// LookupAmplifierThreshold is the threshold of an amplifier, with the cluster's own number where it has one.
func LookupAmplifierThreshold(id health.SignalID, own map[health.SignalID]float64) (AmplifierThreshold, bool) {
	for _, t := range amplifierThresholds {
		if t.Signal == id && t.Says != "" {
			if at, ok := own[id]; ok {
				t.At = at
			}
			return t, true
		}
	}
	return AmplifierThreshold{}, false
}

// ValidateAmplifierThresholds returns every mistake in a cluster's own thresholds of amplifiers in one error.
func ValidateAmplifierThresholds(own map[health.SignalID]float64) error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(own)) {
		signal, known := health.LookupSignal(id)
		at := own[id]
		i := slices.IndexFunc(amplifierThresholds, func(t AmplifierThreshold) bool { return t.Signal == id })
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("marks.%s: there is no such signal; `copilot signals --list` prints them", id))
		case i < 0:
			errs = append(errs, fmt.Errorf("marks.%s: it is no amplifier, so it has no mark; set thresholds.gates for what decides", id))
		case amplifierThresholds[i].Says == "":
			errs = append(errs, fmt.Errorf("marks.%s: it can't have a mark: %s", id, amplifierThresholds[i].Without))
		case math.IsNaN(at) || math.IsInf(at, 0) || at < 0:
			errs = append(errs, fmt.Errorf("marks.%s %g: it is a finite number, 0 or above", id, at))
		case signal.Unit == health.Ratio && !signal.IsFactor() && at > 1:
			errs = append(errs, fmt.Errorf("marks.%s %g: it is a share from 0 to 1", id, at))
		case signal.Unit == health.Percent && at > 100:
			errs = append(errs, fmt.Errorf("marks.%s %g: it is a percentage from 0 to 100", id, at))
		}
	}
	return errors.Join(errs...)
}

// beyond compares as a gate does: never at the number itself.
func beyond(op health.Op, v, at float64) bool {
	return (op == health.Above && v > at) || (op == health.Below && v < at)
}

// nearness is how close a value comes before it is called near: a quarter short of the threshold, which
// is the margin that the rules want for leaving a state.
const nearness = 0.75

func near(op health.Op, v, at float64, unit health.Unit) bool {
	switch {
	case op == health.Above:
		return v > at*nearness
	case unit == health.Ratio && at > 0.5 && at < 1:
		// A share that should be high is near its floor when most of the room up to everything is used.
		return 1-v > (1-at)*nearness
	default:
		return v*nearness < at
	}
}
