package phases_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestARecordingLooksAsIfItHadBeenScraped(t *testing.T) {
	ctx := context.Background()
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	few := func(metric string) bool {
		return strings.HasPrefix(metric, "temporal_num_pollers") || metric == "num_goroutines" || metric == "pending_polls"
	}
	require.NoError(t, phases.Load(ctx, prometheus.URL(), phases.Options{
		Phases: []string{"starved", "noworker"}, Only: few, TargetLabels: map[string]string{"namespace": "k8s"},
	}))
	client, err := api.NewClient(api.Config{Address: prometheus.URL()})
	require.NoError(t, err)
	ask := func(at time.Time, query string) model.Vector {
		value, _, err := v1.NewAPI(client).Query(ctx, query, at)
		require.NoError(t, err)
		return value.(model.Vector)
	}
	starved, err := phases.Find("starved")
	require.NoError(t, err)
	noworker, err := phases.Find("noworker")
	require.NoError(t, err)

	t.Run("every process is a target that is up", func(t *testing.T) {
		up := ask(starved.End(), `up == 1`)
		assert.Len(t, up, 5)
		for _, target := range up {
			assert.NotEmpty(t, target.Metric["job"])
			assert.Equal(t, model.LabelValue("k8s"), target.Metric["namespace"])
		}
	})
	t.Run("samples have the time at which they were scraped", func(t *testing.T) {
		at := ask(starved.End().Add(10*time.Second), `timestamp(num_goroutines{job="temporal-history"})`)
		require.Len(t, at, 1)
		assert.InDelta(t, float64(starved.End().UnixMilli())/1000, float64(at[0].Value), 0.001)
	})
	t.Run("a label that the target has too is renamed", func(t *testing.T) {
		assert.NotEmpty(t, ask(starved.End(), `pending_polls{exported_namespace="lab"}`))
	})
	t.Run("a worker that was killed is down, and its series have ended", func(t *testing.T) {
		assert.NotEmpty(t, ask(starved.End(), `temporal_num_pollers{job="app-worker"}`))
		after := noworker.Start().Add(time.Second)
		assert.Empty(t, ask(after, `temporal_num_pollers{job="app-worker"}`))
		down := ask(after, `up{job="app-worker"}`)
		require.Len(t, down, 1)
		assert.Zero(t, float64(down[0].Value))
	})
	t.Run("nothing lives on after the recording", func(t *testing.T) {
		assert.Empty(t, ask(noworker.End().Add(20*time.Second), `{__name__=~".+"}`))
	})
}

func TestAPhaseThatWasNotRecordedIsNamed(t *testing.T) {
	_, err := phases.Find("lunch")
	require.ErrorContains(t, err, "lunch")
	err = phases.Load(context.Background(), "http://127.0.0.1:1", phases.Options{Phases: []string{"lunch"}})
	require.ErrorContains(t, err, `no recorded phase "lunch"`)
}

func TestAPrometheusThatTakesNoWritesSaysSo(t *testing.T) {
	ctx := context.Background()
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	err = phases.Load(ctx, prometheus.URL(), phases.Options{Phases: []string{"otel-idle"}})
	require.ErrorContains(t, err, "prometheus refused the samples with 404")
}
