package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrBadFeedback: feedback that cannot be stored whatever the state of the store.
var ErrBadFeedback = errors.New("the feedback cannot be stored")

// FeedbackVerdict is what an editor says of the root cause that an explanation names.
type FeedbackVerdict string

// The verdicts.
const (
	CauseConfirmed FeedbackVerdict = "confirmed"
	CauseWrong     FeedbackVerdict = "wrong"
)

// FeedbackVerdicts lists the verdicts.
func FeedbackVerdicts() []FeedbackVerdict { return []FeedbackVerdict{CauseConfirmed, CauseWrong} }

// Feedback is what an editor says of an explanation. A later one of the same author takes the place of an earlier one for
// whoever reads, and both stay stored.
type Feedback struct {
	Cluster, Assessment string
	At                  time.Time
	// Author is the editor's login in Grafana.
	Author  string
	Verdict FeedbackVerdict
	// Note is what the editor adds, at most MaxFeedbackNote bytes; empty without one.
	Note string
	// Cause is the root cause that the explanation names, EventSeq the number of the explained event, 0 without one.
	Cause    string
	EventSeq int64
}

// CurrentFeedback leaves out what a later feedback of the same author on the same explanation replaces. all is newest first.
func CurrentFeedback(all []Feedback) []Feedback {
	type key struct{ cluster, assessment, author string }
	seen := map[key]bool{}
	var current []Feedback
	for _, f := range all {
		k := key{f.Cluster, f.Assessment, f.Author}
		if !seen[k] {
			current = append(current, f)
		}
		seen[k] = true
	}
	return current
}

// MaxFeedbackNote is the longest note in bytes.
const MaxFeedbackNote = 300

// SaveFeedback stores feedback. It is the only thing that the plugin writes, and needs the right to insert into
// copilot.feedback alone: ErrReadOnly without it. ErrBadFeedback says that repeating is of no use.
func (s *Store) SaveFeedback(ctx context.Context, f Feedback) error {
	err := errors.Join(
		checkName("the cluster", f.Cluster), checkName("the id of the assessment", f.Assessment), checkName("the author", f.Author), checkTime("its time", f.At))
	switch {
	case err != nil:
	case f.Verdict != CauseConfirmed && f.Verdict != CauseWrong:
		err = fmt.Errorf("the verdict is %q, not %s or %s", f.Verdict, CauseConfirmed, CauseWrong)
	case len(f.Note) > MaxFeedbackNote:
		err = fmt.Errorf("the note has %d bytes, the most is %d", len(f.Note), MaxFeedbackNote)
	}
	if err != nil {
		return fmt.Errorf("storing feedback on the assessment %q of cluster %q: %w: %w", f.Assessment, f.Cluster, ErrBadFeedback, err)
	}
	err = s.write(ctx, func(w *writes) {
		w.Queue(`insert into copilot.feedback (cluster, assessment, at, author, verdict, note, cause, event_seq)
			values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
			f.Cluster, f.Assessment, stored(f.At), f.Author, string(f.Verdict), text(f.Note), text(f.Cause), f.EventSeq)
	})
	if err != nil {
		return fmt.Errorf("storing feedback on the assessment %q of cluster %q: %w", f.Assessment, f.Cluster, readOnly(err))
	}
	return nil
}

// Feedback returns the newest feedback on the clusters' explanations, newest first: at most limit rows, 100 when it is 0, and
// never more than 1,000. No cluster means all; ids asks for that of some explanations.
func (s *Store) Feedback(ctx context.Context, clusters, ids []string, limit int) ([]Feedback, error) {
	var where conditions
	where.in("cluster", clusters)
	where.in("assessment", ids)
	most := where.arg(limited(limit, defaultAssessments, maxAssessments))
	sql := `select cluster, assessment, at, author, verdict, note, cause, event_seq from copilot.feedback` + where.sql() +
		` order by at desc, author limit ` + most
	return readAll(ctx, s, "reading feedback", sql, where.args, func(row pgx.CollectableRow) (Feedback, error) {
		var f Feedback
		err := row.Scan(&f.Cluster, &f.Assessment, &f.At, &f.Author, &f.Verdict, &f.Note, &f.Cause, &f.EventSeq)
		f.At = f.At.UTC()
		return f, err
	})
}
