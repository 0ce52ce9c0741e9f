package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/health"
)

// registerAssessing answers who wants an explanation, and listens to what the logs say.
func (o *observation) registerAssessing(ctx workflow.Context) error {
	workflow.GoNamed(ctx, "log rate", func(ctx workflow.Context) {
		rates := workflow.GetSignalChannel(ctx, SignalLogRate)
		for {
			var rate LogRate
			rates.Receive(ctx, &rate)
			o.in.LogRate = &rate
		}
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateAssessNow, o.assessNow, workflow.UpdateHandlerOptions{
		Validator: func(_ workflow.Context, in AssessNowInput) error {
			if in.EventSeq < 0 {
				return fmt.Errorf("%d is not the number of an event: they are numbered from 1", in.EventSeq)
			}
			if o.in.Attached && in.EventSeq > o.in.Memory.Seq {
				return fmt.Errorf("cluster %q has no event %d: its last one is %d", o.in.Cluster, in.EventSeq, o.in.Memory.Seq)
			}
			return nil
		},
	})
}

// assessNow starts an explanation and waits for it. When the run is over first, the answer is the id alone:
// observing does not wait for an explanation.
func (o *observation) assessNow(ctx workflow.Context, in AssessNowInput) (AssessOutput, error) {
	assess := AssessInput{Cluster: o.in.Cluster, ID: "demand-" + workflow.GetCurrentUpdateInfo(ctx).ID, Trigger: OnDemand, EventSeq: in.EventSeq}
	if in.EventSeq == 0 {
		if err := workflow.Await(ctx, func() bool { return o.latest != nil }); err != nil {
			return AssessOutput{}, err
		}
		assess.Situation = o.latest
	}
	child, err := startAssess(ctx, assess)
	if err != nil {
		return AssessOutput{}, err
	}
	if child == nil {
		return AssessOutput{ID: assess.ID}, nil
	}
	if err := workflow.Await(ctx, func() bool { return child.IsReady() || o.historyIsLong(ctx) }); err != nil {
		return AssessOutput{}, err
	}
	if !child.IsReady() {
		return AssessOutput{ID: assess.ID}, nil
	}
	var out AssessOutput
	if err := child.Get(ctx, &out); err != nil {
		return AssessOutput{}, temporal.NewApplicationError(rootMessage(err), "AssessmentFailed", err)
	}
	return out, nil
}

// assessEvents starts the explanation of every event among cycles that the store has taken.
func (o *observation) assessEvents(ctx workflow.Context, cycles []Cycle) error {
	if !o.in.Settings.Assess {
		return nil
	}
	for _, c := range cycles {
		if c.Verdict.Event == nil {
			continue
		}
		_, err := startAssess(ctx, AssessInput{
			Cluster: o.in.Cluster, ID: EventAssessment(c.Verdict.Event.Seq), Trigger: OnEvent, EventSeq: c.Verdict.Event.Seq,
			Situation: c.situation(), Wait: o.in.Settings.LogsEvery,
		})
		if temporal.IsCanceledError(err) {
			return err
		}
		if err != nil {
			workflow.GetLogger(ctx).Warn("the explanation of an event could not be started; the next assessment by schedule explains it",
				"cluster", o.in.Cluster, "event", c.Verdict.Event.Seq, "error", err)
		}
	}
	return nil
}

// Causes follows the root cause between events: the explanation of an event is outdated when another cause takes its place
// in the same state.
type Causes struct {
	// Explained is the cause that the last explanation was started for; Next is another one that leads for Cycles cycles.
	Explained health.GateID `json:"explained,omitempty"`
	Next      health.GateID `json:"next,omitempty"`
	Cycles    int           `json:"cycles,omitempty"`
}

// newCauseCycles is how many cycles in a row a new cause must lead before it is explained: a value that dances around a
// threshold must not spend the budget of a model.
const newCauseCycles = 2

// follow takes the cause of the next cycle in. An event is explained by itself.
func (c Causes) follow(cause health.GateID, event bool) Causes {
	switch {
	case event:
		return Causes{Explained: cause}
	case cause == "" || cause == c.Explained:
		return Causes{Explained: c.Explained}
	case cause == c.Next:
		c.Cycles++
		return c
	default:
		return Causes{Explained: c.Explained, Next: cause, Cycles: 1}
	}
}

// changed: another cause than the explained one leads for good.
func (c Causes) changed() bool { return c.Cycles >= newCauseCycles }

// assessCause starts the explanation of a root cause that took the place of the explained one, once its cycle is stored.
func (o *observation) assessCause(ctx workflow.Context) error {
	if !o.in.Settings.Assess || !o.in.Cause.changed() || o.latest == nil || o.storeError != "" {
		return nil
	}
	_, err := startAssess(ctx, AssessInput{
		Cluster: o.in.Cluster, ID: fmt.Sprintf("cause-%d", o.latest.Verdict.At.Unix()), Trigger: OnCause,
		Situation: o.latest, Wait: o.in.Settings.LogsEvery,
	})
	if temporal.IsCanceledError(err) {
		return err
	}
	if err != nil {
		workflow.GetLogger(ctx).Warn("the explanation of a new root cause could not be started; the next assessment by schedule explains it",
			"cluster", o.in.Cluster, "cause", o.in.Cause.Next, "error", err)
	}
	o.in.Cause = Causes{Explained: o.in.Cause.Next}
	return nil
}

func (c Cycle) situation() *Situation {
	return &Situation{Verdict: c.Verdict, Snapshot: c.Snapshot, Firing: c.Firing}
}

// staleLogs is how many times the interval of reading logs a rate may be old.
const staleLogs = 2

// addLogRate puts what is known about the logs into a snapshot: a rate that is fresh, or why there is none.
func (o *observation) addLogRate(s *health.Snapshot) {
	every := o.in.Settings.LogsEvery
	if _, known := s.Value(health.LogPatternRate); every == 0 || known {
		return
	}
	if s.Unknown == nil {
		s.Unknown = map[health.SignalID]string{}
	}
	rate := o.in.LogRate
	switch {
	case rate == nil:
		s.Unknown[health.LogPatternRate] = "the logs were not read yet"
	case s.At.Sub(rate.At) > staleLogs*every:
		s.Unknown[health.LogPatternRate] = "the logs were last read at " + rate.At.UTC().Format(time.RFC3339)
	case rate.PerMinute == nil:
		s.Unknown[health.LogPatternRate] = rate.Reason
	default:
		s.Signals[health.LogPatternRate] = *rate.PerMinute
		delete(s.Unknown, health.LogPatternRate)
	}
}
