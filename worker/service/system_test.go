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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// shared is what the systems of all tests have in common: the command, and a PostgreSQL with a database for each.
var shared struct {
	sync.Once
	err       error
	folder    string
	binary    string
	postgres  *testenv.Postgres
	databases atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.postgres != nil {
		if err := shared.postgres.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(shared.folder)
	os.Exit(code)
}

func share(ctx context.Context) (err error) {
	if err := testenv.Installed(); err != nil {
		return err
	}
	if shared.folder, err = os.MkdirTemp("", "copilot-service-"); err != nil {
		return err
	}
	shared.binary = filepath.Join(shared.folder, "copilot")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", shared.binary, "github.com/temporal-sre/copilot/worker").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the copilot: %w\n%s", err, out)
	}
	shared.postgres, err = testenv.StartPostgres(ctx, testenv.PostgresOptions{})
	return err
}

// system is the real worker process's surroundings: a Temporal server that it runs on and watches, a database, and a
// Prometheus behind a gate. Tests wait for theirs side by side, and what one does to its server no other one sees.
type system struct {
	temporal *testenv.Temporal
	gate     *gatekeeper
	store    *store.Store
	binary   string
	config   string
	// metrics is where the worker serves its own metrics.
	metrics string
}

func startSystem(t *testing.T) *system {
	t.Helper()
	ctx := t.Context()
	shared.Do(func() { shared.err = share(context.Background()) })
	testenv.Require(t, shared.err)
	sys := &system{binary: shared.binary, config: filepath.Join(t.TempDir(), "copilot.yaml")}
	database := fmt.Sprintf("copilot_%d", shared.databases.Add(1))
	require.NoError(t, shared.postgres.CreateDatabase(ctx, database))
	storeURL := shared.postgres.URL(database)

	var err error
	sys.temporal, err = testenv.StartTemporal(ctx, testenv.TemporalOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, sys.temporal.Stop()) })
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{Targets: []testenv.Target{{Job: "temporal", Address: sys.temporal.MetricsAddress()}}})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, prometheus.Stop()) })
	sys.gate = keepGate(t, prometheus.URL())

	port, err := testenv.FreePort()
	require.NoError(t, err)
	sys.metrics = testenv.Loopback(port)
	require.NoError(t, os.WriteFile(sys.config, fmt.Appendf(nil, `
interval: 5s
temporal: {address: %q}
store: {url: %q}
metrics: {listen: %q}
clusters:
  - name: prod
    prometheus: {url: %q}
    telemetry: {scrape_interval: 1s, window: 10s}
`, sys.temporal.Address(), storeURL, sys.metrics, sys.gate.URL), 0o600))
	sys.run(t, "db", "migrate", "--config", sys.config)

	parsed, err := store.ParseURL(storeURL)
	require.NoError(t, err)
	sys.store, err = store.Open(ctx, store.Config{Postgres: &parsed})
	require.NoError(t, err)
	t.Cleanup(sys.store.Close)
	return sys
}

// run runs a command of the copilot and returns what it printed.
func (sys *system) run(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), sys.binary, args...)
	command.Stderr = t.Output()
	out, err := command.Output()
	require.NoError(t, err, "%v: %s", args, out)
	return string(out)
}

func (sys *system) startWorker(t *testing.T) *testenv.Process {
	t.Helper()
	command := exec.Command(sys.binary, "worker", "--config", sys.config, "--log-level", "warn")
	command.Stderr = t.Output()
	process, err := testenv.StartProcess("copilot worker", command, testenv.ProcessOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = process.Stop() })
	return process
}

func (sys *system) awaitHappy(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		now, err := sys.store.Statuses(t.Context(), nil)
		return err == nil && len(now) == 1 && now[0].Verdict.State == health.Happy && !now[0].Verdict.Stale
	}, 5*time.Minute, 200*time.Millisecond, "the idle cluster is happy")
}

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
