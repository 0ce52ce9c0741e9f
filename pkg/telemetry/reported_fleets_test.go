package telemetry_test

import (
	"time"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/pkg/health"
)

// fleets are healthy workers of all kinds, the first of a queue with the server's own measure of how late tasks are.
var fleets = []story{
	{
		promise: "the Go SDK with OpenTelemetry's default buckets: happy, nothing late",
		options: fleet(synthetic.GoOpenTelemetry),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault,
	},
	{
		promise: "the Go SDK with OpenTelemetry's default buckets, and no better measure: happy, nothing late",
		options: with(fleet(synthetic.GoOpenTelemetry), func(o *synthetic.Options) { o.Detailed = false }),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault,
	},
	{
		promise: "the core with seconds: happy, nothing late",
		options: fleet(synthetic.CoreSeconds),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault,
	},
	{
		promise: "the core with suffixes for counters and units: happy, nothing late",
		options: fleet(synthetic.CoreSuffixes),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault,
	},
	{
		promise: "the core with its defaults on server 1.25: happy, nothing late",
		options: with(fleet(synthetic.Core), func(o *synthetic.Options) { o.Version, o.Build = synthetic.V(25), "1.25.2" }),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault,
	},
	{
		promise: "the core with its defaults and with seconds, side by side: happy, nothing late",
		options: fleet(synthetic.Core, synthetic.CoreSeconds),
		right:   all(sound, workersRead(10)),
		last:    synthetic.Fault,
	},
	{
		promise: "workers of every kind side by side, coarse buckets beside fine ones: happy, nothing late",
		options: fleet(synthetic.Go, synthetic.GoOpenTelemetry, synthetic.Core, synthetic.CoreSuffixes),
		right:   all(sound, workersRead(20)),
		last:    synthetic.Fault,
	},
	{
		promise: "fine buckets beside coarse ones, and no better measure: happy, nothing late",
		options: with(fleet(synthetic.Go, synthetic.GoOpenTelemetry), func(o *synthetic.Options) { o.Detailed = false }),
		right:   all(sound, workersRead(10)),
		last:    synthetic.Fault,
	},
	{
		promise: "a tuner by resources, which exports used slots only: not limited by slots",
		options: fleet(synthetic.CoreTuner),
		right:   all(sound, workersRead(5), []claim{neverFires("workflow_slots_low", "activity_slots_low"), noReasonFromAbsentWorkers}),
		last:    synthetic.Fault,
	},
	{
		promise: "a tuner beside workers with a fixed number of slots: the free share is theirs",
		options: fleet(synthetic.Go, synthetic.CoreTuner),
		right:   all(sound, workersRead(10), []claim{neverFires("workflow_slots_low", "activity_slots_low")}),
		last:    synthetic.Fault,
	},
	{
		promise: "workers on the core that get their first task late are not mistaken for others",
		options: with(fleet(synthetic.Core), func(o *synthetic.Options) { o.Queues[0].FirstTask = synthetic.Fault - 3*time.Minute }),
		right:   all(sound, workersRead(5)),
		last:    synthetic.Fault + 2*time.Minute,
	},
	{
		promise: "no worker is scraped: happy",
		options: fleet(synthetic.NoMetrics),
		right:   sound,
		last:    synthetic.Fault,
	},
	{
		promise: "a queue of workers of every kind loses them all",
		options: with(losingBilling(32), func(o *synthetic.Options) {
			o.Detailed = true
			o.Queues = []synthetic.Queue{
				{Name: "main", Share: .9, Workers: []synthetic.SDK{synthetic.Go, synthetic.Core}},
				{Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, Workers: []synthetic.SDK{synthetic.GoOpenTelemetry, synthetic.CoreTuner}},
			}
		}),
		right: theWorkers("billing"),
	},
	{
		promise: "a queue of workers on the core loses them, server 1.28",
		options: with(losingBilling(28), func(o *synthetic.Options) {
			o.Queues = []synthetic.Queue{
				{Name: "main", Share: .9, Workers: []synthetic.SDK{synthetic.Core}},
				{Name: "billing", Share: .1, WorkersEnd: synthetic.Fault, Workers: []synthetic.SDK{synthetic.Core}},
			}
		}),
		right: theWorkers("billing"),
	},
}

// fleet is a cluster whose one queue has a worker process of each kind.
func fleet(workers ...synthetic.SDK) synthetic.Options {
	return synthetic.Options{Detailed: true, Queues: []synthetic.Queue{{Name: "main", Share: 1, Workers: workers}}}
}

// noReasonFromAbsentWorkers: no signal of scraped workers is unknown because they are not scraped.
var noReasonFromAbsentWorkers = every("no reason says that workers are not scraped", -time.Hour, func(j judged) bool {
	return j.snapshot.Unknown[health.WorkflowSlots] != "no SDK metrics of the cluster's workers are scraped"
})
