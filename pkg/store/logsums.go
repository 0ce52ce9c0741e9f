package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// logPart is a part of a range that is read from rows of one kind: pages of a level, or half minutes.
type logPart struct {
	// level is nil for half minutes.
	level    *logLevel
	from, to time.Time
}

// shortestPaged is how many stretches of a level a range must have to be read from its pages.
const shortestPaged = 24

// logParts cuts a range so that its middle is read from the coarsest pages that the step allows, and its ends from
// finer ones. Pages are complete from since on.
func logParts(from, to time.Time, step time.Duration, since time.Time) []logPart {
	if since.After(from) {
		cut := earliest(since, to)
		return append([]logPart{{from: from, to: cut}}, logPartsOf(logLevels, cut, to, step)...)
	}
	return logPartsOf(logLevels, from, to, step)
}

func logPartsOf(levels []logLevel, from, to time.Time, step time.Duration) []logPart {
	if !from.Before(to) {
		return nil
	}
	if len(levels) == 0 {
		return []logPart{{from: from, to: to}}
	}
	level := levels[0]
	first, last := from.Add(level.step-1).Truncate(level.step), to.Truncate(level.step)
	if last.Sub(first) < shortestPaged*level.step || step%level.step != 0 {
		return logPartsOf(levels[1:], from, to, step)
	}
	parts := logPartsOf(levels[1:], from, first, step)
	parts = append(parts, logPart{&level, first, last})
	return append(parts, logPartsOf(levels[1:], last, to, step)...)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// logSums adds up the counts of the parts of a range.
type logSums struct {
	query LogQuery
	rows  map[logSumKey]*LogPattern
}

type logSumKey struct {
	cluster          string
	bucket           int64
	pattern, service string
}

// bucket is the number of the step that a time falls into, as bucketOf has it.
func (s logSums) bucket(at time.Time) int64 {
	if s.query.Step <= 0 {
		return 0
	}
	return at.UnixMicro() / s.query.Step.Microseconds()
}

// add adds lines, of which the last half minute is at.
func (s logSums) add(cluster string, bucket int64, lines health.LogCount) {
	key := logSumKey{cluster, bucket, lines.Pattern, lines.Service}
	sum := s.rows[key]
	if sum == nil {
		s.rows[key] = &LogPattern{cluster, lines}
		return
	}
	sum.Count += lines.Count
	sum.AtLeast = sum.AtLeast || lines.AtLeast
	older, newer := sum.LogCount, lines
	if newer.At.Before(older.At) {
		older, newer = newer, older
	}
	sum.At, sum.Meaning, sum.Sample = newer.At, cmp.Or(newer.Meaning, older.Meaning), cmp.Or(newer.Sample, older.Sample)
}

// sorted are the sums in the order of LogPatterns, at most limit of them.
func (s logSums) sorted(limit int) []LogPattern {
	keys := slices.Collect(maps.Keys(s.rows))
	byName := func(a, b logSumKey) int {
		return cmp.Or(strings.Compare(a.cluster, b.cluster), strings.Compare(a.pattern, b.pattern), strings.Compare(a.service, b.service))
	}
	if s.query.Step > 0 {
		slices.SortFunc(keys, func(a, b logSumKey) int { return cmp.Or(cmp.Compare(b.bucket, a.bucket), byName(a, b)) })
	} else {
		slices.SortFunc(keys, func(a, b logSumKey) int { return cmp.Or(cmp.Compare(s.rows[b].Count, s.rows[a].Count), byName(a, b)) })
	}
	keys = keys[:min(len(keys), limit)]
	slices.SortStableFunc(keys, func(a, b logSumKey) int { return cmp.Compare(a.bucket, b.bucket) })
	patterns := make([]LogPattern, len(keys))
	for i, key := range keys {
		patterns[i] = *s.rows[key]
		if s.query.Step > 0 {
			patterns[i].At = bucketStart(key.bucket, s.query.Step)
		}
	}
	return patterns
}

// queue asks for a part of the range. limit is how many sums are wanted of it; nil means all.
func (s logSums) queue(batch *pgx.Batch, clusters []string, part logPart, limit *int) {
	if part.level == nil {
		s.queueStretches(batch, clusters, part, limit)
		return
	}
	for _, cluster := range clusters {
		s.queuePages(batch, cluster, *part.level, part)
	}
}

func (s logSums) queueStretches(batch *pgx.Batch, clusters []string, part logPart, limit *int) {
	var where conditions
	where.in("cluster", clusters)
	where.and("at >= %s", part.from)
	where.and("at < %s", part.to)
	where.in("pattern", s.query.Patterns)
	where.in("service", s.query.Services)
	filter := where.sql()
	bucket, order := where.step(s.query.Step), "total desc"
	if s.query.Step > 0 {
		order = "bucket desc"
	}
	order += ", cluster, pattern, service"
	sql := fmt.Sprintf(`with sums as (
			select cluster, %s as bucket, max(at) as at, pattern, service, sum(count)::bigint as total, bool_or(at_least) as at_least,
				max(at) filter (where meaning <> '') as explained, max(at) filter (where sample <> '') as sampled
			from copilot.log_patterns%s group by cluster, bucket, pattern, service order by %s limit %s)
		select cluster, bucket, at, pattern, service, %s, total, at_least, %s from sums`,
		bucket, filter, order, where.arg(limit), textOf("meaning", "explained"), textOf("sample", "sampled"))
	batch.Queue(sql, where.args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var (
				cluster string
				bucket  int64
				lines   health.LogCount
			)
			if err := rows.Scan(&cluster, &bucket, &lines.At, &lines.Pattern, &lines.Service, &lines.Meaning, &lines.Count, &lines.AtLeast, &lines.Sample); err != nil {
				return err
			}
			lines.At = lines.At.UTC()
			s.add(cluster, bucket, lines)
		}
		return rows.Err()
	})
}

// queuePages asks for the pages of a cluster: one that begins before the part may reach into it.
func (s logSums) queuePages(batch *pgx.Batch, cluster string, level logLevel, part logPart) {
	var where conditions
	where.and("cluster = %s", text(cluster))
	where.and("step_sec = %s", int64(level.step/time.Second))
	where.and("at >= %s", level.page(part.from))
	where.and("at < %s", part.to)
	where.in("pattern", s.query.Patterns)
	where.in("service", s.query.Services)
	batch.Queue(`select at, pattern, service, meaning, sample, counts from copilot.log_pages`+where.sql(), where.args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var (
				begins time.Time
				lines  health.LogCount
				counts string
			)
			if err := rows.Scan(&begins, &lines.Pattern, &lines.Service, &lines.Meaning, &lines.Sample, &counts); err != nil {
				return err
			}
			if err := s.addPage(cluster, level, part, begins.UTC(), counts, lines); err != nil {
				return fmt.Errorf("the page of pattern %q in cluster %q that begins at %s: %w", lines.Pattern, cluster, begins.UTC(), err)
			}
		}
		return rows.Err()
	})
}

// addPage adds the stretches of a page that lie in the part, a step at a time.
func (s logSums) addPage(cluster string, level logLevel, part logPart, begins time.Time, counts string, lines health.LogCount) error {
	first, last := int64(part.from.Sub(begins)/level.step), int64((part.to.Sub(begins)-1)/level.step)
	step, bucket := lines, int64(-1)
	step.Count = -1 // none yet
	flush := func() {
		if step.Count >= 0 {
			s.add(cluster, bucket, step)
		}
	}
	err := parseLogPage(counts, func(number int64, c stretchCount) {
		if number < first || number > last {
			return
		}
		if into := s.bucket(begins.Add(time.Duration(number) * level.step)); into != bucket || step.Count < 0 {
			flush()
			step, bucket = lines, into
			step.Count, step.AtLeast = 0, false
		}
		step.Count += int(c.count)
		step.AtLeast = step.AtLeast || c.atLeast
		step.At = c.lastAt(level, begins, number)
	})
	flush()
	return err
}

// pagesSince is the time from which on pages are complete: lines of earlier times may have been stored by a version
// that wrote none. The hour allows for clocks that differ.
func (s *Store) pagesSince(ctx context.Context) (time.Time, error) {
	if since := s.paged.Load(); since != nil {
		return *since, nil
	}
	var since time.Time
	err := s.pool.QueryRow(ctx, `select applied_at from copilot.schema_migrations where version = $1`, schema.LogPages.Version).Scan(&since)
	if err != nil {
		return since, typed(err)
	}
	since = since.Add(2 * time.Hour).Truncate(time.Hour)
	s.paged.Store(&since)
	return since, nil
}

// textOf is a text of a group's row of a time. Texts are fetched for the groups that are returned, instead of
// dragging those of all rows through the sums.
func textOf(column, at string) string {
	return fmt.Sprintf(`coalesce((select %[1]s from copilot.log_patterns as l where l.cluster = sums.cluster and l.at = sums.%[2]s
		and l.pattern = sums.pattern and l.service = sums.service and %[1]s <> '' order by read_at desc limit 1), '')`, column, at)
}
