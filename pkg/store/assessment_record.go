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
	case !slices.Contains([]Trigger{OnEvent, OnSchedule, OnDemand}, a.Trigger):
		err = fmt.Errorf("its trigger is %q, not %s, %s or %s", a.Trigger, OnEvent, OnSchedule, OnDemand)
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
