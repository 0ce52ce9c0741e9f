package bench

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/pkg/plugin"
)

const (
	// slowest is how long an answer may take, from the request to the plugin's process to its whole response.
	slowest = 200 * time.Millisecond
	// readPerReturned is how many rows may be read for one that is returned.
	readPerReturned = 10
	// askedTimes is how often a question is asked, once in each round of all questions. Its median stands for it:
	// whatever else runs on the machine for some seconds slows down one round or two, not four of seven.
	askedTimes = 7
	// fewRows for each cluster are no cost: the last cycles of one that are read for a trend.
	fewRows = 100
	// slowestTold is how many questions are told by name: a benchmark's log has ten lines.
	slowestTold = 8
)

// summing are the query types that make few rows of whole curves: only their time is bounded.
var summing = map[string]bool{"changes": true}

// BenchmarkDashboard opens the Copilot dashboard on 30 clusters and 30 days of history: everything that Grafana asks
// for it, for all clusters and for one. It reports the slowest question, the question that reads the most rows for
// one that it returns, and how long all of them together take when the dashboard opens. The log names the slowest.
//
// It fails when a question takes more than 200 ms, or reads more than ten times the rows that it returns, unless these are
// few, or the question is one that sums a curve up.
func BenchmarkDashboard(b *testing.B) {
	f := newFleet(b)
	dashboard := readBoard(b, "../../../src/dashboards/copilot.json")
	for b.Loop() {
		month := backend.TimeRange{From: time.Now().Add(-fleetHistory), To: time.Now()}
		var all []*boardCost
		for name, clusters := range map[string][]string{"all": f.clusters, "one": f.clusters[:1]} {
			for _, q := range dashboard.questions(b, clusters, month) {
				all = append(all, &boardCost{question: q, name: name + " " + q.name, clusters: len(clusters)})
			}
		}
		// Rows are counted before the process starts: what its connections count comes in when they please.
		f.beat(b)
		for _, c := range all {
			c.read, c.returned = f.rows(b, c.question)
		}
		p := pluginprocess.Start(b, pluginprocess.Build(b), plugin.ID, f.database)
		rounds := make([][]time.Duration, len(all))
		for range 1 + askedTimes { // the first round finds cold caches
			f.beat(b)
			for i, c := range all {
				begun := time.Now()
				ask(b, p, c.question)
				rounds[i] = append(rounds[i], time.Since(begun))
			}
		}
		for i, c := range all {
			took := rounds[i][1:]
			slices.Sort(took)
			c.took = took[askedTimes/2]
			if c.took > slowest {
				b.Errorf("%s took %v, more than %v", c.name, c.took, slowest)
			}
			if c.ratio() > readPerReturned && c.read > int64(fewRows*c.clusters) && !summing[c.question.query.QueryType] {
				b.Errorf("%s read %d rows to return %d", c.name, c.read, c.returned)
			}
		}
		slices.SortFunc(all, func(x, y *boardCost) int { return cmp.Compare(y.took, x.took) })
		for _, c := range all[:min(len(all), slowestTold)] {
			b.Logf("%6.1f ms  %6d rows read  %6d returned  %s", c.took.Seconds()*1000, c.read, c.returned, c.name)
		}
		hungry := slices.MaxFunc(all, func(x, y *boardCost) int { return cmp.Compare(x.ratio(), y.ratio()) })
		b.ReportMetric(all[0].took.Seconds()*1000, "ms-slowest")
		b.ReportMetric(hungry.ratio(), "rows-read/returned")
		f.beat(b)
		b.ReportMetric(opens(b, p, dashboard.questions(b, f.clusters, month)).Seconds()*1000, "ms-all-at-once")
	}
	b.ReportMetric(0, "ns/op") // filling the store is no operation
}

// boardCost is what an answer costs.
type boardCost struct {
	question boardQuestion
	name     string
	took     time.Duration
	// clusters is how many were asked for.
	clusters       int
	read, returned int64
}

// ratio is how many rows are read for one that is returned. That nothing is wrong with a cluster is an answer as
// well, though no row.
func (c boardCost) ratio() float64 {
	return float64(c.read) / float64(max(c.returned, int64(c.clusters)))
}

// ask asks the plugin's process.
func ask(b testing.TB, p *pluginprocess.Process, q boardQuestion) {
	if q.resource == "" {
		r, _ := p.Query(b, q.query, nil)
		require.NoError(b, r.Error, q.name)
		return
	}
	called, err := p.Resource.CallResource(b.Context(), &pluginv2.CallResourceRequest{
		PluginContext: p.Context, Method: http.MethodGet, Path: q.resource, Url: q.resource})
	require.NoError(b, err)
	answer, err := called.Recv()
	require.NoError(b, err)
	require.EqualValues(b, http.StatusOK, answer.Code, q.name)
}

// opens asks everything at the same moment, as a browser does, and says when the last answer was there.
func opens(b testing.TB, p *pluginprocess.Process, all []boardQuestion) time.Duration {
	begun := time.Now()
	var group sync.WaitGroup
	for _, q := range all {
		group.Go(func() { ask(b, p, q) })
	}
	group.Wait()
	return time.Since(begun)
}

// rows asks a question of a data source of its own, and says how many rows of tables and entries of indexes the
// database looked at for it, and how many rows the answer has. The database itself counts: connections hand in
// their counts at the latest when they end.
func (f *fleet) rows(b testing.TB, q boardQuestion) (read, returned int64) {
	b.Helper()
	before := f.rowsRead(b)
	jsonData, secure := pluginprocess.SettingsOf(f.database)
	made, err := plugin.New(b.Context(), pluginprocess.Instance(b, jsonData, secure))
	require.NoError(b, err)
	d := made.(*plugin.Datasource)
	if q.resource == "" {
		answered, err := d.QueryData(b.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{q.query}})
		require.NoError(b, err)
		response := answered.Responses[q.query.RefID]
		require.NoError(b, response.Error, q.name)
		for _, frame := range response.Frames {
			returned += int64(frame.Rows())
		}
	} else {
		err = d.CallResource(b.Context(), &backend.CallResourceRequest{Method: http.MethodGet, Path: q.resource, URL: q.resource},
			backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
				returned = int64(strings.Count(string(r.Body), ",") + 1)
				return nil
			}))
		require.NoError(b, err)
	}
	d.Dispose()
	return f.rowsRead(b) - before, returned
}

// rowsRead is how many rows were looked at since the database was made. The schema's version, which is read once by
// each data source, does not count.
func (f *fleet) rowsRead(b testing.TB) (rows int64) {
	b.Helper()
	connection := connectAsOwner(b, f.database)
	defer func() { _ = connection.Close(b.Context()) }()
	require.Eventually(b, func() bool {
		var others int
		err := connection.QueryRow(b.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and application_name = 'temporal-sre-copilot'`).Scan(&others)
		return err == nil && others == 0
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(b, connection.QueryRow(b.Context(), `select (coalesce(sum(t.seq_tup_read), 0) + coalesce(sum(i.read), 0))::bigint
		from pg_stat_user_tables as t left join
			(select relid, sum(idx_tup_read) as read from pg_stat_user_indexes group by relid) as i on i.relid = t.relid
		where t.relname <> 'schema_migrations'`).Scan(&rows))
	return rows
}
