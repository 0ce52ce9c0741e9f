package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	// maxReadsPerRun bounds a run's history: about fourteen events a reading.
	maxReadsPerRun = 500
	// maxReadsPerTick lets reading catch up with a burst of lines without falling behind the next tick.
	maxReadsPerTick = 3
	// maxWaitingReads is an hour of readings that the store has not taken; older ones are given up, for they
	// explain nothing any more.
	maxWaitingReads = 120
)

// WatchLogs reads the logs of one cluster for as long as they are configured, stores what it finds, and tells
// the cluster's observation how much it is. It decides nothing.
func WatchLogs(ctx workflow.Context, in WatchLogsInput) error {
	w, err := newLogWatch(ctx, in)
	if err != nil {
		return err
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdateConfigure, func(ctx workflow.Context, settings LogSettings) (ConfigureOutput, error) {
		changed := settings != w.in.Settings
		if changed {
			w.in.Settings, w.nextTick = settings, nextTick(workflow.Now(ctx), settings.Interval)
		}
		return ConfigureOutput{Changed: changed}, nil
	}, workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, settings LogSettings) error { return settings.validate() }})
	if err != nil {
		return err
	}
	return w.run(ctx)
}

// logWatch is the state of a run.
type logWatch struct {
	in       WatchLogsInput
	waiting  []LogRead
	reads    int
	nextTick time.Time
}

func newLogWatch(ctx workflow.Context, in WatchLogsInput) (*logWatch, error) {
	waiting, err := unpack[LogRead](in.Waiting)
	if err != nil {
		return nil, temporal.NewNonRetryableApplicationError("the readings carried over from the previous run can't be read", "CorruptBacklog", err)
	}
	in.Waiting = nil
	if err := in.Settings.validate(); err != nil {
		return nil, temporal.NewNonRetryableApplicationError(err.Error(), "InvalidSettings", err)
	}
	return &logWatch{in: in, waiting: waiting, nextTick: nextTick(workflow.Now(ctx), in.Settings.Interval)}, nil
}

func (w *logWatch) run(ctx workflow.Context) error {
	for w.reads < maxReadsPerRun && (w.reads == 0 || !workflow.GetInfo(ctx).GetContinueAsNewSuggested()) {
		if err := w.awaitTick(ctx); err != nil {
			return err
		}
		err := w.tick(ctx)
		if notConfigured(err) {
			workflow.GetLogger(ctx).Info("the cluster's logs are no longer configured: reading them ends", "cluster", w.in.Cluster)
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	next := w.in
	var err error
	if next.Waiting, err = pack(w.waiting); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, WatchLogs, next)
}

// awaitTick waits for the next multiple of the interval; a changed interval moves it.
func (w *logWatch) awaitTick(ctx workflow.Context) error {
	for {
		deadline := w.nextTick
		now := workflow.Now(ctx)
		if !now.Before(deadline) {
			w.nextTick = nextTick(now, w.in.Settings.Interval)
			return nil
		}
		if _, err := workflow.AwaitWithTimeout(ctx, deadline.Sub(now), func() bool { return !w.nextTick.Equal(deadline) }); err != nil {
			return err
		}
	}
}

// tick reads until there is no more, tells the observation, and stores. Its error is one that ends the run.
func (w *logWatch) tick(ctx workflow.Context) error {
	at := workflow.Now(ctx)
	var total float64
	var rate LogRate
	for range maxReadsPerTick {
		found, err := w.read(ctx)
		if notConfigured(err) || temporal.IsCanceledError(err) {
			return err
		}
		w.reads++
		if err != nil {
			found = ReadLogsOutput{Cursor: w.in.Cursor, Unavailable: "the logs could not be read: " + rootMessage(err)}
		}
		w.in.Cursor = found.Cursor
		w.keep(LogRead{Cluster: w.in.Cluster, At: workflow.Now(ctx), Through: found.Through, Unavailable: found.Unavailable, Counts: found.Counts})
		rate = LogRate{At: at, PerMinute: found.PerMinute, Reason: found.Unavailable}
		// The readings of a tick follow each other in the time of the lines: the busiest minute counts.
		if rate.PerMinute != nil {
			total = max(total, *rate.PerMinute)
			rate.PerMinute = &total
		}
		if !found.More {
			break
		}
	}
	w.tell(ctx, rate)
	return w.store(ctx)
}

// keep puts a reading in line for the store.
func (w *logWatch) keep(r LogRead) {
	w.waiting = append(w.waiting, r)
	if extra := len(w.waiting) - maxWaitingReads; extra > 0 {
		w.waiting = slices.Delete(w.waiting, 0, extra)
	}
}

func (w *logWatch) read(ctx workflow.Context) (ReadLogsOutput, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    max(w.in.Settings.Interval/2, 2*time.Second),
		ScheduleToCloseTimeout: max(w.in.Settings.Interval*2/3, 3*time.Second),
		// A failure to read is an answer; a second attempt is for a worker that was restarted meanwhile.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumAttempts: 2, NonRetryableErrorTypes: []string{ErrNotConfigured}},
	})
	var out ReadLogsOutput
	err := workflow.ExecuteActivity(ctx, ActivityReadLogs, ReadLogsInput{Cluster: w.in.Cluster, Cursor: w.in.Cursor, At: workflow.Now(ctx)}).Get(ctx, &out)
	return out, err
}

// tell lets the observation know. One that does not run is told at the next tick.
func (w *logWatch) tell(ctx workflow.Context, rate LogRate) {
	if err := workflow.SignalExternalWorkflow(ctx, ObserveID(w.in.Cluster), "", SignalLogRate, rate).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("the cluster's observation can't be told about its logs", "cluster", w.in.Cluster, "error", err)
	}
}

// store hands over what waits, oldest first. What the store does not take waits for the next tick.
func (w *logWatch) store(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: max(w.in.Settings.Interval/3, 2*time.Second),
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumAttempts: 3},
	})
	for range maxBatchesPerCycle {
		batch := w.waiting[:min(len(w.waiting), batchSize)]
		if len(batch) == 0 {
			return nil
		}
		err := workflow.ExecuteActivity(ctx, ActivityStoreLogs, StoreLogsInput{Reads: batch}).Get(ctx, nil)
		if err != nil {
			var canceled *temporal.CanceledError
			if errors.As(err, &canceled) {
				return err
			}
			workflow.GetLogger(ctx).Warn("the store did not take what the logs say; it will be written later", "cluster", w.in.Cluster, "waiting", len(w.waiting), "error", err)
			return nil
		}
		w.waiting = w.waiting[len(batch):]
	}
	return nil
}
