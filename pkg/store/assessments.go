package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// Trigger is why an assessment was made.
type Trigger string

// The triggers.
const (
	// OnEvent: the cluster's state, staleness or bottleneck changed.
	OnEvent Trigger = "event"
	// OnCause: the root cause changed, and the state did not.
	OnCause Trigger = "cause"
	// OnSchedule: nothing changed, but it was time to look again.
	OnSchedule Trigger = "schedule"
	// OnDemand: somebody asked.
	OnDemand Trigger = "demand"
)

// Assessment is a stored explanation. The columns that people sort and filter by stand beside the whole.
type Assessment struct {
	Cluster string
	// ID is unique within the cluster and made from what is explained, so that storing again changes nothing.
	ID string
	// At is the time of the cycle that is explained, MadeAt when the explanation was ready.
	At, MadeAt time.Time
	Trigger    Trigger
	// EventSeq is the number of the event that is explained, 0 without one.
	EventSeq int64
	State    health.State
	Stale    bool
	Coverage float64
	// Confidence is 0 to 1 and never above Coverage.
	Confidence float64
	// Depth is none, quick or deep.
	Depth string
	// Made is "rules" or the model's id. Instead says why the rules wrote it although a model was asked for.
	Made, Instead string
	// Fingerprint is the same for evidences of the same situation.
	Fingerprint string
	// SameAs is the id of the assessment whose draft was used again, empty when it was written anew.
	SameAs  string
	Summary string
	// LogsUnavailable says why no logs stand in the evidence; empty when they were read.
	LogsUnavailable string
	// Explanation and Evidence are an explain.Explanation and the explain.Evidence it stands on, as JSON.
	// Draft is what a model wrote, empty when the rules wrote it.
	Explanation, Evidence, Draft json.RawMessage
}

// EventKey names an event.
type EventKey struct {
	Cluster string
	Seq     int64
}

// AssessmentQuery asks for assessments, newest first.
type AssessmentQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound At: From is included, To is not. A zero time is no bound.
	From, To time.Time
	// IDs asks for assessments by id. Empty means any.
	IDs []string
	// EventSeq asks for the assessments of one event. 0 means any.
	EventSeq int64
	// Events asks for the assessments of several events. Empty means any.
	Events []EventKey
	// Fingerprint asks for assessments of the same situation. Empty means any.
	Fingerprint string
	// Triggers to read. Empty means all.
	Triggers []Trigger
	// Drafted leaves out what the rules wrote.
	Drafted bool
	// Brief leaves out Explanation, Evidence and Draft, which are large.
	Brief bool
	// Limit is the most assessments to return. 0 means 100, more than 1,000 means 1,000.
	Limit int
}

const (
	// defaultAssessments and maxAssessments are how many assessments or issues a query returns. They are large, and
	// people read them.
	defaultAssessments = 100
	maxAssessments     = 1000
)

// Assessments returns assessments with what they say and what they stand on, newest first.
func (s *Store) Assessments(ctx context.Context, q AssessmentQuery) ([]Assessment, error) {
	const doing = "reading assessments"
	clusters, err := s.names(ctx, doing, q.Clusters)
	if err != nil || len(clusters) == 0 {
		return nil, err
	}
	var where conditions
	where.between("at", q.From, q.To)
	where.in("id", q.IDs)
	if q.EventSeq != 0 {
		where.and("event_seq = %s", q.EventSeq)
	}
	if q.Fingerprint != "" {
		where.and("fingerprint = %s", text(q.Fingerprint))
	}
	where.in("trigger", plain(q.Triggers))
	if q.Drafted {
		where.terms = append(where.terms, "draft is not null")
	}
	columns := assessmentColumns
	if q.Brief {
		columns = briefColumns + ", null, null, null"
	}
	var groups []string
	if len(q.Events) == 0 {
		groups = where.each(clusters)
	} else if groups = where.ofEvents(clusters, q.Events); len(groups) == 0 {
		return nil, nil
	}
	limit := where.arg(limited(q.Limit, defaultAssessments, maxAssessments))
	// Only when the newest of all are found, whole rows are read: the documents in them are large.
	newest := where.newestOfEach(groups, "cluster, id, at, made_at", "assessments", newestFirst, limit)
	sql := fmt.Sprintf(`select %s from copilot.assessments where (cluster, id) in
		(select cluster, id from (%s) as newest order by %[3]s, cluster limit %[4]s) order by %[3]s, cluster`, columns, newest, newestFirst, limit)
	return readAll(ctx, s, doing, sql, where.args, collectAssessment)
}

// ofEvents are conditions for the assessments of some events, of each cluster that is asked for.
func (c *conditions) ofEvents(clusters []string, events []EventKey) (groups []string) {
	numbers := make(map[string][]string)
	for _, e := range events {
		if slices.Contains(clusters, e.Cluster) {
			numbers[e.Cluster] = append(numbers[e.Cluster], c.arg(e.Seq))
		}
	}
	for _, cluster := range slices.Sorted(maps.Keys(numbers)) {
		groups = append(groups, fmt.Sprintf("cluster = %s and event_seq in (%s)", c.arg(text(cluster)), strings.Join(numbers[cluster], ", ")))
	}
	return groups
}

// newestFirst sorts assessments by the cycle that they explain. One that was made later knows more.
const newestFirst = `at desc, made_at desc, id desc`

// LatestAssessments returns the newest assessment of the clusters, or of all when none is named, sorted by
// cluster and without Evidence and Draft, which are large. A cluster that was never assessed is left out.
func (s *Store) LatestAssessments(ctx context.Context, clusters []string) ([]Assessment, error) {
	const doing = "reading the clusters' last assessments"
	names, err := s.names(ctx, doing, clusters)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var latest []Assessment
	batch := &pgx.Batch{}
	for _, cluster := range names {
		batch.Queue(`select `+briefColumns+`, explanation, null, null from copilot.assessments where cluster = $1 order by `+newestFirst+` limit 1`, text(cluster)).
			QueryRow(func(row pgx.Row) error {
				found, err := scanAssessment(row)
				if err == nil {
					latest = append(latest, found)
				}
				return optional(err)
			})
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, typed(err))
	}
	return latest, nil
}

func collectAssessment(row pgx.CollectableRow) (Assessment, error) { return scanAssessment(row) }

func scanAssessment(row pgx.Row) (Assessment, error) {
	var (
		a     Assessment
		state string
	)
	err := row.Scan(&a.Cluster, &a.ID, &a.At, &a.MadeAt, &a.Trigger, &a.EventSeq, &state, &a.Stale, &a.Coverage, &a.Confidence, &a.Depth,
		&a.Made, &a.Instead, &a.Fingerprint, &a.SameAs, &a.Summary, &a.LogsUnavailable,
		(*[]byte)(&a.Explanation), (*[]byte)(&a.Evidence), (*[]byte)(&a.Draft))
	if err != nil {
		return a, err
	}
	a.At, a.MadeAt = a.At.UTC(), a.MadeAt.UTC()
	if a.State, err = health.ParseState(state); err != nil {
		return a, fmt.Errorf("assessment %q of cluster %q: %w", a.ID, a.Cluster, err)
	}
	return a, nil
}

// maxBefore is the most cycles that Before returns: an hour of cycles every ten seconds, more than a trend needs.
const maxBefore = 360

// Before returns the signals of the last n cycles of a cluster before a time, that one excluded, oldest first: at
// most 360. The snapshots hold known signals only; why others were unknown is not kept for every cycle.
func (s *Store) Before(ctx context.Context, cluster string, at time.Time, n int) ([]health.Snapshot, error) {
	doing := fmt.Sprintf("reading the cycles of cluster %q before %s", cluster, at.UTC().Format(time.RFC3339))
	signals := health.Signals()
	var names []string
	for _, signal := range signals {
		names = append(names, schema.Column(signal.ID))
	}
	sql := fmt.Sprintf(`select * from (select at, %s from copilot.snapshots where cluster = $1 and at < $2 order by at desc limit $3) as last
		order by at`, strings.Join(names, ", "))
	args := []any{text(cluster), stored(at), min(max(n, 0), maxBefore)}
	return readAll(ctx, s, doing, sql, args, func(row pgx.CollectableRow) (health.Snapshot, error) {
		snapshot := health.Snapshot{Cluster: cluster, Signals: make(map[health.SignalID]float64)}
		values := make([]*float64, len(signals))
		targets := []any{&snapshot.At}
		for i := range values {
			targets = append(targets, &values[i])
		}
		err := row.Scan(targets...)
		snapshot.At = snapshot.At.UTC()
		for i, value := range values {
			if value != nil {
				snapshot.Signals[signals[i].ID] = *value
			}
		}
		return snapshot, err
	})
}
