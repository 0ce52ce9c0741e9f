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
