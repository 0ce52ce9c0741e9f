package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/temporal-sre/copilot/pkg/health"
)

// logLevel is a kind of page: counts of stretches of step, length of them to a row.
type logLevel struct{ step, length time.Duration }

// logLevels are the coarse ones first. A row holds some 250 counts, about as many bytes as its texts.
var logLevels = []logLevel{
	{time.Hour, 10 * 24 * time.Hour},
	{5 * time.Minute, 24 * time.Hour},
}

// logsPerWrite is how many counts one transaction stores. Each of them may change a page of every level as well.
const logsPerWrite = rowsPerWrite / 2

// logPage are the counts of a row of log_pages, of a pattern in a service: those of the stretches that begin at at, by
// number, from 0. Stretches without lines are left out.
//
// They are stored as text, "number:count:last" for each in the order of their numbers, and + behind it where not all
// lines were counted: a month of many patterns is a hundred thousand counts, which JSON takes ten times as long to read.
type logPage map[int64]stretchCount

// stretchCount is what is known of the lines of a stretch.
type stretchCount struct {
	count int64
	// last is the number of the last half minute in the stretch that has lines, from 0.
	last int64
	// atLeast: some of the lines were not counted.
	atLeast bool
}

func (p logPage) String() string {
	var text []byte
	for _, number := range slices.Sorted(maps.Keys(p)) {
		c := p[number]
		if len(text) > 0 {
			text = append(text, ' ')
		}
		text = fmt.Appendf(text, "%d:%d:%d", number, c.count, c.last)
		if c.atLeast {
			text = append(text, '+')
		}
	}
	return string(text)
}

// parseLogPage calls yield for every count of a stored page.
func parseLogPage(text string, yield func(number int64, c stretchCount)) error {
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, " ")
		number, rest, _ := strings.Cut(one, ":")
		count, last, _ := strings.Cut(rest, ":")
		last, atLeast := strings.CutSuffix(last, "+")
		var parts [3]int64
		for i, part := range []string{number, count, last} {
			var err error
			if parts[i], err = strconv.ParseInt(part, 10, 64); err != nil {
				return fmt.Errorf("%q is no count of log lines", one)
			}
		}
		yield(parts[0], stretchCount{parts[1], parts[2], atLeast})
	}
	return nil
}

// add counts lines of the half minute at a time.
func (p logPage) add(level logLevel, c health.LogCount) {
	number := c.At.Sub(level.page(c.At)) / level.step
	last := c.At.Sub(c.At.Truncate(level.step)) / logStretch
	of := p[int64(number)]
	p[int64(number)] = stretchCount{of.count + int64(c.Count), max(of.last, int64(last)), of.atLeast || c.AtLeast}
}

// newest is the last half minute of a page that has lines.
func (p logPage) newest(level logLevel, at time.Time) (newest time.Time) {
	for number, c := range p {
		if t := c.lastAt(level, at, number); t.After(newest) {
			newest = t
		}
	}
	return newest
}

// lastAt is the last half minute with lines in stretch number of the page that begins at at.
func (c stretchCount) lastAt(level logLevel, at time.Time, number int64) time.Time {
	return at.Add(time.Duration(number)*level.step + time.Duration(c.last)*logStretch)
}

// page is where the page begins that holds a time.
func (l logLevel) page(t time.Time) time.Time { return t.UTC().Truncate(l.length) }

// saveLogCounts stores counts, and adds those that were not there yet to their pages.
func saveLogCounts(ctx context.Context, tx pgx.Tx, read LogRead, counts []health.LogCount) error {
	if err := knownSchema(ctx, tx); err != nil {
		return err
	}
	var fresh []health.LogCount
	batch := &pgx.Batch{}
	for _, c := range counts {
		batch.Queue(insertLogCount, read.Cluster, c.At, c.Pattern, c.Service, stored(read.At), c.Meaning, int64(c.Count), c.AtLeast, c.Sample).
			Exec(func(tag pgconn.CommandTag) error {
				if tag.RowsAffected() > 0 {
					fresh = append(fresh, c)
				}
				return nil
			})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	pages, err := readLogPages(ctx, tx, read.Cluster, fresh)
	if err != nil {
		return err
	}
	w := &writes{}
	for key, page := range pages {
		w.Queue(upsertLogPage, read.Cluster, int64(key.level.step/time.Second), key.at, key.pattern, key.service, page.meaning, page.sample, page.counts.String())
	}
	return w.send(ctx, tx)
}

type logPageKey struct {
	level            logLevel
	at               time.Time
	pattern, service string
}

type logPageText struct {
	counts          logPage
	meaning, sample string
}

// readLogPages reads the pages of some counts, and adds the counts to them.
func readLogPages(ctx context.Context, tx pgx.Tx, cluster string, counts []health.LogCount) (map[logPageKey]*logPageText, error) {
	pages := make(map[logPageKey]*logPageText)
	batch := &pgx.Batch{}
	for _, c := range counts {
		for _, level := range logLevels {
			key := logPageKey{level, level.page(c.At), c.Pattern, c.Service}
			if pages[key] != nil {
				continue
			}
			page := &logPageText{counts: logPage{}}
			pages[key] = page
			batch.Queue(`select meaning, sample, counts from copilot.log_pages
				where cluster = $1 and step_sec = $2 and at = $3 and pattern = $4 and service = $5`,
				cluster, int64(level.step/time.Second), key.at, c.Pattern, c.Service).
				QueryRow(func(row pgx.Row) error {
					var counts string
					if err := row.Scan(&page.meaning, &page.sample, &counts); err != nil {
						return optional(err)
					}
					return parseLogPage(counts, func(number int64, c stretchCount) { page.counts[number] = c })
				})
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	for _, c := range counts {
		for _, level := range logLevels {
			key := logPageKey{level, level.page(c.At), c.Pattern, c.Service}
			page := pages[key]
			// The texts are those of the newest lines.
			if !c.At.Before(page.counts.newest(level, key.at)) {
				page.meaning, page.sample = cmp.Or(c.Meaning, page.meaning), cmp.Or(c.Sample, page.sample)
			}
			page.counts.add(level, c)
		}
	}
	return pages, nil
}

const upsertLogPage = `insert into copilot.log_pages (cluster, step_sec, at, pattern, service, meaning, sample, counts)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (cluster, step_sec, at, pattern, service) do update set meaning = excluded.meaning, sample = excluded.sample, counts = excluded.counts`
