package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestWhichAnswersWereUsedBeforeChangesNoReading(t *testing.T) {
	all, err := phases.All()
	require.NoError(t, err)
	experienced, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	forgetful, err := New(Source{URL: recordedURL(t)}, Options{})
	require.NoError(t, err)
	for _, p := range all {
		for _, at := range []int{0, len(p.Scrapes) / 2, len(p.Scrapes) - 1} {
			got, err := experienced.Read(context.Background(), plain(), p.Scrapes[at])
			require.NoError(t, err)
			clear(forgetful.used.at)
			want, err := forgetful.Read(context.Background(), plain(), p.Scrapes[at])
			require.NoError(t, err)
			assert.Equal(t, want.Snapshot, got.Snapshot, p.Name)
			assert.Equal(t, want.Signals, got.Signals, p.Name)
		}
	}
}

// listening returns the URL of a server that passes everything on to the recorded Prometheus, and how often queries
// held a text.
func listening(t *testing.T, text string) (address string, times *atomic.Int32) {
	t.Helper()
	prometheus := recordedURL(t)
	times = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		times.Add(int32(strings.Count(r.FormValue("query"), text))) //nolint:gosec // a query holds it a few times
		response, err := http.PostForm(prometheus+r.URL.Path, r.Form)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL, times
}

func TestAFallbackIsAskedOnlyWhereTheFirstChoiceHasNoValue(t *testing.T) {
	address, questions := listening(t, "task_dispatch_latency_bucket")
	r, err := New(Source{URL: address}, Options{})
	require.NoError(t, err)
	for i, asked := range []bool{true, false, false} {
		questions.Store(0)
		reading, err := r.Read(context.Background(), plain(), phase(t, "healthy").End())
		require.NoError(t, err)
		require.Contains(t, reading.Snapshot.Signals, health.ActivityBacklogAge)
		assert.Equal(t, asked, questions.Load() > 0, "reading %d", i)
	}
}

func TestACounterThatExistsNowhereIsNotAsked(t *testing.T) {
	for phaseName, asked := range map[string]bool{"healthy": false, "dbdown": true} {
		// The phase in which the database is down is the one that has such errors.
		address, questions := listening(t, "rate(persistence_errors{")
		r, err := New(Source{URL: address}, Options{})
		require.NoError(t, err)
		_, err = r.Read(context.Background(), plain(), phase(t, phaseName).End())
		require.NoError(t, err)
		assert.Equal(t, asked, questions.Load() > 0, phaseName)
	}
}

func TestOnlyAFullAnswerRulesCountersOut(t *testing.T) {
	n := newNaming()
	questions := []question{{id: "dead letters", of: "dlq_writes"}, {id: "failed workflows", of: "workflow_failed"}, {id: "pool", of: partPlugin}, {id: "requests", of: "service_requests"}, {id: "gauge"}}
	named := func(name string) answer {
		return answer{series: []*model.Sample{{Metric: model.Metric{model.MetricNameLabel: model.LabelValue(name)}, Value: 1}}}
	}
	for name, tt := range map[string]struct {
		presence map[string]answer
		ruledOut []string
	}{
		"nothing exists":                 {map[string]answer{partRare: {}, partPlugin: {}}, []string{"dead letters", "failed workflows", "pool"}},
		"one exists":                     {map[string]answer{partRare: named("workflow_failed"), partPlugin: {}}, []string{"dead letters", "pool"}},
		"the plugin exists":              {map[string]answer{partRare: {}, partPlugin: named("")}, []string{"dead letters", "failed workflows"}},
		"it was not asked":               {nil, nil},
		"asking failed":                  {map[string]answer{partRare: {failure: "no answer in time"}, partPlugin: {failure: "no answer in time"}}, nil},
		"the server leaves out the name": {map[string]answer{partRare: named("")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var ruledOut []string
			for id, a := range n.answersOfRare(questions, tt.presence) {
				assert.Empty(t, a)
				ruledOut = append(ruledOut, id)
			}
			assert.ElementsMatch(t, tt.ruledOut, ruledOut)
		})
	}
}
