package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// PeriodicScheduleID is the schedule that starts Periodic.
const PeriodicScheduleID = "copilot-assess"

// Periodic looks at all clusters again, and has those assessed that were not for a while. It reads what was
// decided and decides nothing.
func Periodic(ctx workflow.Context, in PeriodicInput) (PeriodicOutput, error) {
	at := workflow.Now(ctx)
	reading := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		// The next tick asks again.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 5 * time.Second, MaximumAttempts: 3},
	})
	var due DueAssessmentsOutput
	if err := workflow.ExecuteActivity(reading, ActivityDueAssessments, DueAssessmentsInput{At: at, Every: in.Every}).Get(ctx, &due); err != nil {
		return PeriodicOutput{}, err
	}
	var out PeriodicOutput
	for _, cluster := range due.Clusters {
		input := AssessInput{Cluster: cluster, ID: fmt.Sprintf("schedule-%d", at.Unix()), Trigger: OnSchedule}
		if _, err := startAssess(ctx, input); err != nil {
			workflow.GetLogger(ctx).Warn("an assessment could not be started; the next tick tries again", "cluster", cluster, "error", err)
			continue
		}
		out.Clusters = append(out.Clusters, cluster)
	}
	return out, nil
}

// Due tells whether a schedule that ticks every so often is to have a cluster assessed: unless an assessment
// of it was completed within the window, or nothing was observed since. MadeAt and at are zero when there
// was none. The window is four fifths of the time between two ticks: with all of it, an assessment that
// takes seconds would keep the next tick from assessing again.
func Due(now time.Time, every time.Duration, observed, at, madeAt time.Time) bool {
	return observed.After(at) && now.Sub(madeAt) >= Window(every)
}

// Window is how long after an assessment no schedule starts another one.
func Window(every time.Duration) time.Duration { return every * 4 / 5 }
