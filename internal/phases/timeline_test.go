package phases

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestValuesAreReadAsTheyWereWritten(t *testing.T) {
	for text, values := range map[string][]float64{
		"0 =2 +3 +3 2 =1":        {0, 0, 0, 3, 6, 2, 2},
		"_2 1.5 _1 1.5 -0.5 Inf": {absent, absent, 1.5, absent, 1.5, -0.5, math.Inf(1)},
		"-Inf NaN =1 _1":         {math.Inf(-1), math.NaN(), math.NaN(), absent},
		"_1":                     {absent},
	} {
		assert.Equal(t, text, encodeValues(values))
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.IntRange(0, 9), func(i int) float64 { return float64(i) }), rapid.Just(absent), rapid.Just(math.NaN()))
		values := rapid.SliceOfN(value, 1, 20).Draw(t, "values")
		decoded, err := decodeValues(encodeValues(values), len(values))
		require.NoError(t, err)
		for i, v := range values {
			require.True(t, same(v, decoded[i]), "%v at %d of %q", v, i, encodeValues(values))
		}
	})
	for _, broken := range []string{"", "1", "1 2 3", "_9", "=x", "one two"} {
		_, err := decodeValues(broken, 2)
		require.Error(t, err, broken)
	}
}

func TestATimelineLooksAsIfItHadBeenScraped(t *testing.T) {
	folder, start := t.TempDir(), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	record(t, folder, start, []scraped{
		{"idle", "requests 1\nnoise 1\n", "slots 5\n"},
		{"busy", "requests 31\n", "slots 4\npolls{namespace=\"shop\"} 2\n"},
		{"busy", "requests 61\n", ""},
	})
	timeline, err := ReadTimeline(folder)
	require.NoError(t, err)
	require.Equal(t, []string{"server", "worker-a"}, timeline.Processes)
	busy, err := timeline.Phase("busy")
	require.NoError(t, err)
	require.Equal(t, []time.Time{start.Add(Interval), start.Add(2 * Interval)}, utc(busy.Scrapes))
	_, err = timeline.Phase("lunch")
	require.ErrorContains(t, err, `has no phase "lunch"`)

	ctx := context.Background()
	prometheus, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	for _, cluster := range []string{"one", "two"} {
		require.NoError(t, timeline.Load(ctx, prometheus.URL(), TimelineOptions{
			Cluster: cluster, TargetLabels: map[string]string{"namespace": "k8s"}, Only: func(metric string) bool { return metric != "noise" },
		}))
	}
	client, err := api.NewClient(api.Config{Address: prometheus.URL()})
	require.NoError(t, err)
	value := func(at time.Time, query string) float64 {
		t.Helper()
		result, _, err := v1.NewAPI(client).Query(ctx, query, at)
		require.NoError(t, err)
		vector := result.(model.Vector)
		require.Len(t, vector, 1, query)
		return float64(vector[0].Value)
	}
	assert.InDelta(t, 30, value(busy.Start(), `requests{cluster="one",job="temporal-server"} - requests offset 15s`), 0, "phases follow each other without a gap")
	assert.InDelta(t, 61, value(busy.End(), `requests{cluster="two",instance="server:8000"}`), 0)
	assert.InDelta(t, 2, value(busy.Start(), `polls{cluster="one",exported_namespace="shop",namespace="k8s"}`), 0)
	assert.InDelta(t, 0, value(busy.End(), `up{cluster="one",job="app-worker"}`), 0, "a process that did not answer is down")
	assert.InDelta(t, 1, value(busy.End(), `count({__name__=~".+",cluster="one",job="temporal-server",__name__!="up"})`), 0, "nothing else is loaded")
	result, _, err := v1.NewAPI(client).Query(ctx, `{__name__=~".+"}`, busy.End().Add(Interval+time.Second))
	require.NoError(t, err)
	assert.Empty(t, result, "nothing lives on after the recording")
	result, _, err = v1.NewAPI(client).Query(ctx, `slots`, busy.End())
	require.NoError(t, err)
	assert.Empty(t, result, "the series of a process that is down have ended")
}

func TestEveryRecordingIsWholeAndSmall(t *testing.T) {
	timelines, err := Timelines()
	require.NoError(t, err)
	require.NotEmpty(t, timelines)
	for _, timeline := range timelines {
		t.Run(timeline.Name, func(t *testing.T) {
			require.Contains(t, timeline.Processes, "server")
			for i, at := range timeline.Scrapes[1:] {
				require.InDelta(t, Interval.Seconds(), at.Sub(timeline.Scrapes[i]).Seconds(), 5, "scrape %d", i+1)
			}
			for _, process := range timeline.Processes {
				histories, err := timeline.histories(process)
				require.NoError(t, err)
				_, answered := timeline.up(histories)
				require.True(t, answered, process)
			}
		})
	}
}

type scraped struct{ phase, server, worker string }

func record(t *testing.T, folder string, start time.Time, scrapes []scraped) {
	t.Helper()
	recorder := NewRecorder()
	for i, s := range scrapes {
		recorder.Scrape(start.Add(time.Duration(i)*Interval), s.phase)
		for process, page := range map[string]string{"server": s.server, "worker-a": s.worker} {
			require.NoError(t, recorder.Add(process, strings.NewReader(page), func(string) bool { return true }))
		}
	}
	require.NoError(t, recorder.Write(folder))
}

func utc(times []time.Time) []time.Time {
	all := make([]time.Time, len(times))
	for i, at := range times {
		all[i] = at.UTC()
	}
	return all
}
