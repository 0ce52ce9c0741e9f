package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// EventQuery asks for events, newest first.
type EventQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the events: From is included, To is not. A zero time is no bound.
	From, To time.Time
	// Kinds to read. Empty means all.
	Kinds []health.EventKind
	// Brief reads only the gates that fired and the queues that starved, a tenth of the evidence.
	Brief bool
	// Limit is the most events to return. 0 means 100, more than 10,000 means 10,000.
	Limit int
}

// Event is a stored event with the evidence of the cycle that brought it.
type Event struct {
	Cluster string
	health.Event
	Coverage float64
	Gates    []health.GateResult
	Queues   []health.TaskQueue
	// Signals holds the known values.
	Signals map[health.SignalID]float64
}

const (
	defaultEvents = 100
	maxEvents     = 10_000
)

// Events returns events with their evidence, or the reasons in it, newest first.
func (s *Store) Events(ctx context.Context, q EventQuery) ([]Event, error) {
	const doing = "reading events"
	clusters, err := s.names(ctx, doing, q.Clusters)
	if err != nil || len(clusters) == 0 {
		return nil, err
	}
	var where conditions
	where.between("at", q.From, q.To)
	where.in("kind", plain(q.Kinds))
	limit := where.arg(limited(q.Limit, defaultEvents, maxEvents))
	columns := eventColumns
	if q.Brief {
		columns = eventColumnsBesides + ", coalesce(reasons, evidence) as evidence"
	}
	newest := where.newestOfEach(where.each(clusters), columns, "events", "at desc", limit)
	sql := fmt.Sprintf(`select %s from (%s) as newest order by at desc, cluster, seq desc limit %s`, eventColumns, newest, limit)
	events, err := readAll(ctx, s, doing, sql, where.args, collectEvent)
	if q.Brief {
		for i := range events {
			events[i] = events[i].Brief() // rows of an earlier version have no reasons by themselves
		}
	}
	return events, err
}

// Brief is the event with the gates that fired and the queues that starved, and without signals.
func (e Event) Brief() Event {
	reasons := evidence{Gates: e.Gates, Queues: e.Queues}.reasons()
	e.Gates, e.Queues, e.Signals = reasons.Gates, reasons.Queues, nil
	return e
}

// EventsAfter returns the events of a cluster that follow number seq, in their order. 0 begins with the oldest
// that retention has left. limit is as in EventQuery.
func (s *Store) EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]Event, error) {
	return readAll(ctx, s, fmt.Sprintf("reading the events of cluster %q after number %d", cluster, seq),
		`select `+eventColumns+` from copilot.events where cluster = $1 and seq > $2 order by seq limit $3`,
		[]any{text(cluster), seq, limited(limit, defaultEvents, maxEvents)}, collectEvent)
}

const (
	eventColumnsBesides = `cluster, seq, at, kind, from_state, to_state, stale, from_bottleneck, bottleneck, coverage`
	eventColumns        = eventColumnsBesides + `, evidence`
)

func collectEvent(row pgx.CollectableRow) (Event, error) { return scanEvent(row) }

func scanEvent(row pgx.Row) (Event, error) {
	var (
		e        Event
		from, to string
		why      []byte
	)
	err := row.Scan(&e.Cluster, &e.Seq, &e.At, &e.Kind, &from, &to, &e.Stale, &e.FromBottleneck, &e.Bottleneck, &e.Coverage, &why)
	if err != nil {
		return e, err
	}
	e.At = e.At.UTC()
	if e.From, err = health.ParseState(from); err != nil {
		return e, fmt.Errorf("event %d of cluster %q: %w", e.Seq, e.Cluster, err)
	}
	if e.To, err = health.ParseState(to); err != nil {
		return e, fmt.Errorf("event %d of cluster %q: %w", e.Seq, e.Cluster, err)
	}
	var found evidence
	if err := json.Unmarshal(why, &found); err != nil {
		return e, fmt.Errorf("the evidence of event %d of cluster %q: %w", e.Seq, e.Cluster, err)
	}
	e.Gates, e.Queues, e.Signals = found.Gates, found.Queues, found.Signals
	return e, nil
}
