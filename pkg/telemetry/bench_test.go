package telemetry

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// BenchmarkCycle reads all signals of a cluster under load, as a cycle of the worker does, and reports how
// many times faster that is than asking the same Prometheus for one signal after the other.
func BenchmarkCycle(b *testing.B) {
	url := recordedURL(b)
	at := phase(b, "healthy").End()
	r, err := New(Source{URL: url}, Options{})
	require.NoError(b, err)
	read := func() Reading {
		reading, err := r.Read(context.Background(), plain(), at)
		require.NoError(b, err)
		return reading
	}
	var queries []string
	for _, s := range read().Signals {
		switch s.ID {
		case health.StarvedOldestAge: // comes with StarvedQueues
		case health.StarvedQueues:
			queries = append(queries, strings.Split(s.Query, "\n")...)
		default:
			if s.Query != "" {
				queries = append(queries, s.Query)
			}
		}
	}
	oneByOne := func() {
		for _, q := range queries {
			_, failure, _ := r.request(context.Background(), at, q)
			require.Empty(b, failure)
		}
	}
	// Alternating keeps what else the machine does from favouring one of the two.
	var cycles, singles time.Duration
	rounds := 0
	for b.Loop() {
		began := time.Now()
		read()
		cycles += time.Since(began)
		if rounds++; rounds%4 == 1 {
			b.StopTimer()
			began = time.Now()
			oneByOne()
			singles += 4 * time.Since(began)
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(singles)/float64(cycles), "x-faster-than-one-by-one")
	b.ReportMetric(singles.Seconds()*1000/float64((rounds+3)/4*4), "one-by-one-ms")
}
