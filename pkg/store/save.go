package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Cycle is what one cycle of a cluster hands to the store.
type Cycle struct {
	Verdict  health.Verdict
	Snapshot health.Snapshot
	// Memory is the state machine's memory after this cycle. It is stored as JSON and handed back by LoadMemory.
	Memory json.RawMessage
	// Interval is the time between two cycles of this cluster. What lies further apart than three of
	// them is a gap.
	Interval time.Duration
}

// SaveCycles stores cycles in the order given, each in a transaction of its own: its verdict, event, snapshot,
// history and place as the cluster's "now" are stored together or not at all. Saving a cycle again changes
// nothing. A cycle older than "now" is added to the history and leaves "now" alone.
//
// It stops at the first cycle that fails and says which. Cycles before it are stored. ErrEventGap and ErrEventConflict
// protect the numbering of events, ErrBadCycle says that repeating is of no use, ErrReadOnly, ErrNoSchema,
// ErrOlderSchema and ErrNewerSchema that the store must be seen to first.
func (s *Store) SaveCycles(ctx context.Context, cycles []Cycle) error {
	for _, cycle := range cycles {
		if err := s.saveCycle(ctx, cycle); err != nil {
			return fmt.Errorf("storing the cycle of cluster %q at %s: %w",
				cycle.Verdict.Cluster, cycle.Verdict.At.UTC().Format(time.RFC3339Nano), readOnly(err))
		}
	}
	return nil
}

func (s *Store) saveCycle(ctx context.Context, cycle Cycle) error {
	r, err := newRecord(cycle)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx pgx.Tx) error { return saveOnce(ctx, tx, r) })
}

func saveOnce(ctx context.Context, tx pgx.Tx, r record) error {
	before, err := readBefore(ctx, tx, r)
	if err != nil {
		return err
	}
	if err := before.admits(r); err != nil {
		return err
	}
	if before.saved {
		return nil
	}
	edit, err := weave(before.previous, before.next, r.run(), func(within run) (time.Time, time.Time, error) {
		return neighbours(ctx, tx, r, within)
	})
	if err != nil {
		return err
	}
	return writeBatch(r, before, edit).send(ctx, tx)
}

// before is what the store holds of a cluster when a cycle arrives.
type before struct {
	schema int
	// saved: this very cycle is stored already.
	saved bool
	// now and seq are the last cycle and event. Both are zero for a new cluster.
	now time.Time
	seq int64
	// sameNumber is the stored event with the number of the cycle's event.
	sameNumber *health.Event
	// previous is the last run of the history that starts at or before the cycle, next the first one after.
	previous, next *run
}

func readBefore(ctx context.Context, tx pgx.Tx, r record) (before, error) {
	var b before
	batch := &pgx.Batch{}
	batch.Queue(selectSchemaVersion).QueryRow(func(row pgx.Row) error { return row.Scan(&b.schema) })
	batch.Queue(`select count(*) > 0 from copilot.snapshots where cluster = $1 and at = $2`, r.cluster, r.at).
		QueryRow(func(row pgx.Row) error { return row.Scan(&b.saved) })
	batch.Queue(`select at, seq from copilot.clusters_now where cluster = $1`, r.cluster).
		QueryRow(func(row pgx.Row) error { return optional(row.Scan(&b.now, &b.seq)) })
	readRun := func(into **run) func(pgx.Row) error {
		return func(row pgx.Row) error {
			found, err := scanRun(row)
			if err == nil {
				*into = &found
			}
			return optional(err)
		}
	}
	batch.Queue(`select `+runColumns+` from copilot.spans where cluster = $1 and started_at <= $2
		order by started_at desc limit 1`, r.cluster, r.at).QueryRow(readRun(&b.previous))
	batch.Queue(`select `+runColumns+` from copilot.spans where cluster = $1 and started_at > $2
		order by started_at limit 1`, r.cluster, r.at).QueryRow(readRun(&b.next))
	if r.event != nil {
		batch.Queue(`select `+eventColumns+` from copilot.events where cluster = $1 and seq = $2`, r.cluster, r.event.Seq).
			QueryRow(func(row pgx.Row) error {
				found, err := scanEvent(row)
				if err == nil {
					b.sameNumber = &found.Event
				}
				return optional(err)
			})
	}
	return b, tx.SendBatch(ctx, batch).Close()
}

// optional lets a query find nothing.
func optional(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

// admits says whether a cycle may be written to what is stored.
func (b before) admits(r record) error {
	if err := compareSchema(b.schema); err != nil {
		return err
	}
	switch event := r.event; {
	case event == nil:
		return nil
	case b.sameNumber != nil && !sameEvent(*b.sameNumber, *event):
		return fmt.Errorf("%w: number %d is a %s event of %s", ErrEventConflict, event.Seq, b.sameNumber.Kind, b.sameNumber.At.UTC().Format(time.RFC3339))
	case event.Seq > b.seq+1:
		return fmt.Errorf("%w: number %d cannot follow number %d", ErrEventGap, event.Seq, b.seq)
	case b.sameNumber == nil && event.Seq <= b.seq && !r.at.Before(b.now):
		// An older number may be missing because retention took it, but then its cycle is old as well.
		return fmt.Errorf("%w: number %d comes after number %d", ErrEventConflict, event.Seq, b.seq)
	}
	return nil
}

func sameEvent(a, b health.Event) bool {
	sameTime := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return sameTime && a == b
}

func writeBatch(r record, before before, edit spanEdit) *writes {
	w := &writes{}
	w.Queue(insertSnapshot, append([]any{r.cluster, r.at}, anys(r.values)...)...)
	for _, step := range rollupSteps {
		w.Queue(upsertRollup, append([]any{r.cluster, int64(step / time.Second), r.at.Truncate(step)}, anys(r.values)...)...)
	}
	for _, startedAt := range edit.remove {
		w.Queue(`delete from copilot.spans where cluster = $1 and started_at = $2`, r.cluster, startedAt)
	}
	for _, span := range edit.put {
		w.Queue(upsertSpan, r.cluster, span.startedAt, span.lastAt, span.state.String(), span.stale,
			string(span.bottleneck), span.coverage, span.interval.Milliseconds())
	}
	seq := before.seq
	if e := r.event; e != nil {
		seq = max(seq, e.Seq)
		w.Queue(insertEvent, r.cluster, e.Seq, e.At, string(e.Kind), e.From.String(), e.To.String(), e.Stale,
			string(e.FromBottleneck), string(e.Bottleneck), r.verdict.Coverage, r.evidenceJSON, r.reasonsJSON)
	}
	if v := r.verdict; r.at.After(before.now) {
		w.Queue(upsertClusterStatus, r.cluster, r.at, r.interval.Milliseconds(), seq, v.State.String(), v.Stale, stored(v.Since),
			string(v.Bottleneck), v.Coverage, r.verdictJSON, r.snapshotJSON, r.memoryJSON)
	} else if seq > before.seq {
		w.Queue(`update copilot.clusters_now set seq = $2 where cluster = $1`, r.cluster, seq)
	}
	return w
}

const (
	insertEvent = `insert into copilot.events (` + eventColumns + `, reasons)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (cluster, seq) do nothing`

	upsertClusterStatus = `insert into copilot.clusters_now
			(cluster, at, interval_ms, seq, state, stale, since, bottleneck, coverage, verdict, snapshot, memory)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (cluster) do update set at = excluded.at, interval_ms = excluded.interval_ms, seq = excluded.seq,
			state = excluded.state, stale = excluded.stale, since = excluded.since, bottleneck = excluded.bottleneck,
			coverage = excluded.coverage, verdict = excluded.verdict, snapshot = excluded.snapshot, memory = excluded.memory`
)

// LoadMemory returns the state machine's memory as it was after the cluster's last stored cycle, and false when
// there is none.
func (s *Store) LoadMemory(ctx context.Context, cluster string) (json.RawMessage, bool, error) {
	if err := s.checkReadable(ctx); err != nil {
		return nil, false, fmt.Errorf("loading the memory of cluster %q: %w", cluster, err)
	}
	var memory []byte
	err := s.pool.QueryRow(ctx, `select memory from copilot.clusters_now where cluster = $1`, text(cluster)).Scan(&memory)
	if err := optional(err); err != nil {
		return nil, false, fmt.Errorf("loading the memory of cluster %q: %w", cluster, typed(err))
	}
	return memory, memory != nil, nil
}

// text makes a name from outside fit to be a parameter: PostgreSQL refuses texts that are not UTF-8 or hold NUL
// characters. No cluster has such a name, so it then finds nothing.
func text(name string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD")
}
