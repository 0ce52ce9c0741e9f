package telemetry

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// BenchmarkCycle reads all signals of a cluster under load, as a cycle of the worker does, and reports how
// many times faster that is than asking the same Prometheus for one signal after the other: on the same
// machine, where a request costs next to nothing and the two compete for its processors, and 2 ms away,
// which is near for a Prometheus in the same zone behind a proxy (a managed one is 10 ms and more away).
func BenchmarkCycle(b *testing.B) {
	local := recordedURL(b)
	b.Run("same-machine", func(b *testing.B) { benchmarkCycle(b, local) })
	b.Run("2ms-away", func(b *testing.B) { benchmarkCycle(b, away(b, local, time.Millisecond)) })
}

func benchmarkCycle(b *testing.B, url string) {
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
		case health.StarvedOldestAge, health.SlotlessQueues, health.UnservedVersions: // come with StarvedQueues
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

// away puts a link with a one-way delay before the server at that URL.
func away(b *testing.B, target string, oneWay time.Duration) string {
	link, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = link.Close() })
	carry := func(to, from net.Conn) {
		defer to.Close()
		for packet := make([]byte, 256<<10); ; {
			n, err := from.Read(packet)
			if err != nil {
				return
			}
			time.Sleep(oneWay)
			if _, err := to.Write(packet[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			near, err := link.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(target, "http://"))
			if err != nil {
				_ = near.Close()
				return
			}
			go carry(far, near)
			go carry(near, far)
		}
	}()
	return "http://" + link.Addr().String()
}
