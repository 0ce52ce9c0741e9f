package telemetry

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Options bound what a Reader does to a Prometheus. The zero value is right for most.
type Options struct {
	// Timeout is how long Read may take in all when its context has no nearer deadline; 0 means 20 seconds,
	// two thirds of the usual 30-second cycle.
	Timeout time.Duration
	// QueryTimeout is how long one request may take; 0 means 10 seconds.
	QueryTimeout time.Duration
	// Concurrency is how many requests of one Read run at once; 0 means 4.
	Concurrency int
	// BatchSize is how many numbers one request asks for; 0 means 24.
	BatchSize int
	// MaxAnswerBytes is the largest answer that is read; 0 means 32 MiB.
	MaxAnswerBytes int64
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.QueryTimeout <= 0 {
		o.QueryTimeout = 10 * time.Second
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	if o.BatchSize <= 0 {
		o.BatchSize = 24
	}
	if o.MaxAnswerBytes <= 0 {
		o.MaxAnswerBytes = 32 << 20
	}
	return o
}

// Reader reads signals from one Prometheus. It may be used by several goroutines and for several clusters.
type Reader struct {
	source  Source
	host    string
	options Options
	api     v1.API

	mu       sync.Mutex
	detected map[string]detection
	used     usage
}

// detection is a cluster's naming, the evaluation time for which it was found, and how long it is believed.
type detection struct {
	names naming
	at    time.Time
	life  time.Duration
}

// nextLife is how long names, found after d, are believed: twice as long as d when nothing has changed. A naming found
// while the processes start lacks the families that are born with the first use, and they would be unknown meanwhile.
func (d detection) nextLife(names naming) time.Duration {
	if d.life == 0 || !reflect.DeepEqual(d.names, names) {
		return detectionLife / 10
	}
	return min(2*d.life, detectionLife)
}

// New returns a Reader of a source. It does not connect; its errors are mistakes in the settings.
func New(source Source, options Options) (*Reader, error) {
	options = options.withDefaults()
	u, transport, err := source.Connect(prometheusAPI, options.MaxAnswerBytes)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: source.URL, RoundTripper: transport})
	if err != nil {
		return nil, fmt.Errorf("connection settings of Prometheus: %w", err)
	}
	return &Reader{
		source: source, host: u.Host, options: options,
		api: v1.NewAPI(client), detected: map[string]detection{}, used: usage{at: map[string]map[string]time.Time{}},
	}, nil
}

// names returns how the cluster's metrics are called at a time, and the answers to vitalQuestions and rareQuestions: from
// memory while that is young and still holds by the counters that exist, else by asking. The failure, in words, is why the server's
// names could not be found.
func (r *Reader) names(ctx context.Context, c Cluster, at time.Time) (names naming, vitals map[string]answer, failure string) {
	key := c.key()
	r.mu.Lock()
	known, ok := r.detected[key]
	r.mu.Unlock()
	if age := at.Sub(known.at).Abs(); ok && age < known.life {
		vitals = r.ask(ctx, at, slices.Concat(known.names.vitalQuestions(c), known.names.presenceQuestions(c), known.names.rareQuestions(c)))
		if failure := serverFailure(vitals); failure != "" {
			return naming{}, nil, failure
		}
		if known.names.stillHolds(c, vitals) {
			return known.names, vitals, ""
		}
	}
	names = newNaming()
	if failure := names.detectProcesses(c, r.ask(ctx, at, processQuestions(c))); failure != "" {
		return naming{}, nil, failure
	}
	answers := r.ask(ctx, at, names.detectionQuestions(c))
	if failure := serverFailure(answers); failure != "" {
		return naming{}, nil, failure
	}
	if jobs := mixedJobs(answers); len(jobs) > 0 && len(c.SDK) == 0 {
		maps.Copy(answers, r.ask(ctx, at, []question{mixedQuestion(c, jobs)}))
	}
	names = names.detect(c, answers)
	// A naming found while nothing was there is a guess, not worth remembering.
	if len(answers[partCounters].series) > 0 {
		r.mu.Lock()
		r.detected[key] = detection{names, at, known.nextLife(names)}
		r.mu.Unlock()
	}
	vitals = r.ask(ctx, at, slices.Concat(names.vitalQuestions(c), names.rareQuestions(c)))
	return names, vitals, serverFailure(vitals)
}
