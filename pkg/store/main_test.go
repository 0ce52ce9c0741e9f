package store

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/dsqlguard"
	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// shared is a real PostgreSQL 16 that all tests share, each with a database of its own; missing says why there is none.
var (
	shared  *testenv.Postgres
	missing error
)

func server(t testing.TB) *testenv.Postgres {
	t.Helper()
	testenv.Require(t, missing)
	return shared
}

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	if shared, missing = testenv.StartPostgres(context.Background(), testenv.PostgresOptions{TLS: true}); missing != nil && !testenv.Optional(missing) {
		log.Fatal(missing)
	}
	code := m.Run()
	if shared != nil {
		if err := shared.Stop(); err != nil {
			log.Print(err)
		}
	}
	os.Exit(code)
}

var databases atomic.Int64

// emptyDatabase creates a database and says how its owner connects to it.
func emptyDatabase(t testing.TB) Postgres {
	t.Helper()
	name := fmt.Sprintf("store_%d", databases.Add(1))
	require.NoError(t, server(t).CreateDatabase(t.Context(), name))
	p, err := ParseURL(server(t).URL(name))
	require.NoError(t, err)
	return p
}

// openStore opens a store that DSQL's guard watches.
func openStore(t testing.TB, p Postgres) *Store {
	t.Helper()
	return openConfig(t, Config{Postgres: &p})
}

func openConfig(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := open(t.Context(), cfg, dsqlguard.New(func(err error) { t.Error(err) }))
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// newStore returns a store that is set up and empty.
func newStore(t testing.TB) *Store {
	t.Helper()
	s := openStore(t, emptyDatabase(t))
	_, err := s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	return s
}

// owner connects to the store's database past the store and its guard.
func owner(t testing.TB, s *Store) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server(t).URL(s.pool.Config().ConnConfig.Database))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// contents is everything that the store holds, as text.
func contents(t testing.TB, s *Store) string {
	t.Helper()
	conn := owner(t, s)
	var all strings.Builder
	for _, table := range schema.Tables {
		var rows string
		err := conn.QueryRow(t.Context(), fmt.Sprintf(
			`select coalesce(string_agg(row_to_json(r)::text, E'\n' order by row_to_json(r)::text), '') from copilot.%s r`, table.Name)).Scan(&rows)
		require.NoError(t, err)
		fmt.Fprintf(&all, "%s\n%s\n", table.Name, rows)
	}
	return all.String()
}

const interval = 30 * time.Second

// start is where most tests begin: the full hour makes buckets easy to follow.
var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// tick is the time of the nth cycle after start.
func tick(n int) time.Time { return start.Add(time.Duration(n) * interval) }

func ptr[T any](v T) *T { return &v }

// cycle is a healthy cycle at a time. Options make it another one.
func cycle(cluster string, at time.Time, options ...func(*Cycle)) Cycle {
	c := Cycle{
		Verdict: health.Verdict{
			Cluster: cluster, At: at, State: health.Happy, Since: start, Coverage: 1, Bottleneck: health.BottleneckHealthy, Band: health.Starter,
			Gates: []health.GateResult{{
				ID: "history_backlog", Signal: health.HistoryBacklogAge, Value: ptr(0.5), Op: health.Above, Threshold: 30,
				Result: health.Passed, Severity: health.Stressed, Service: health.History, Side: health.SideServer, Deciding: true,
			}},
		},
		Snapshot: health.Snapshot{
			Cluster: cluster, At: at,
			Signals: map[health.SignalID]float64{health.HistoryBacklogAge: 0.5, health.TransitionRate: 160},
			Unknown: map[health.SignalID]string{health.CPUThrottle: "no such metric"},
		},
		Memory:   json.RawMessage(fmt.Sprintf(`{"cycle": %q}`, at.Format(time.RFC3339))),
		Interval: interval,
	}
	for _, option := range options {
		option(&c)
	}
	return c
}

func inState(state health.State) func(*Cycle) {
	return func(c *Cycle) { c.Verdict.State = state }
}

func stale(c *Cycle) { c.Verdict.Stale = true }

func signal(id health.SignalID, value float64) func(*Cycle) {
	return func(c *Cycle) { c.Snapshot.Signals[id] = value }
}

func unknown(id health.SignalID) func(*Cycle) {
	return func(c *Cycle) { delete(c.Snapshot.Signals, id) }
}

// event lets a cycle bring an event to another state.
func event(seq int64, from, to health.State) func(*Cycle) {
	return func(c *Cycle) {
		c.Verdict.State, c.Verdict.Since = to, c.Verdict.At
		c.Verdict.Event = &health.Event{
			Seq: seq, Kind: health.StateChanged, At: c.Verdict.At, From: from, To: to,
			FromBottleneck: health.BottleneckUnknown, Bottleneck: c.Verdict.Bottleneck,
		}
	}
}

func save(t testing.TB, s *Store, cycles ...Cycle) {
	t.Helper()
	require.NoError(t, s.SaveCycles(t.Context(), cycles))
}

// selfSigned is a certificate that signed nothing but itself.
func selfSigned(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
}
