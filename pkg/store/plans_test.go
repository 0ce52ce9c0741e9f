package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// overhears keeps the statements that the store sends.
type overhears struct {
	mu   sync.Mutex
	said []statementSaid
}

type statementSaid struct {
	sql  string
	args []any
}

func (o *overhears) hear(sql string, args []any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, statementSaid{sql, args})
}

func (o *overhears) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	o.hear(data.SQL, data.Args)
	return ctx
}
func (o *overhears) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (o *overhears) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (o *overhears) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	o.hear(data.SQL, data.Args)
}
func (o *overhears) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// plan is a node of a plan that PostgreSQL carried out. Rows are the average of its loops.
type plan struct {
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []plan
}

// read is how many rows of tables were looked at.
func (p plan) read() (rows float64) {
	if p.Relation != "" {
		rows = (p.Rows + p.Filtered) * p.Loops
	}
	for _, part := range p.Plans {
		rows += part.read()
	}
	return rows
}

// rowsRead carries a statement out again, takes back what it did, and says how many rows it looked at.
func rowsRead(t *testing.T, conn *pgx.Conn, said statementSaid) float64 {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	var text string
	require.NoError(t, tx.QueryRow(t.Context(), "explain (analyze, format json) "+said.sql, said.args...).Scan(&text))
	var plans []struct{ Plan plan }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan.read()
}

// TestNothingReadsAWholeHistory asks PostgreSQL how many rows it reads in a store with a week of explanations, 2,000
// and more in each table for each of eight clusters: what is asked of a while must not cost more the longer the
// history is.
func TestNothingReadsAWholeHistory(t *testing.T) {
	p := emptyDatabase(t)
	_, err := openStore(t, p).Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	listener := &overhears{}
	s, err := open(t.Context(), Config{Postgres: &p}, listener)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	conn := owner(t, s)
	const clusters, n = 8, 2000
	for i := range clusters {
		name := fmt.Sprintf("c%d", i)
		fill(t, conn, name, start, n)
		save(t, s, cycle(name, tick(n*10)))
	}
	execute(t, conn, `insert into copilot.assessments select 'c' || c, 'id-' || n, $1::timestamptz + n * interval '5 minutes', $1, 'schedule', n, 'happy', false, 1, 1,
		'none', 'rules', '', 'f' || n % 50, '', '', '', '{}', '{}', null from generate_series(0, 7) as c, generate_series(1, 2000) as n`, start)
	execute(t, conn, `insert into copilot.issues select 'c' || c, 'x' || n % 20, $1::timestamptz + n * interval '5 minutes', $1,
		case when n < 1990 then $1::timestamptz + (n + 1) * interval '5 minutes' end, 'warning', '', '', '', '', '', '', '{}'
		from generate_series(0, 7) as c, generate_series(1, 2000) as n`, start)
	execute(t, conn, `insert into copilot.log_patterns select 'c' || c, $1::timestamptz + n * interval '30 seconds', 'p' || n % 9, 'history', $1, 'm', 1, false,
		repeat('x', 200) from generate_series(0, 7) as c, generate_series(1, 5000) as n`, start)
	execute(t, conn, `insert into copilot.model_calls select 'c' || c, 'id-' || n, 1, $1::timestamptz + n * interval '5 minutes', 'm', 'triage', 1, 1, 1, 1, 1, 1, ''
		from generate_series(0, 7) as c, generate_series(1, 2000) as n`, start)
	execute(t, conn, `insert into copilot.events select 'c' || c, n, $1::timestamptz + n * interval '5 minutes', case n % 3 when 0 then 'bottleneck' else 'state' end, 'happy', 'stressed',
		false, 'healthy', 'healthy', 1, '{}' from generate_series(0, 7) as c, generate_series(1, 2000) as n`, start)
	execute(t, conn, `vacuum analyze`)

	ctx, one, late := t.Context(), []string{"c3"}, start.Add(1990*5*time.Minute)
	for name, call := range map[string]func() error{
		"the newest events of a kind": func() error {
			_, err := s.Events(ctx, EventQuery{Kinds: []health.EventKind{health.StateChanged}, From: start, Limit: 200})
			return err
		},
		"the assessments of some events": func() error {
			_, err := s.Assessments(ctx, AssessmentQuery{Events: []EventKey{{"c3", 7}, {"c3", 1999}, {"c5", 12}}, Brief: true})
			return err
		},
		"the newest issues of all time": func() error { _, err := s.Issues(ctx, IssueQuery{From: start, Limit: 100}); return err },
		"the last assessments":          func() error { _, err := s.LatestAssessments(ctx, nil); return err },
		"the newest of all clusters":    func() error { _, err := s.Assessments(ctx, AssessmentQuery{Limit: 10}); return err },
		"the assessments of an event":   func() error { _, err := s.Assessments(ctx, AssessmentQuery{Clusters: one, EventSeq: 7}); return err },
		"the same situation in a day": func() error {
			_, err := s.Assessments(ctx, AssessmentQuery{Clusters: one, From: late, Fingerprint: "f1"})
			return err
		},
		"the open issues of all":       func() error { _, err := s.Issues(ctx, IssueQuery{Open: true}); return err },
		"the issues of a while":        func() error { _, err := s.Issues(ctx, IssueQuery{Clusters: one, From: late}); return err },
		"the log patterns of a while":  func() error { _, err := s.LogPatterns(ctx, LogQuery{From: tick(4900), To: tick(5000)}); return err },
		"the use of models of a while": func() error { _, err := s.Usage(ctx, UsageQuery{From: late, To: late.Add(time.Hour)}); return err },
		"what was spent today":         func() error { _, err := s.Spent(ctx, late); return err },
		"the cycles before":            func() error { _, err := s.Before(ctx, "c3", tick(1000), 20); return err },
		"storing an assessment":        func() error { return s.SaveAssessment(ctx, assessment("c3", "new", late), Findings{}) },
		"storing calls to models":      func() error { return s.SaveModelCalls(ctx, []ModelCall{{Cluster: "c3", Assessment: "new", At: late}}) },
		"deleting what is old":         func() error { _, err := s.Prune(ctx, start.Add(time.Minute)); return err },
		"storing how far logs were read": func() error {
			return s.SaveLogRead(ctx, LogRead{Cluster: "c3", At: late, Counts: []health.LogCount{lines(1, "p", "history", 1)}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			listener.said = nil
			require.NoError(t, call())
			looked := 0
			for _, said := range listener.said {
				verb, _, _ := strings.Cut(strings.TrimSpace(said.sql), " ")
				if !slices.Contains([]string{"select", "with", "insert", "update", "delete"}, verb) {
					continue
				}
				assert.Less(t, rowsRead(t, conn, said), 1000.0, said.sql)
				looked++
			}
			assert.NotZero(t, looked)
		})
	}
}
