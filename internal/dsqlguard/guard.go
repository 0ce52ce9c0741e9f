package dsqlguard

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// maxRows is how many rows a DSQL transaction may change.
const maxRows = 3000

// Guard is a pgx tracer that reports what DSQL would refuse: in a statement (see Inspect), and in a transaction
// more than one DDL statement, DDL beside other statements, or more than 3,000 changed rows. One guard
// serves any number of connections.
type Guard struct {
	report func(error)

	mu           sync.Mutex
	transactions map[*pgx.Conn]*transaction
}

type transaction struct {
	explicit, batch bool
	ddl, other      int
	rows            int64
}

// New makes a guard that hands every refusal to report, which may be called from several goroutines.
func New(report func(error)) *Guard {
	return &Guard{report: report, transactions: make(map[*pgx.Conn]*transaction)}
}

var (
	_ pgx.QueryTracer    = (*Guard)(nil)
	_ pgx.BatchTracer    = (*Guard)(nil)
	_ pgx.CopyFromTracer = (*Guard)(nil)
)

type sqlKey struct{}

// TraceQueryStart looks at a statement before it is sent.
func (g *Guard) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	g.before(conn, data.SQL)
	return context.WithValue(ctx, sqlKey{}, data.SQL)
}

// TraceQueryEnd counts the rows that a statement changed.
func (g *Guard) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	sql, _ := ctx.Value(sqlKey{}).(string)
	g.after(conn, sql, data.CommandTag.RowsAffected())
}

// TraceBatchStart looks at the statements of a batch, which is one transaction when none is open.
func (g *Guard) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	g.mu.Lock()
	t := g.transaction(conn)
	t.batch = true
	g.mu.Unlock()
	for _, query := range data.Batch.QueuedQueries {
		g.before(conn, query.SQL)
	}
	return ctx
}

// TraceBatchQuery counts the rows that a statement of a batch changed.
func (g *Guard) TraceBatchQuery(_ context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	g.after(conn, data.SQL, data.CommandTag.RowsAffected())
}

// TraceBatchEnd ends the transaction of a batch.
func (g *Guard) TraceBatchEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.transaction(conn); t.explicit {
		t.batch = false
	} else {
		delete(g.transactions, conn)
	}
}

// TraceCopyFromStart refuses COPY, which the store has no need of.
func (g *Guard) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	g.report(fmt.Errorf("COPY into %v is not known to work on DSQL", data.TableName))
	return ctx
}

// TraceCopyFromEnd does nothing: the start was refused.
func (g *Guard) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}

func (g *Guard) before(conn *pgx.Conn, sql string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	statement, err := remembered(sql)
	if err != nil {
		g.report(err)
		return
	}
	t := g.transaction(conn)
	switch statement.Kind {
	case Begin:
		if t.explicit {
			g.report(fmt.Errorf("DSQL has no transactions within transactions: %q", abridged(sql)))
		}
		t.explicit = true
		return
	case End:
		return
	case DDL:
		t.ddl++
	default:
		t.other++
	}
	if t.ddl > 1 || t.ddl == 1 && t.other > 0 {
		g.report(fmt.Errorf("DSQL takes a DDL statement only in a transaction of its own: %q", abridged(sql)))
	}
}

func (g *Guard) after(conn *pgx.Conn, sql string, rows int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	statement, err := remembered(sql)
	if err != nil {
		return // it was reported when it began
	}
	t := g.transaction(conn)
	if statement.Kind == Write {
		t.rows += rows
		if t.rows > maxRows {
			g.report(fmt.Errorf("DSQL changes at most %d rows in a transaction, this is the %dth: %q", maxRows, t.rows, abridged(sql)))
		}
	}
	if statement.Kind == End || !t.explicit && !t.batch {
		delete(g.transactions, conn)
	}
}

func (g *Guard) transaction(conn *pgx.Conn) *transaction {
	t := g.transactions[conn]
	if t == nil {
		t = &transaction{}
		g.transactions[conn] = t
	}
	return t
}

type inspected struct {
	statement Statement
	err       error
}

// inspections keeps what Inspect found for all guards: programs repeat themselves, and parsing takes a moment.
var inspections sync.Map

func remembered(sql string) (Statement, error) {
	if found, ok := inspections.Load(sql); ok {
		return found.(inspected).statement, found.(inspected).err
	}
	statement, err := Inspect(sql)
	inspections.Store(sql, inspected{statement, err})
	return statement, err
}
