package view

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// eventKey names an event.
type eventKey struct {
	cluster string
	seq     int64
}

// explanation is what is shown of an assessment beside its event.
type explanation struct {
	Assessment, Summary string
	madeAt              time.Time
}

// Explanations are those of events. An event without one is not explained yet.
type Explanations map[eventKey]explanation

// add keeps the assessment that was ready last.
func (x Explanations) add(a store.Assessment) {
	key := eventKey{a.Cluster, a.EventSeq}
	if a.EventSeq > 0 && !a.MadeAt.Before(x[key].madeAt) {
		x[key] = explanation{a.ID, a.Summary, a.MadeAt}
	}
}

// Of is the explanation of an event; empty when it is not explained yet.
func (x Explanations) Of(e store.Event) explanation { return x[eventKey{e.Cluster, e.Seq}] }

// Mark is equal for explanations that are shown alike.
func (x Explanations) Mark() string {
	var newest time.Time
	for _, e := range x {
		newest = later(newest, e.madeAt)
	}
	return fmt.Sprintf("%d %d", len(x), newest.UnixNano())
}

// assessmentReader reads assessments.
type assessmentReader interface {
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
}

// ExplanationsOf reads the explanations of events.
func ExplanationsOf(ctx context.Context, r assessmentReader, events []store.Event) (Explanations, error) {
	found := Explanations{}
	if len(events) == 0 {
		return found, nil
	}
	q := store.AssessmentQuery{Triggers: []store.Trigger{store.OnEvent, store.OnDemand}, Limit: query.MaxRows, Brief: true}
	for _, e := range events {
		q.Events = append(q.Events, store.EventKey{Cluster: e.Cluster, Seq: e.Seq})
		if !slices.Contains(q.Clusters, e.Cluster) {
			q.Clusters = append(q.Clusters, e.Cluster)
		}
	}
	stored, err := r.Assessments(ctx, q)
	for _, a := range stored {
		found.add(a)
	}
	return found, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// MostScannedEvents bounds the search for events that lead to a state.
const MostScannedEvents = 10_000
