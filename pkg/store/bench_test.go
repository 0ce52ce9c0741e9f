package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// month is 30 days of cycles every 30 seconds.
const month = 30 * 24 * 120

// fill writes n cycles of a cluster past the store, as SaveCycles would have left them: far faster, so that a
// month of them takes seconds. Every 500th cycle changes the state.
func fill(t testing.TB, conn *pgx.Conn, cluster string, from time.Time, n int) {
	t.Helper()
	ctx := t.Context()
	columns := []string{"cluster", "at"}
	for _, signal := range health.Signals() {
		columns = append(columns, schema.Column(signal.ID))
	}
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"copilot", "snapshots"}, columns, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
		row := []any{cluster, from.Add(time.Duration(i) * interval)}
		for k := range health.Signals() {
			row = append(row, float64((i*7+k*13)%1000)/7)
		}
		return row, nil
	}))
	require.NoError(t, err)

	const run = 500
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"copilot", "spans"},
		[]string{"cluster", "started_at", "last_at", "state", "stale", "bottleneck", "coverage", "interval_ms"},
		pgx.CopyFromSlice((n+run-1)/run, func(i int) ([]any, error) {
			first, last := from.Add(time.Duration(i*run)*interval), from.Add(time.Duration(min(n, (i+1)*run)-1)*interval)
			return []any{cluster, first, last, health.States()[i%3].String(), false, string(health.BottleneckHealthy), 1.0, interval.Milliseconds()}, nil
		}))
	require.NoError(t, err)

	for _, step := range rollupSteps {
		names, aggregates := "", ""
		for _, signal := range health.Signals() {
			names += ", " + schema.Column(signal.ID)
			aggregates += fmt.Sprintf(", %s(%s)", worstOf(signal), schema.Column(signal.ID))
		}
		execute(t, conn, fmt.Sprintf(`insert into copilot.rollups (cluster, step_sec, at%s)
			select cluster, %[2]d, to_timestamp(floor(extract(epoch from at) / %[2]d) * %[2]d)%[3]s
			from copilot.snapshots where cluster = $1 group by 1, 3`, names, int(step/time.Second), aggregates), cluster)
	}
}

// filled returns a store with n cycles of cluster "a", the last of which was saved as usual.
func filled(b testing.TB, n int) *Store {
	b.Helper()
	s, err := Open(b.Context(), Config{Postgres: ptr(emptyDatabase(b))})
	require.NoError(b, err)
	b.Cleanup(s.Close)
	_, err = s.Migrate(b.Context(), MigrateOptions{})
	require.NoError(b, err)
	conn := owner(b, s)
	fill(b, conn, "a", start, n-1)
	execute(b, conn, `vacuum analyze`)
	save(b, s, cycle("a", tick(n-1)))
	return s
}

// BenchmarkTimeline compares 30 days of states as the store reads them with the same 30 days read cycle by cycle,
// as a panel on Grafana's PostgreSQL datasource would.
func BenchmarkTimeline(b *testing.B) {
	s := filled(b, month)
	b.Run("Spans", func(b *testing.B) {
		for b.Loop() {
			spans, err := s.Spans(b.Context(), []string{"a"}, start, tick(month))
			require.NoError(b, err)
			require.Equal(b, month/500+2, len(spans), "a run per 500 cycles, the rest, and the last cycle")
		}
	})
	conn := owner(b, s)
	execute(b, conn, `create table state_by_cycle as select s.cluster, s.at, p.state from copilot.snapshots s
		join copilot.spans p on p.cluster = s.cluster and s.at between p.started_at and p.last_at`)
	execute(b, conn, `alter table state_by_cycle add primary key (cluster, at)`)
	execute(b, conn, `vacuum analyze state_by_cycle`)
	b.Run("PlainSQL", func(b *testing.B) {
		for b.Loop() {
			rows, err := conn.Query(b.Context(), `select at, state from state_by_cycle where cluster = $1 and at >= $2 and at < $3 order by at`, "a", start, tick(month))
			require.NoError(b, err)
			read := 0
			for rows.Next() {
				var at time.Time
				var state string
				require.NoError(b, rows.Scan(&at, &state))
				read++
			}
			require.NoError(b, rows.Err())
			require.InDelta(b, month, read, 2)
		}
	})
}

// BenchmarkSeries reads a month of signals to 1,000 points.
func BenchmarkSeries(b *testing.B) {
	s := filled(b, month)
	for _, signals := range [][]health.SignalID{{higher}, {higher, lower, neutral, health.FrontendP99}} {
		b.Run(fmt.Sprintf("Signals=%d", len(signals)), func(b *testing.B) {
			for b.Loop() {
				series, err := s.Series(b.Context(), SeriesQuery{Signals: signals, From: start, To: tick(month), Points: 1000})
				require.NoError(b, err)
				require.Equal(b, len(signals), len(series))
			}
		})
	}
	conn := owner(b, s)
	b.Run("PlainSQL", func(b *testing.B) {
		sql := fmt.Sprintf(`select at, %s from copilot.snapshots where cluster = $1 and at >= $2 and at < $3 order by at`, schema.Column(higher))
		for b.Loop() {
			rows, err := conn.Query(b.Context(), sql, "a", start, tick(month))
			require.NoError(b, err)
			for rows.Next() {
				var at time.Time
				var value *float64
				require.NoError(b, rows.Scan(&at, &value))
			}
			require.NoError(b, rows.Err())
		}
	})
}

// BenchmarkStatuses reads the clusters' status with a day and with a month of history behind it.
func BenchmarkStatuses(b *testing.B) {
	for _, days := range []int{1, 30} {
		s := filled(b, days*24*120)
		b.Run(fmt.Sprintf("Days=%d", days), func(b *testing.B) {
			for b.Loop() {
				now, err := s.Statuses(b.Context(), nil)
				require.NoError(b, err)
				require.Equal(b, 1, len(now))
			}
		})
	}
}

// BenchmarkSaveCycles stores one cycle after the other.
func BenchmarkSaveCycles(b *testing.B) {
	s := filled(b, 2)
	n := 2
	for b.Loop() {
		save(b, s, cycle("a", tick(n)))
		n++
	}
}
