package store

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFeedbackIsReadNewestFirstAndNeverReplaced(t *testing.T) {
	s := newStore(t)
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	first := Feedback{Cluster: "prod", Assessment: "event-3", At: at, Author: "ada", Verdict: CauseWrong, Note: "it was a deploy", Cause: "queues_starved", EventSeq: 3}
	second := first
	second.At, second.Verdict = at.Add(time.Minute), CauseConfirmed
	other := first
	other.Cluster = "lab"
	for _, f := range []Feedback{first, second, other, first} {
		require.NoError(t, s.SaveFeedback(t.Context(), f))
	}
	found, err := s.Feedback(t.Context(), []string{"prod"}, nil, 0)
	require.NoError(t, err)
	assert.Equal(t, []Feedback{second, first}, found)
	assert.Equal(t, []Feedback{second}, CurrentFeedback(found), "the later one replaces the earlier one of its author")
	found, err = s.Feedback(t.Context(), []string{"prod"}, []string{"event-4"}, 0)
	require.NoError(t, err)
	assert.Empty(t, found)

	for name, change := range map[string]func(*Feedback){
		"no cluster":          func(f *Feedback) { f.Cluster = "" },
		"no author":           func(f *Feedback) { f.Author = "" },
		"no time":             func(f *Feedback) { f.At = time.Time{} },
		"another verdict":     func(f *Feedback) { f.Verdict = "perhaps" },
		"a note of a chapter": func(f *Feedback) { f.Note = strings.Repeat("x", MaxFeedbackNote+1) },
	} {
		t.Run(name, func(t *testing.T) {
			f := first
			change(&f)
			require.ErrorIs(t, s.SaveFeedback(t.Context(), f), ErrBadFeedback)
		})
	}
}
