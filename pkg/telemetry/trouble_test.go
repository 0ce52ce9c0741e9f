package telemetry

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// troubled reads from a server with that handler, and counts the requests that it took.
func troubled(t *testing.T, o Options, handler http.HandlerFunc) (Reading, int) {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	r, err := New(Source{URL: server.URL, BearerToken: "hunter2"}, o)
	require.NoError(t, err)
	reading, err := r.Read(context.Background(), Cluster{Name: "c"}, time.Unix(1_800_000_000, 0))
	require.NoError(t, err)
	return reading, int(requests.Load())
}

func allUnknown(t *testing.T, reading Reading, says string) {
	t.Helper()
	assert.Empty(t, reading.Snapshot.Signals)
	for _, s := range health.Signals() {
		reason := reading.Snapshot.Unknown[s.ID]
		assert.Contains(t, reason, says, s.ID)
		assert.NotContains(t, reason, "hunter2")
	}
}

func reply(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestATroubledPrometheusMakesEverythingUnknownWithFewRequests(t *testing.T) {
	const json = "application/json"
	tests := []struct {
		name    string
		handler http.HandlerFunc
		says    string
	}{
		{"a web page instead of JSON", reply(http.StatusOK, "text/html; charset=utf-8", "<html>Log in</html>"), "web page"},
		{"a web page that claims to be JSON", reply(http.StatusOK, json, "<html>Log in</html>"), "not that of a Prometheus API"},
		{"a redirect to a login page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				reply(http.StatusOK, "text/html", "Log in")(w, r)
				return
			}
			http.Redirect(w, r, "/login", http.StatusFound)
		}, "web page"},
		{"an expired token", reply(http.StatusUnauthorized, json, `{"message":"token hunter2 expired"}`), "refused the credentials (HTTP 401"},
		{"a forbidden tenant", reply(http.StatusForbidden, "text/plain", "no"), "refused the credentials (HTTP 403"},
		{"a path that is not there", reply(http.StatusNotFound, "text/plain", "404 page not found"), "404"},
		{"an internal error that quotes the token", reply(http.StatusInternalServerError, "text/plain", "boom: hunter2"), "boom: ***"},
		{"an overloaded gateway", reply(http.StatusBadGateway, "text/html", strings.Repeat("<p>bad gateway</p>", 1000)), "502"},
		{"half a body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", json)
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, noData[:40])
		}, "unexpected EOF"},
		{"JSON that stops in the middle", reply(http.StatusOK, json, noData[:40]), "not that of a Prometheus API"},
		{"a partial answer", reply(http.StatusOK, json, `{"status":"success","warnings":["store gateway 3 is down"],"data":{"resultType":"vector","result":[]}}`), "not complete: store gateway 3 is down"},
		{"a closed connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reading, requests := troubled(t, Options{}, tt.handler)
			allUnknown(t, reading, tt.says)
			assert.LessOrEqual(t, requests, 10)
			for _, reason := range reading.Snapshot.Unknown {
				assert.Less(t, len(reason), 400)
			}
		})
	}
}

func TestAPrometheusThatIsNotThereIsToldQuickly(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := closed.Addr().String()
	require.NoError(t, closed.Close())
	began := time.Now()
	reading := readOnce(t, Source{URL: "http://" + address})
	allUnknown(t, reading, "connection refused")
	assert.Less(t, time.Since(began), 2*time.Second)
}

func TestAPrometheusThatHangsCostsOneQuerysTime(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	began := time.Now()
	reading, requests := troubled(t, Options{QueryTimeout: 200 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	allUnknown(t, reading, "no answer in time")
	assert.Equal(t, 1, requests)
	assert.Less(t, time.Since(began), 2*time.Second)
}

func TestAMillionSeriesAreNotRead(t *testing.T) {
	var sent atomic.Int64
	reading, _ := troubled(t, Options{MaxAnswerBytes: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[`)
		for i := range 1_000_000 {
			n, err := fmt.Fprintf(w, `{"metric":{"service_name":"history","i":"%d"},"value":[1800000000,"1"]},`, i)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	allUnknown(t, reading, "larger than 1 MiB")
	assert.Less(t, sent.Load(), int64(64<<20))
}

// speaking answers queries as a Prometheus that watches one process per service would, whose every signal
// is the given value, except where bad says otherwise.
func speaking(value string, bad func(query string, w http.ResponseWriter) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		w.Header().Set("Content-Type", "application/json")
		if bad != nil && bad(query, w) {
			return
		}
		var result []string
		add := func(labels, value string) {
			labels = strings.TrimPrefix(labels, ",")
			result = append(result, fmt.Sprintf(`{"metric":{%s},"value":[1800000000,%q]}`, labels, value))
		}
		parts := strings.Split(query, "\nor\n")
		for _, part := range parts {
			labels := ""
			if _, rest, ok := strings.Cut(part, `"copilot_part", `); ok {
				id, _, _ := strings.Cut(rest, ",")
				labels = `"copilot_part":` + id
			}
			switch {
			case strings.Contains(part, "timestamp(num_goroutines"):
				for _, service := range []string{"frontend", "history", "matching", "worker"} {
					add(labels+`,"service_name":"`+service+`"`, "5")
				}
			case strings.Contains(part, "persistence_requests(_total)?") && !strings.Contains(part, "exported_"):
				add(labels+`,"__name__":"persistence_requests"`, "7")
			case strings.Contains(part, "exported_"), strings.Contains(part, "by (namespace, taskqueue"), strings.Contains(part, "by (namespace, task_queue, worker_type"):
			case strings.HasPrefix(strings.TrimPrefix(strings.TrimLeft(part, "("), "label_join("), "sum by (le)"):
				add(labels+`,"le":"1"`, "0")
				add(labels+`,"le":"2"`, value)
				add(labels+`,"le":"+Inf"`, value)
			default:
				add(labels, value)
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(result, ","))
	}
}

func TestNumbersThatAreNoneMakeASignalUnknown(t *testing.T) {
	for value, says := range map[string]string{"NaN": "", "+Inf": "infinite", "-Inf": "infinite", "-3": "negative"} {
		t.Run(value, func(t *testing.T) {
			reading, _ := troubled(t, Options{}, speaking(value, nil))
			for id, v := range reading.Snapshot.Signals {
				// The stand-in has no task queue: none is starved.
				assert.Contains(t, []health.SignalID{health.StarvedQueues, health.StarvedOldestAge, health.SlotlessQueues, health.UnservedVersions}, id, "%s is %g", id, v)
			}
			assert.Contains(t, reading.Snapshot.Unknown[health.TransitionRate], says)
			assert.Contains(t, reading.Snapshot.Unknown, health.FrontendP99)
		})
	}
}

func TestAQueryThatFailsTakesNoOtherDown(t *testing.T) {
	failures := map[string]func(http.ResponseWriter){
		"it cannot be executed": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"execution","error":"many-to-many matching not allowed"}`)
		},
		"the server breaks over it": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"its answer is partial": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"status":"success","warnings":["a store is down"],"data":{"resultType":"vector","result":[]}}`)
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			reading, _ := troubled(t, Options{}, speaking("1", func(query string, w http.ResponseWriter) bool {
				if strings.Contains(query, "numshards_gauge") {
					fail(w)
					return true
				}
				return false
			}))
			assert.Contains(t, reading.Snapshot.Unknown, health.ShardsMoved)
			delete(reading.Snapshot.Unknown, health.ShardsMoved)
			for _, row := range asks {
				// This Prometheus names no metric, so that nothing shows that workflows created are counted.
				if row.from == fromHistory && row.query != nil && row.id != health.WorkflowsCreated {
					assert.NotContains(t, reading.Snapshot.Unknown, row.id)
				}
			}
		})
	}
}

func TestRemarksOnTheQueryAreNoPartialAnswer(t *testing.T) {
	reading, _ := troubled(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		speaking("1", nil)(answer, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), `"data"`, `"warnings":["PromQL info: metric might not be a counter"],"data"`, 1))
	})
	assert.Contains(t, reading.Snapshot.Signals, health.TransitionRate)
}

func TestOldSamplesMakeSignalsUnknown(t *testing.T) {
	reading, _ := troubled(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		speaking("1", nil)(answer, r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Replace(answer.Body.String(), `"service_name":"matching"},"value":[1800000000,"5"]`, `"service_name":"matching"},"value":[1800000000,"250"]`, 1))
	})
	for _, id := range []health.SignalID{health.WorkflowBacklogAge, health.StarvedQueues} {
		assert.Contains(t, reading.Snapshot.Unknown[id], "4m10s old")
	}
	assert.Contains(t, reading.Snapshot.Signals, health.TransitionRate)
}

func TestAnInterruptedReadSaysSo(t *testing.T) {
	server, _ := answering(t, http.StatusOK, "application/json", noData)
	r, err := New(Source{URL: server.URL}, Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	reading, err := r.Read(ctx, Cluster{Name: "c"}, time.Now())
	require.NoError(t, err)
	allUnknown(t, reading, "interrupted")
}
