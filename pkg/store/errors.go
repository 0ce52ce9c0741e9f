package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// What callers decide on with errors.Is. Every one is wrapped with its cause and never holds a secret.
var (
	// ErrNoSchema: the database answers, but the store was never set up in it.
	ErrNoSchema = errors.New("the database has no copilot schema: run `copilot db migrate`")
	// ErrOlderSchema: the store was set up by an older version and lacks something this one needs.
	ErrOlderSchema = errors.New("the copilot schema is older than this program: run `copilot db migrate`")
	// ErrNewerSchema: the store was migrated by a newer version. Reading it might be wrong, writing
	// might destroy what the newer version needs.
	ErrNewerSchema = errors.New("the copilot schema is newer than this program: update this program")
	// ErrUnreachable: there is no connection to the database.
	ErrUnreachable = errors.New("the database cannot be reached")
	// ErrAuth: the database refuses the user, the password or the token.
	ErrAuth = errors.New("the database refuses the login")
	// ErrNotPermitted: the role lacks a right on the copilot schema.
	ErrNotPermitted = errors.New("the database role lacks a permission")
	// ErrReadOnly: the database, or this role, may be read but not be written.
	ErrReadOnly = errors.New("the store is read-only for this role")
	// ErrEventGap: an event's number does not follow the last stored one of its cluster.
	ErrEventGap = errors.New("an earlier event of the cluster is missing")
	// ErrEventConflict: another event is stored under the same number.
	ErrEventConflict = errors.New("another event is stored under the same number")
	// ErrBadCycle: a cycle that cannot be stored whatever the state of the store.
	ErrBadCycle = errors.New("the cycle cannot be stored")
	// ErrBadAssessment: an assessment or a finding that cannot be stored whatever the state of the store.
	ErrBadAssessment = errors.New("the assessment cannot be stored")
	// ErrBadLogRead: a reading of logs that cannot be stored whatever the state of the store.
	ErrBadLogRead = errors.New("the reading of logs cannot be stored")
	// ErrBadUsage: a call to a model or a budget that cannot be stored whatever the state of the store.
	ErrBadUsage = errors.New("the use of models cannot be stored")
)

// SQLSTATE codes, from PostgreSQL's appendix A. DSQL uses the same ones.
const (
	stateInvalidPassword      = "28P01"
	stateInvalidAuthorization = "28000"
	stateInsufficientRights   = "42501"
	stateReadOnlyTransaction  = "25006"
	stateUndefinedTable       = "42P01"
	stateUndefinedColumn      = "42703"
	stateInvalidSchema        = "3F000"
)

// typed gives an error from pgx the typed error that callers know, beside its cause.
func typed(err error) error {
	if err == nil {
		return nil
	}
	var connect *pgconn.ConnectError
	connecting := errors.As(err, &connect)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		switch pg.Code {
		case stateInvalidPassword, stateInvalidAuthorization:
			return fmt.Errorf("%w: %w", ErrAuth, err)
		case stateInsufficientRights:
			// While connecting it is the login that lacks a right (CONNECT, or DSQL's DbConnect).
			if connecting {
				return fmt.Errorf("%w: %w", ErrAuth, err)
			}
			return fmt.Errorf("%w: %w", ErrNotPermitted, err)
		case stateReadOnlyTransaction:
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		case stateUndefinedTable, stateInvalidSchema:
			return fmt.Errorf("%w: %w", ErrNoSchema, err)
		case stateUndefinedColumn:
			return fmt.Errorf("%w: %w", ErrOlderSchema, err)
		}
	}
	if connecting && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// readOnly says of a write that lacked a right that this role may only read.
func readOnly(err error) error {
	if errors.Is(err, ErrNotPermitted) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
