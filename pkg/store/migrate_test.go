package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/dsqlguard"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

func TestEveryStatementOfTheSchemaWorksOnDSQL(t *testing.T) {
	for _, m := range schema.Migrations {
		for _, sql := range m.Statements {
			statement, err := dsqlguard.Inspect(sql)
			require.NoError(t, err)
			assert.Equal(t, dsqlguard.DDL, statement.Kind)
			assert.False(t, statement.SyncIndex, "DSQL builds an index only with ASYNC: %s", sql)
			assert.Contains(t, sql, "if not exists", "a migration that broke off is repeated")
		}
	}
}

func TestMigrateSetsUpAnEmptyDatabase(t *testing.T) {
	s := openStore(t, emptyDatabase(t))
	report, err := s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	var steps []string
	for _, m := range schema.Migrations {
		steps = append(steps, fmt.Sprintf("version %d: %s", m.Version, m.About))
	}
	assert.Equal(t, Migration{From: 0, To: schema.Version, Done: steps}, report)

	want := contents(t, s)
	report, err = s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	assert.Equal(t, Migration{From: schema.Version, To: schema.Version}, report, "repeated, there is nothing to do")
	assert.Equal(t, want, contents(t, s))

	var indexes []string
	rows, err := owner(t, s).Query(t.Context(), `select indexname from pg_indexes where schemaname = 'copilot' order by 1`)
	require.NoError(t, err)
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		indexes = append(indexes, name)
	}
	require.NoError(t, rows.Err())
	assert.Contains(t, indexes, "events_by_time")
}

func TestAMigrationThatBrokeOffIsContinued(t *testing.T) {
	var statements []string
	for _, m := range schema.Migrations {
		statements = append(statements, m.Statements...)
	}
	for done := 1; done <= len(statements); done++ {
		s := openStore(t, emptyDatabase(t))
		for _, sql := range statements[:done] {
			require.NoError(t, s.execDDL(t.Context(), schema.Statement(false, sql)))
		}
		_, err := s.Statuses(t.Context(), nil)
		assert.ErrorIs(t, err, ErrNoSchema, "half a schema is none")
		_, err = s.Migrate(t.Context(), MigrateOptions{})
		require.NoError(t, err, "after %d statements", done)
		save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)))
	}
}

func TestSeveralMayMigrateAtOnce(t *testing.T) {
	p := emptyDatabase(t)
	var group sync.WaitGroup
	for range 4 {
		s := openStore(t, p)
		group.Go(func() {
			_, err := s.Migrate(t.Context(), MigrateOptions{})
			assert.NoError(t, err)
		})
	}
	group.Wait()
	s := openStore(t, p)
	_, err := s.Check(t.Context())
	assert.NoError(t, err)
}

func TestColumnsOfNewSignalsAreAdded(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	conn := owner(t, s)
	for _, table := range schema.SignalTables {
		execute(t, conn, fmt.Sprintf(`alter table copilot.%s drop column %s, drop column %s`, table, schema.Column(higher), schema.Column(lower)))
	}
	older := openStore(t, *mustParse(t, server(t).URL(conn.Config().Database)))
	health1, err := older.Check(t.Context())
	assert.ErrorIs(t, err, ErrOlderSchema)
	assert.Len(t, health1.MissingColumns, 4)
	assert.ErrorIs(t, older.SaveCycles(t.Context(), []Cycle{cycle("a", tick(1))}), ErrOlderSchema)
	_, err = older.Series(t.Context(), SeriesQuery{Signals: []health.SignalID{higher}, From: tick(0), To: tick(1)})
	assert.ErrorIs(t, err, ErrOlderSchema)

	report, err := older.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"column state_transitions__throughput_per_sec in snapshots", "column history__backlog_age_sec in snapshots",
		"column state_transitions__throughput_per_sec in rollups", "column history__backlog_age_sec in rollups",
	}, report.Done)
	save(t, s, cycle("a", tick(1)))
	series, err := s.Series(t.Context(), SeriesQuery{Signals: []health.SignalID{higher}, From: tick(0), To: tick(2)})
	require.NoError(t, err)
	assert.Equal(t, "· 0.5", curve(series[0].Points))
}

func mustParse(t testing.TB, url string) *Postgres {
	t.Helper()
	p, err := ParseURL(url)
	require.NoError(t, err)
	return &p
}

func TestANewerSchemaIsLeftAlone(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	conn := owner(t, s)
	execute(t, conn, `insert into copilot.schema_migrations values ($1, 'from the future', now())`, schema.Version+1)
	want := contents(t, s)

	_, err := s.Migrate(t.Context(), MigrateOptions{})
	assert.ErrorIs(t, err, ErrNewerSchema)
	for name, err := range everyWrite(t, s) {
		assert.ErrorIs(t, err, ErrNewerSchema, "%s, even when it was the same version before", name)
	}

	fresh := openStore(t, *mustParse(t, server(t).URL(conn.Config().Database)))
	for name, err := range everyRead(t, fresh) {
		assert.ErrorIs(t, err, ErrNewerSchema, name)
	}
	assert.Equal(t, want, contents(t, s))
}

// everyRead calls everything that needs the schema and does not write cycles.
func everyRead(t *testing.T, s *Store) map[string]error {
	ctx := t.Context()
	errs := make(map[string]error)
	_, errs["Check"] = s.Check(ctx)
	_, errs["Tables"] = s.Tables(ctx)
	_, errs["Prune"] = s.Prune(ctx, tick(0))
	_, _, errs["LoadMemory"] = s.LoadMemory(ctx, "a")
	_, errs["Clusters"] = s.Clusters(ctx)
	_, errs["Cursors"] = s.Cursors(ctx)
	_, errs["Statuses"] = s.Statuses(ctx, nil)
	_, errs["Spans"] = s.Spans(ctx, nil, tick(0), tick(1))
	_, errs["Series"] = s.Series(ctx, SeriesQuery{Signals: []health.SignalID{higher}, From: tick(0), To: tick(1)})
	_, errs["Events"] = s.Events(ctx, EventQuery{})
	_, errs["Feedback"] = s.Feedback(ctx, nil, nil, 0)
	_, errs["EventsAfter"] = s.EventsAfter(ctx, "a", 0, 1)
	_, errs["Before"] = s.Before(ctx, "a", tick(0), 1)
	_, errs["Assessments"] = s.Assessments(ctx, AssessmentQuery{Clusters: []string{"a"}})
	_, errs["LatestAssessments"] = s.LatestAssessments(ctx, []string{"a"})
	_, errs["Issues"] = s.Issues(ctx, IssueQuery{Clusters: []string{"a"}})
	_, errs["LogStates"] = s.LogStates(ctx, nil)
	_, errs["LogPatterns"] = s.LogPatterns(ctx, LogQuery{Clusters: []string{"a"}, From: tick(0), To: tick(1)})
	_, errs["Usage"] = s.Usage(ctx, UsageQuery{From: tick(0), To: tick(1)})
	_, errs["Spent"] = s.Spent(ctx, tick(0))
	_, _, errs["LoadBudget"] = s.LoadBudget(ctx)
	return errs
}

// everyWrite calls everything that writes, besides Prune.
func everyWrite(t *testing.T, s *Store) map[string]error {
	ctx := t.Context()
	return map[string]error{
		"SaveCycles":     s.SaveCycles(ctx, []Cycle{cycle("a", tick(1))}),
		"SaveAssessment": s.SaveAssessment(ctx, assessment("a", "1", tick(1)), Findings{Issues: []Issue{found("x", SeverityWarning)}}),
		"SaveLogRead":    s.SaveLogRead(ctx, LogRead{Cluster: "a", At: tick(1), Counts: []health.LogCount{lines(1, "p", "history", 1)}}),
		"SaveModelCalls": s.SaveModelCalls(ctx, []ModelCall{call("a", "1", 0, tick(1))}),
		"SaveFeedback":   s.SaveFeedback(ctx, Feedback{Cluster: "a", Assessment: "1", At: tick(1), Author: "ada", Verdict: CauseConfirmed}),
		"SaveBudget":     s.SaveBudget(ctx, Budget{Provider: "rules"}),
	}
}

func TestAStoreOfTheFirstVersionIsMigratedWithWhatItHolds(t *testing.T) {
	p := emptyDatabase(t)
	s := openStore(t, p)
	require.NoError(t, s.apply(t.Context(), schema.Migrations[0]))
	options := MigrateOptions{Reader: Role{Name: p.Database + "_reader", Password: "p"}, Writer: Role{Name: p.Database + "_writer", Password: "p"}}
	conn := owner(t, s)
	fill(t, conn, "a", start, 600)
	execute(t, conn, `insert into copilot.clusters_now
			(cluster, at, interval_ms, seq, state, stale, since, bottleneck, coverage, verdict, snapshot, memory)
		values ('a', $1, 30000, 3, 'happy', false, $2, 'healthy', 1, '{"cluster": "a"}', '{"cluster": "a"}', '{"memory": 1}')`, tick(599), start)
	for name, err := range everyRead(t, s) {
		assert.ErrorIs(t, err, ErrOlderSchema, name)
	}
	for name, err := range everyWrite(t, s) {
		assert.ErrorIs(t, err, ErrOlderSchema, name)
		assert.ErrorContains(t, err, "copilot db migrate", name)
	}
	held := func() (rows string) {
		require.NoError(t, conn.QueryRow(t.Context(), `select concat(
			(select count(*) from copilot.snapshots), ' ', (select count(*) from copilot.spans), ' ', (select count(*) from copilot.rollups))`).Scan(&rows))
		return rows
	}
	before := held()

	report, err := s.Migrate(t.Context(), options)
	require.NoError(t, err)
	assert.Equal(t, 1, report.From)
	assert.Equal(t, schema.Version, report.To)
	assert.Equal(t, "version 2: "+schema.Migrations[1].About, report.Done[0])
	assert.Equal(t, before, held())
	heads, err := s.Cursors(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []Cursor{{Cluster: "a", Seq: 3, At: tick(599)}}, heads, "never explained")
	memory, _, err := s.LoadMemory(t.Context(), "a")
	require.NoError(t, err)
	assert.JSONEq(t, `{"memory": 1}`, string(memory))

	as := func(role Role) *Store {
		q := p
		q.User, q.Password = role.Name, role.Password
		return openStore(t, q)
	}
	for name, err := range everyWrite(t, as(options.Writer)) {
		assert.NoError(t, err, name)
	}
	for name, err := range everyRead(t, as(options.Reader)) {
		if name != "Prune" {
			assert.NoError(t, err, name)
		}
	}
}

func TestColumnNamesAreDistinctAndFitTheDatabase(t *testing.T) {
	seen := make(map[string]health.SignalID)
	for _, signal := range health.Signals() {
		name := schema.Column(signal.ID)
		assert.Regexp(t, `^[a-z][a-z0-9_]{0,62}$`, name)
		assert.Empty(t, seen[name], name)
		seen[name] = signal.ID
	}
	const most = 255 // DSQL's columns per table
	assert.LessOrEqual(t, len(seen)+3, most)
}

func TestTheReadersRoleReadsAndTheWritersRoleWrites(t *testing.T) {
	p := emptyDatabase(t)
	s := openStore(t, p)
	options := MigrateOptions{
		Reader: Role{Name: p.Database + "_Reader", Password: `it's "secret" \ 1`},
		Writer: Role{Name: p.Database + "-writer", Password: "pass"},
	}
	report, err := s.Migrate(t.Context(), options)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"role " + options.Reader.Name + " created", "role " + options.Reader.Name + " may read",
		"role " + options.Writer.Name + " created", "role " + options.Writer.Name + " may read and write",
	}, report.Done[len(schema.Migrations):])

	as := func(role Role) *Store {
		q := p
		q.User, q.Password = role.Name, role.Password
		return openStore(t, q)
	}
	writer, reader := as(options.Writer), as(options.Reader)
	save(t, writer, cycle("a", tick(0), event(1, health.Unknown, health.Happy)))
	found, err := writer.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, found.Writable)
	_, err = writer.Prune(t.Context(), tick(-1))
	require.NoError(t, err)

	for name, err := range everyRead(t, reader) {
		if name == "Prune" {
			assert.ErrorIs(t, err, ErrReadOnly)
		} else {
			assert.NoError(t, err, name)
		}
	}
	found, err = reader.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, found.Writable)
	for name, err := range everyWrite(t, reader) {
		assert.ErrorIs(t, err, ErrReadOnly, name)
	}
	for name, err := range everyWrite(t, writer) {
		assert.NoError(t, err, name)
	}
	execute(t, owner(t, s), fmt.Sprintf(`create role %q login`, p.Database+"_other"))
	_, err = writer.Migrate(t.Context(), MigrateOptions{Reader: Role{Name: p.Database + "_other"}})
	assert.ErrorIs(t, err, ErrReadOnly, "rights that could not be passed on are not reported as given")

	// Another password takes the place of the first.
	options.Reader.Password = "another"
	_, err = s.Migrate(t.Context(), options)
	require.NoError(t, err)
	_, err = as(options.Reader).Check(t.Context())
	assert.NoError(t, err)
}

func TestARoleWithoutRightsIsToldSo(t *testing.T) {
	p := emptyDatabase(t)
	s := openStore(t, p)
	_, err := s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	execute(t, owner(t, s), fmt.Sprintf(`create role %s login password 'p'`, p.Database))
	q := p
	q.User, q.Password = p.Database, "p"
	_, err = openStore(t, q).Check(t.Context())
	assert.ErrorIs(t, err, ErrNotPermitted)
}

func TestRolesThatCannotBeSetUpAreRefused(t *testing.T) {
	s := openStore(t, emptyDatabase(t))
	for name, options := range map[string]MigrateOptions{
		"SQL in the name":             {Reader: Role{Name: `x"; drop schema copilot; --`, Password: "p"}},
		"a name that is too long":     {Writer: Role{Name: strings.Repeat("x", 64), Password: "p"}},
		"a password without a name":   {Reader: Role{Password: "p"}},
		"a password with line breaks": {Reader: Role{Name: "r", Password: "p\np"}},
		"a role that does not exist":  {Reader: Role{Name: "nobody_of_this_name"}},
	} {
		_, err := s.Migrate(t.Context(), options)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "p\np")
	}
	onDSQL := Store{dsql: true}
	_, err := onDSQL.Migrate(t.Context(), MigrateOptions{Reader: Role{Name: "r", Password: "geheim"}})
	assert.ErrorContains(t, err, "AWS IAM GRANT")
	assert.NotContains(t, err.Error(), "geheim")
}
