package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/store"
)

const (
	liveClusters = 50
	liveChanges  = 100
	// liveEvery is the time between two changes. It does not divide the poll interval, so that changes come at all
	// moments between two polls.
	liveEvery = 430 * time.Millisecond
	// pollInterval is the default of the data source's settings.
	pollInterval = time.Second
	// lateAfterPoll is how much later than the poll interval one frame in a hundred may come.
	lateAfterPoll = 250 * time.Millisecond
	// queriesDiffer is how much the rate of queries may differ between one channel and 50. In 43 seconds there are
	// about 42 polls, and one more or less at either end of the time makes a few per cent; on a busy machine each
	// poll takes longer, and then there are fewer of them. A query per channel would be 50 times as many.
	queriesDiffer = 0.15
	// mostMemory is what the plugin's process may have used at its peak, in bytes.
	mostMemory = 150 << 20
)

// BenchmarkLive changes the state of one of 50 clusters after the other while 1 and 50 channels of the plugin's process
// are watched: the first is about all events, each other one about those of a cluster. Grafana runs one stream for each
// channel, however many panels watch it. The database says when a change was committed; its frame arrives at a client
// that shares the machine's processors with the plugin and the database.
//
// It reports the latency less the poll interval, the queries that the database carried out for the plugin's role, and
// the peak of the process's memory. It fails when one frame in a hundred comes later than the poll interval and 250 ms,
// when 50 channels cost other queries than one does, and when the process needs more than 150 MB.
// With one channel there are a hundred frames: one of them may come late because the machine was busy.
func BenchmarkLive(b *testing.B) {
	l := newLiveStore(b)
	binary := pluginprocess.Build(b)
	rates := map[int]float64{}
	for _, channels := range []int{1, liveClusters} {
		b.Run(fmt.Sprintf("Channels=%d", channels), func(b *testing.B) {
			for b.Loop() {
				rates[channels] = l.watchedOn(b, binary, channels)
			}
			b.ReportMetric(0, "ns/op")
			if rates[1] == 0 || channels == 1 {
				return
			}
			ratio := rates[channels] / rates[1]
			b.ReportMetric(ratio, "queries/queries-of-one")
			if ratio > 1+queriesDiffer || ratio < 1-queriesDiffer {
				b.Errorf("%d channels cost %.2f queries a second, and one costs %.2f", channels, rates[channels], rates[1])
			}
		})
	}
}

// liveStore is a store on a PostgreSQL that counts statements, read by a role that only the plugin has.
type liveStore struct {
	store  *store.Store
	owner  *pgx.Conn
	reader store.Postgres
	// clusters and the number of the last event of each.
	clusters []string
	last     map[string]int64
}

const readerName = "grafana"

func newLiveStore(b *testing.B) *liveStore {
	b.Helper()
	ctx := b.Context()
	database := benchPostgres(b, map[string]string{"shared_preload_libraries": "pg_stat_statements", "track_commit_timestamp": "on"})
	l := &liveStore{last: map[string]int64{}, reader: database}
	var err error
	l.store, err = store.Open(ctx, store.Config{Postgres: &database})
	require.NoError(b, err)
	b.Cleanup(l.store.Close)
	l.reader.User, l.reader.Password = readerName, "reads only"
	_, err = l.store.Migrate(ctx, store.MigrateOptions{Reader: store.Role{Name: l.reader.User, Password: l.reader.Password}})
	require.NoError(b, err)
	l.owner = connectAsOwner(b, database)
	b.Cleanup(func() { _ = l.owner.Close(context.Background()) })
	_, err = l.owner.Exec(ctx, `create extension pg_stat_statements`)
	require.NoError(b, err)

	begins := time.Now().UTC().Truncate(time.Second).Add(-5 * story.Interval)
	for i := range liveClusters {
		name := fmt.Sprintf("cluster-%02d", i)
		story.Tell(b, l.store, name, begins, wholeHealthy(1), wholeTroubled(1))
		l.clusters, l.last[name] = append(l.clusters, name), live.MaxEvents+2
	}
	// Each cluster has as many events as a stream shows, and they were in full trouble.
	for _, sql := range []string{
		`update copilot.events set seq = seq + ` + strconv.Itoa(live.MaxEvents),
		`update copilot.clusters_now set seq = seq + ` + strconv.Itoa(live.MaxEvents),
		`insert into copilot.events (cluster, seq, at, kind, from_state, to_state, stale, from_bottleneck, bottleneck, coverage, evidence, reasons)
			select cluster, n, at - (102 - n) * interval '1 hour', kind, from_state, to_state, stale, from_bottleneck, bottleneck, coverage, evidence, reasons
			from copilot.events, generate_series(1, ` + strconv.Itoa(live.MaxEvents) + `) as n where seq = ` + strconv.Itoa(live.MaxEvents+2),
	} {
		_, err := l.owner.Exec(ctx, sql)
		require.NoError(b, err)
	}
	return l
}

// queries is how many statements the database carried out for the plugin.
func (l *liveStore) queries(b *testing.B) (n int64) {
	b.Helper()
	require.NoError(b, l.owner.QueryRow(b.Context(), `select coalesce(sum(calls), 0)::bigint from pg_stat_statements
		where userid = $1::regrole`, readerName).Scan(&n))
	return n
}

// liveChange is a change of state that streams are to show.
type liveChange struct {
	cluster, id string
	// committed is zero until the database has told.
	committed time.Time
}

// next is the next change of a cluster.
func (l *liveStore) next(cluster string) *liveChange {
	l.last[cluster]++
	return &liveChange{cluster: cluster, id: fmt.Sprintf("%s/%d", cluster, l.last[cluster])}
}

// commit stores a cycle that brings a change.
func (l *liveStore) commit(b *testing.B, change *liveChange) {
	b.Helper()
	seq, at := l.last[change.cluster], time.Now()
	from, to := health.Happy, health.Stressed
	if seq%2 == 1 {
		from, to = to, from
	}
	c := wholeTroubled(1)
	require.NoError(b, l.store.SaveCycles(b.Context(), []store.Cycle{{
		Interval: story.Interval, Memory: []byte(`{}`), Snapshot: health.Snapshot{Cluster: change.cluster, At: at, Signals: c.Signals, Queues: c.Queues},
		Verdict: health.Verdict{
			Cluster: change.cluster, At: at, State: to, Since: at, Coverage: 1, Bottleneck: health.WorkerLimited, Band: health.Starter, Gates: c.Gates,
			Event: &health.Event{Seq: seq, Kind: health.StateChanged, At: at, From: from, To: to, FromBottleneck: health.WorkerLimited, Bottleneck: health.WorkerLimited},
		},
	}}))
	require.NoError(b, l.owner.QueryRow(b.Context(), `select pg_xact_commit_timestamp(xmin) from copilot.events where cluster = $1 and seq = $2`,
		change.cluster, seq).Scan(&change.committed))
}

// watchedOn lets changes be watched on channels, and returns how many queries a second that cost.
func (l *liveStore) watchedOn(b *testing.B, binary string, channels int) (queriesPerSec float64) {
	p := pluginprocess.Start(b, binary, plugin.ID, l.reader)
	l.pollsByDefault(b, p)
	changes := &liveHistory{}
	var watchers []*liveWatcher
	var ready sync.WaitGroup
	for i := range channels {
		w := &liveWatcher{path: "events", shown: map[string]time.Time{}, began: make(chan struct{})}
		if i > 0 {
			w.cluster = l.clusters[i]
			w.path += "/" + w.cluster
		}
		watchers = append(watchers, w)
		ready.Go(func() { w.subscribe(b, p, changes) })
	}
	ready.Wait()
	for _, w := range watchers {
		<-w.began
	}

	begun, before := time.Now(), l.queries(b)
	for i := range liveChanges {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * liveEvery)))
		change := l.next(l.clusters[i*7%liveClusters])
		changes.add(change)
		l.commit(b, change)
	}
	time.Sleep(time.Until(begun.Add(liveChanges * liveEvery)))
	queriesPerSec = float64(l.queries(b)-before) / time.Since(begun).Seconds()

	var late []time.Duration
	for _, w := range watchers {
		for _, change := range changes.of(w.cluster) {
			late = append(late, w.when(b, change.id).Sub(change.committed)-pollInterval)
		}
	}
	slices.Sort(late)
	p50, p99 := late[len(late)/2], late[len(late)*99/100-1]
	b.ReportMetric(float64(p50.Milliseconds()), "ms-p50-less-poll")
	b.ReportMetric(float64(p99.Milliseconds()), "ms-p99-less-poll")
	b.ReportMetric(queriesPerSec, "queries/s")
	if p99 > lateAfterPoll {
		b.Errorf("one frame in a hundred came %v later than the poll interval, more than %v", p99, lateAfterPoll)
	}
	if peak := peakMemory(b, p); peak > 0 {
		b.ReportMetric(float64(peak)/(1<<20), "MB")
		if peak > mostMemory {
			b.Errorf("the process needed %d MB", peak>>20)
		}
	}
	p.Client.Kill()
	return queriesPerSec
}

// pollsByDefault takes back the short poll interval of the tests.
func (l *liveStore) pollsByDefault(b *testing.B, p *pluginprocess.Process) {
	b.Helper()
	settings := p.Context.DataSourceInstanceSettings
	var jsonData map[string]any
	require.NoError(b, json.Unmarshal(settings.JsonData, &jsonData))
	delete(jsonData, "pollIntervalMs")
	var err error
	settings.JsonData, err = json.Marshal(jsonData)
	require.NoError(b, err)
}

// liveHistory is the changes so far.
type liveHistory struct {
	mu  sync.Mutex
	all []*liveChange
}

// add is for a change that is about to be made: its frame may arrive before its maker knows that it is committed.
func (h *liveHistory) add(c *liveChange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, c)
}

// of are the changes of a cluster, or all.
func (h *liveHistory) of(cluster string) (some []*liveChange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.all {
		if cluster == "" || c.cluster == cluster {
			some = append(some, c)
		}
	}
	return some
}

// liveWatcher is a running stream.
type liveWatcher struct {
	path string
	// cluster is empty for a stream of all clusters.
	cluster string
	// began is closed when the first packet is there.
	began chan struct{}

	mu sync.Mutex
	// shown is when each change was seen for the first time, by id.
	shown map[string]time.Time
}

// subscribe begins a stream as Grafana does, and notes what its packets show.
func (w *liveWatcher) subscribe(b *testing.B, p *pluginprocess.Process, changes *liveHistory) {
	subscribed, err := p.Stream.SubscribeStream(b.Context(), &pluginv2.SubscribeStreamRequest{PluginContext: p.Context, Path: w.path})
	if err != nil || subscribed.Status != pluginv2.SubscribeStreamResponse_OK {
		b.Errorf("subscribing to %s: %v, %v", w.path, subscribed, err)
	}
	running, err := p.Stream.RunStream(b.Context(), &pluginv2.RunStreamRequest{PluginContext: p.Context, Path: w.path})
	if err != nil {
		b.Errorf("running %s: %v", w.path, err)
		close(w.began)
		return
	}
	go func() {
		for first := true; ; first = false {
			packet, err := running.Recv()
			arrived := time.Now()
			if first {
				close(w.began)
			}
			if err != nil {
				return
			}
			w.note(changes.of(w.cluster), packet.Data, arrived)
		}
	}()
}

func (w *liveWatcher) note(changes []*liveChange, packet []byte, arrived time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes[len(w.shown):] { // packets show changes in their order
		if !bytes.Contains(packet, []byte(strconv.Quote(c.id))) {
			return
		}
		w.shown[c.id] = arrived
	}
}

// when waits for a change to be shown, and says when it was.
func (w *liveWatcher) when(b *testing.B, id string) time.Time {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		shown, ok := w.shown[id]
		w.mu.Unlock()
		if ok {
			return shown
		}
		require.True(b, time.Now().Before(deadline), "%s did not show %s", w.path, id)
	}
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most memory of the plugin's process so far, in bytes; 0 where there is no /proc.
func peakMemory(b *testing.B, p *pluginprocess.Process) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Client.ReattachConfig().Pid))
	if os.IsNotExist(err) {
		return 0
	}
	require.NoError(b, err)
	found := peakLine.FindSubmatch(status)
	require.NotNil(b, found)
	kB, err := strconv.ParseInt(string(found[1]), 10, 64)
	require.NoError(b, err)
	return kB << 10
}
