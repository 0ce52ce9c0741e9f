package telemetry_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// replayed is a recording, judged cycle by cycle.
type replayed struct {
	phases.Timeline
	readings []telemetry.Reading
	line     timeline
}

var replays struct {
	sync.Once
	all []*replayed
	err error
}

// replayRecordings reads and judges all recordings, once.
func replayRecordings(t *testing.T) []*replayed {
	t.Helper()
	timelines, url := telemetry.Recordings(t)
	replays.Do(func() {
		reader, err := telemetry.New(telemetry.Source{URL: url}, telemetry.Options{})
		require.NoError(t, err)
		var all sync.WaitGroup
		for _, recorded := range timelines {
			r := &replayed{Timeline: recorded}
			replays.all = append(replays.all, r)
			all.Go(func() {
				if err := r.replay(reader); err != nil {
					replays.err = err
				}
			})
		}
		all.Wait()
	})
	require.NoError(t, replays.err)
	return replays.all
}

func (r *replayed) replay(reader *telemetry.Reader) error {
	cluster := telemetry.RecordedCluster(r.Timeline)
	var memory health.Memory
	for at := r.Start().Add(cycle); !at.After(r.End()); at = at.Add(cycle) {
		cluster.Keep = memory.WaitingKeys()
		reading, err := reader.Read(context.Background(), cluster, at)
		if err != nil {
			return err
		}
		var verdict health.Verdict
		verdict, memory = health.Evaluate(memory, reading.Snapshot, health.DefaultThresholds())
		r.readings = append(r.readings, reading)
		r.line = append(r.line, judged{at.Sub(r.Start()), verdict, reading.Snapshot})
	}
	return nil
}

// phase is the part of the replay that lies in a phase, its times counted from the phase's beginning.
func (r *replayed) phase(name string) timeline {
	var line timeline
	for _, p := range r.Phases {
		if p.Name != name {
			continue
		}
		from := p.Start().Sub(r.Start())
		for _, j := range r.line {
			if j.at >= from && j.at <= p.End().Sub(r.Start())+time.Second {
				line = append(line, judged{j.at - from, j.verdict, j.snapshot})
			}
		}
	}
	return line
}

func cpu(t *testing.T) string {
	_, url := telemetry.Recordings(t)
	r, err := http.Get(url + "/metrics")
	require.NoError(t, err)
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	out := fmt.Sprint("self ", u.Utime.Sec+u.Stime.Sec, " prom ")
	for l := range strings.Lines(string(b)) {
		if strings.HasPrefix(l, "process_cpu_seconds_total") || strings.HasPrefix(l, "prometheus_tsdb_head_series ") {
			out += strings.TrimSpace(l) + " "
		}
	}
	return out
}

func TestExplore(t *testing.T) {
	began := time.Now()
	telemetry.Recordings(t)
	t.Log("load", time.Since(began), cpu(t))
	began = time.Now()
	rs := replayRecordings(t)
	t.Log("replay", time.Since(began), cpu(t))
	for _, r := range rs {
		if only := os.Getenv("ONLY"); only != "" && !strings.Contains(r.Name, only) {
			continue
		}
		for _, p := range r.Phases {
			t.Logf("%s %s at %v\n%s", r.Name, p.Name, p.Start().Sub(r.Start()), r.phase(p.Name))
		}
	}
}
