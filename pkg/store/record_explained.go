package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/health"
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
func document(what string, raw json.RawMessage) ([]byte, error) {
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

// assessmentRecord is an assessment as it goes into the tables.
type assessmentRecord struct {
	Assessment
	explanation, evidence []byte
	draft                 []byte // nil when the rules wrote it
	issues                []issueRecord
	// stay are the ids of issues that are left as they are.
	stay []string
}

type issueRecord struct {
	Issue
	document []byte
}

// newAssessmentRecord checks and encodes an assessment. What it refuses with ErrBadAssessment can never be stored.
func newAssessmentRecord(a Assessment, f Findings) (assessmentRecord, error) {
	r := assessmentRecord{Assessment: a, stay: f.Unknowable}
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
	case !slices.Contains([]Trigger{OnEvent, OnSchedule, OnDemand}, a.Trigger):
		err = fmt.Errorf("its trigger is %q, not %s, %s or %s", a.Trigger, OnEvent, OnSchedule, OnDemand)
	case a.State != health.Unknown && !slices.Contains(health.States(), a.State):
		err = fmt.Errorf("its state is no state (%v)", a.State)
	case a.EventSeq < 0:
		err = fmt.Errorf("its event has number %d: events are numbered from 1", a.EventSeq)
	case len(f.Issues) > maxFindings:
		err = fmt.Errorf("it has %d issues, more than %d", len(f.Issues), maxFindings)
	}
	if err == nil {
		r.explanation, err = document("its explanation", a.Explanation)
	}
	if err == nil {
		r.evidence, err = document("its evidence", a.Evidence)
	}
	if err == nil && len(a.Draft) > 0 {
		r.draft, err = document("its draft", a.Draft)
	}
	if err == nil {
		r.issues, err = issueRecords(f.Issues)
	}
	if err != nil {
		return assessmentRecord{}, fmt.Errorf("%w: %w", ErrBadAssessment, err)
	}
	r.At, r.MadeAt = stored(a.At), stored(a.MadeAt)
	for _, field := range []*string{&r.Depth, &r.Made, &r.Instead, &r.Fingerprint, &r.SameAs, &r.Summary, &r.LogsUnavailable} {
		*field = text(*field)
	}
	return r, nil
}

func issueRecords(issues []Issue) ([]issueRecord, error) {
	var records []issueRecord
	seen := make(map[string]bool)
	for i, issue := range issues {
		if err := checkName(fmt.Sprintf("the id of issue %d", i+1), issue.ID); err != nil {
			return nil, err
		}
		if seen[issue.ID] {
			return nil, fmt.Errorf("the issue %q is among its issues twice", issue.ID)
		}
		seen[issue.ID] = true
		if issue.Severity != SeverityWarning && issue.Severity != SeverityCritical {
			return nil, fmt.Errorf("the severity of issue %q is %q, not %s or %s", issue.ID, issue.Severity, SeverityWarning, SeverityCritical)
		}
		whole, err := document(fmt.Sprintf("issue %q", issue.ID), issue.Issue)
		if err != nil {
			return nil, err
		}
		for _, field := range []*string{&issue.Service, &issue.Gate, &issue.Title, &issue.Description, &issue.LikelyCause} {
			*field = text(*field)
		}
		records = append(records, issueRecord{issue, whole})
	}
	return records, nil
}
