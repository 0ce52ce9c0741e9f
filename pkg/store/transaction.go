package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// rowsPerWrite is the most rows that a write of many puts into one transaction, below the 3,000 of DSQL.
const rowsPerWrite = 1000

// transact runs an operation in a transaction, and the whole again after a conflict or a lost connection. So the
// operation must be one that can be repeated even after it was committed. The error is explained.
func (s *Store) transact(ctx context.Context, operation func(pgx.Tx) error) error {
	return s.retry(ctx, func() error {
		tx, err := s.pool.BeginTx(ctx, s.txOptions())
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
		if err := operation(tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// txOptions asks for the isolation that DSQL always has. DSQL refuses to be asked.
func (s *Store) txOptions() pgx.TxOptions {
	if s.dsql {
		return pgx.TxOptions{}
	}
	return pgx.TxOptions{IsoLevel: pgx.RepeatableRead}
}

// writes is a batch of which every statement must succeed.
type writes struct{ pgx.Batch }

func (w *writes) send(ctx context.Context, tx pgx.Tx) error {
	return tx.SendBatch(ctx, &w.Batch).Close()
}

// write sends statements that need to read nothing first, in one transaction, to a schema that this program knows.
func (s *Store) write(ctx context.Context, queue func(*writes)) error {
	return s.transact(ctx, func(tx pgx.Tx) error {
		if err := knownSchema(ctx, tx); err != nil {
			return err
		}
		w := &writes{}
		queue(w)
		return w.send(ctx, tx)
	})
}

// knownSchema refuses a schema of another version than this program's. It is asked before anything else: a batch
// with a table that an older schema lacks would fail as a whole.
func knownSchema(ctx context.Context, tx pgx.Tx) error {
	var version int
	if err := tx.QueryRow(ctx, selectSchemaVersion).Scan(&version); err != nil {
		return err
	}
	return compareSchema(version)
}
