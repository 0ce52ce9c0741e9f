package plugin

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestThePluginProcessServesGrafana(t *testing.T) {
	s, database := story.NewStore(t)
	executable := pluginprocess.Build(t)
	// The process has its own clock, so its story happens now, and not before it was built: cycles get old.
	begins := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	story.Tell(t, s, "prod", begins, story.Healthy(2))
	p := pluginprocess.Start(t, executable, ID, database)
	lately := func(kind string, more ...map[string]any) backend.DataQuery {
		q := story.Question(t, story.QueryOf(kind, more...))
		q.QueryType = kind
		q.TimeRange = backend.TimeRange{From: begins.Add(-time.Minute), To: time.Now()}
		return q
	}

	t.Run("it passes Save & test", func(t *testing.T) {
		checked, err := p.Checks.CheckHealth(t.Context(), &pluginv2.CheckHealthRequest{PluginContext: p.Context})
		require.NoError(t, err)
		assert.Equal(t, pluginv2.CheckHealthResponse_OK, checked.Status, checked.Message)
		assert.Contains(t, checked.Message, "1 cluster")
	})
	t.Run("it answers every query type", func(t *testing.T) {
		for _, kind := range query.Types {
			r, _ := p.Query(t, lately(kind.Name), nil)
			require.NoError(t, r.Error, kind.Name)
			require.NotEmpty(t, r.Frames, kind.Name)
		}
		r, _ := p.Query(t, lately("status"), nil)
		state, _ := r.Frames[0].FieldByName("state")
		assert.Equal(t, new(0.0), state.At(0))
	})
	t.Run("it gives alert rules what they take", func(t *testing.T) {
		for _, kind := range query.Types {
			r, _ := p.Query(t, lately(kind.Name), fromAlert)
			if kind.AlertNumber == "" {
				require.ErrorContains(t, r.Error, "is not supported in alert rules", kind.Name)
				assert.Equal(t, backend.StatusBadRequest, r.Status)
				continue
			}
			require.NoError(t, r.Error, kind.Name)
			story.RequireAlertable(t, r.Frames)
		}
	})
	t.Run("it streams an event within moments of its cycle", func(t *testing.T) {
		r, _ := p.Query(t, lately("events", map[string]any{"live": true}), nil)
		require.NoError(t, r.Error)
		assert.Equal(t, "ds/copilot/events", r.Frames[0].Meta.Channel)

		subscribed, err := p.Stream.SubscribeStream(t.Context(), &pluginv2.SubscribeStreamRequest{PluginContext: p.Context, Path: "events"})
		require.NoError(t, err)
		assert.Equal(t, pluginv2.SubscribeStreamResponse_OK, subscribed.Status)
		ctx, hangUp := context.WithTimeout(t.Context(), 10*time.Second)
		defer hangUp()
		running, err := p.Stream.RunStream(ctx, &pluginv2.RunStreamRequest{PluginContext: p.Context, Path: "events"})
		require.NoError(t, err)
		assert.Equal(t, []string{"prod/1"}, ids(received(t, running)))

		saved := time.Now()
		becomes(t, s, "prod", 2, saved.UTC(), health.Happy, health.Stressed)
		assert.Equal(t, []string{"prod/2", "prod/1"}, ids(received(t, running)))
		assert.Less(t, time.Since(saved), 2*time.Second)

		story.Assess(t, s, story.Assessment{Cluster: "prod", ID: "event-2", At: saved.UTC(), Trigger: store.OnEvent, Seq: 2, State: health.Stressed,
			Made: "rules", Issues: []explain.Issue{story.Starved(explain.Warning)}, Actions: []explain.Action{story.StartWorkers}})
		explained := received(t, running)
		assert.Equal(t, []string{"prod/2", "prod/1"}, ids(explained), "the explanation comes into the row that is there")
		assert.Equal(t, []any{"prod is stressed. So say the *signals*.", ""}, cells(t, explained, "explanation"))
	})
	t.Run("it tells what is explained now", func(t *testing.T) {
		r, _ := p.Query(t, lately("summary"), nil)
		require.NoError(t, r.Error)
		assert.Equal(t, 1.0, cell(t, r.Frames[0], "current", 0))
		assert.Equal(t, "Start the workers of task queue orders.", cell(t, r.Frames[0], "first", 0))
		r, _ = p.Query(t, lately("issues"), fromAlert)
		require.NoError(t, r.Error)
		assert.Equal(t, []any{0.0, 1.0}, cells(t, r.Frames[0], "open"))
	})
	t.Run("it serves the resources", func(t *testing.T) {
		called, err := p.Resource.CallResource(t.Context(), &pluginv2.CallResourceRequest{
			PluginContext: p.Context, Method: http.MethodGet, Path: "status", Url: "status?cluster=prod"})
		require.NoError(t, err)
		answer, err := called.Recv()
		require.NoError(t, err)
		assert.EqualValues(t, http.StatusOK, answer.Code)
		var body map[string]any
		require.NoError(t, json.Unmarshal(answer.Body, &body))
		assert.Equal(t, "stressed", body["health_state"])
		assert.EqualValues(t, 1, body["issue_count"])
	})
	t.Run("it ends the streams of settings that were changed, with an error", func(t *testing.T) {
		running, err := p.Stream.RunStream(t.Context(), &pluginv2.RunStreamRequest{PluginContext: p.Context, Path: "events"})
		require.NoError(t, err)
		received(t, running)
		p.Context.DataSourceInstanceSettings.LastUpdatedMS = time.Now().Add(time.Second).UnixMilli()
		_, _ = p.Query(t, lately("status"), nil) // Grafana's next call brings the new settings along
		begun := time.Now()
		_, err = running.Recv()
		require.ErrorContains(t, err, "begins again")
		assert.Less(t, time.Since(begun), 7*time.Second, "the SDK disposes of an instance five seconds after it was replaced")
	})
}

func received(t *testing.T, running pluginv2.Stream_RunStreamClient) *data.Frame {
	t.Helper()
	packet, err := running.Recv()
	require.NoError(t, err)
	frame := &data.Frame{}
	require.NoError(t, json.Unmarshal(packet.Data, frame))
	return frame
}
