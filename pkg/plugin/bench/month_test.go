package bench

import (
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/plugin"
	"github.com/temporal-sre/copilot/pkg/plugin/answer"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

const day = 24 * time.Hour

// BenchmarkTimelineOfAMonth reads 30 days of 30-second cycles to 1,000 points through the plugin's process, and
// the same days cycle by cycle with plain SQL into an Arrow frame, as a panel on Grafana's PostgreSQL data
// source does. The state changes every hour, which is far more than a real cluster does.
//
// It fails when the plugin is slower, or needs a tenth of the bytes or more.
func BenchmarkTimelineOfAMonth(b *testing.B) {
	s, database := story.NewStore(b)
	history(b, s, database, 30*day)
	p := pluginprocess.Start(b, pluginprocess.Build(b), plugin.ID, database)
	connection, err := pgx.Connect(b.Context(), story.Postgres.URL(database.Database))
	require.NoError(b, err)
	defer func() { _ = connection.Close(b.Context()) }()
	_, err = connection.Exec(b.Context(), `create table cycles as
		select at, floor(extract(epoch from at) / 3600)::bigint % 3 as state
		from generate_series($1::timestamptz, $2::timestamptz, interval '30 seconds') at`, story.Now.Add(-30*day), story.Now)
	require.NoError(b, err)
	_, err = connection.Exec(b.Context(), `alter table cycles add primary key (at)`)
	require.NoError(b, err)

	q := story.Question(b, story.QueryOf("timeline", map[string]any{"clusters": []string{"prod"}}))
	q.TimeRange = backend.TimeRange{From: story.Now.Add(-30 * day), To: story.Now}
	q.MaxDataPoints = 1000
	var plugin, plain time.Duration
	var pluginBytes, plainBytes int
	for b.Loop() {
		begun := time.Now()
		r, size := p.Query(b, q, nil)
		plugin += time.Since(begun)
		require.NoError(b, r.Error)
		require.Greater(b, r.Frames[0].Rows(), 500)
		require.LessOrEqual(b, r.Frames[0].Rows(), 1000)
		pluginBytes = size

		begun = time.Now()
		plainBytes = len(plainSQL(b, connection, q.TimeRange))
		plain += time.Since(begun)
	}
	b.ReportMetric(plain.Seconds()/plugin.Seconds(), "times-as-fast")
	b.ReportMetric(100*float64(pluginBytes)/float64(plainBytes), "%-of-the-bytes")
	if plugin > plain {
		b.Errorf("the plugin took %v and plain SQL %v", plugin, plain)
	}
	if 10*pluginBytes >= plainBytes {
		b.Errorf("the plugin sent %d bytes and plain SQL %d", pluginBytes, plainBytes)
	}
}

// plainSQL reads every cycle and returns them as Grafana transports them.
func plainSQL(b *testing.B, connection *pgx.Conn, r backend.TimeRange) []byte {
	b.Helper()
	rows, err := connection.Query(b.Context(), `select at, state::double precision from cycles where at between $1 and $2 order by at`, r.From, r.To)
	require.NoError(b, err)
	at, state := data.NewField("time", nil, []time.Time{}), data.NewField("state", nil, []*float64{})
	for rows.Next() {
		var t time.Time
		var v *float64
		require.NoError(b, rows.Scan(&t, &v))
		at.Append(t)
		state.Append(v)
	}
	require.NoError(b, rows.Err())
	require.Greater(b, at.Len(), 86_000)
	raw, err := data.NewFrame("cycles", at, state).MarshalArrow()
	require.NoError(b, err)
	return raw
}

// BenchmarkStatusNow reads the status with a day and with a month of history behind it. The times should
// not differ.
func BenchmarkStatusNow(b *testing.B) {
	for name, length := range map[string]time.Duration{"day": day, "month": 30 * day} {
		b.Run(name, func(b *testing.B) {
			s, database := story.NewStore(b)
			history(b, s, database, length)
			answers := answer.Answers{Views: view.Reader{Store: s, Now: func() time.Time { return story.Now }}}
			q, err := query.Parse(story.Question(b, story.QueryOf("status")), false)
			require.NoError(b, err)
			for b.Loop() {
				_, err := answers.To(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
}

// history stores states of "prod" that change every hour, ending in the story.
func history(b *testing.B, s *store.Store, database store.Postgres, length time.Duration) {
	b.Helper()
	story.Tell(b, s, "prod", story.Begins, story.Healthy(21))
	execute(b, database, `insert into copilot.spans (cluster, started_at, last_at, state, stale, bottleneck, coverage, interval_ms)
		select 'prod', at, at + interval '3570 seconds', (array['happy','stressed','critical'])[1 + floor(extract(epoch from at) / 3600)::bigint % 3],
			false, 'healthy', 1, 30000
		from generate_series($1::timestamptz, $2::timestamptz, interval '1 hour') at`, story.Begins.Add(-length), story.Begins.Add(-time.Hour))
	execute(b, database, `insert into copilot.snapshots (cluster, at)
		select 'prod', at from generate_series($1::timestamptz, $2::timestamptz, interval '30 seconds') at`, story.Begins.Add(-length), story.Begins.Add(-story.Interval))
	execute(b, database, `analyze`)
}
