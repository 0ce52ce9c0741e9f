package traffic

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// shop is a real server with a client that counts its orders.
type shop struct {
	t      *testing.T
	server *testenv.Temporal
	client client.Client
}

func newShop(t *testing.T) *shop {
	t.Helper()
	server, err := testenv.StartTemporal(t.Context(), testenv.TemporalOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	connection, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address(), Logger: logger})
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	return &shop{t, server, connection}
}

// work runs a worker and returns the address of its metrics and what stops it.
func (s *shop) work(options WorkerOptions) (page string, stop func()) {
	s.t.Helper()
	port, err := testenv.FreePort()
	require.NoError(s.t, err)
	options.Address, options.Namespace, options.MetricsAddress = s.server.Address(), s.server.Namespace(), testenv.Loopback(port)
	options.WorkflowSlots, options.ActivitySlots, options.Pollers = 20, 20, 2
	return "http://" + options.MetricsAddress + "/metrics", s.background(func(ctx context.Context) error { return RunWorker(ctx, options) })
}

func (s *shop) load(options LoadOptions) (stop func()) {
	options.Address, options.Namespace, options.ActivityTime = s.server.Address(), s.server.Namespace(), time.Millisecond
	return s.background(func(ctx context.Context) error { return RunLoad(ctx, options) })
}

func (s *shop) background(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(s.t, <-ended, "being stopped is no failure")
	})
	s.t.Cleanup(stop)
	return stop
}

func (s *shop) count(query string) int64 {
	s.t.Helper()
	count, err := s.client.CountWorkflow(s.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	require.NoError(s.t, err)
	return count.Count
}

func (s *shop) await(query string, atLeast int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.count(query) >= atLeast }, time.Minute, 200*time.Millisecond, query)
}

func TestOrdersAreFulfilledOrFailAsTheLoadSays(t *testing.T) {
	shop := newShop(t)
	page, _ := shop.work(WorkerOptions{})
	shop.load(LoadOptions{Rate: 3})
	shop.load(LoadOptions{Rate: 3, FailShare: 1})
	for _, status := range []string{"Completed", "Failed"} {
		shop.await(`WorkflowType = "FulfilOrder" AND ExecutionStatus = "`+status+`"`, 3)
	}
	metrics := get(t, page)
	for _, name := range []string{
		"temporal_request_total{", "temporal_worker_task_slots_available{", "temporal_num_pollers{",
		"temporal_activity_schedule_to_start_latency_seconds_bucket{",
		"temporal_workflow_task_schedule_to_start_latency_seconds_bucket{",
	} {
		require.Contains(t, metrics, "\n"+name, "the names are those of most applications")
	}
}

func TestATaskQueueIsDeadWithoutWorkersOfItsOwn(t *testing.T) {
	shop := newShop(t)
	shop.work(WorkerOptions{})
	shop.load(LoadOptions{Rate: 6, TaskQueues: Queues[:2]})
	shop.await(`TaskQueue = "orders" AND ExecutionStatus = "Completed"`, 3)
	shop.await(`TaskQueue = "orders-express" AND ExecutionStatus = "Running"`, 3)
	require.Zero(t, shop.count(`TaskQueue = "orders-express" AND ExecutionStatus = "Completed"`))

	shop.work(WorkerOptions{TaskQueue: Queues[1]})
	shop.await(`TaskQueue = "orders-express" AND ExecutionStatus = "Completed"`, 3)
}

func TestActivitiesFailUntilTheServiceTheyCallIsReachable(t *testing.T) {
	shop := newShop(t)
	page, stop := shop.work(WorkerOptions{Unreachable: true})
	stopLoad := shop.load(LoadOptions{Rate: 5})
	shop.await(`ExecutionStatus = "Running"`, 5)
	stopLoad()
	placed := shop.count("")
	require.Eventually(t, func() bool {
		failed := regexp.MustCompile(`temporal_activity_execution_failed_total{activity_type="Ship".*} (\d+)`).FindStringSubmatch(get(t, page))
		if failed == nil {
			return false
		}
		attempts, err := strconv.Atoi(failed[1])
		return err == nil && int64(attempts) > placed
	}, time.Minute, 200*time.Millisecond, "each is tried more than once")
	require.Zero(t, shop.count(`ExecutionStatus != "Running"`), "no attempt is the last")

	stop()
	shop.work(WorkerOptions{})
	shop.await(`ExecutionStatus = "Completed"`, placed)
}

func TestANewVersionThatBreaksDeterminismStopsAThirdOfTheOrders(t *testing.T) {
	shop := newShop(t)
	page, _ := shop.work(WorkerOptions{Incompatible: true})
	stopLoad := shop.load(LoadOptions{Rate: 6})
	shop.await(`ExecutionStatus = "Completed"`, 6)
	stopLoad()
	placed := shop.count("")
	shop.await(`ExecutionStatus = "Completed"`, placed*2/3-1)
	require.Eventually(t, func() bool {
		return strings.Contains(get(t, page), `temporal_workflow_task_execution_failed_total{`) &&
			strings.Contains(get(t, page), `failure_reason="NonDeterminismError"`)
	}, time.Minute, 200*time.Millisecond)
	require.GreaterOrEqual(t, shop.count(`ExecutionStatus = "Running"`), placed/3)
}

func TestEachExporterHasNamesOfItsOwn(t *testing.T) {
	shop := newShop(t)
	stopLoad := shop.load(LoadOptions{Rate: 4})
	defer stopLoad()
	for exporter, names := range map[string][]string{
		"tally-prometheus": {"temporal_request_total{", "temporal_request_latency_seconds_bucket{"},
		"tally":            {"temporal_request{", "temporal_request_latency_bucket{"},
		"tally-summary":    {"temporal_request_total{", "temporal_request_latency_seconds{"},
		"otel":             {"temporal_request{", `temporal_request_latency_seconds_bucket{`},
		"otel-monotonic":   {"temporal_request_total{", "temporal_request_latency_seconds_bucket{"},
	} {
		page, stop := shop.work(WorkerOptions{Exporter: exporter})
		require.Eventually(t, func() bool {
			response, err := http.Get(page) //nolint:gosec // the worker's own page
			if err != nil {
				return false
			}
			defer response.Body.Close()
			content, err := io.ReadAll(response.Body)
			return err == nil && strings.Contains(string(content), "\n"+names[0]) && strings.Contains(string(content), "\n"+names[1])
		}, 30*time.Second, 200*time.Millisecond, exporter)
		stop()
	}
	_, err := newMetrics("statsd")
	require.ErrorContains(t, err, `no such exporter "statsd": it is one of tally-prometheus, tally,`)
}

func TestWorkIsDemandedAlsoWhileTheServerIsAway(t *testing.T) {
	port, err := testenv.FreePort()
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	require.NoError(t, RunLoad(ctx, LoadOptions{Address: testenv.Loopback(port), Namespace: "default", Rate: 100}))
}

func get(t *testing.T, page string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(content)
}
