package workflows

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

// maxCyclesPerRun bounds a run's history where the server does not suggest to continue as new: about
// ten events a cycle stay well below the server's warning at 10,240.
const maxCyclesPerRun = 500

// ObserveCluster watches one cluster for as long as it is configured: every interval it reads the
// signals, lets the rules decide, and hands the verdict to the store. Nothing slow stands between
// reading and deciding, and a store that is down delays nothing but the storing.
func ObserveCluster(ctx workflow.Context, in ObserveInput) error {
	o, err := newObservation(ctx, in)
	if err != nil {
		return err
	}
	if err := o.register(ctx); err != nil {
		return err
	}
	return o.run(ctx)
}

// observation is the state of a run.
type observation struct {
	in      ObserveInput
	backlog backlog
	last    *health.Verdict
	// latest is the last cycle as it would be explained.
	latest *Situation
	cycles int
	// wanted is set when somebody asked for a cycle at once.
	wanted     bool
	nextTick   time.Time
	storeError string
}

func newObservation(ctx workflow.Context, in ObserveInput) (*observation, error) {
	waiting, err := unpack[Cycle](in.Waiting)
	if err != nil {
		return nil, temporal.NewNonRetryableApplicationError("the cycles carried over from the previous run can't be read", "CorruptBacklog", err)
	}
	in.Waiting = nil
	in.Settings = in.Settings.completed()
	if err := in.Settings.validate(); err != nil {
		return nil, temporal.NewNonRetryableApplicationError(err.Error(), "InvalidSettings", err)
	}
	o := &observation{in: in, backlog: backlog{cycles: waiting, dropped: in.Dropped}}
	// A cluster that was never observed is observed at once, so that an operator need not wait for the tick.
	o.wanted = in.Memory.Band == ""
	o.nextTick = nextTick(workflow.Now(ctx), in.Settings.Interval)
	return o, nil
}

// register answers queries and updates.
func (o *observation) register(ctx workflow.Context) error {
	return errors.Join(
		o.registerAssessing(ctx),
		workflow.SetQueryHandler(ctx, QueryMemory, func() (MemoryOutput, error) {
			return MemoryOutput{
				Cluster: o.in.Cluster, Settings: o.in.Settings, Memory: o.in.Memory, Last: o.last,
				Waiting: len(o.backlog.cycles), Dropped: o.backlog.dropped, Attached: o.in.Attached, StoreError: o.storeError,
			}, nil
		}),
		workflow.SetUpdateHandler(ctx, UpdateObserveNow, func(ctx workflow.Context, _ ObserveNowInput) (ObserveNowOutput, error) {
			before := o.cycles
			o.wanted = true
			if err := workflow.Await(ctx, func() bool { return o.cycles > before }); err != nil {
				return ObserveNowOutput{}, err
			}
			return ObserveNowOutput{Verdict: *o.last}, nil
		}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateConfigure, func(ctx workflow.Context, settings Settings) (ConfigureOutput, error) {
			settings = settings.completed()
			changed := !reflect.DeepEqual(settings, o.in.Settings)
			if settings.Interval != o.in.Settings.Interval {
				o.nextTick = nextTick(workflow.Now(ctx), settings.Interval)
			}
			o.in.Settings = settings
			return ConfigureOutput{Changed: changed}, nil
		}, workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, settings Settings) error { return settings.completed().validate() }}),
	)
}

// run observes until the run's history is long enough, then continues as new with its memory.
func (o *observation) run(ctx workflow.Context) error {
	if !o.in.Attached {
		// So that the first decision continues the stored state. A store that is down does not hold it up for long.
		if err := o.attach(o.storing(ctx)); err != nil {
			o.storeError = rootMessage(err)
		}
	}
	for !o.historyIsLong(ctx) {
		if err := o.awaitTick(ctx); err != nil {
			return err
		}
		err := o.cycle(ctx)
		if notConfigured(err) {
			workflow.GetLogger(ctx).Info("the cluster is no longer configured: its observation ends", "cluster", o.in.Cluster)
			return nil
		}
		if err != nil {
			return err
		}
		if err := o.store(ctx); err != nil {
			return err
		}
		if err := o.assessCause(ctx); err != nil {
			return err
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	next, err := o.carryOver()
	if err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, ObserveCluster, next)
}

func (o *observation) historyIsLong(ctx workflow.Context) bool {
	return o.cycles >= maxCyclesPerRun || (o.cycles > 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested())
}

// awaitTick waits for the next tick, or for somebody who wants a cycle at once. Ticks lie on multiples
// of the interval, so that nothing drifts; ticks that were missed are left out.
func (o *observation) awaitTick(ctx workflow.Context) error {
	for {
		deadline := o.nextTick
		wait := deadline.Sub(workflow.Now(ctx))
		if wait > 0 {
			// A changed interval moves the tick, so the wait starts again.
			if _, err := workflow.AwaitWithTimeout(ctx, wait, func() bool { return o.wanted || !o.nextTick.Equal(deadline) }); err != nil {
				return err
			}
		}
		now := workflow.Now(ctx)
		if o.wanted {
			o.wanted = false
			return nil
		}
		if !now.Before(o.nextTick) {
			o.nextTick = nextTick(now, o.in.Settings.Interval)
			return nil
		}
	}
}

// nextTick is the first multiple of the interval after now.
func nextTick(now time.Time, interval time.Duration) time.Time {
	return now.Truncate(interval).Add(interval)
}

// cycle reads, decides and puts the result in line for the store. A read that fails as a whole is a
// cycle in which nothing is known.
func (o *observation) cycle(ctx workflow.Context) error {
	at := workflow.Now(ctx)
	reading, err := o.read(ctx, at)
	if notConfigured(err) || temporal.IsCanceledError(err) {
		return err
	}
	if err != nil && workflow.Now(ctx).Sub(at) > 2*o.in.Settings.Interval {
		// The worker was away. Nobody looked, so there is nothing to say about the cluster at that time;
		// the gap shows in the history.
		workflow.GetLogger(ctx).Warn("a cycle was missed", "cluster", o.in.Cluster, "at", at)
		return nil
	}
	if err != nil {
		workflow.GetLogger(ctx).Warn("reading the signals failed", "cluster", o.in.Cluster, "error", err)
		reading = health.Blind(o.in.Cluster, at, "reading failed: "+rootMessage(err))
	}
	o.addLogRate(&reading)
	decision, err := o.decide(ctx, reading)
	if err != nil {
		return err
	}
	firing := o.firingBefore()
	o.in.Recovering = nil
	if decision.Memory.BetterCycles > 0 {
		o.in.Recovering = firing
	}
	cycle := Cycle{Verdict: decision.Verdict, Snapshot: reading, Memory: decision.Memory, Interval: o.in.Settings.Interval, Firing: firing}
	o.latest = cycle.situation()
	if cycle.Verdict.Event == nil {
		cycle.Firing = nil
	}
	o.in.Cause = o.in.Cause.follow(decision.Cause, decision.Verdict.Event != nil)
	o.in.Memory = decision.Memory
	o.last = &decision.Verdict
	o.backlog.add(cycle)
	o.cycles++
	return nil
}

// firingBefore are the gates that fired before the next cycle: the last cycle's, and, while an improvement has yet to
// hold, those from before it.
func (o *observation) firingBefore() []health.GateID {
	firing := slices.Concat(o.in.Recovering, o.in.Memory.Firing)
	slices.Sort(firing)
	return slices.Compact(firing)
}

func (o *observation) read(ctx workflow.Context, at time.Time) (health.Snapshot, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		// Two thirds of the interval, and a second attempt for a worker that was restarted meanwhile: a
		// later answer is of no use, the next cycle asks again.
		StartToCloseTimeout:    o.in.Settings.Interval / 3,
		ScheduleToCloseTimeout: o.in.Settings.Interval * 2 / 3,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, MaximumAttempts: 2, NonRetryableErrorTypes: []string{ErrNotConfigured},
		},
	})
	var out ReadSignalsOutput
	err := workflow.ExecuteActivity(ctx, ActivityReadSignals, ReadSignalsInput{Cluster: o.in.Cluster, At: at, Keep: o.in.Memory.WaitingKeys()}).Get(ctx, &out)
	return out.Snapshot, err
}

// decision is what the rules made of a cycle.
type decision struct {
	Verdict health.Verdict `json:"verdict"`
	Memory  health.Memory  `json:"memory"`
	// Cause names the root cause; empty where no gate leads, and in histories of earlier versions.
	Cause health.GateID `json:"cause,omitempty"`
}

// decide lets the rules judge, and records the result in the history: a later version of the rules must
// not judge again, when it replays the history, what was decided and published.
func (o *observation) decide(ctx workflow.Context, snapshot health.Snapshot) (decision, error) {
	var d decision
	err := workflow.SideEffect(ctx, func(workflow.Context) any {
		verdict, memory := health.Evaluate(o.in.Memory, snapshot, o.in.Settings.Thresholds)
		return decision{verdict, memory, rules.Cause(verdict, snapshot)}
	}).Get(&d)
	return d, err
}

// store hands waiting cycles over, oldest first, and then has their events explained. When the store does
// not take them they wait for the next cycle. Its error is one that ends the run.
func (o *observation) store(ctx workflow.Context) error {
	o.storeError = ""
	storing := o.storing(ctx)
	if !o.in.Attached {
		if err := o.attach(storing); err != nil {
			o.failedToStore(ctx, err)
			return nil
		}
	}
	for range maxBatchesPerCycle {
		batch := o.backlog.next()
		if len(batch) == 0 {
			return nil
		}
		if err := workflow.ExecuteActivity(storing, ActivityStoreCycles, StoreCyclesInput{Cycles: batch}).Get(ctx, nil); err != nil {
			o.failedToStore(ctx, err)
			return nil
		}
		o.backlog.taken(len(batch))
		if err := o.assessEvents(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// storing gives the store the rest of the interval, so that one that hangs does not delay the next cycle.
func (o *observation) storing(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: o.in.Settings.Interval / 3,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumAttempts: 3},
	})
}

func (o *observation) failedToStore(ctx workflow.Context, err error) {
	if hasType(err, ErrOutOfStep) {
		o.in.Attached = false
	}
	o.storeError = rootMessage(err)
	o.backlog.slim()
	workflow.GetLogger(ctx).Warn("failed to persist cycle; will retry", "cluster", o.in.Cluster,
		"waiting", len(o.backlog.cycles), "error", err)
}

// attach continues what the store knows of the cluster. Whatever was decided before the store could be
// asked keeps its order behind it.
func (o *observation) attach(ctx workflow.Context) error {
	var out LoadMemoryOutput
	if err := workflow.ExecuteActivity(ctx, ActivityLoadMemory, LoadMemoryInput{Cluster: o.in.Cluster}).Get(ctx, &out); err != nil {
		return err
	}
	if err := o.continueFrom(out); err != nil {
		return err
	}
	o.in.Attached = true
	return nil
}

// carryOver is the input of the next run.
func (o *observation) carryOver() (ObserveInput, error) {
	next := o.in
	packed, err := pack(o.backlog.cycles)
	if err != nil {
		return ObserveInput{}, err
	}
	next.Waiting, next.Dropped = packed, o.backlog.dropped
	return next, nil
}

// rootMessage leaves out the SDK's wrapping, which names ids and no cause.
func rootMessage(err error) string {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return "no answer in time"
	}
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	return err.Error()
}

func notConfigured(err error) bool { return hasType(err, ErrNotConfigured) }

func hasType(err error, errorType string) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == errorType
}
