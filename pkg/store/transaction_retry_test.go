package store

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// onCommit makes PostgreSQL run a statement of PL/pgSQL at the COMMIT of every transaction that wrote to a table,
// which is where DSQL finds conflicts. attempt holds how many such commits there were before, itself counted.
func onCommit(t *testing.T, conn *pgx.Conn, table, statement string) {
	t.Helper()
	execute(t, conn, `create sequence copilot.attempts`) // a sequence does not go back when a transaction does
	execute(t, conn, fmt.Sprintf(`create function copilot.at_commit() returns trigger language plpgsql as $$
		declare attempt bigint := nextval('copilot.attempts');
		begin %s; return null; end $$`, statement))
	execute(t, conn, fmt.Sprintf(`create constraint trigger at_commit after insert or update on copilot.%s
		deferrable initially deferred for each row execute function copilot.at_commit()`, table))
}

func attempts(t *testing.T, conn *pgx.Conn) (n int64) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `select last_value from copilot.attempts`).Scan(&n))
	return n
}

func TestWhatFailsAtCommitIsWrittenAgain(t *testing.T) {
	for name, trouble := range map[string]string{
		"a conflict":                           `raise exception 'change conflicts with another transaction (OC000)' using errcode = '40001'`,
		"a conflict with a migration":          `raise exception 'schema has been updated (OC001)' using errcode = '40001'`,
		"an outcome that DSQL does not know":   `raise exception 'internal error' using errcode = 'XX000'`,
		"a connection that ends at the commit": `perform pg_terminate_backend(pg_backend_pid())`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			conn := owner(t, s)
			onCommit(t, conn, "clusters_now", `if attempt <= 3 then `+trouble+`; end if`)
			save(t, s, cycle("a", tick(0), event(1, health.Unknown, health.Happy)))
			assert.Equal(t, int64(4), attempts(t, conn))
			events, err := s.EventsAfter(t.Context(), "a", 0, 0)
			require.NoError(t, err)
			assert.Len(t, events, 1)
		})
	}
}

func TestAConflictThatDoesNotEndIsReported(t *testing.T) {
	s := newStore(t)
	conn := owner(t, s)
	onCommit(t, conn, "clusters_now", `raise exception 'change conflicts with another transaction (OC000)' using errcode = '40001'`)
	err := s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(0))})
	assert.ErrorContains(t, err, "OC000")
	assert.Equal(t, int64(retryTries), attempts(t, conn))
}

func TestWaitingForARetryEndsWithTheCallersDeadline(t *testing.T) {
	s := newStore(t)
	conn := owner(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	onCommit(t, conn, "clusters_now", `raise exception 'conflict' using errcode = '40001'`)
	go func() {
		for attemptsSeen := int64(0); attemptsSeen < 2; {
			_ = conn.QueryRow(t.Context(), `select last_value from copilot.attempts`).Scan(&attemptsSeen)
		}
		cancel()
	}()
	assert.ErrorIs(t, s.SaveCycles(ctx, []Cycle{cycle("a", tick(0))}), context.Canceled)
}

// TestAnAnswerLostAfterTheCommitDoublesNothing: the worst moment for a connection to end is after the server has
// committed and before the client knows.
func TestAnAnswerLostAfterTheCommitDoublesNothing(t *testing.T) {
	p := emptyDatabase(t)
	s := openStore(t, p)
	_, err := s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)

	var lost atomic.Int64
	flaky := openConfig(t, Config{Postgres: &p, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &deafAfterCommit{Conn: conn, lost: &lost}, err
	}})
	c := cycle("a", tick(0), event(1, health.Unknown, health.Happy))
	save(t, flaky, c)
	assert.Equal(t, int64(1), lost.Load(), "the answer was lost once")

	want := newStore(t)
	save(t, want, c)
	for _, count := range []string{`select count(*) from copilot.events`, `select count(*) from copilot.snapshots`, `select count(*) from copilot.spans`} {
		var n int
		require.NoError(t, owner(t, s).QueryRow(t.Context(), count).Scan(&n))
		assert.Equal(t, 1, n, count)
	}
}

// deafAfterCommit is a connection that ends in place of the answer to the first COMMIT.
type deafAfterCommit struct {
	net.Conn
	lost *atomic.Int64
	deaf bool
}

func (c *deafAfterCommit) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("commit")) && c.lost.CompareAndSwap(0, 1) {
		c.deaf = true
	}
	return c.Conn.Write(b)
}

func (c *deafAfterCommit) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.deaf {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	return n, err
}
