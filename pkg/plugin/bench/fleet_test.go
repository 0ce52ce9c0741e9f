package bench

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/internal/testenv"
	gathered "github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// The fleet of the benchmarks: 30 clusters, and all that the store keeps of them. Every cluster has an incident of
// 45 minutes every 12 hours, which is more than operators would stand: 360 events and 180 issues a month. It is
// assessed after each event and every five minutes, and log patterns are found every ten minutes and all through
// an incident.
const (
	fleetSize         = 30
	fleetHistory      = store.DefaultRetention
	incidentEvery     = 12 * time.Hour
	incidents         = int(fleetHistory / incidentEvery)
	eventsPerIncident = 6
	// The clusters' incidents begin one after the other.
	incidentShift = 11 * time.Minute
)

// fleet is a store with a month of history that ends now.
type fleet struct {
	database store.Postgres
	clusters []string
	// begins is the first cycle, ends the last one.
	begins, ends time.Time
}

// newFleet stores the last minute of every cluster as the worker does, and the month before it past the store: 2.6
// million cycles and 270,000 assessments would take hours.
func newFleet(b testing.TB) *fleet {
	b.Helper()
	// A table that is emptied in the transaction that fills it needs no write-ahead log, unless there are replicas.
	f := &fleet{database: benchPostgres(b, map[string]string{"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "8GB", "autovacuum": "off"})}
	f.ends = time.Now().UTC().Truncate(story.Interval)
	f.begins = f.ends.Add(-fleetHistory)
	for i := range fleetSize {
		f.clusters = append(f.clusters, fmt.Sprintf("cluster-%02d", i))
	}
	s, err := store.Open(b.Context(), store.Config{Postgres: &f.database})
	require.NoError(b, err)
	defer s.Close() // whoever counts what a question costs wants no other connections
	_, err = s.Migrate(b.Context(), store.MigrateOptions{})
	require.NoError(b, err)
	begun := time.Now()
	f.tellSignals(b)
	f.tellPresent(b, s)
	f.tellStates(b)
	f.tellExplanations(b)
	f.tellLogs(b)
	f.tellLogPages(b)
	f.execute(b, `analyze`)
	b.Logf("%d clusters and %d days were stored in %v", fleetSize, int(fleetHistory/day), time.Since(begun).Round(time.Second))
	return f
}

// benchPostgres starts a PostgreSQL for a benchmark alone and returns an empty database in it.
func benchPostgres(b testing.TB, settings map[string]string) store.Postgres {
	b.Helper()
	const name = "bench"
	server, err := testenv.StartPostgres(b.Context(), testenv.PostgresOptions{Settings: settings})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, server.Stop()) })
	require.NoError(b, server.CreateDatabase(b.Context(), name))
	database, err := store.ParseURL(server.URL(name))
	require.NoError(b, err)
	return database
}

// connectAsOwner connects past the store.
func connectAsOwner(b testing.TB, d store.Postgres) *pgx.Conn {
	b.Helper()
	connection, err := pgx.Connect(b.Context(), fmt.Sprintf("host=%s port=%d dbname=%s user=%s password=%s sslmode=disable", d.Host, d.Port, d.Database, d.User, d.Password))
	require.NoError(b, err)
	return connection
}

func (f *fleet) execute(b testing.TB, sql string, args ...any) {
	b.Helper()
	execute(b, f.database, sql, args...)
}

// execute runs statements in one transaction, or a single one in none.
func execute(b testing.TB, database store.Postgres, sql string, args ...any) {
	b.Helper()
	connection := connectAsOwner(b, database)
	defer func() { _ = connection.Close(b.Context()) }()
	_, err := connection.Exec(b.Context(), sql, args...)
	require.NoError(b, err)
}

// wholeChapter has all gates and all signals, as real cycles do.
func wholeChapter(cycles int, state health.State, fired ...health.GateID) story.Chapter {
	c := story.WithoutWorkers(cycles)
	c.State, c.Gates, c.Signals, c.Coverage = state, nil, map[health.SignalID]float64{}, 1
	for _, g := range health.Gates() {
		result := health.Passed
		if slices.Contains(fired, g.ID) {
			result = health.Fired
		}
		c.Gates = append(c.Gates, story.Gate(g.ID, new(1.0), result))
	}
	for i, s := range health.Signals() {
		c.Signals[s.ID] = float64(i)
	}
	if len(fired) == 0 {
		c.Bottleneck, c.Queues, c.Warnings = health.BottleneckHealthy, nil, nil
	}
	return c
}

var (
	wholeHealthy  = func(cycles int) story.Chapter { return wholeChapter(cycles, health.Happy) }
	wholeTroubled = func(cycles int) story.Chapter {
		return wholeChapter(cycles, health.Critical, "queues_starved", "starved_too_long", "persistence_slow", "history_backlog_critical")
	}
)

// tellPresent stores the last three cycles and their explanation. Every third cluster is in trouble.
func (f *fleet) tellPresent(b testing.TB, s *store.Store) {
	b.Helper()
	for i, name := range f.clusters {
		chapters := []story.Chapter{wholeHealthy(3)}
		if i%3 == 0 {
			chapters = []story.Chapter{wholeHealthy(1), wholeTroubled(2)}
		}
		story.Tell(b, s, name, f.ends.Add(-2*story.Interval), chapters...)
	}
	before := incidents * eventsPerIncident // events that come before these
	f.execute(b, `update copilot.events set seq = seq + $1`, before)
	f.execute(b, `update copilot.clusters_now set seq = seq + $1`, before)
	now, err := s.Statuses(b.Context(), nil)
	require.NoError(b, err)
	for _, n := range now {
		events, err := s.EventsAfter(b.Context(), n.Cluster, n.Seq-1, 1)
		require.NoError(b, err)
		f.explain(b, s, n, events[0].Event)
		require.NoError(b, s.SaveLogRead(b.Context(), store.LogRead{Cluster: n.Cluster, At: n.At, Through: n.At}))
	}
	require.NoError(b, s.SaveBudget(b.Context(), store.Budget{DollarsPerDay: 5, TokensPerDay: 1_000_000, Provider: "bedrock"}))
}

// explain stores what the rules say of the present, as the worker does.
func (f *fleet) explain(b testing.TB, s *store.Store, n store.ClusterStatus, event health.Event) {
	b.Helper()
	e := gathered.Gather(gathered.Input{Verdict: n.Verdict, Snapshot: n.Snapshot, Event: &event})
	x := rules.Explain(e)
	a := store.Assessment{
		Cluster: n.Cluster, ID: fmt.Sprintf("event-%d", event.Seq), At: n.At, MadeAt: n.At.Add(time.Second), Trigger: store.OnEvent, EventSeq: event.Seq,
		State: x.State, Coverage: e.Coverage, Confidence: x.Confidence, Depth: string(x.Depth), Made: x.Made,
		Fingerprint: x.Fingerprint, Summary: x.Summary,
	}
	var findings store.Findings
	var err error
	a.Explanation, err = json.Marshal(x)
	require.NoError(b, err)
	a.Evidence, err = json.Marshal(e)
	require.NoError(b, err)
	for _, i := range x.Issues {
		whole, err := json.Marshal(i)
		require.NoError(b, err)
		findings.Issues = append(findings.Issues, store.Issue{ID: i.ID, Severity: string(i.Severity), Service: string(i.Service),
			Gate: string(i.Gate), Title: i.Title, Description: i.Description, LikelyCause: i.LikelyCause, Issue: whole})
	}
	require.NoError(b, s.SaveAssessment(b.Context(), a, findings))
}

// beat stores one more cycle of every cluster like its last one, so that none falls silent while a benchmark runs.
func (f *fleet) beat(b testing.TB) {
	b.Helper()
	s, err := store.Open(b.Context(), store.Config{Postgres: &f.database})
	require.NoError(b, err)
	defer s.Close()
	now, err := s.Statuses(b.Context(), nil)
	require.NoError(b, err)
	at := time.Now().UTC().Truncate(time.Second)
	for _, n := range now {
		n.Verdict.At, n.Snapshot.At, n.Verdict.Event = at, at, nil
		require.NoError(b, s.SaveCycles(b.Context(), []store.Cycle{{Verdict: n.Verdict, Snapshot: n.Snapshot, Memory: []byte(`{}`), Interval: n.Interval}}))
		require.NoError(b, s.SaveLogRead(b.Context(), store.LogRead{Cluster: n.Cluster, At: at, Through: at}))
	}
}

// eachIncident is a list of all incidents of the clusters in $1, of which the first begins after $2.
var eachIncident = fmt.Sprintf(`(select c.name as cluster, k, $2::timestamptz + c.i * interval '%d seconds' + k * interval '%d seconds' as began
	from unnest($1::text[]) with ordinality as c(name, i), generate_series(0, %d) as k)`,
	int(incidentShift.Seconds()), int(incidentEvery.Seconds()), incidents-1)

// tellStates stores the events of a month, and the history of states that follows from them.
func (f *fleet) tellStates(b testing.TB) {
	b.Helper()
	f.execute(b, fmt.Sprintf(`insert into copilot.events (cluster, seq, at, kind, from_state, to_state, stale, from_bottleneck, bottleneck, coverage, evidence, reasons)
		select i.cluster, i.k * %d + p.step, i.began + p.after, p.kind, p.from_state, p.to_state, false, p.from_limit, p.to_limit, 1, e.evidence, e.reasons
		from %s as i,
			(values
				(1, interval '0 minutes', '%[3]s', 'happy', 'stressed', 'healthy', 'healthy'),
				(2, interval '5 minutes', '%[4]s', 'stressed', 'stressed', 'healthy', 'worker_limited'),
				(3, interval '10 minutes', '%[3]s', 'stressed', 'critical', 'worker_limited', 'worker_limited'),
				(4, interval '30 minutes', '%[3]s', 'critical', 'stressed', 'worker_limited', 'worker_limited'),
				(5, interval '35 minutes', '%[4]s', 'stressed', 'stressed', 'worker_limited', 'healthy'),
				(6, interval '45 minutes', '%[3]s', 'stressed', 'happy', 'healthy', 'healthy')
			) as p(step, after, kind, from_state, to_state, from_limit, to_limit),
			(select evidence, reasons from copilot.events where cluster = $1[1] order by seq desc limit 1) as e`,
		eventsPerIncident, eachIncident, health.StateChanged, health.BottleneckChanged), f.clusters, f.begins)
	f.execute(b, `insert into copilot.spans (cluster, started_at, last_at, state, stale, bottleneck, coverage, interval_ms)
		select cluster, at, upto - interval '30 seconds', to_state, stale, bottleneck, 1, 30000
		from (select *, lead(at) over (partition by cluster order by seq) as upto from copilot.events) as e where seq <= $1
		union all select cluster, $2, min(at) - interval '30 seconds', 'happy', false, 'healthy', 1, 30000 from copilot.events group by cluster`,
		incidents*eventsPerIncident, f.begins)
}

// tellSignals stores the cycles of one cluster with their roll-ups, and copies them to the others.
func (f *fleet) tellSignals(b testing.TB) {
	b.Helper()
	var columns, values, worst []string
	for i, s := range health.Signals() {
		name := strings.ReplaceAll(string(s.ID), ".", "__")
		columns = append(columns, name)
		values = append(values, fmt.Sprintf("((n * 7 + %d) %% 1000)::double precision", i*13))
		if s.Worse == health.LowerIsWorse {
			worst = append(worst, fmt.Sprintf("min(%s)", name))
		} else {
			worst = append(worst, fmt.Sprintf("max(%s)", name))
		}
	}
	list := strings.Join(columns, ", ")
	connection := connectAsOwner(b, f.database)
	defer func() { _ = connection.Close(b.Context()) }()
	tx, err := connection.Begin(b.Context())
	require.NoError(b, err)
	execute := func(sql string, args ...any) {
		_, err := tx.Exec(b.Context(), sql, args...)
		require.NoError(b, err)
	}
	execute(`truncate copilot.snapshots, copilot.rollups`)
	execute(fmt.Sprintf(`create temporary table model on commit drop as
		select $1::timestamptz + n * interval '30 seconds' as at, %s from generate_series(0, $2::bigint - 3) as n`, aliased(values, columns)),
		f.begins, int64(fleetHistory/story.Interval))
	// The clusters' rows lie side by side, as those of cycles at the same time do.
	execute(fmt.Sprintf(`insert into copilot.snapshots (cluster, at, %[1]s) select c, at, %[1]s from model, unnest($1::text[]) as c`, list), f.clusters)
	for _, step := range []int{300, 3600} {
		execute(fmt.Sprintf(`insert into copilot.rollups (cluster, step_sec, at, %[1]s) select c, %[2]d, m.* from
			(select to_timestamp(extract(epoch from at)::bigint / %[2]d * %[2]d), %[3]s from model group by 1) as m, unnest($1::text[]) as c`,
			list, step, strings.Join(worst, ", ")), f.clusters)
	}
	require.NoError(b, tx.Commit(b.Context()))
}

// aliased names values.
func aliased(values, names []string) string {
	var all []string
	for i, value := range values {
		all = append(all, value+" as "+names[i])
	}
	return strings.Join(all, ", ")
}

// tellExplanations stores an assessment after each event and every five minutes, three issues of each incident, and
// the calls to models for the events.
func (f *fleet) tellExplanations(b testing.TB) {
	b.Helper()
	const columns = `depth, made, instead, fingerprint, same_as, summary, logs_unavailable, explanation, evidence`
	// Whoever reads all of a month reads no evidence, and that of 260,000 assessments is three gigabytes.
	const withoutEvidence = `depth, made, instead, fingerprint, same_as, summary, logs_unavailable, explanation, '{}'`
	// Documents are copied as they lie on disk: making them anew for each row would compress each anew.
	f.execute(b, `insert into copilot.assessments (cluster, id, at, made_at, trigger, event_seq, state, stale, coverage, confidence, `+columns+`)
		select e.cluster, 'event-' || e.seq, e.at, e.at + interval '20 seconds', 'event', e.seq, e.to_state, false, 1, 0.8, `+columns+`
		from (select cluster, seq, at, to_state from copilot.events) as e, (select * from copilot.assessments where cluster = $1 limit 1) as a where e.seq <= $2`,
		f.clusters[0], incidents*eventsPerIncident)
	f.execute(b, `insert into copilot.assessments (cluster, id, at, made_at, trigger, event_seq, state, stale, coverage, confidence, `+columns+`)
		select c, 'schedule-' || n, t, t + interval '5 seconds', 'schedule', 0, 'happy', false, 1, 0.8, `+withoutEvidence+`
		from unnest($1::text[]) as c, generate_series(1, $2::bigint) as n, (select * from copilot.assessments where cluster = $3 limit 1) as a,
			lateral (select $4::timestamptz + n * interval '5 minutes' as t) as w`,
		f.clusters, int64(fleetHistory/(5*time.Minute))-1, f.clusters[1], f.begins)
	f.execute(b, `insert into copilot.issues (cluster, id, opened_at, last_at, resolved_at, severity, service, gate, title, description, likely_cause, assessment, issue)
		select i.cluster, p.gate || '@' || p.service, i.began, i.began + interval '40 minutes', i.began + interval '45 minutes', p.severity, p.service, p.gate,
			m.title, m.description, m.likely_cause, 'event-' || i.k, m.issue
		from `+eachIncident+` as i, (values ('persistence_slow', 'persistence', 'warning'), ('queues_starved', 'matching', 'critical'),
			('history_backlog_critical', 'history', 'warning')) as p(gate, service, severity),
			(select * from copilot.issues where cluster = $1[1] limit 1) as m`, f.clusters, f.begins)
	f.execute(b, `insert into copilot.model_calls (cluster, assessment, number, at, model, purpose, input_tokens, output_tokens, cache_reads, cache_writes, dollars, took_ms, failure)
		select cluster, 'event-' || seq, n, at, 'anthropic.claude-sonnet', case n when 1 then 'triage' else 'research' end, 4000, 400, 3000, 0, 0.02, 2500, ''
		from copilot.events, generate_series(1, 2) as n where seq <= $1`, incidents*eventsPerIncident)
}

// tellLogs stores four patterns in each half minute of an incident, and two every ten minutes.
func (f *fleet) tellLogs(b testing.TB) {
	b.Helper()
	const insert = `insert into copilot.log_patterns (cluster, at, pattern, service, read_at, meaning, count, at_least, sample) `
	const texts = `'Operations did not finish in the time they had: somebody waited, mostly for the database', 3, false, repeat('a line of a log that says what went wrong ', 5)`
	f.execute(b, insert+`select i.cluster, t, p.pattern, p.service, t + interval '60 seconds', `+texts+`
		from `+eachIncident+` as i, generate_series(0, 89) as n, (values ('deadline_exceeded', 'history'), ('deadline_exceeded', 'frontend'),
			('shard_ownership', 'history'), ('sqlstate_40001', 'history')) as p(pattern, service), lateral (select i.began + n * interval '30 seconds' as t) as w`,
		f.clusters, f.begins)
	f.execute(b, insert+`select c, t, p.pattern, p.service, t + interval '60 seconds', `+texts+`
		from unnest($1::text[]) as c, generate_series(0, $2::bigint) as n, (values ('membership', 'matching'), ('shard_acquired', 'history')) as p(pattern, service),
			lateral (select $3::timestamptz + n * interval '10 minutes' as t) as w`,
		f.clusters, int64(fleetHistory/(10*time.Minute))-1, f.begins)
}

// tellLogPages stores the pages of all log patterns, as the store would have filled them from the beginning.
func (f *fleet) tellLogPages(b testing.TB) {
	b.Helper()
	f.execute(b, `update copilot.schema_migrations set applied_at = $1`, f.begins.Add(-day))
	for _, level := range []struct{ step, length time.Duration }{{time.Hour, 10 * day}, {5 * time.Minute, day}} {
		first := f.begins.Truncate(level.length)
		f.execute(b, fmt.Sprintf(`insert into copilot.log_pages (cluster, step_sec, at, pattern, service, meaning, sample, counts)
			select cluster, %[1]d, to_timestamp($1::bigint + page * %[2]d), pattern, service, max(meaning), max(sample), string_agg(number || ':' || total || ':' || last, ' ' order by number)
			from (select cluster, pattern, service, second / %[2]d as page, second %% %[2]d / %[1]d as number,
					sum(count) as total, max(second %% %[1]d / 30) as last, max(meaning) as meaning, max(sample) as sample
				from (select *, extract(epoch from at)::bigint - $1::bigint as second from copilot.log_patterns) as lines
				group by 1, 2, 3, 4, 5) as stretches
			group by cluster, page, pattern, service on conflict do nothing`, int(level.step.Seconds()), int(level.length.Seconds())), first.Unix())
	}
}
