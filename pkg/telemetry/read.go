package telemetry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Reading is what one Read found.
type Reading struct {
	// Snapshot is what the rules judge.
	Snapshot health.Snapshot
	// Signals explains every signal of the table, in the table's order.
	Signals []SignalReading
	// Server is the naming dialect that the server's metrics were read in, and SDK those of the workers;
	// SDK is empty when no metrics of workers exist.
	Server ServerDialect
	SDK    []SDKDialect
	// Prefix stands before the names of the server's metrics; Releases are those of its processes, oldest first.
	Prefix   string
	Releases []string
	// Note is worth telling about how the cluster is read.
	Note string
	// Renamed are the server's labels that Prometheus knows by another name.
	Renamed map[string]string
}

// SignalReading is how one signal was read.
type SignalReading struct {
	ID health.SignalID
	// Query is the PromQL that was asked; empty when no metric has the signal.
	Query string
	// Value is nil when the signal is unknown, and Reason says why.
	Value  *float64
	Reason string
	// Witness is what the value was read from, where that is not the first choice on this cluster.
	Witness string
	// Age is how old the newest sample of the processes that the signal comes from was at the evaluation
	// time; nil when that is not known.
	Age *time.Duration
	// Note is worth telling beside the value: that an absent metric is read as 0, and why that is right.
	Note string
}

// Read reads every signal of a cluster at one time. Whatever cannot be read is unknown, with a reason; the
// error is a mistake in the cluster's settings.
func (r *Reader) Read(ctx context.Context, c Cluster, at time.Time) (Reading, error) {
	if err := c.Validate(); err != nil {
		return Reading{}, fmt.Errorf("reading signals: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()

	// The first requests tell whether the Prometheus answers at all, how the cluster's metrics are called, which of its
	// processes are there, and how old their samples are. They have one query's time: when that passes, nothing else
	// is tried.
	vital, stop := context.WithTimeout(ctx, r.options.QueryTimeout)
	names, vitals, failure := r.names(vital, c, at)
	stop()
	reading := newReading(c, at, names)
	if failure != "" {
		for _, row := range asks {
			reading.unknown(row.id, failure)
		}
		return reading.done(), nil
	}
	reading.ages = names.agesOf(vitals)

	queries := reading.compile()
	queues := queueQuestions(&asking{cluster: c, names: names})
	got := r.tell(ctx, c, at, queries, queues, names.answersOfRare(questionsOf(queries, every), vitals))
	for _, row := range asks {
		if q, asked := queries[row.id]; asked {
			reading.interpret(row, q.value(got))
		}
	}
	r.used.note(c.key(), at, got.used)
	reading.judgeQueues(queues, got.answers)
	return reading.done(), nil
}

// tell asks what the queries and the task queues need and is not known yet: at once what was looked up of late, and then
// what the queries turn out to lack.
func (r *Reader) tell(ctx context.Context, c Cluster, at time.Time, queries map[health.SignalID]compiled, queues []question, known map[string]answer) *told {
	got := newTold(known)
	shared := map[string]bool{}
	for _, q := range queues {
		shared[q.promql] = true
	}
	open := func(q question) bool { return !got.has(q) && !shared[q.promql] }
	lately := r.used.lately(c.key(), at)
	got.add(r.askAll(ctx, at, questionsOf(queries, func(q question) bool { return open(q) && lately(q) }), queues))
	got.addByText(queues)
	lack := map[health.SignalID]compiled{}
	for id, q := range queries {
		got.lacking = false
		if q.value(got); got.lacking {
			lack[id] = q
		}
	}
	if late := questionsOf(lack, open); len(late) > 0 {
		got.add(r.askAll(ctx, at, late))
	}
	// What was looked up for want of an answer does not count as used.
	clear(got.used)
	return got
}

// askAll asks in batches, several at once.
func (r *Reader) askAll(ctx context.Context, at time.Time, questions []question, more ...[]question) map[string]answer {
	batches := more
	var batched []question
	for _, q := range questions {
		if q.alone {
			batches = append(batches, []question{q})
		} else {
			batched = append(batched, q)
		}
	}
	batches = slices.AppendSeq(batches, slices.Chunk(batched, r.options.BatchSize))

	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		answers = map[string]answer{}
		slots   = make(chan struct{}, r.options.Concurrency)
	)
	for _, b := range batches {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			part := r.ask(ctx, at, b)
			<-slots
			mu.Lock()
			defer mu.Unlock()
			for id, a := range part {
				answers[id] = a
			}
		}()
	}
	wg.Wait()
	return answers
}
