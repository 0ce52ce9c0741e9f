package telemetry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// TestPropertyHidingMetricsNeverMakesARecordingHappy hides metrics from the reader itself: a proxy before Prometheus lets
// no selector match them. Reading is slow, so these are some tens of cases, each the last minutes of a phase.
func TestPropertyHidingMetricsNeverMakesARecordingHappy(t *testing.T) {
	const (
		cases  = 30
		cycles = 4
	)
	recorded := replayRecordings(t)
	_, url := telemetry.Recordings(t)
	metrics := telemetry.AskedMetrics()
	for i := range cases {
		r, draw := recorded[i%len(recorded)], rand.New(rand.NewPCG(1, uint64(i))) //nolint:gosec // cases, not secrets
		var ends []int
		for k := cycles - 1; k < len(r.line); k++ {
			if r.line[k].verdict.State > health.Happy {
				ends = append(ends, k)
			}
		}
		end, share := ends[draw.IntN(len(ends))], draw.Float64()
		var names []string
		for _, m := range metrics {
			if draw.Float64() < share {
				names = append(names, m)
			}
		}
		t.Run(fmt.Sprintf("%s, %s, %d metrics", r.Name, r.phaseAt(r.line[end].snapshot.At), len(names)), func(t *testing.T) {
			t.Parallel()
			reader, err := telemetry.New(telemetry.Source{URL: hiding(t, url, names)}, patient)
			require.NoError(t, err)
			cluster := telemetry.RecordedCluster(r.Timeline)
			var seen, all health.Memory
			for _, j := range r.line[end-cycles+1 : end+1] {
				cluster.Keep = seen.WaitingKeys()
				reading, err := reader.Read(context.Background(), cluster, j.snapshot.At)
				require.NoError(t, err)
				var with, without health.Verdict
				with, all = health.Evaluate(all, j.snapshot, health.DefaultThresholds())
				without, seen = health.Evaluate(seen, reading.Snapshot, health.DefaultThresholds())
				if with.State > health.Happy && !with.Stale && without.State == health.Happy && !without.Stale {
					t.Errorf("%s: it is %s, and happy with coverage %.2f without %v", offset(j.at), judged{j.at, with, j.snapshot}.summary(), without.Coverage, names)
				}
			}
		})
	}
}

// hiding is a proxy before Prometheus that hides metrics.
func hiding(t *testing.T, prometheus string, metrics []string) string {
	t.Helper()
	target, err := url.Parse(prometheus)
	require.NoError(t, err)
	anyOf := "(" + strings.Join(metrics, "|") + ")"
	named := regexp.MustCompile(`\b` + anyOf + `\{`)
	nameless := regexp.MustCompile(`(^|[^a-z0-9_])\{`)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		form := r.Form
		query := form.Get("query")
		if len(metrics) > 0 {
			query = named.ReplaceAllString(query, `$1{hidden="yes",`)
			query = nameless.ReplaceAllString(query, `$1{__name__!~"`+anyOf+`",`)
		}
		form.Set("query", query)
		forwarded := r.Clone(r.Context())
		forwarded.Method, forwarded.Body, forwarded.ContentLength = http.MethodGet, http.NoBody, 0
		forwarded.Header.Del("Content-Type")
		forwarded.URL.RawQuery = form.Encode()
		proxy.ServeHTTP(w, forwarded)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestWorkersOfAnotherSDKChangeNoVerdictOnAHealthyFleet adds the recorded workers of each SDK, healthy ones, to a healthy
// cluster.
func TestWorkersOfAnotherSDKChangeNoVerdictOnAHealthyFleet(t *testing.T) {
	recorded := replayRecordings(t)
	_, url := telemetry.Recordings(t)
	reader, err := telemetry.New(telemetry.Source{URL: url}, patient)
	require.NoError(t, err)
	host := find(t, recorded, "server-1.32.1")
	healthy, err := host.Phase("healthy")
	require.NoError(t, err)
	for _, r := range recorded {
		fleet, ok := strings.CutPrefix(r.Name, "sdk-")
		if !ok {
			continue
		}
		t.Run(fleet, func(t *testing.T) {
			own, err := r.Phase("healthy")
			require.NoError(t, err)
			job := "added-" + fleet
			moved := shifted(r.Timeline, healthy.Start().Sub(own.Start()))
			moved.Processes = slices.DeleteFunc(slices.Clone(moved.Processes), func(p string) bool { return p == "server" })
			require.NoError(t, moved.Load(t.Context(), url, phases.TimelineOptions{
				Cluster: host.Name, Job: func(string) string { return job }, Only: telemetry.Asked,
			}))
			cluster := telemetry.RecordedCluster(host.Timeline)
			cluster.Name = fleet
			cluster.WorkerSelector = fmt.Sprintf(`cluster=%q,job=~"app-worker|%s"`, host.Name, job)
			var memory health.Memory
			for _, j := range host.line {
				if j.snapshot.At.After(healthy.End()) {
					break
				}
				snapshot := j.snapshot
				if !j.snapshot.At.Before(healthy.Start().Add(cycle)) {
					reading, err := reader.Read(context.Background(), cluster, j.snapshot.At)
					require.NoError(t, err)
					snapshot = reading.Snapshot
				}
				var verdict health.Verdict
				verdict, memory = health.Evaluate(memory, snapshot, health.DefaultThresholds())
				assert.Equal(t, []any{j.verdict.State, j.verdict.Stale, j.verdict.Bottleneck}, []any{verdict.State, verdict.Stale, verdict.Bottleneck},
					"at %s: %s", offset(j.at), judged{j.at, verdict, snapshot}.summary())
			}
		})
	}
}

// TestPropertyWhatHealthyWorkersSayChangesNoState exchanges what the workers of a healthy cluster export with what those
// of any other healthy fleet do.
func TestPropertyWhatHealthyWorkersSayChangesNoState(t *testing.T) {
	recorded := replayRecordings(t)
	calm := func(r *replayed) (line timeline) {
		for _, p := range r.Phases[:2] {
			line = append(line, r.phase(p)...)
		}
		return line
	}
	checkMany(t, func(t *rapid.T) {
		line := calm(recorded[rapid.IntRange(0, len(recorded)-1).Draw(t, "recording")])
		others := calm(recorded[rapid.IntRange(0, len(recorded)-1).Draw(t, "other recording")])
		var one, two health.Memory
		for _, j := range line {
			other := j.snapshot
			other.Signals = map[health.SignalID]float64{}
			of := others[rapid.IntRange(0, len(others)-1).Draw(t, "moment")]
			for _, s := range health.Signals() {
				from := j.snapshot
				if ofWorkers(s) {
					from = of.snapshot
				}
				if v, known := from.Value(s.ID); known {
					other.Signals[s.ID] = v
				}
			}
			var a, b health.Verdict
			a, one = health.Evaluate(one, j.snapshot, health.DefaultThresholds())
			b, two = health.Evaluate(two, other, health.DefaultThresholds())
			if a.State != b.State || a.Stale != b.Stale {
				t.Fatalf("%s became %s", judged{j.at, a, j.snapshot}.summary(), judged{j.at, b, other}.summary())
			}
		}
	})
}

// TestRenamedLabelsChangeNoVerdict reads recordings whose labels Prometheus renamed, since its targets have labels of the
// same names.
func TestRenamedLabelsChangeNoVerdict(t *testing.T) {
	recorded := replayRecordings(t)
	_, url := telemetry.Recordings(t)
	reader, err := telemetry.New(telemetry.Source{URL: url}, patient)
	require.NoError(t, err)
	for i, renamed := range [][]string{
		{"namespace"}, {"service_name"}, {"namespace", "service_name"}, {"taskqueue", "operation"},
		{"namespace", "service_name", "operation", "taskqueue", "task_type"},
	} {
		r := recorded[(i*5)%len(recorded)]
		t.Run(fmt.Sprintf("%s, %s", r.Name, strings.Join(renamed, " and ")), func(t *testing.T) {
			labels := map[string]string{}
			for _, name := range renamed {
				labels[name] = "of-the-target"
			}
			name := fmt.Sprintf("renamed-%d", i)
			require.NoError(t, r.Load(t.Context(), url, phases.TimelineOptions{Cluster: name, TargetLabels: labels, Only: telemetry.Asked}))
			cluster := telemetry.Cluster{
				Name: name, Selector: fmt.Sprintf(`cluster=%q,job="temporal-server"`, name), WorkerSelector: fmt.Sprintf(`cluster=%q,job="app-worker"`, name),
			}
			for k := 3; k < len(r.line); k += 9 {
				j := r.line[k]
				reading, err := reader.Read(context.Background(), cluster, j.snapshot.At)
				require.NoError(t, err)
				got, _ := health.Evaluate(health.Memory{}, reading.Snapshot, health.DefaultThresholds())
				want, _ := health.Evaluate(health.Memory{}, j.snapshot, health.DefaultThresholds())
				assert.Equal(t, judged{j.at, want, j.snapshot}.summary(), judged{j.at, got, reading.Snapshot}.summary(), "at %s", offset(j.at))
			}
		})
	}
}

func find(t *testing.T, recorded []*replayed, name string) *replayed {
	t.Helper()
	i := slices.IndexFunc(recorded, func(r *replayed) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return recorded[i]
}

// shifted is a recording at another time.
func shifted(t phases.Timeline, by time.Duration) phases.Timeline {
	t.Scrapes = slices.Clone(t.Scrapes)
	for i := range t.Scrapes {
		t.Scrapes[i] = t.Scrapes[i].Add(by)
	}
	return t
}
