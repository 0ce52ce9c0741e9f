//go:build unix

package testenv_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestPrometheusScrapesItsTargetsWithTheirLabels(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("answer 42\n"))
	}))
	defer page.Close()
	address, err := url.Parse(page.URL)
	require.NoError(t, err)
	prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{
		Targets: []testenv.Target{
			{Job: "first", Address: address.Host, Labels: map[string]string{"cluster": "a"}},
			{Job: "first", Address: address.Host, Labels: map[string]string{"cluster": "b"}},
			{Job: "second", Address: address.Host},
		},
		ScrapeInterval: 200 * time.Millisecond,
	})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })

	require.Eventually(t, func() bool { return len(ask(t, prometheus, "answer")) == 3 }, 10*time.Second, 100*time.Millisecond)
	require.Len(t, ask(t, prometheus, `answer{job="first",cluster="a"} == 42`), 1)
	require.Len(t, ask(t, prometheus, `answer{job="first",cluster="b"} == 42`), 1)
	require.Len(t, ask(t, prometheus, `answer{job="second",cluster=""} == 42`), 1)
}

func TestPrometheusTakesPushedSamplesOnlyWhenAsked(t *testing.T) {
	for name, remoteWrite := range map[string]bool{"by default it does not": false, "with RemoteWrite it does": true} {
		t.Run(name, func(t *testing.T) {
			prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{RemoteWrite: remoteWrite, OutOfOrder: time.Hour})
			testenv.Require(t, err)
			defer prometheus.Stop()
			response, err := http.Post(prometheus.URL()+"/api/v1/write", "application/x-protobuf", http.NoBody)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			if remoteWrite {
				require.NotEqual(t, http.StatusNotFound, response.StatusCode)
			} else {
				require.Equal(t, http.StatusNotFound, response.StatusCode)
			}
		})
	}
}

func TestPrometheusKeepsItsSamplesInADirectoryOfTheirOwn(t *testing.T) {
	options := testenv.PrometheusOptions{Dir: t.TempDir(), ScrapeInterval: 200 * time.Millisecond}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("remembered 1\n"))
	}))
	defer page.Close()
	address, err := url.Parse(page.URL)
	require.NoError(t, err)

	options.Targets = []testenv.Target{{Job: "page", Address: address.Host}}
	first, err := testenv.StartPrometheus(t.Context(), options)
	testenv.Require(t, err)
	require.Eventually(t, func() bool { return len(ask(t, first, "remembered")) == 1 }, 10*time.Second, 100*time.Millisecond)
	require.NoError(t, first.Stop())
	require.NoError(t, first.Stop(), "stopping again does no harm")

	options.Targets = nil
	second, err := testenv.StartPrometheus(t.Context(), options)
	testenv.Require(t, err)
	defer second.Stop()
	require.Len(t, ask(t, second, "last_over_time(remembered[1h])"), 1)
}

// ask returns the series of an instant query.
func ask(t *testing.T, prometheus *testenv.Prometheus, query string) []any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, prometheus.URL()+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct{ Data struct{ Result []any } }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Data.Result
}
