package telemetry

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

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

	// The first request tells whether the Prometheus answers at all, which of the cluster's processes are
	// there, and how old their samples are. It has one query's time: when that passes, nothing else is tried.
	vital, stop := context.WithTimeout(ctx, r.options.QueryTimeout)
	first := r.ask(vital, at, slices.Concat(vitalQuestions(c), presenceQuestions(c)))
	stop()
	names, failure := r.names(ctx, c, at, first)
	reading := newReading(c, at, names)
	if failure != "" {
		for _, row := range asks {
			reading.unknown(row.id, failure)
		}
		return reading.done(), nil
	}
	reading.ages = agesOf(c, first)

	queries := reading.compile()
	queues := queueQuestions(&asking{cluster: c, names: names})
	answers := r.askAll(ctx, at, questionsOf(queries), queues)
	for _, row := range asks {
		if q, asked := queries[row.id]; asked {
			reading.interpret(row, q.value(answers))
		}
	}
	reading.judgeQueues(queues, answers)
	return reading.done(), nil
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

// The processes whose samples' age is asked for.
const (
	partAges       = "ages/server"
	partWorkersAge = "ages/workers"
)

// vitalQuestions ask for the age of the newest sample of each service and of the workers, by gauges that
// are the same in every dialect.
func vitalQuestions(c Cluster) []question {
	return []question{
		{id: partAges, promql: fmt.Sprintf("time() - max by (service_name, exported_service_name) (timestamp(num_goroutines%s))",
			braces(c.Selector, nil, nil))},
		{id: partWorkersAge, promql: fmt.Sprintf("time() - max(timestamp(temporal_worker_task_slots_available%s))",
			braces(c.WorkerSelector, []string{`service_name!="worker"`, `exported_service_name!="worker"`}, func(l string) string { return l }))},
	}
}

// agesOf reads the answers to vitalQuestions. An emitter that is not in the map has no samples.
func agesOf(c Cluster, answers map[string]answer) map[emitter]time.Duration {
	ages := map[emitter]time.Duration{}
	note := func(e emitter, s *model.Sample) {
		age := time.Duration(float64(s.Value) * float64(time.Second)).Round(time.Millisecond)
		if known, ok := ages[e]; !ok || age < known {
			ages[e] = age
		}
	}
	for _, s := range answers[partAges].series {
		service := s.Metric["exported_service_name"]
		if service == "" {
			service = s.Metric["service_name"]
		}
		note(emitter(service), s)
		note(fromServer, s)
	}
	for _, s := range answers[partWorkersAge].series {
		note(fromWorkers, s)
	}
	return ages
}

// reading is a Reading in the making.
type reading struct {
	Reading
	cluster Cluster
	names   naming
	ages    map[emitter]time.Duration
	byID    map[health.SignalID]*SignalReading
}

func newReading(c Cluster, at time.Time, names naming) *reading {
	signals := health.Signals()
	r := &reading{
		Reading: Reading{
			Snapshot: health.Snapshot{
				Cluster: c.Name, At: at,
				Signals: make(map[health.SignalID]float64, len(signals)), Unknown: map[health.SignalID]string{},
			},
			Signals: make([]SignalReading, len(signals)),
			Server:  names.server, SDK: names.sdk, Renamed: names.labels,
		},
		cluster: c, names: names, byID: make(map[health.SignalID]*SignalReading, len(signals)),
	}
	for i, s := range signals {
		r.Signals[i] = SignalReading{ID: s.ID}
		r.byID[s.ID] = &r.Signals[i]
	}
	return r
}

func (r *reading) known(id health.SignalID, v float64) {
	r.byID[id].Value = &v
	r.Snapshot.Signals[id] = v
}

func (r *reading) unknown(id health.SignalID, reason string) {
	r.byID[id].Reason = reason
	r.Snapshot.Unknown[id] = reason
}

// done gives every signal that nothing was said about a reason.
func (r *reading) done() Reading {
	for _, s := range r.Signals {
		if s.Value == nil && s.Reason == "" {
			r.unknown(s.ID, "nobody knows how to read this signal")
		}
	}
	return r.Reading
}

// compile writes the table's queries for the cluster. What cannot be asked becomes unknown here.
func (r *reading) compile() map[health.SignalID]compiled {
	queries := map[health.SignalID]compiled{}
	for _, row := range asks {
		s := r.byID[row.id]
		if age, ok := r.ages[row.from]; ok {
			s.Age = &age
		}
		if own := r.cluster.Queries[row.id]; own != "" {
			queries[row.id] = configured(own)
			s.Query, s.Note = own, "the query comes from the cluster's configuration"
			continue
		}
		if row.query == nil {
			if row.missing != "" {
				r.unknown(row.id, row.missing)
			}
			continue
		}
		a := asking{cluster: r.cluster, names: r.names}
		q := row.query(&a)
		s.Note = a.note
		if a.unaskable != "" {
			r.unknown(row.id, a.unaskable)
			continue
		}
		s.Query = q.text
		queries[row.id] = q
	}
	return queries
}

// configured is a query from the cluster's settings. It is marked, since it may not fit into a batch.
func configured(promql string) compiled {
	q := leaf(func(*asking) string { return promql })(nil)
	q.configured = true
	return q
}

// questionsOf are the leaves of all queries, each once, in an order that does not change from cycle to cycle.
func questionsOf(queries map[health.SignalID]compiled) []question {
	var questions []question
	seen := map[string]bool{}
	for _, row := range asks {
		for _, promql := range queries[row.id].leaves {
			if !seen[promql] {
				seen[promql] = true
				questions = append(questions, question{id: promql, promql: promql, alone: queries[row.id].configured})
			}
		}
	}
	return questions
}

// interpret makes a value, or a reason for there being none, of what a signal's query came to.
func (r *reading) interpret(row ask, n number) {
	age, alive := r.ages[row.from]
	own := r.cluster.Queries[row.id] != ""
	nothing := row.missing
	if nothing == "" || own {
		nothing = fmt.Sprintf("nothing happened in the last %s that could be measured", r.cluster.window())
	}
	switch {
	case n.failure != "":
		r.unknown(row.id, n.failure)
	case n.absent && own:
		r.unknown(row.id, "the configured query finds no series")
	case n.absent:
		r.unknown(row.id, r.absence(row, alive))
	case alive && age > r.cluster.maxAge() && !own:
		r.unknown(row.id, fmt.Sprintf("the newest sample is %s old", age.Round(time.Second)))
	case math.IsNaN(n.v):
		r.unknown(row.id, nothing)
	case math.IsInf(n.v, 0):
		r.unknown(row.id, "the value is infinite")
	case n.v < 0:
		r.unknown(row.id, "the value is negative, which cannot be: "+strconv.FormatFloat(n.v, 'g', 6, 64))
	default:
		r.known(row.id, n.v)
		if n.v == 0 && row.zero != "" && !own {
			r.byID[row.id].Note = strings.TrimPrefix(r.byID[row.id].Note+"; "+row.zero, "; ")
		}
	}
}

// absence says why a query found nothing.
func (r *reading) absence(row ask, alive bool) string {
	switch row.from {
	case fromFrontend, fromHistory, fromMatching:
		if !alive {
			return fmt.Sprintf("no metrics of the %s service: is it running, and does the selector match it?", row.from)
		}
	case fromServer:
		if !alive {
			return "no metrics of the server: does the selector match it?"
		}
	}
	if row.missing != "" {
		return row.missing
	}
	return fmt.Sprintf("the %s is scraped but has no such series with two samples in the last %s", row.from, r.cluster.window())
}
