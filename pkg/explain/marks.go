package explain

import "github.com/temporal-sre/copilot/pkg/health"

// mark is a number beyond which an amplifier is worth a word. Marks decide nothing: amplifiers say why.
type mark struct {
	signal health.SignalID
	op     health.Op
	at     float64
	// says is what it means when the signal is beyond the mark, as a clause.
	says string
}

// marks of the amplifiers that point at a cause by themselves. Those that only describe load have none.
var marks = []mark{
	// Measured: 25 % when healthy, 10 % with a slow database, 100 % with a hung one.
	{health.PoolUtilization, health.Above, 80, "the connection pool is nearly used up"},
	// Any at all: a connection had to be waited for, or there was none.
	{health.PoolWaitDuration, health.Above, 100, "requests wait for a database connection"},
	{health.ReservoirEmpty, health.Above, 0, "the reservoir runs out of ready connections"},
	// Measured: none when healthy, 258/s with the database down.
	{health.PoolChurn, health.Above, 1, "the connection pool is torn down and opened again all the time"},
	// Optimistic concurrency: conflicts are normal, more than one a second is contention.
	{health.OCCConflicts, health.Above, 1, "transactions collide and are retried"},
	{health.SerializationFailures, health.Above, 0, "transactions are given up after all their retries"},
	// Measured: only at start and at membership changes.
	{health.CASFailures, health.Above, 0.5, "writes find that somebody else was faster, or that their shard has a new owner"},
	// Measured: 94.6 % when healthy, 44 % in the first minute.
	{health.CacheHitRate, health.Below, 0.5, "the history cache is cold, so reads go to the database"},
	// A typical hot shard has a few times the median load.
	{health.HotShardRatio, health.Above, 10, "a few shards carry most of the load"},
	{health.RateLimitEvents, health.Above, 0.1, "requests are refused for a rate limit"},
	{health.AdmissionRejects, health.Above, 0.1, "persistence requests are refused before they run"},
	// A container that is throttled in a quarter of its periods is short of CPU.
	{health.CPUThrottle, health.Above, 25, "server containers are short of CPU"},
	// A pause longer than a healthy request is felt.
	{health.GCPause, health.Above, 100, "garbage collection stops processes noticeably"},
	// The scaling rules' own numbers.
	{health.StickyCacheImbalance, health.Above, 2, "one worker holds far more cached workflows than the others"},
	{health.PollersPerSlot, health.Above, 1, "workers run more pollers than they have slots"},
	{health.WorkerLongPollFailures, health.Above, 0.1, "workers' polls fail: look at the network between them and the frontend"},
	// Below half of the tasks found in memory, replaying is the workers' main work.
	{health.StickyCacheHitRate, health.Below, 0.5, "workers replay histories instead of finding workflows in memory"},
	{health.TaskRestarts, health.Above, 0, "server processes restarted"},
	{health.MembershipChanges, health.Above, 0, "the cluster's membership changed"},
	{health.LeaderChanges, health.Above, 0, "leadership changed"},
}

func markOf(id health.SignalID) (mark, bool) {
	for _, m := range marks {
		if m.signal == id {
			return m, true
		}
	}
	return mark{}, false
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
