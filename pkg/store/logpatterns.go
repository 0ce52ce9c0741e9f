package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// LogRead is the result of reading a cluster's logs once.
type LogRead struct {
	Cluster string
	// At is when they were read, Through the time up to which lines were read.
	At, Through time.Time
	// Unavailable says why they could not be read; empty when they were.
	Unavailable string
	Counts      []health.LogCount
}

// LogState is how far a cluster's logs were read.
type LogState struct {
	Cluster string
	// At is the last attempt, Through the time up to which lines were read; zero when they never were.
	At, Through time.Time
	// Unavailable says why the last attempt failed; empty when it did not.
	Unavailable string
}

// LogQuery asks for log patterns.
type LogQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the lines, to the half minute: From is included, To is not.
	From, To time.Time
	// Patterns and Services to read. Empty means all.
	Patterns []string
	Services []string
	// Step sums up the counts of stretches of this length. 0 sums up the whole range.
	Step time.Duration
	// Limit is the most rows to return, the most frequent first when Step is 0. 0 means 1,000, more than
	// 50,000 means 50,000.
	Limit int
}

// LogPattern is how often a pattern was found in a service's lines of a cluster. Its At is the beginning of
// the step, or the last half minute in which the pattern was seen when there is no step.
type LogPattern struct {
	Cluster string
	health.LogCount
}

const (
	// logStretch is the length of the stretches in which lines are counted.
	logStretch         = 30 * time.Second
	defaultLogPatterns = 1000
	maxLogPatterns     = 50_000
)

// SaveLogRead stores what one reading of a cluster's logs found, and how far they were read. Saving it again
// changes nothing. A large reading takes several transactions, the last of which says how far it came; after an
// error it is saved again as a whole.
//
// ErrBadLogRead says that repeating is of no use; the other errors are those of SaveCycles.
func (s *Store) SaveLogRead(ctx context.Context, read LogRead) error {
	counts, err := logCounts(read)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrBadLogRead, err)
	} else {
		err = s.saveLogRead(ctx, read, counts)
	}
	if err != nil {
		return fmt.Errorf("storing the logs of cluster %q read at %s: %w", read.Cluster, read.At.UTC().Format(time.RFC3339), readOnly(err))
	}
	return nil
}

// logCounts checks a reading, and adds up counts that share a row.
func logCounts(read LogRead) ([]health.LogCount, error) {
	if err := errors.Join(checkName("the cluster's name", read.Cluster), checkTime("the time of reading", read.At)); err != nil {
		return nil, err
	}
	type key struct {
		at               time.Time
		pattern, service string
	}
	rows := make(map[key]int)
	var counts []health.LogCount
	for _, c := range read.Counts {
		err := errors.Join(checkName("a pattern's id", c.Pattern), checkName("a service's name", c.Service), checkTime("the time of the lines", c.At))
		if err == nil && c.Count < 0 {
			err = fmt.Errorf("the pattern %s was found %d times", c.Pattern, c.Count)
		}
		if err != nil {
			return nil, err
		}
		c.At = stored(c.At).Truncate(logStretch)
		c.Meaning, c.Sample = text(c.Meaning), text(c.Sample)
		k := key{c.At, c.Pattern, c.Service}
		i, ok := rows[k]
		if !ok {
			rows[k] = len(counts)
			counts = append(counts, c)
			continue
		}
		same := &counts[i]
		same.Count += c.Count
		same.AtLeast = same.AtLeast || c.AtLeast
		same.Meaning, same.Sample = cmp.Or(same.Meaning, c.Meaning), cmp.Or(same.Sample, c.Sample)
	}
	return counts, nil
}

func (s *Store) saveLogRead(ctx context.Context, read LogRead, counts []health.LogCount) error {
	var through *time.Time
	if !read.Through.IsZero() {
		t := stored(read.Through)
		through = &t
	}
	for chunk := range slices.Chunk(counts, logsPerWrite) {
		if err := s.transact(ctx, func(tx pgx.Tx) error { return saveLogCounts(ctx, tx, read, chunk) }); err != nil {
			return err
		}
	}
	return s.write(ctx, func(w *writes) {
		w.Queue(upsertLogState, read.Cluster, stored(read.At), through, text(read.Unavailable))
	})
}

const (
	insertLogCount = `insert into copilot.log_patterns (cluster, at, pattern, service, read_at, meaning, count, at_least, sample)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (cluster, at, pattern, service, read_at) do nothing`

	// upsertLogState lets a late reading add to how far lines were read, but not say how the last attempt went.
	// greatest skips NULL.
	upsertLogState = `insert into copilot.logs_now as l (cluster, at, through, unavailable) values ($1, $2, $3, $4)
		on conflict (cluster) do update set at = greatest(l.at, excluded.at), through = greatest(l.through, excluded.through),
			unavailable = case when excluded.at >= l.at then excluded.unavailable else l.unavailable end`
)

// LogStates returns how far the logs of the clusters, or of all when none is named, were read, sorted by name. A
// cluster whose logs nobody reads is left out.
func (s *Store) LogStates(ctx context.Context, clusters []string) ([]LogState, error) {
	var where conditions
	where.in("cluster", clusters)
	states, err := readAll(ctx, s, "reading how far logs were read", `select cluster, at, through, unavailable from copilot.logs_now`+where.sql(),
		where.args, func(row pgx.CollectableRow) (LogState, error) {
			var (
				state   LogState
				through *time.Time
			)
			err := row.Scan(&state.Cluster, &state.At, &through, &state.Unavailable)
			state.At, state.Through = state.At.UTC(), orZero(through)
			return state, err
		})
	slices.SortFunc(states, func(a, b LogState) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return states, err
}

// LogPatterns returns how often patterns were found: the most frequent first, or, when the query has a step, from
// the first step to the last, of which the latest are kept when there are more than its limit. A half minute
// that has begun at From's is counted whole. In a range of hours and days, meaning and sample may be those of lines
// beside it.
func (s *Store) LogPatterns(ctx context.Context, q LogQuery) ([]LogPattern, error) {
	const doing = "reading log patterns"
	if err := checkRange(q.From, q.To, q.Step); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	clusters, err := s.names(ctx, doing, q.Clusters)
	if err != nil || len(clusters) == 0 {
		return nil, err
	}
	since, err := s.pagesSince(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	limit := limited(q.Limit, defaultLogPatterns, maxLogPatterns)
	parts := logParts(stored(q.From).Truncate(logStretch), stored(q.To), q.Step, since)
	sums := logSums{q, make(map[logSumKey]*LogPattern)}
	batch := &pgx.Batch{}
	for _, part := range parts {
		wanted := &limit
		if len(parts) > 1 {
			wanted = nil // what is rare in one part may be frequent in another
		}
		sums.queue(batch, clusters, part, wanted)
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
	}
	return sums.sorted(limit), nil
}
