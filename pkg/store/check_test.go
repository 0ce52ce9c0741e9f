package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

func TestCheckTellsHowTheStoreIs(t *testing.T) {
	s := newStore(t)
	empty, err := s.Check(t.Context())
	require.NoError(t, err, "an empty store is in order")
	assert.Contains(t, empty.Server, "PostgreSQL 16")
	assert.Equal(t, Health{Server: empty.Server, Schema: schema.Version, Expected: schema.Version, Writable: true}, empty)

	save(t, s, cycle("a", tick(0)), cycle("b", tick(2)))
	filled, err := s.Check(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, filled.Clusters)
	assert.Equal(t, tick(2), filled.Newest)
}

func TestAnEmptyStoreSaysNothingInsteadOfHappy(t *testing.T) {
	s := newStore(t)
	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, now)
	for name, err := range everyRead(t, s) {
		assert.NoError(t, err, name)
	}
	_, found, err := s.LoadMemory(t.Context(), "a")
	require.NoError(t, err)
	assert.False(t, found)
	series, err := s.Series(t.Context(), SeriesQuery{Clusters: []string{"a"}, Signals: everySignal(), From: tick(0), To: tick(1)})
	require.NoError(t, err)
	assert.Empty(t, series)
}

func TestADatabaseWithoutSchemaSaysSo(t *testing.T) {
	s := openStore(t, emptyDatabase(t))
	for name, err := range everyRead(t, s) {
		assert.ErrorIs(t, err, ErrNoSchema, name)
		assert.ErrorContains(t, err, "copilot db migrate", name)
	}
	for name, err := range everyWrite(t, s) {
		assert.ErrorIs(t, err, ErrNoSchema, name)
	}
	found, err := s.Check(t.Context())
	assert.ErrorIs(t, err, ErrNoSchema)
	assert.NotEmpty(t, found.Server, "what was learned comes with the error")

	_, err = s.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	for name, err := range everyRead(t, s) {
		assert.NoError(t, err, name, "a store that was set up meanwhile is read without a restart")
	}
}

func TestAReadOnlyDatabaseIsReadAndNotWritten(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	name := s.pool.Config().ConnConfig.Database
	execute(t, owner(t, s), fmt.Sprintf(`alter database %s set default_transaction_read_only = on`, name))

	standby := openStore(t, *mustParse(t, server(t).URL(name)))
	found, err := standby.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, found.Writable)
	now, err := standby.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, now, 1)
	for name, err := range everyWrite(t, standby) {
		assert.ErrorIs(t, err, ErrReadOnly, name)
	}
	_, err = standby.Prune(t.Context(), tick(5))
	assert.ErrorIs(t, err, ErrReadOnly)
}

func TestTroubleWithTheConnectionHasAName(t *testing.T) {
	port, err := testenv.FreePort()
	require.NoError(t, err)
	good := emptyDatabase(t)
	const secret = "s3cr3t-pa55word"
	for name, c := range map[string]struct {
		change func(*Postgres)
		want   error
	}{
		"nobody listens":             {func(p *Postgres) { p.Port = port }, ErrUnreachable},
		"a name that does not exist": {func(p *Postgres) { p.Host = "no-such-host.invalid" }, ErrUnreachable},
		"a wrong password":           {func(p *Postgres) {}, ErrAuth},
		"an unknown user":            {func(p *Postgres) { p.User = "nobody" }, ErrAuth},
		"an unknown authority":       {func(p *Postgres) { p.TLS = VerifyFull }, ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			p.Password = secret
			c.change(&p)
			s := openStore(t, p)
			for call, err := range everyRead(t, s) {
				assert.ErrorIs(t, err, c.want, call)
				assert.NotContains(t, err.Error(), secret, call)
			}
			for call, err := range everyWrite(t, s) {
				assert.ErrorIs(t, err, c.want, call)
				assert.NotContains(t, err.Error(), secret, call)
			}
		})
	}
	p := good
	p.Database = "no_such_database"
	_, err = openStore(t, p).Check(t.Context())
	assert.ErrorContains(t, err, "no_such_database")
}

func TestAServerThatSaysNothingIsGivenUpAtTheDeadline(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	p := emptyDatabase(t)
	p.Port = listener.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = openStore(t, p).Check(ctx)
	assert.True(t, errors.Is(err, ErrUnreachable) || errors.Is(err, context.DeadlineExceeded), err)
}

func TestAStoreThatWentAwayIsUsedAgainWhenItIsBack(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	conn := owner(t, s)
	execute(t, conn, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
	save(t, s, cycle("a", tick(1)))
	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, tick(1), now[0].At)
}
