package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/temporal-sre/copilot/pkg/health"
)

// SaveAssessment stores an explanation, and what it means for the cluster's issues, together or not at all. Saving
// an assessment again changes nothing: the first one stands.
//
// Issues that it finds open, or stay open with what it says of them now. Open issues that it does not find are
// resolved at the time of its cycle, except those of which its evidence can't tell. An assessment of a cycle that
// is older than the newest assessed one comes late: it is kept, and the issues stay as later ones left them.
//
// ErrBadAssessment says that repeating is of no use; the other errors are those of SaveCycles.
func (s *Store) SaveAssessment(ctx context.Context, a Assessment, f Findings) error {
	fit, err := a.checked()
	if err == nil {
		f, err = f.checked()
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrBadAssessment, err)
	} else {
		err = s.transact(ctx, func(tx pgx.Tx) error { return saveAssessment(ctx, tx, fit, f) })
	}
	if err != nil {
		return fmt.Errorf("storing the assessment %q of cluster %q: %w", a.ID, a.Cluster, readOnly(err))
	}
	return nil
}

func saveAssessment(ctx context.Context, tx pgx.Tx, a Assessment, f Findings) error {
	if err := knownSchema(ctx, tx); err != nil {
		return err
	}
	before, err := readAssessed(ctx, tx, a)
	if err != nil {
		return err
	}
	if before.saved {
		return nil
	}
	w := &writes{}
	w.Queue(insertAssessment, a.Cluster, a.ID, a.At, a.MadeAt, string(a.Trigger), a.EventSeq, a.State.String(), a.Stale, a.Coverage,
		a.Confidence, a.Depth, a.Made, a.Instead, a.Fingerprint, a.SameAs, a.Summary, a.LogsUnavailable, []byte(a.Explanation), []byte(a.Evidence), []byte(a.Draft))
	if !a.At.Before(before.newest) {
		w.issues(a, f, before.open)
	}
	// Every assessment writes this row, so of two that are stored at the same moment one meets a conflict and looks
	// again at what is open. The microsecond lets a live view notice one that was made earlier and stored later.
	w.Queue(`update copilot.clusters_now set assessed_at = greatest($2, assessed_at + interval '1 microsecond') where cluster = $1`,
		a.Cluster, a.MadeAt)
	return w.send(ctx, tx)
}

// assessed is what the store holds of a cluster when an assessment arrives.
type assessed struct {
	// saved: this very assessment is stored already.
	saved bool
	// newest is the latest cycle that was assessed, zero before the first.
	newest time.Time
	// open are the ids of the open issues.
	open []string
}

func readAssessed(ctx context.Context, tx pgx.Tx, a Assessment) (assessed, error) {
	var b assessed
	batch := &pgx.Batch{}
	batch.Queue(`select count(*) > 0 from copilot.assessments where cluster = $1 and id = $2`, a.Cluster, a.ID).
		QueryRow(func(row pgx.Row) error { return row.Scan(&b.saved) })
	batch.Queue(`select at from copilot.assessments where cluster = $1 order by at desc limit 1`, a.Cluster).
		QueryRow(func(row pgx.Row) error { return optional(row.Scan(&b.newest)) })
	batch.Queue(`select id from copilot.issues where cluster = $1 and resolved_at is null`, a.Cluster).
		Query(func(rows pgx.Rows) error {
			var err error
			b.open, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	return b, tx.SendBatch(ctx, batch).Close()
}

// issues writes what an assessment says of the issues, of which some are open.
func (w *writes) issues(a Assessment, f Findings, open []string) {
	found := make(map[string]bool)
	for _, issue := range f.Issues {
		found[issue.ID] = true
		sql := openIssue
		if slices.Contains(open, issue.ID) {
			sql = keepIssue
		}
		w.Queue(sql, a.Cluster, issue.ID, a.At, issue.Severity, issue.Service, issue.Gate, issue.Title, issue.Description,
			issue.LikelyCause, a.ID, []byte(issue.Issue))
	}
	for _, id := range open {
		if !found[id] && !slices.Contains(f.Unknowable, id) {
			w.Queue(`update copilot.issues set resolved_at = $3 where cluster = $1 and id = $2 and resolved_at is null`, a.Cluster, id, a.At)
		}
	}
}

const (
	briefColumns = `cluster, id, at, made_at, trigger, event_seq, state, stale, coverage, confidence, depth, made, instead,
		fingerprint, same_as, summary, logs_unavailable`
	assessmentColumns = briefColumns + `, explanation, evidence, draft`

	insertAssessment = `insert into copilot.assessments (` + assessmentColumns + `)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		on conflict (cluster, id) do nothing`

	// openIssue takes back a resolution by another assessment of the same cycle.
	openIssue = `insert into copilot.issues (cluster, id, opened_at, last_at, severity, service, gate, title, description,
			likely_cause, assessment, issue)
		values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (cluster, id, opened_at) do update set last_at = excluded.last_at, resolved_at = null,
			severity = excluded.severity, service = excluded.service, gate = excluded.gate, title = excluded.title,
			description = excluded.description, likely_cause = excluded.likely_cause, assessment = excluded.assessment, issue = excluded.issue`

	keepIssue = `update copilot.issues set last_at = $3, severity = $4, service = $5, gate = $6, title = $7, description = $8,
			likely_cause = $9, assessment = $10, issue = $11
		where cluster = $1 and id = $2 and resolved_at is null`
)

const (
	// maxName is the longest name in a primary key, in bytes, as DSQL has it.
	maxName = maxClusterName
	// maxDocument is the largest JSON document in bytes: DSQL takes 1 MiB in a column.
	maxDocument = 1 << 20
	// maxFindings keeps an assessment with its issues far below the 3,000 rows of a DSQL transaction, with room for
	// as many issues that it resolves. The rules know some forty issues.
	maxFindings = 1000
)

// checkName refuses what cannot be part of a primary key.
func checkName(what, name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("%s has %d bytes, not 1 to %d", what, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return fmt.Errorf("%s %q is not text", what, name)
	}
	return nil
}

// checkShare refuses what is not between 0 and 1, NaN included.
func checkShare(what string, share float64) error {
	if !(share >= 0 && share <= 1) {
		return fmt.Errorf("%s is %v, not 0 to 1", what, share)
	}
	return nil
}

func checkTime(what string, t time.Time) error {
	if t.IsZero() {
		return fmt.Errorf("%s is missing", what)
	}
	return nil
}

// document makes JSON from elsewhere fit for jsonb. Reading and writing it replaces bytes that are no text and
// halves of surrogate pairs, encode the NUL characters.
func document(what string, raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, fmt.Errorf("%s is missing", what)
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("%s is not JSON", what)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // float64 would round large numbers
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	text, err := encode(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("%s has %d bytes: a column of Aurora DSQL takes %d", what, len(text), maxDocument)
	}
	return text, nil
}

// checked checks an assessment and makes what it holds fit for the tables. What it refuses with ErrBadAssessment can
// never be stored.
func (a Assessment) checked() (Assessment, error) {
	err := errors.Join(
		checkName("the cluster's name", a.Cluster),
		checkName("the id", a.ID),
		checkTime("its time", a.At),
		checkTime("the time when it was made", a.MadeAt),
		checkShare("its coverage", a.Coverage),
		checkShare("its confidence", a.Confidence),
	)
	switch {
	case err != nil:
	case a.Confidence > a.Coverage:
		err = fmt.Errorf("its confidence %v is above its coverage %v", a.Confidence, a.Coverage)
	case !slices.Contains([]Trigger{OnEvent, OnCause, OnSchedule, OnDemand}, a.Trigger):
		err = fmt.Errorf("its trigger is %q, not %s, %s, %s or %s", a.Trigger, OnEvent, OnCause, OnSchedule, OnDemand)
	case a.State != health.Unknown && !slices.Contains(health.States(), a.State):
		err = fmt.Errorf("its state is no state (%v)", a.State)
	case a.EventSeq < 0:
		err = fmt.Errorf("its event has number %d: events are numbered from 1", a.EventSeq)
	}
	if err == nil {
		a.Explanation, err = document("its explanation", a.Explanation)
	}
	if err == nil {
		a.Evidence, err = document("its evidence", a.Evidence)
	}
	if len(a.Draft) == 0 {
		a.Draft = nil // NULL
	} else if err == nil {
		a.Draft, err = document("its draft", a.Draft)
	}
	a.At, a.MadeAt = stored(a.At), stored(a.MadeAt)
	for _, field := range []*string{&a.Depth, &a.Made, &a.Instead, &a.Fingerprint, &a.SameAs, &a.Summary, &a.LogsUnavailable} {
		*field = text(*field)
	}
	return a, err
}

// checked checks the issues and makes what they hold fit for the tables.
func (f Findings) checked() (Findings, error) {
	if len(f.Issues) > maxFindings {
		return f, fmt.Errorf("it has %d issues, more than %d", len(f.Issues), maxFindings)
	}
	f.Issues = slices.Clone(f.Issues)
	seen := make(map[string]bool)
	for i := range f.Issues {
		issue := &f.Issues[i]
		if err := checkName(fmt.Sprintf("the id of issue %d", i+1), issue.ID); err != nil {
			return f, err
		}
		if seen[issue.ID] {
			return f, fmt.Errorf("the issue %q is among its issues twice", issue.ID)
		}
		seen[issue.ID] = true
		if issue.Severity != SeverityWarning && issue.Severity != SeverityCritical {
			return f, fmt.Errorf("the severity of issue %q is %q, not %s or %s", issue.ID, issue.Severity, SeverityWarning, SeverityCritical)
		}
		var err error
		if issue.Issue, err = document(fmt.Sprintf("issue %q", issue.ID), issue.Issue); err != nil {
			return f, err
		}
		for _, field := range []*string{&issue.Service, &issue.Gate, &issue.Title, &issue.Description, &issue.LikelyCause} {
			*field = text(*field)
		}
	}
	return f, nil
}
