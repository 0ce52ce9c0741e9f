package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Audience follows a scenario while it is played.
type Audience interface {
	// PhaseBegan is told the phase and the conditions that it has brought about.
	PhaseBegan(number int, phase Phase, conditions stage.Conditions)
	// Saw is told every new cycle, with the cluster's newest events first.
	Saw(now store.ClusterStatus, events []store.Event)
	// Explained is told every new explanation.
	Explained(assessment store.Assessment)
	// PhaseEnded is told what came of the phase.
	PhaseEnded(outcome Outcome)
}

// Outcome is what came of a phase.
type Outcome struct {
	Phase Phase
	// Failure says what was not as expected; empty is success.
	Failure string
	// Detected is how long after the begin the verdict came to what is expected; nil if it did not.
	Detected *time.Duration
	// Last is the last verdict that was seen in the phase.
	Last health.Verdict
}

// pollInterval is how often the store is asked for news.
const pollInterval = 250 * time.Millisecond

// Play plays a scenario on a stage. It goes on after a phase that did not come as expected, so that
// the report tells the whole story. The error is about the playing itself, not about verdicts.
func Play(ctx context.Context, s Scenario, on *stage.Stage, audience Audience) ([]Outcome, error) {
	var outcomes []Outcome
	p := player{stage: on, audience: audience}
	for i, phase := range s.Phases {
		conditions := on.Conditions().Apply(phase.Set)
		if err := on.Set(ctx, conditions); err != nil {
			return outcomes, fmt.Errorf("setting the conditions of phase %q: %w", phase.Name, err)
		}
		if phase.Restart != "" {
			if err := on.Restart(ctx, phase.Restart); err != nil {
				return outcomes, fmt.Errorf("restarting the %s in phase %q: %w", phase.Restart, phase.Name, err)
			}
		}
		audience.PhaseBegan(i+1, phase, conditions)
		outcome, err := p.play(ctx, phase)
		if err != nil {
			return outcomes, fmt.Errorf("phase %q: %w", phase.Name, err)
		}
		audience.PhaseEnded(outcome)
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// Watch shows the stage's cluster to an audience until ctx ends.
func Watch(ctx context.Context, on *stage.Stage, audience Audience) error {
	p := player{stage: on, audience: audience}
	for {
		if err := on.Check(); err != nil {
			return err
		}
		if _, _, err := p.look(ctx, time.Time{}); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollInterval):
		}
	}
}

type player struct {
	stage    *stage.Stage
	audience Audience
	seen     time.Time // of the newest cycle
	heard    time.Time // when the newest explanation was made
}

func (p *player) play(ctx context.Context, phase Phase) (Outcome, error) {
	began := time.Now()
	outcome := Outcome{Phase: phase}
	var forbidden, left string
	for {
		if err := p.stage.Check(); err != nil {
			return outcome, err
		}
		now, fresh, err := p.look(ctx, began)
		if err != nil {
			return outcome, err
		}
		if fresh {
			outcome.Last = now.Verdict
			if slices.Contains(phase.Expect.Never, now.Verdict.State) && forbidden == "" {
				forbidden = fmt.Sprintf("%s was seen after %s, which is never to be", now.Verdict.State, since(began))
			}
			switch met := phase.Expect.meets(now.Verdict); {
			case met && outcome.Detected == nil:
				outcome.Detected = new(time.Since(began))
			case !met && outcome.Detected != nil && left == "":
				left = fmt.Sprintf("it did not stay: %s after %s", describe(now.Verdict), since(began))
			}
		}
		elapsed := time.Since(began)
		switch {
		case outcome.Detected == nil && elapsed > phase.Expect.Within:
			outcome.Failure = fmt.Sprintf("%s after %s", describe(outcome.Last), phase.Expect.Within)
			return outcome, nil
		case outcome.Detected != nil && elapsed >= *outcome.Detected+phase.Expect.For:
			outcome.Failure = firstOf(forbidden, left)
			return outcome, nil
		}
		select {
		case <-ctx.Done():
			return outcome, context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// look reads the cluster's newest cycle. It is fresh when it was not seen before and its signals were
// read after the phase began.
func (p *player) look(ctx context.Context, began time.Time) (store.ClusterStatus, bool, error) {
	if err := p.listen(ctx); err != nil {
		return store.ClusterStatus{}, false, err
	}
	all, err := p.stage.Store().Statuses(ctx, []string{stage.Cluster})
	if err != nil {
		return store.ClusterStatus{}, false, fmt.Errorf("reading the copilot's verdict: %w", err)
	}
	if len(all) == 0 || !all[0].At.After(p.seen) {
		return store.ClusterStatus{}, false, nil
	}
	now := all[0]
	p.seen = now.At
	events, err := p.stage.Store().Events(ctx, store.EventQuery{Clusters: []string{stage.Cluster}, Limit: 5})
	if err != nil {
		return store.ClusterStatus{}, false, fmt.Errorf("reading the copilot's events: %w", err)
	}
	p.audience.Saw(now, events)
	return now, now.At.After(began), nil
}

// listen reads the newest explanation. It comes some time after the verdict that it explains.
func (p *player) listen(ctx context.Context) error {
	all, err := p.stage.Store().LatestAssessments(ctx, []string{stage.Cluster})
	if err != nil {
		return fmt.Errorf("reading the copilot's explanation: %w", err)
	}
	if len(all) > 0 && all[0].MadeAt.After(p.heard) {
		p.heard = all[0].MadeAt
		p.audience.Explained(all[0])
	}
	return nil
}

// patience is how long an explanation by rules may come after its event, on a machine that is busy.
const patience = time.Minute

// AwaitExplained shows the stage's cluster to an audience until every event is explained. The error names one that is
// left without.
func AwaitExplained(ctx context.Context, on *stage.Stage, audience Audience) error {
	p := player{stage: on, audience: audience}
	deadline := time.Now().Add(patience)
	for {
		if _, _, err := p.look(ctx, time.Time{}); err != nil {
			return err
		}
		seq, err := unexplained(ctx, on.Store())
		if err != nil {
			return err
		}
		if seq == 0 {
			return p.listen(ctx)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: event %d has no explanation after %s", ErrUnexplained, seq, patience)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// ErrUnexplained is AwaitExplained's when an event is left without an explanation.
var ErrUnexplained = errors.New("not every event was explained")

// unexplained is the number of the first event without an explanation, 0 when there is none.
func unexplained(ctx context.Context, verdicts *store.Store) (int64, error) {
	events, err := verdicts.EventsAfter(ctx, stage.Cluster, 0, mostEvents)
	if err != nil {
		return 0, fmt.Errorf("reading the copilot's events: %w", err)
	}
	for _, event := range events {
		found, err := verdicts.Assessments(ctx, store.AssessmentQuery{Clusters: []string{stage.Cluster}, EventSeq: event.Seq, Brief: true, Limit: 1})
		if err != nil {
			return 0, fmt.Errorf("reading the copilot's explanations: %w", err)
		}
		if len(found) == 0 {
			return event.Seq, nil
		}
	}
	return 0, nil
}

// mostEvents is more than any story has.
const mostEvents = 10_000

// CheckEvents checks what must hold in every story: events are numbered from 1 without a gap, and no
// event leads from happy straight to critical. It returns how many there are.
func CheckEvents(ctx context.Context, verdicts *store.Store) (int, error) {
	events, err := verdicts.EventsAfter(ctx, stage.Cluster, 0, mostEvents)
	if err != nil {
		return 0, fmt.Errorf("reading the copilot's events: %w", err)
	}
	var errs []error
	for i, event := range events {
		if event.Seq != int64(i+1) {
			errs = append(errs, fmt.Errorf("event %d has number %d", i+1, event.Seq))
		}
		if event.From == health.Happy && event.To == health.Critical {
			errs = append(errs, fmt.Errorf("event %d leads from happy straight to critical", event.Seq))
		}
	}
	return len(events), errors.Join(errs...)
}

func describe(v health.Verdict) string {
	words := fmt.Sprintf("%s, %s", v.State, v.Bottleneck)
	if v.Cluster == "" {
		return "no verdict"
	}
	if v.Stale {
		words += " (stale)"
	}
	return words
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }
