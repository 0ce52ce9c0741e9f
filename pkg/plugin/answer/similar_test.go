package answer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// slowDatabase are cycles of a cluster whose database is slow.
func slowDatabase(cycles int) story.Chapter {
	c := story.Healthy(cycles)
	c.State, c.Bottleneck = health.Stressed, health.ServerLimited
	c.Gates = []health.GateResult{story.Gate("persistence_slow", new(620.0), health.Fired), story.Gate("queues_starved", new(0.0), health.Passed)}
	return c
}

// workersBack are the cycles in which workers poll again after a restart.
func workersBack(cycles int) story.Chapter {
	c := story.Healthy(cycles)
	c.Signals[health.MatchingWorkflowPoll], c.Signals[health.TaskRestarts] = 20, 2
	c.Gates = append(c.Gates, story.Gate("starved_too_long", new(0.0), health.Passed))
	return c
}

func workersGone(cycles int) story.Chapter {
	c := story.WithoutWorkers(cycles)
	c.Signals[health.MatchingWorkflowPoll] = 0
	return c
}

func TestThePastIsSearchedForTheRootCauseOfThePresent(t *testing.T) {
	s, _ := story.NewStore(t)
	// Workers gone and back, a slow database, and workers gone again.
	story.Tell(t, s, "prod", story.Begins, story.Healthy(4), workersGone(6), workersBack(4), slowDatabase(4), story.Healthy(10), workersGone(4))
	story.Assess(t, s, story.Assessment{Cluster: "prod", ID: "event-2", At: story.Begins.Add(4 * story.Interval), Trigger: store.OnEvent, Seq: 2, State: health.Critical, Made: "rules"})
	now := story.Begins.Add(32 * story.Interval)
	d := Answers{Views: view.Reader{Store: s, Now: func() time.Time { return now }}}

	all := answered(t, d, story.Question(t, story.QueryOf("similar", map[string]any{"clusters": []string{"prod"}})), false)
	golden(t, "similar", all)
	require.Equal(t, 1, all[0].Rows(), "the slow database is another incident, and the present one no past one")
}

func TestWithoutASimilarIncidentASentenceSaysSo(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	story.Tell(t, s, "calm", story.Begins, story.Healthy(20))
	d := Answers{Views: view.Reader{Store: s, Now: func() time.Time { return story.Now }}}
	for name, c := range map[string]struct {
		q    map[string]any
		says string
	}{
		"a first incident":          {map[string]any{"clusters": []string{"prod"}}, `No earlier incident of cluster "prod" in the stored day of events had the root cause`},
		"a happy cluster":           {map[string]any{"clusters": []string{"calm"}}, `Cluster "calm" is happy: there is no present incident`},
		"a silent cluster":          {map[string]any{"clusters": []string{"old"}}, `Cycles of cluster "old" have stopped`},
		"an unknown cluster":        {map[string]any{"clusters": []string{"prdo"}}, `"prdo"`},
		"no such explanation":       {map[string]any{"clusters": []string{"prod"}, "assessments": []string{"gone"}}, "There is no such explanation"},
		"explanation without cause": {map[string]any{"clusters": []string{"prod"}, "assessments": []string{"event-1"}}, "names no root cause"},
	} {
		t.Run(name, func(t *testing.T) {
			all := answered(t, d, story.Question(t, story.QueryOf("similar", c.q)), false)
			assert.Zero(t, all[0].Rows())
			require.NotEmpty(t, all[0].Meta.Notices)
			assert.Contains(t, all[0].Meta.Notices[0].Text, c.says)
		})
	}
}
