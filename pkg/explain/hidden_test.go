package explain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestHappySaysWhatItCoversAndWhatIsNotVisible(t *testing.T) {
	x := rules.Explain(storyNamed(t, "older server"))
	assert.Regexp(t, `is happy: .*|happy for .*Happy covers \d+ of \d+ conditions; not visible: .*worker versions \(this server version does not report worker versions\)`, x.Summary)
	assert.Contains(t, x.Sections.Standing, "certificates (the server uses no certificates)")
	assert.Contains(t, x.Sections.Standing, "replication (no other cluster replicates to this one)")
	t.Run("and where too little is known for a verdict, why", func(t *testing.T) {
		x := rules.Explain(storyNamed(t, "queues not visible"))
		assert.Contains(t, x.Summary, "can't be judged")
		assert.Contains(t, x.Summary, "Not visible: task queues in part (the server's metrics do not name task queues).")
	})
	t.Run("and nothing of what no cluster needs", func(t *testing.T) {
		for _, r := range x.Sections.Reactions {
			assert.NotEqual(t, health.Replication, r.Service)
		}
	})
}

func TestAWitnessIsNamedWithItsValue(t *testing.T) {
	const witness = "polls that ended (poll_success, poll_timeouts)"
	snapshot := health.Snapshot{
		Cluster: "c", At: start, Signals: with(healthy(), values{health.MatchingWorkflowPoll: 0, health.TransitionRate: 5, health.BacklogInflow: 5}),
		Witness: map[health.SignalID]string{health.MatchingWorkflowPoll: witness},
	}
	verdict, _ := health.Evaluate(health.Memory{}, snapshot, health.DefaultThresholds())
	e := evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: snapshot})
	assert.Equal(t, witness, signal(t, e, health.MatchingWorkflowPoll).Witness)
	x := rules.Explain(e)
	assert.Contains(t, x.Sections.Inciting, "The value is read from "+witness+".")
	assert.Contains(t, llm.Prompt(e), "(read from "+witness+")")
	assert.Empty(t, lint(e, x))
	t.Run("also of an event, whose snapshot is stored without it", func(t *testing.T) {
		snapshot.Witness = nil
		e := evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: snapshot})
		assert.Equal(t, witness, signal(t, e, health.MatchingWorkflowPoll).Witness)
	})
}

func TestAQueueThatWasUnloadedWithItsTasksIsNotEmpty(t *testing.T) {
	e := storyNamed(t, "unloaded queue")
	_, known := e.Signal(health.StarvedQueues)
	assert.False(t, known, "a value that the rules did not believe is no fact")
	x := rules.Explain(e)
	assert.Contains(t, x.Summary, `queue "refunds"`)
	assert.Contains(t, x.Summary, "start its workers")
	assert.NotContains(t, x.Summary, "Prometheus")
}

func TestFlappingIsSaid(t *testing.T) {
	e := storyNamed(t, "flapping")
	assert.True(t, e.Flapping)
	assert.Contains(t, rules.Explain(e).Sections.Standing, "The state is flapping")
	assert.Contains(t, llm.Prompt(e), "flapping: true")
}

func TestEachSideThatLimitsProgressIsNamed(t *testing.T) {
	for name, says := range map[string]string{
		"database slow":         "The server side limits progress.",
		"no worker":             "The workers limit progress; scaling the server does not help.",
		"nondeterminism":        "The application limits progress: workflow code, activities or clients.",
		"visibility store down": "The cause is on the server side; workflows that run are not limited by it.",
	} {
		assert.Contains(t, rules.Explain(storyNamed(t, name)).Sections.Standing, says, name)
	}
	assert.Contains(t, llm.Prompt(storyNamed(t, "nondeterminism")), "bottleneck: application_limited")
}
