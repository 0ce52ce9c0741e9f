package service_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/parts"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// gatekeeper stands between the worker and Prometheus: it tells when a cycle reads, and can shut.
type gatekeeper struct {
	*httptest.Server
	shut    atomic.Bool
	reading chan struct{}
}

func keepGate(t *testing.T, prometheus string) *gatekeeper {
	t.Helper()
	target, err := url.Parse(prometheus)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	g := &gatekeeper{reading: make(chan struct{}, 1)}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case g.reading <- struct{}{}:
		default:
		}
		if g.shut.Load() {
			http.Error(w, "shut", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// awaitRead returns in the middle of a cycle.
func (g *gatekeeper) awaitRead(t *testing.T) {
	t.Helper()
	select {
	case <-g.reading:
	default:
	}
	select {
	case <-g.reading:
	case <-time.After(time.Minute):
		require.Fail(t, "the worker does not read")
	}
}

// TestNoEventIsLostOrDoubledWhenTheWorkerIsKilled runs the real worker process against a real Temporal
// server, PostgreSQL and Prometheus, and kills it again and again in the middle of a cycle.
func TestNoEventIsLostOrDoubledWhenTheWorkerIsKilled(t *testing.T) {
	ctx := t.Context()
	binary := filepath.Join(t.TempDir(), "copilot")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/temporal-sre/copilot/worker")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	temporal, err := parts.StartTemporal(ctx, parts.TemporalOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, temporal.Stop()) })
	postgres, err := parts.StartPostgres(ctx, parts.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, postgres.Stop()) })
	require.NoError(t, postgres.CreateDatabase(ctx, "copilot"))
	prometheus, err := parts.StartPrometheus(ctx, parts.PrometheusOptions{Targets: []parts.Target{{Job: "temporal", Address: temporal.MetricsAddress()}}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	gate := keepGate(t, prometheus.URL())

	config := filepath.Join(t.TempDir(), "copilot.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
interval: 3s
temporal: {address: %q}
store: {url: %q}
metrics: {listen: "off"}
clusters:
  - name: prod
    prometheus: {url: %q}
    telemetry: {scrape_interval: 1s, window: 10s}
`, temporal.Address(), postgres.URL("copilot"), gate.URL), 0o600))
	run(t, binary, "db", "migrate", "--config", config)
	run(t, binary, "db", "check", "--config", config)

	parsed, err := store.ParseURL(postgres.URL("copilot"))
	require.NoError(t, err)
	s, err := store.Open(ctx, store.Config{Postgres: &parsed})
	require.NoError(t, err)
	t.Cleanup(s.Close)

	worker := startWorker(t, binary, config)
	events := func() []store.Event {
		all, err := s.EventsAfter(ctx, "prod", 0, 1000)
		require.NoError(t, err)
		return all
	}
	require.Eventually(t, func() bool {
		now, err := s.Now(ctx, nil)
		return err == nil && len(now) == 1 && now[0].Verdict.State == health.Happy && !now[0].Verdict.Stale
	}, 2*time.Minute, 200*time.Millisecond, "the idle cluster is happy")

	// Whenever the gate shuts or opens, the cluster goes dark or comes back: an event each. The worker
	// dies in the middle of the cycle that would tell.
	const kills = 4
	for i := range kills {
		before := len(events())
		gate.awaitRead(t)
		gate.shut.Store(i%2 == 0)
		gate.awaitRead(t)
		require.NoError(t, worker.Kill())
		worker = startWorker(t, binary, config)
		require.Eventually(t, func() bool { return len(events()) > before }, time.Minute, 200*time.Millisecond, "the event comes in spite of the kill")
	}
	require.NoError(t, worker.Stop())

	stored := events()
	require.GreaterOrEqual(t, len(stored), kills+1)
	stale := false
	for i, e := range stored {
		assert.Equal(t, int64(i+1), e.Seq, "events are numbered without a gap")
		assert.NotEmpty(t, e.Gates, "an event keeps its evidence")
		if i > 0 {
			assert.True(t, e.At.After(stored[i-1].At))
			assert.Equal(t, stored[i-1].To, e.From, "no event between them is missing")
			if e.Kind == health.StalenessChanged {
				assert.NotEqual(t, stale, e.Stale, "going dark is told once, and coming back once")
			}
		}
		stale = e.Stale
	}
	memory := remembered(t, temporal.Address())
	assert.Equal(t, stored[len(stored)-1].Seq, memory.Memory.Seq, "the store and the workflow agree")
	assert.Zero(t, memory.Dropped)
}

func run(t *testing.T, binary string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	require.NoError(t, err, "%v: %s", args, out)
}

func startWorker(t *testing.T, binary, config string) *parts.Process {
	t.Helper()
	command := exec.Command(binary, "worker", "--config", config, "--log-level", "warn")
	command.Stderr = t.Output()
	process, err := parts.StartProcess("copilot worker", command, parts.ProcessOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = process.Stop() })
	return process
}

// remembered asks the workflow what it knows, with a worker of this process to answer.
func remembered(t *testing.T, address string) workflows.MemoryOutput {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	answer(t, c)
	value, err := c.QueryWorkflow(t.Context(), workflows.ObserveID("prod"), "", workflows.QueryMemory)
	require.NoError(t, err)
	var memory workflows.MemoryOutput
	require.NoError(t, value.Get(&memory))
	record(t, c)
	return memory
}

// record keeps the history for the replay tests when COPILOT_RECORD_HISTORY names a file.
func record(t *testing.T, c client.Client) {
	t.Helper()
	path := os.Getenv("COPILOT_RECORD_HISTORY")
	if path == "" {
		return
	}
	var h history.History
	for it := c.GetWorkflowHistory(context.Background(), workflows.ObserveID("prod"), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		event, err := it.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(&h)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
}
