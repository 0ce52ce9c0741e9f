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

const (
	// logStretch is the length of the stretches in which lines are counted.
	logStretch         = 30 * time.Second
	defaultLogPatterns = 1000
	maxLogPatterns     = 10_000
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
	for chunk := range slices.Chunk(counts, rowsPerWrite) {
		err := s.write(ctx, func(w *writes) {
			for _, c := range chunk {
				w.Queue(insertLogCount, read.Cluster, c.At, c.Pattern, c.Service, stored(read.At), c.Meaning, int64(c.Count), c.AtLeast, c.Sample)
			}
		})
		if err != nil {
			return err
		}
	}
	return s.write(ctx, func(w *writes) {
		w.Queue(upsertLogsNow, read.Cluster, stored(read.At), through, text(read.Unavailable))
	})
}

const (
	insertLogCount = `insert into copilot.log_patterns (cluster, at, pattern, service, read_at, meaning, count, at_least, sample)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (cluster, at, pattern, service, read_at) do nothing`

	// upsertLogsNow lets a late reading add to how far lines were read, but not say how the last attempt went.
	// greatest skips NULL.
	upsertLogsNow = `insert into copilot.logs_now as l (cluster, at, through, unavailable) values ($1, $2, $3, $4)
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
// that has begun at From's is counted whole.
func (s *Store) LogPatterns(ctx context.Context, q LogQuery) ([]LogPattern, error) {
	const doing = "reading log patterns"
	if err := checkRange(q.From, q.To, q.Step); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	clusters, err := s.names(ctx, doing, q.Clusters)
	if err != nil || len(clusters) == 0 {
		return nil, err
	}
	var where conditions
	where.in("cluster", clusters)
	where.and("at >= %s", stored(q.From).Truncate(logStretch))
	where.and("at < %s", stored(q.To))
	where.in("pattern", q.Patterns)
	where.in("service", q.Services)
	filter := where.sql()
	bucket, order := where.step(q.Step), "total desc"
	if q.Step > 0 {
		order = "bucket desc"
	}
	order += ", cluster, pattern, service"
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLogPatterns
	}
	where.args = append(where.args, min(limit, maxLogPatterns))
	sql := fmt.Sprintf(`with sums as (
			select cluster, %s as bucket, max(at) as at, pattern, service, sum(count)::bigint as total, bool_or(at_least) as at_least,
				max(at) filter (where meaning <> '') as explained, max(at) filter (where sample <> '') as sampled
			from copilot.log_patterns%s group by cluster, bucket, pattern, service order by %s limit %s)
		select cluster, bucket, at, pattern, service, %s, total, at_least, %s from sums order by %s`,
		bucket, filter, order, where.last(), textOf("meaning", "explained"), textOf("sample", "sampled"), order)
	patterns, err := readAll(ctx, s, doing, sql, where.args, func(row pgx.CollectableRow) (LogPattern, error) {
		var (
			p      LogPattern
			bucket int64
		)
		err := row.Scan(&p.Cluster, &bucket, &p.At, &p.Pattern, &p.Service, &p.Meaning, &p.Count, &p.AtLeast, &p.Sample)
		p.At = p.At.UTC()
		if q.Step > 0 {
			p.At = bucketStart(bucket, q.Step)
		}
		return p, err
	})
	if q.Step > 0 {
		slices.SortStableFunc(patterns, func(a, b LogPattern) int { return a.At.Compare(b.At) })
	}
	return patterns, err
}

// textOf is a text of a group's row of a time. Texts are fetched for the groups that are returned, instead of
// dragging those of all rows through the sums.
func textOf(column, at string) string {
	return fmt.Sprintf(`coalesce((select %[1]s from copilot.log_patterns as l where l.cluster = sums.cluster and l.at = sums.%[2]s
		and l.pattern = sums.pattern and l.service = sums.service and %[1]s <> '' order by read_at desc limit 1), '')`, column, at)
}
