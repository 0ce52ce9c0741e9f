package store

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// SQLSTATE codes after which the same statements may succeed.
const (
	// stateSerialization: another transaction changed the same rows, which DSQL says at COMMIT (OC000), or
	// the schema (OC001).
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	// stateInternal: on DSQL nobody knows whether the transaction was committed.
	stateInternal      = "XX000"
	stateAdminShutdown = "57P01"
	stateCrashShutdown = "57P02"

	stateUniqueViolation = "23505"
	stateDuplicateTable  = "42P07"
	stateDuplicateColumn = "42701"
	stateDuplicateSchema = "42P06"
	stateDuplicateObject = "42710"
)

// A conflict is over in the time of a transaction, a failover in seconds. Longer troubles are for the caller,
// who has a deadline and knows what waits.
const (
	retryTries    = 8
	retryFirst    = 20 * time.Millisecond
	retryLongest  = time.Second
	retryJitter   = 0.5
	retryGrowth   = 2
	retryDeadline = 10 * time.Second
)

// retry repeats what failed with a conflict or a lost connection, which is safe since all that the store
// writes can be written twice. also lists further SQLSTATE codes to repeat after. The error that is
// returned is explained.
func (s *Store) retry(ctx context.Context, operation func() error, also ...string) error {
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval = retryFirst, retryLongest
	pace.Multiplier, pace.RandomizationFactor = retryGrowth, retryJitter
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := operation()
		if err == nil || retryable(err, also) {
			return struct{}{}, err
		}
		return struct{}{}, backoff.Permanent(err)
	}, backoff.WithBackOff(pace), backoff.WithMaxTries(retryTries), backoff.WithMaxElapsedTime(retryDeadline))
	return typed(err)
}

func retryable(err error, also []string) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		switch pg.Code {
		case stateSerialization, stateDeadlock, stateInternal, stateAdminShutdown, stateCrashShutdown:
			return true
		}
		return slices.Contains(also, pg.Code)
	}
	// No connection at all is not worth waiting for here: the caller hears it at once.
	if connect := (*pgconn.ConnectError)(nil); errors.As(err, &connect) {
		return false
	}
	var network net.Error
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &network)
}
