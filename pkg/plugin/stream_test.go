package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/store"
)

// packets collects what a stream sends.
type packets struct {
	frames chan *data.Frame
	// block, when set, holds every packet back until it is closed.
	block chan struct{}
}

func (p *packets) Send(packet *backend.StreamPacket) error {
	if p.block != nil {
		<-p.block
	}
	frame := &data.Frame{}
	if err := json.Unmarshal(packet.Data, frame); err != nil {
		return err
	}
	p.frames <- frame
	return nil
}

// watcher is a stream that runs, as Grafana runs it.
type watcher struct {
	packets
	hangUp context.CancelFunc
	ended  chan error
}

func watch(t *testing.T, d *Datasource, path string) *watcher {
	t.Helper()
	return watchHeld(t, d, path, nil)
}

func watchHeld(t *testing.T, d *Datasource, path string, block chan struct{}) *watcher {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	w := &watcher{packets{make(chan *data.Frame, 100), block}, hangUp, make(chan error, 1)}
	go func() {
		w.ended <- d.RunStream(ctx, &backend.RunStreamRequest{Path: path}, backend.NewStreamSender(&w.packets))
	}()
	return w
}

func (w *watcher) next(t *testing.T) *data.Frame {
	t.Helper()
	select {
	case f := <-w.frames:
		return f
	case err := <-w.ended:
		require.Fail(t, "the stream ended", "%v", err)
	case <-time.After(5 * time.Second):
		require.Fail(t, "no packet came")
	}
	return nil
}

func (w *watcher) quiet(t *testing.T) {
	t.Helper()
	select {
	case f := <-w.frames:
		require.Fail(t, "a packet came without a change", "%d rows", f.Rows())
	case <-time.After(4 * shortestPoll):
	}
}

// end hangs up and returns what RunStream returned.
func (w *watcher) end(t *testing.T) error {
	t.Helper()
	w.hangUp()
	return w.result(t)
}

func (w *watcher) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(time.Second):
		require.Fail(t, "the stream did not end at once")
		return nil
	}
}

// counting counts the questions that are put to a store.
type counting struct {
	*store.Store
	heads, others atomic.Int64
	fail          atomic.Bool
}

func (c *counting) Cursors(ctx context.Context) ([]store.Cursor, error) {
	c.heads.Add(1)
	if c.fail.Load() {
		return nil, errors.New("the store is away")
	}
	return c.Store.Cursors(ctx)
}

func (c *counting) Statuses(ctx context.Context, clusters []string) ([]store.ClusterStatus, error) {
	c.others.Add(1)
	return c.Store.Statuses(ctx, clusters)
}

func (c *counting) EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]store.Event, error) {
	c.others.Add(1)
	return c.Store.EventsAfter(ctx, cluster, seq, limit)
}

// streaming makes a data source on a store with the story's "prod", whose clock the test moves.
func streaming(t *testing.T) (d *Datasource, s *counting, setClock func(time.Time)) {
	t.Helper()
	opened, _ := story.NewStore(t)
	story.Tell(t, opened, "prod", story.Begins, story.Healthy(2))
	s = &counting{Store: opened}
	var clock atomic.Int64
	setClock = func(now time.Time) { clock.Store(now.UnixNano()) }
	setClock(story.Begins.Add(35 * time.Second))
	d = newDatasource("copilot", s, settings{poll: shortestPoll}, func() time.Time { return time.Unix(0, clock.Load()) })
	leaks := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		d.feed.Close()
		opened.Close()
		goleak.VerifyNone(t, leaks, goleak.IgnoreTopFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
	})
	return d, s, setClock
}

// becomes stores one more cycle of a cluster, with an event.
func becomes(t *testing.T, s *store.Store, cluster string, seq int64, at time.Time, from, to health.State) {
	t.Helper()
	c := story.WithoutWorkers(1)
	require.NoError(t, s.SaveCycles(t.Context(), []store.Cycle{{
		Interval: story.Interval, Memory: []byte(`{}`),
		Snapshot: health.Snapshot{Cluster: cluster, At: at, Signals: c.Signals},
		Verdict: health.Verdict{
			Cluster: cluster, At: at, State: to, Since: at, Coverage: 1, Bottleneck: health.WorkerLimited, Band: health.Starter, Gates: c.Gates,
			Event: &health.Event{Seq: seq, Kind: health.StateChanged, At: at, From: from, To: to, FromBottleneck: health.BottleneckHealthy, Bottleneck: health.WorkerLimited},
		},
	}}))
}

func ids(f *data.Frame) []string {
	field, _ := f.FieldByName("id")
	var all []string
	for row := range f.Rows() {
		all = append(all, field.At(row).(string))
	}
	return all
}

func TestAStreamSendsACompleteSnapshotForEveryChange(t *testing.T) {
	d, s, setClock := streaming(t)
	w := watch(t, d, "events/prod")
	first := w.next(t)
	assert.Equal(t, []string{"prod/1"}, ids(first))
	w.quiet(t)

	at := story.Begins.Add(time.Minute)
	setClock(at.Add(time.Second))
	becomes(t, s.Store, "prod", 2, at, health.Happy, health.Stressed)
	second := w.next(t)
	assert.Equal(t, []string{"prod/2", "prod/1"}, ids(second))
	assert.Equal(t, schema(t, first), schema(t, second), "the schema never changes")
	require.NoError(t, w.end(t), "Grafana hung up")
}

func schema(t *testing.T, f *data.Frame) string {
	t.Helper()
	raw, err := data.FrameToJSON(f, data.IncludeSchemaOnly)
	require.NoError(t, err)
	return string(raw)
}

func TestAStreamIsAboutItsClustersOnly(t *testing.T) {
	d, s, _ := streaming(t)
	story.Tell(t, s.Store, "été / 1", story.Begins, story.Healthy(1))
	mine, all := watch(t, d, live.Path{Topic: live.TopicEvents, Clusters: []string{"été / 1"}}.String()), watch(t, d, "events")
	assert.Equal(t, []string{"été / 1/1"}, ids(mine.next(t)))
	assert.ElementsMatch(t, []string{"prod/1", "été / 1/1"}, ids(all.next(t)))
	becomes(t, s.Store, "prod", 2, story.Begins.Add(time.Minute), health.Happy, health.Stressed)
	assert.Equal(t, "prod/2", ids(all.next(t))[0])
	mine.quiet(t)
	require.NoError(t, mine.end(t))
	require.NoError(t, all.end(t))
}

func TestAStatusStreamTellsWhenAClusterFallsSilent(t *testing.T) {
	d, s, setClock := streaming(t)
	w := watch(t, d, "status")
	state := func(f *data.Frame) *float64 {
		field, _ := f.FieldByName("state")
		return field.At(0).(*float64)
	}
	assert.Equal(t, new(0.0), state(w.next(t)))
	s.fail.Store(true) // the clock alone tells, whether the store answers or not
	setClock(story.Begins.Add(time.Hour))
	assert.Nil(t, state(w.next(t)))
	require.NoError(t, w.end(t))
}

func TestOnePollServesAllViewersAndNoneRunsWithoutThem(t *testing.T) {
	d, s, _ := streaming(t)
	var watchers []*watcher
	for i := range 20 {
		watchers = append(watchers, watch(t, d, []string{"events", "status", "events/prod"}[i%3]))
	}
	for _, w := range watchers {
		w.next(t)
	}
	heads, others := s.heads.Load(), s.others.Load()
	time.Sleep(5 * shortestPoll)
	assert.LessOrEqual(t, s.heads.Load()-heads, int64(7), "one question per interval, not one per viewer")
	assert.Equal(t, others, s.others.Load(), "nothing is read while nothing changes")
	for _, w := range watchers {
		require.NoError(t, w.end(t))
	}
	time.Sleep(2 * shortestPoll)
	heads = s.heads.Load()
	time.Sleep(3 * shortestPoll)
	assert.Equal(t, heads, s.heads.Load(), "nobody watches, nobody asks")

	late := watch(t, d, "events")
	assert.Equal(t, []string{"prod/1"}, ids(late.next(t)), "and watching can begin again")
	assert.Equal(t, others, s.others.Load(), "with what is known already")
	require.NoError(t, late.end(t))
}

func TestASlowViewerHoldsUpNobody(t *testing.T) {
	d, s, _ := streaming(t)
	held := make(chan struct{})
	slow, quick := watchHeld(t, d, "events", held), watch(t, d, "events")
	quick.next(t)
	from, to := health.Happy, health.Stressed
	for seq := int64(2); seq <= 4; seq++ {
		becomes(t, s.Store, "prod", seq, story.Begins.Add(time.Duration(seq)*time.Minute), from, to)
		from, to = to, from
		assert.Equal(t, fmt.Sprintf("prod/%d", seq), ids(quick.next(t))[0])
	}
	close(held)
	slow.next(t) // the one it was held up with
	assert.Equal(t, []string{"prod/4", "prod/3", "prod/2", "prod/1"}, ids(slow.next(t)), "it catches up in one step")
	require.NoError(t, slow.end(t))
	require.NoError(t, quick.end(t))
}

func TestDisposingOfADataSourceEndsItsStreamsWithAnError(t *testing.T) {
	d, _, _ := streaming(t)
	var watchers []*watcher
	for range 3 {
		w := watch(t, d, "events")
		w.next(t)
		watchers = append(watchers, w)
	}
	d.Dispose()
	for _, w := range watchers {
		assert.ErrorIs(t, w.result(t), live.ErrReplaced, "nil would leave open panels without a stream")
	}
	_, err := d.feed.Join()
	assert.ErrorIs(t, err, live.ErrReplaced)
	d.Dispose() // does no harm
}

func TestAStreamOutlivesAnOutageOfTheStore(t *testing.T) {
	d, s, _ := streaming(t)
	s.fail.Store(true)
	w := watch(t, d, "events")
	w.quiet(t)
	s.fail.Store(false)
	assert.Equal(t, []string{"prod/1"}, ids(w.next(t)))
	require.NoError(t, w.end(t))
}

func TestAStreamShowsAtMostTheNewestEvents(t *testing.T) {
	d, s, _ := streaming(t)
	w := watch(t, d, "events")
	w.next(t)
	from, to := health.Happy, health.Stressed
	const last = live.MaxEvents + 50
	for seq := int64(2); seq <= last; seq++ {
		becomes(t, s.Store, "prod", seq, story.Begins.Add(time.Duration(seq)*time.Minute), from, to)
		from, to = to, from
	}
	require.Eventually(t, func() bool {
		f := w.next(t)
		return ids(f)[0] == fmt.Sprintf("prod/%d", last) && f.Rows() == live.MaxEvents
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, w.end(t))
}

func TestSubscribingHandsOverTheCurrentSnapshot(t *testing.T) {
	d, s, _ := streaming(t)
	subscribe := func(path string) *backend.SubscribeStreamResponse {
		r, err := d.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: path})
		require.NoError(t, err)
		return r
	}
	for _, path := range []string{"events", "events/prod", "status", "status/prod"} {
		r := subscribe(path)
		assert.Equal(t, backend.SubscribeStreamStatusOK, r.Status)
		frame := &data.Frame{}
		require.NoError(t, json.Unmarshal(r.InitialData.Data(), frame))
		assert.Equal(t, 1, frame.Rows(), path)
	}
	assert.Equal(t, backend.SubscribeStreamStatusNotFound, subscribe("metrics").Status)
	s.fail.Store(true)
	r := subscribe("events")
	assert.Equal(t, backend.SubscribeStreamStatusOK, r.Status, "the store may be back in a minute")
	assert.Nil(t, r.InitialData)
}

func TestNobodyMayPublish(t *testing.T) {
	d, _, _ := streaming(t)
	r, err := d.PublishStream(t.Context(), &backend.PublishStreamRequest{Path: "events", Data: []byte(`{}`)})
	require.NoError(t, err)
	assert.Equal(t, backend.PublishStreamStatusPermissionDenied, r.Status)
}

func TestTheQueryAndItsStreamShowTheSame(t *testing.T) {
	d, _, _ := streaming(t)
	for _, topic := range []live.Topic{live.TopicEvents, live.TopicStatus} {
		asked := answered(t, d, story.Question(t, story.QueryOf(string(topic), map[string]any{"live": true})), nil)[0]
		assert.Equal(t, "ds/copilot/"+string(topic), asked.Meta.Channel)
		w := watch(t, d, string(topic))
		streamed := w.next(t)
		require.NoError(t, w.end(t))
		asked.Meta.Channel, asked.RefID = "", ""
		want, err := data.FrameToJSON(asked, data.IncludeAll)
		require.NoError(t, err)
		got, err := data.FrameToJSON(streamed, data.IncludeAll)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got))
	}
}

func TestViewersComeAndGoAtOnce(t *testing.T) {
	d, _, _ := streaming(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				w := &packets{frames: make(chan *data.Frame, 100)}
				assert.NoError(t, d.RunStream(ctx, &backend.RunStreamRequest{Path: "events"}, backend.NewStreamSender(w)))
				cancel()
			}
		})
	}
	group.Wait()
}
