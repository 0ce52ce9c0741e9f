package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// SeriesQuery asks for signals over time.
type SeriesQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	Signals  []health.SignalID
	// From and To bound the time of the cycles: From is included, To is not.
	From, To time.Time
	// Points is the most points that a series should have, as a panel is wide. 0 means 1,000.
	Points int
}

// Series is one signal of one cluster over time, oldest first.
type Series struct {
	Cluster string
	Signal  health.SignalID
	Points  []Point
}

// Point is the worst value of a signal in the bucket that begins at At, or the value of the cycle at At
// when there are few enough cycles to return them all.
type Point struct {
	At time.Time
	// Value is nil when the signal was unknown, or when there was no cycle.
	Value *float64
}

const (
	defaultPoints = 1000
	maxPoints     = 20_000
	// readPerPoint is how many rows may be read for a point before coarser buckets are read instead, however few they are.
	readPerPoint = 10
)

// Series returns signals over time, sorted by cluster and in the order of the query's signals. When there are
// more cycles than points a point is the worst of a bucket: the lowest value of a signal that gets worse
// downwards, or else the highest. Buckets begin at multiples of their length, so that curves do not tremble
// as the range moves on. A cluster without any cycle in the range has no points.
func (s *Store) Series(ctx context.Context, q SeriesQuery) ([]Series, error) {
	const doing = "reading signals over time"
	signals, err := lookUp(q.Signals)
	if err == nil && !q.From.Before(q.To) {
		err = fmt.Errorf("the range ends at %v, before it begins at %v", q.To, q.From)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	cadences, err := s.cadences(ctx, doing, q.Clusters)
	if err != nil || len(cadences) == 0 {
		return nil, err
	}
	from, to := stored(q.From), stored(q.To)
	points := min(q.Points, maxPoints)
	if points <= 0 {
		points = defaultPoints
	}
	series := make([]Series, 0, len(cadences)*len(signals))
	batch := &pgx.Batch{}
	for _, c := range cadences {
		plan := planReading(from, to, points, c.interval)
		sql, args := plan.query(c.cluster, signals)
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
			curves, err := plan.curves(rows, len(signals))
			for i, curve := range curves {
				series = append(series, Series{Cluster: c.cluster, Signal: signals[i].ID, Points: curve})
			}
			return err
		})
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
	}
	return series, nil
}

func lookUp(ids []health.SignalID) ([]health.Signal, error) {
	if len(ids) == 0 {
		return nil, errors.New("no signal is named")
	}
	var signals []health.Signal
	for _, id := range ids {
		signal, ok := health.LookupSignal(id)
		if !ok {
			return nil, fmt.Errorf("there is no signal %q", id)
		}
		if !slices.Contains(signals, signal) {
			signals = append(signals, signal)
		}
	}
	return signals, nil
}

// reading is how a range is read: from which rows, and into buckets of which length.
type reading struct {
	from, to time.Time
	interval time.Duration
	// step is the length of the rollups to read, 0 for the cycles themselves.
	step time.Duration
	// width is the length of a bucket, 0 to return every cycle.
	width time.Duration
}

// planReading picks the coarsest rows of which there are at least half as many as points: finer ones would cost many
// times as much and be summed up again. A month in 1,000 points is 720 hours, not 8,640 times five minutes.
func planReading(from, to time.Time, points int, interval time.Duration) reading {
	r := reading{from: from, to: to, interval: interval}
	length := to.Sub(from)
	if length <= time.Duration(points)*interval {
		return r
	}
	rows := time.Duration(points * readPerPoint)
	unit := interval
	for _, step := range rollupSteps {
		enough := length >= time.Duration(points)*step/2
		if length <= rows*unit && !enough {
			break
		}
		r.step, unit = step, step
	}
	// A range that is no multiple of the bucket's length touches one bucket more. Two intervals at least, so
	// that a cycle that comes a moment late leaves no bucket empty.
	width := max(length/time.Duration(max(points-1, 1)), 2*interval)
	r.width = (width + unit - 1) / unit * unit
	return r
}

// sums: several rows make a bucket. Else a row is a cycle, or a bucket as it is stored.
func (r reading) sums() bool { return r.width > 0 && r.width != r.step }

func (r reading) query(cluster string, signals []health.Signal) (sql string, args []any) {
	var columns []string
	for _, signal := range signals {
		if !r.sums() {
			columns = append(columns, schema.Column(signal.ID))
		} else {
			columns = append(columns, fmt.Sprintf("%s(%s)", worstOf(signal), schema.Column(signal.ID)))
		}
	}
	var where conditions
	where.and("cluster = %s", cluster)
	table := "snapshots"
	if r.step > 0 {
		table = "rollups"
		where.and("step_sec = %s", int64(r.step/time.Second))
	}
	where.and("at >= %s", r.start())
	where.and("at < %s", r.to)
	list := strings.Join(columns, ", ")
	if !r.sums() {
		return fmt.Sprintf("select at, %s from copilot.%s%s order by at", list, table, where.sql()), where.args
	}
	return fmt.Sprintf("select %s as bucket, %s from copilot.%s%s group by bucket order by bucket", where.step(r.width), list, table, where.sql()), where.args
}

// bucketOf is the number of the bucket that a row's time falls into. length is the placeholder of a bucket's
// length in seconds.
func bucketOf(length string) string {
	return fmt.Sprintf("floor(extract(epoch from at)::double precision / %s::double precision)::bigint", length)
}

// bucketStart is where a bucket of a length begins.
func bucketStart(bucket int64, length time.Duration) time.Time {
	return time.UnixMicro(bucket * length.Microseconds()).UTC()
}

// checkRange refuses a range that holds no time, and steps too short for it.
func checkRange(from, to time.Time, step time.Duration) error {
	switch {
	case !from.Before(to):
		return fmt.Errorf("the range ends at %v, before it begins at %v", to, from)
	case step < 0:
		return fmt.Errorf("the step is %v, less than nothing", step)
	case step > 0 && to.Sub(from)/step >= maxPoints:
		return fmt.Errorf("a step of %v cuts the range into more than %d: ask for a longer step or a shorter range", step, maxPoints)
	}
	return nil
}

// start is where the bucket of the range's beginning begins.
func (r reading) start() time.Time {
	if r.width == 0 {
		return r.from
	}
	return r.bucketStart(r.bucket(r.from))
}

func (r reading) bucket(t time.Time) int64 {
	return int64(math.Floor(float64(t.UnixMicro()) / float64(r.width.Microseconds())))
}

func (r reading) bucketStart(bucket int64) time.Time { return bucketStart(bucket, r.width) }

// curves reads the points of all signals, and fills what is missing.
func (r reading) curves(rows pgx.Rows, signals int) ([][]Point, error) {
	if r.width == 0 {
		return r.cycles(rows, signals)
	}
	return r.buckets(rows, signals)
}

// cycles returns a point per cycle, and one without value where cycles are missing.
func (r reading) cycles(rows pgx.Rows, signals int) ([][]Point, error) {
	curves := make([][]Point, signals)
	var last time.Time
	gapBefore := func(at time.Time) {
		if !last.IsZero() && at.Sub(last) > gapIntervals*r.interval {
			appendPoints(curves, last.Add(r.interval), make([]*float64, signals))
		}
	}
	for rows.Next() {
		var at time.Time
		values, err := scanValues(rows, signals, &at)
		if err != nil {
			return curves, err
		}
		gapBefore(at)
		appendPoints(curves, at.UTC(), values)
		last = at.UTC()
	}
	gapBefore(r.to)
	return curves, rows.Err()
}

// buckets returns a point per bucket. The last bucket is left out while it is not over and has no cycle yet.
func (r reading) buckets(rows pgx.Rows, signals int) ([][]Point, error) {
	curves := make([][]Point, signals)
	next, some := r.bucket(r.from), false
	fill := func(until int64) {
		for ; next < until; next++ {
			r.appendBucket(curves, next, make([]*float64, signals))
		}
	}
	for rows.Next() {
		var (
			bucket int64
			at     time.Time
			key    any = &at
		)
		if r.sums() {
			key = &bucket
		}
		values, err := scanValues(rows, signals, key)
		if err != nil {
			return curves, err
		}
		if !r.sums() {
			bucket = r.bucket(at)
		}
		fill(bucket)
		r.appendBucket(curves, bucket, values)
		next, some = bucket+1, true
	}
	if some {
		fill(r.bucket(r.to))
	}
	return curves, rows.Err()
}

func (r reading) appendBucket(curves [][]Point, bucket int64, values []*float64) {
	at := r.bucketStart(bucket)
	if at.Before(r.from) {
		at = r.from
	}
	appendPoints(curves, at, values)
}

func appendPoints(curves [][]Point, at time.Time, values []*float64) {
	for i, value := range values {
		curves[i] = append(curves[i], Point{At: at, Value: value})
	}
}

// scanValues reads a row's first column into key and the rest as values.
func scanValues(rows pgx.Rows, signals int, key any) ([]*float64, error) {
	// Scanning into pointers would go through reflection, for each of a hundred thousand values.
	read := make([]pgtype.Float8, signals)
	targets := make([]any, 0, signals+1)
	targets = append(targets, key)
	for i := range read {
		targets = append(targets, &read[i])
	}
	err := rows.Scan(targets...)
	values := make([]*float64, signals)
	for i := range read {
		if read[i].Valid {
			values[i] = &read[i].Float64
		}
	}
	return values, err
}
