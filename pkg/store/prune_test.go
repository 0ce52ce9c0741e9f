package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestPruneDeletesOnlyWhatIsOld(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"a", "b"} {
		save(t, s,
			cycle(name, tick(0), event(1, health.Unknown, health.Happy)),
			cycle(name, tick(1)),
			cycle(name, tick(200), event(2, health.Happy, health.Stressed)),
			cycle(name, tick(201), inState(health.Stressed)),
		)
	}
	report, err := s.Prune(t.Context(), tick(201))
	require.NoError(t, err)
	explained := []Pruned{{"assessments", 0}, {"issues", 0}, {"log_patterns", 0}, {"model_calls", 0}}
	assert.Equal(t, append([]Pruned{{"spans", 2}, {"events", 4}, {"snapshots", 6}, {"rollups", 8}}, explained...), report)

	spans, err := s.Spans(t.Context(), nil, tick(0), tick(300))
	require.NoError(t, err)
	require.Len(t, spans, 2, "a run that still goes on stays whole")
	assert.Equal(t, tick(200), spans[0].From)
	now, err := s.Now(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, now, 2)
	assert.Equal(t, int64(2), now[0].Seq)

	report, err = s.Prune(t.Context(), tick(201))
	require.NoError(t, err)
	assert.Equal(t, append([]Pruned{{"spans", 0}, {"events", 0}, {"snapshots", 0}, {"rollups", 0}}, explained...), report)
}

// TestPruneTakesSmallBites relies on the guard, which fails a transaction that changes more than 3,000 rows.
func TestPruneTakesSmallBites(t *testing.T) {
	s := newStore(t)
	conn := owner(t, s)
	fill(t, conn, "a", start, 4500)
	fill(t, conn, "removed by hand", start, 10)
	execute(t, conn, `delete from copilot.clusters_now where cluster <> 'a'`)
	report, err := s.Prune(t.Context(), tick(4400))
	require.NoError(t, err)
	assert.Equal(t, Pruned{"snapshots", 4410}, report[2])
	var left int
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from copilot.snapshots`).Scan(&left))
	assert.Equal(t, 100, left)
}

func TestTablesCountsWhatIsThere(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)), cycle("a", tick(1)))
	counted, err := s.Tables(t.Context())
	require.NoError(t, err)
	var got []string
	for _, table := range counted[:5] {
		got = append(got, fmt.Sprintf("%s %d %s %s", table.Name, table.Rows, tickName(table.Oldest), tickName(table.Newest)))
	}
	assert.Equal(t, []string{"clusters_now 1 1 1", "spans 1 1 1", "events 1 0 0", "snapshots 2 0 1", "rollups 2 0 0"}, got)
	assert.WithinDuration(t, time.Now(), counted[len(counted)-1].Newest, time.Minute)
}
