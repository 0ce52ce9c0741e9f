package view

import (
	"context"
	"fmt"
	"slices"

	"github.com/temporal-sre/copilot/pkg/store"
)

// FeedbackOf is what editors said of explanations of a cluster, by the id of the explanation, newest first, one of each author.
type FeedbackOf map[string][]store.Feedback

// mostFeedback is how much feedback on a cluster's explanations is read: years of incidents.
const mostFeedback = 1000

// Feedback reads what editors said of a cluster's explanations, or of those with the ids.
func (d Reader) Feedback(ctx context.Context, cluster string, ids ...string) (FeedbackOf, error) {
	all, err := d.Store.Feedback(ctx, []string{cluster}, ids, mostFeedback)
	if err != nil {
		return nil, err
	}
	found := FeedbackOf{}
	for _, f := range store.CurrentFeedback(all) {
		found[f.Assessment] = append(found[f.Assessment], f)
	}
	return found, nil
}

// on is the feedback on any explanation of an incident's events, newest first.
func (x FeedbackOf) on(i Incident) []store.Feedback {
	var all []store.Feedback
	for _, said := range x {
		for _, f := range said {
			if f.EventSeq >= i.first && f.EventSeq < i.ended {
				all = append(all, f)
			}
		}
	}
	slices.SortFunc(all, func(a, b store.Feedback) int { return b.At.Compare(a.At) })
	return all
}

// FeedbackText is one editor's feedback as a sentence.
func FeedbackText(f store.Feedback) string {
	text := "Cause confirmed by "
	if f.Verdict == store.CauseWrong {
		text = "Cause said to be wrong by "
	}
	text += fmt.Sprintf("%s on %s", f.Author, Clock(f.At))
	if f.Note != "" {
		text += ": " + f.Note
	}
	return text
}
