package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Span is a run of cycles with the same state, staleness and bottleneck, without a gap between them.
type Span struct {
	Cluster    string
	State      health.State
	Stale      bool
	Bottleneck health.Bottleneck
	// Coverage is the lowest coverage of the run, 0 to 1.
	Coverage float64
	// From is the first cycle of the run and To the last.
	From, To time.Time
	// Interval is the longest time between two cycles that the run was written with.
	Interval time.Duration
}

// Spans returns the run-length encoded history of the clusters, or of all when none is named, between two
// times: sorted by cluster and time, cut to [from, to]. The run that was under way at from is part of it.
// A time that lies in no run is a time without cycles.
func (s *Store) Spans(ctx context.Context, clusters []string, from, to time.Time) ([]Span, error) {
	const doing = "reading the history of states"
	if !from.Before(to) {
		return nil, fmt.Errorf("%s: the range ends at %v, before it begins at %v", doing, to, from)
	}
	cadences, err := s.cadences(ctx, doing, clusters)
	if err != nil || len(cadences) == 0 {
		return nil, err
	}
	from, to = stored(from), stored(to)
	var spans []Span
	batch := &pgx.Batch{}
	for _, c := range cadences {
		batch.Queue(selectSpans, c.cluster, from, to).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				r, err := scanRun(rows)
				if err != nil {
					return err
				}
				spans = append(spans, r.span(c.cluster, from, to))
			}
			return rows.Err()
		})
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
	}
	return spans, nil
}

// selectSpans begins with the run that was under way at $2, which the primary key finds at once: looking for
// runs that end after $2 would read the whole history before it.
const selectSpans = `select ` + runColumns + ` from copilot.spans
	where cluster = $1 and last_at >= $2 and started_at <= $3
		and started_at >= coalesce((select max(started_at) from copilot.spans where cluster = $1 and started_at <= $2), $2)
	order by started_at`

func (r run) span(cluster string, from, to time.Time) Span {
	span := Span{
		Cluster: cluster, State: r.state, Stale: r.stale, Bottleneck: r.bottleneck, Coverage: r.coverage,
		From: r.startedAt.UTC(), To: r.lastAt.UTC(), Interval: r.interval,
	}
	if span.From.Before(from) {
		span.From = from
	}
	if span.To.After(to) {
		span.To = to
	}
	return span
}

// gapIntervals is how many intervals may pass between two cycles before the history shows a gap. One late or
// lost cycle is no gap.
const gapIntervals = 3

// run is a row of the history: cycles that follow each other and say the same.
type run struct {
	startedAt, lastAt time.Time
	state             health.State
	stale             bool
	bottleneck        health.Bottleneck
	coverage          float64
	interval          time.Duration
}

func (r record) run() run {
	return run{
		startedAt: r.at, lastAt: r.at, state: r.verdict.State, stale: r.verdict.Stale, bottleneck: r.verdict.Bottleneck,
		coverage: r.verdict.Coverage, interval: r.interval,
	}
}

// says tells whether two runs say the same.
func (r run) says(other run) bool {
	return r.state == other.state && r.stale == other.stale && r.bottleneck == other.bottleneck
}

// meets tells whether later continues r: it says the same and no gap lies between them.
func (r run) meets(later run) bool {
	return r.says(later) && later.startedAt.Sub(r.lastAt) <= gapIntervals*max(r.interval, later.interval)
}

// join is the run from the start of r to the end of later.
func (r run) join(later run) run {
	r.lastAt = later.lastAt
	r.coverage = min(r.coverage, later.coverage)
	r.interval = max(r.interval, later.interval)
	return r
}

// spanEdit is the change of the history that a cycle makes: runs that go, by their start, and then runs that
// are written.
type spanEdit struct {
	remove []time.Time
	put    []run
}

// weave adds a cycle to the history, between the last run that starts at or before it and the first that starts
// after it. The history comes out the same in whatever order cycles arrive. neighbours finds the cycles
// next to a time within a run, for the rare late cycle that contradicts the run it falls into.
func weave(previous, next *run, cycle run, neighbours func(run) (before, after time.Time, err error)) (spanEdit, error) {
	if previous != nil && !cycle.startedAt.After(previous.lastAt) {
		if previous.says(cycle) {
			whole := *previous
			whole.coverage = min(whole.coverage, cycle.coverage)
			return spanEdit{put: []run{whole}}, nil
		}
		before, after, err := neighbours(*previous)
		if err != nil {
			return spanEdit{}, err
		}
		left, right := *previous, *previous
		left.lastAt, right.startedAt = before, after
		return spanEdit{put: []run{left, cycle, right}}, nil
	}

	var edit spanEdit
	if previous != nil && previous.meets(cycle) {
		cycle = previous.join(cycle)
	}
	if next != nil && cycle.meets(*next) {
		cycle = cycle.join(*next)
		edit.remove = []time.Time{next.startedAt}
	}
	edit.put = []run{cycle}
	return edit, nil
}

// neighbours finds the cycles of a run that come before and after a cycle. Those at its ends stand in for cycles
// whose signals retention has deleted.
func neighbours(ctx context.Context, tx pgx.Tx, r record, within run) (before, after time.Time, err error) {
	err = tx.QueryRow(ctx, `select
			coalesce((select max(at) from copilot.snapshots where cluster = $1 and at >= $3 and at < $2), $3),
			coalesce((select min(at) from copilot.snapshots where cluster = $1 and at > $2 and at <= $4), $4)`,
		r.cluster, r.at, within.startedAt, within.lastAt).Scan(&before, &after)
	return before, after, err
}

const (
	runColumns = `started_at, last_at, state, stale, bottleneck, coverage, interval_ms`

	upsertSpan = `insert into copilot.spans (cluster, ` + runColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (cluster, started_at) do update set last_at = excluded.last_at, coverage = excluded.coverage, interval_ms = excluded.interval_ms`
)

func scanRun(row pgx.Row) (run, error) {
	var (
		r          run
		state      string
		intervalMS int64
	)
	if err := row.Scan(&r.startedAt, &r.lastAt, &state, &r.stale, &r.bottleneck, &r.coverage, &intervalMS); err != nil {
		return run{}, err
	}
	r.interval = time.Duration(intervalMS) * time.Millisecond
	var err error
	r.state, err = health.ParseState(state)
	return r, err
}
