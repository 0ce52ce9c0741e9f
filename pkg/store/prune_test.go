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
	explained := []Pruned{{"assessments", 0}, {"issues", 0}, {"log_patterns", 0}, {"log_pages", 0}, {"feedback", 0}, {"model_calls", 0}}
	assert.Equal(t, append([]Pruned{{"spans", 2}, {"events", 4}, {"snapshots", 6}, {"rollups", 8}}, explained...), report)

	spans, err := s.Spans(t.Context(), nil, tick(0), tick(300))
	require.NoError(t, err)
	require.Len(t, spans, 2, "a run that still goes on stays whole")
	assert.Equal(t, tick(200), spans[0].From)
	now, err := s.Statuses(t.Context(), nil)
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

func TestPruneDeletesOldExplanationsAndLeavesOpenIssues(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(200)))
	for _, name := range []string{"a", "b"} {
		open, gone := found("open", SeverityWarning), found("gone", SeverityCritical)
		assess(t, s, assessment(name, "1", tick(0)), Findings{Issues: []Issue{open, gone, found("just gone", SeverityWarning)}})
		assess(t, s, assessment(name, "2", tick(10)), Findings{Issues: []Issue{open, found("just gone", SeverityWarning)}})
		assess(t, s, assessment(name, "3", tick(100)), Findings{Issues: []Issue{open}})
		saveLogs(t, s, LogRead{Cluster: name, At: tick(100), Through: tick(100), Counts: []health.LogCount{lines(99, "p", "history", 1), lines(100, "p", "history", 1)}})
		for _, at := range []int{99, 100} {
			require.NoError(t, s.SaveFeedback(t.Context(), Feedback{Cluster: name, Assessment: "1", At: tick(at), Author: "ada", Verdict: CauseWrong}))
		}
		require.NoError(t, s.SaveModelCalls(t.Context(), []ModelCall{call(name, "1", 0, tick(99)), call(name, "2", 0, tick(100))}))
	}
	report, err := s.Prune(t.Context(), tick(100))
	require.NoError(t, err)
	assert.Equal(t, []Pruned{{"assessments", 4}, {"issues", 2}, {"log_patterns", 2}, {"log_pages", 0}, {"feedback", 2}, {"model_calls", 2}}, report[4:])

	issues, err := s.Issues(t.Context(), IssueQuery{Clusters: []string{"b"}})
	require.NoError(t, err)
	require.Len(t, issues, 2)
	assert.Equal(t, "open", issues[0].ID)
	assert.Equal(t, tick(0), issues[0].OpenedAt, "an open issue stays, however old it is")
	assert.Equal(t, "just gone", issues[1].ID)
	states, err := s.LogStates(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, states, 2, "how far logs were read stays")
}

// TestPruneTakesSmallBitesOfWhatHasOneTime relies on the guard as well.
func TestPruneTakesSmallBitesOfWhatHasOneTime(t *testing.T) {
	s := newStore(t)
	execute(t, owner(t, s), `insert into copilot.log_patterns (cluster, at, pattern, service, read_at, meaning, count, at_least, sample)
		select 'a', $1, 'p' || n, 'history', $1, '', 1, false, '' from generate_series(1, 4500) as n`, tick(0))
	report, err := s.Prune(t.Context(), tick(1))
	require.NoError(t, err)
	assert.Contains(t, report, Pruned{"log_patterns", 4500})
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
