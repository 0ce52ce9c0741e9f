package dsqlguard_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/dsqlguard"
	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestAGuardKnowsWhatATransactionMayDo(t *testing.T) {
	postgres, err := testenv.StartPostgres(t.Context(), testenv.PostgresOptions{})
	testenv.Require(t, err)
	t.Cleanup(func() { assert.NoError(t, postgres.Stop()) })

	batch := func(statements ...string) func(context.Context, *pgx.Conn) error {
		return func(ctx context.Context, conn *pgx.Conn) error {
			b := &pgx.Batch{}
			for _, sql := range statements {
				b.Queue(sql)
			}
			return conn.SendBatch(ctx, b).Close()
		}
	}
	oneByOne := func(statements ...string) func(context.Context, *pgx.Conn) error {
		return func(ctx context.Context, conn *pgx.Conn) error {
			for _, sql := range statements {
				if _, err := conn.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		}
	}
	const (
		insert2000 = `insert into t select generate_series(1, 2000)`
		create     = `create table if not exists u (a integer)`
		grant      = `grant select on table t to public`
	)
	for name, c := range map[string]struct {
		do      func(context.Context, *pgx.Conn) error
		refused string
	}{
		"DDL after DDL, each in its own transaction":   {oneByOne(create, grant), ""},
		"DDL after DDL in one transaction":             {oneByOne(`begin`, create, grant, `rollback`), "transaction of its own"},
		"DDL after DDL in one batch":                   {batch(create, grant), "transaction of its own"},
		"DDL among changes of rows":                    {oneByOne(`begin`, `delete from t`, create, `rollback`), "transaction of its own"},
		"DDL among reads":                              {oneByOne(`begin`, create, `select 1`, `rollback`), "transaction of its own"},
		"2,000 rows, and 2,000 in another transaction": {oneByOne(insert2000, insert2000), ""},
		"4,000 rows in one transaction":                {oneByOne(`begin`, insert2000, insert2000, `rollback`), "at most 3000 rows"},
		"4,000 rows in one batch":                      {batch(insert2000, insert2000), "at most 3000 rows"},
		"4,000 rows in a batch of a transaction": {func(ctx context.Context, conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, insert2000); err != nil {
					return err
				}
				return batch(insert2000)(ctx, tx.Conn())
			})
		}, "at most 3000 rows"},
		"a nested transaction": {func(ctx context.Context, conn *pgx.Conn) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				return pgx.BeginFunc(ctx, tx, func(pgx.Tx) error { return nil })
			})
		}, "savepoint"},
		"COPY": {func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}}))
			return err
		}, "COPY"},
	} {
		t.Run(name, func(t *testing.T) {
			owner, err := pgx.Connect(t.Context(), postgres.URL("postgres"))
			require.NoError(t, err)
			defer func() { _ = owner.Close(context.Background()) }()
			_, err = owner.Exec(t.Context(), `drop table if exists t, u; create table t (a integer)`)
			require.NoError(t, err)

			var refused []error
			cfg, err := pgx.ParseConfig(postgres.URL("postgres"))
			require.NoError(t, err)
			cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
			cfg.Tracer = dsqlguard.New(func(err error) { refused = append(refused, err) })
			conn, err := pgx.ConnectConfig(t.Context(), cfg)
			require.NoError(t, err)
			defer func() { _ = conn.Close(context.Background()) }()
			require.NoError(t, c.do(t.Context(), conn))
			if c.refused == "" {
				assert.Empty(t, refused)
				return
			}
			require.NotEmpty(t, refused)
			assert.ErrorContains(t, refused[0], c.refused)
		})
	}
}
