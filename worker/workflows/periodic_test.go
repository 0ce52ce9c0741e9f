package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/worker/workflows"
)

func TestPropertyAScheduleStartsNothingWithinTheWindowOfACompletedAssessment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(60, 3600).Draw(t, "every")) * time.Second
		now := start.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "now")) * time.Second)
		madeAt := now.Add(-time.Duration(rapid.IntRange(-10, 2*3600).Draw(t, "age")) * time.Second)
		at := madeAt.Add(-time.Duration(rapid.IntRange(0, 600).Draw(t, "took")) * time.Second)
		observed := at.Add(time.Duration(rapid.IntRange(-60, 2*3600).Draw(t, "observed since")) * time.Second)
		due := workflows.Due(now, every, observed, at, madeAt)
		if now.Sub(madeAt) < workflows.Window(every) {
			require.False(t, due, "one was just completed")
		} else {
			require.Equal(t, observed.After(at), due, "it is due as soon as there is something new to look at")
		}
	})
}

func TestPropertyAClusterThatIsObservedIsAssessedAtEveryTickUnlessItJustWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(60, 1800).Draw(t, "every")) * time.Second
		takes := time.Duration(rapid.IntRange(0, int(every/time.Second/5)).Draw(t, "takes")) * time.Second
		events := rapid.SliceOfN(rapid.IntRange(0, 20*int(every/time.Second)), 0, 10).Draw(t, "events")
		var at, madeAt time.Time
		last := start
		for tick := 1; tick <= 20; tick++ {
			now := start.Add(time.Duration(tick) * every)
			for _, e := range events {
				if made := start.Add(time.Duration(e) * time.Second); made.Before(now) && made.After(madeAt) {
					at, madeAt = made, made
				}
			}
			if workflows.Due(now, every, now.Add(-time.Second), at, madeAt) {
				at, madeAt = now.Add(-time.Second), now.Add(takes)
			}
			if madeAt.After(last) {
				require.LessOrEqual(t, madeAt.Sub(last), 2*every+takes, "no cluster is forgotten")
				last = madeAt
			}
		}
		require.LessOrEqual(t, start.Add(20*every).Sub(last), 2*every)
	})
}

func TestClustersThatAreDueAreAssessedOnceATick(t *testing.T) {
	env := newEnv()
	env.SetStartTime(start)
	x := &explainer{takes: forever}
	env.RegisterWorkflowWithOptions(x.Assess, workflow.RegisterOptions{Name: "Assess"})
	env.RegisterActivityWithOptions(func(_ context.Context, in workflows.DueAssessmentsInput) (workflows.DueAssessmentsOutput, error) {
		assert.Equal(t, 5*time.Minute, in.Every)
		assert.True(t, start.Equal(in.At))
		return workflows.DueAssessmentsOutput{Clusters: []string{"prod", "test"}}, nil
	}, activity.RegisterOptions{Name: workflows.ActivityDueAssessments})
	env.ExecuteWorkflow(workflows.Periodic, workflows.PeriodicInput{Every: 5 * time.Minute})
	require.NoError(t, env.GetWorkflowError())
	var out workflows.PeriodicOutput
	require.NoError(t, env.GetWorkflowResult(&out))
	assert.Equal(t, []string{"prod", "test"}, out.Clusters, "it waits for none of them")
	require.Len(t, x.asked, 2)
	for _, asked := range x.asked {
		assert.Equal(t, workflows.OnSchedule, asked.Trigger)
		assert.Equal(t, "schedule-1767323045", asked.ID)
		assert.Nil(t, asked.Situation, "what is now is read from the store, and not judged again")
	}
}
