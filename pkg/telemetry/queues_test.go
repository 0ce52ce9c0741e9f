package telemetry

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// onQueue is a series of the matching service about a task queue.
func onQueue(namespace, queue, kind string, v float64) *model.Sample {
	return &model.Sample{Value: model.SampleValue(v), Metric: model.Metric{
		"namespace": model.LabelValue(namespace), "taskqueue": model.LabelValue(queue), "task_type": model.LabelValue(kind),
	}}
}

// slotsOf is a series of the SDK workers about their slots.
func slotsOf(namespace, queue, kind string, v float64) *model.Sample {
	return &model.Sample{Value: model.SampleValue(v), Metric: model.Metric{
		"namespace": model.LabelValue(namespace), "task_queue": model.LabelValue(queue), "worker_type": model.LabelValue(kind),
	}}
}

// perQueue are the answers about task queues. Those that have a backlog or a poller are used, unless forgotten.
type perQueue struct {
	age, backlog, inflow, pollers, slots []*model.Sample
	forgotten                            bool
}

// newest is what is known of a cluster of the newest release.
func newest() naming {
	n := newNaming()
	n.versions[fromMatching] = []version{newestVerified}
	return n
}

func judged(q perQueue) *reading {
	var used []*model.Sample
	if !q.forgotten {
		used = append(append(append(used, q.backlog...), q.inflow...), q.pollers...)
	}
	r := newReading(Cluster{Name: "c"}, time.Unix(1_800_000_000, 0), newest())
	r.ages = map[emitter]time.Duration{fromMatching: 5 * time.Second}
	r.judgeQueues(queueQuestions(&asking{names: newest()}), map[string]answer{
		partQueueAge: {series: q.age}, partQueueBacklog: {series: q.backlog}, partQueueInflow: {series: q.inflow},
		partQueuePollers: {series: q.pollers}, partQueueSlots: {series: q.slots}, partQueueUsed: {series: used},
	})
	return r
}

func TestAQueueIsStarvedWhen(t *testing.T) {
	of := func(v float64) []*model.Sample { return []*model.Sample{onQueue("shop", "orders", "Activity", v)} }
	slots := func(v float64) []*model.Sample {
		return []*model.Sample{slotsOf("shop", "orders", "ActivityWorker", v)}
	}
	tests := map[string]struct {
		queue   perQueue
		starved bool
	}{
		"tasks wait and nobody polls":                                      {perQueue{backlog: of(3), pollers: of(0)}, true},
		"tasks wait and nobody ever polled":                                {perQueue{backlog: of(3)}, true},
		"tasks arrive and nobody polls":                                    {perQueue{backlog: of(0), inflow: of(0.5), pollers: of(0)}, true},
		"tasks wait and all slots stay taken":                              {perQueue{backlog: of(3), pollers: of(2), slots: slots(0)}, true},
		"not: tasks wait and are polled for":                               {perQueue{age: of(155), backlog: of(3), pollers: of(2), slots: slots(10)}, false},
		"not: tasks were left behind in a queue that nobody uses any more": {perQueue{age: of(200_000), backlog: of(3), pollers: of(0), forgotten: true}, false},
		"not: nobody feeds and nobody polls it":                            {perQueue{age: of(0), backlog: of(0), inflow: of(0), pollers: of(0)}, false},
		"not: all slots are taken but nothing waits":                       {perQueue{backlog: of(0), inflow: of(0), pollers: of(0), slots: slots(0)}, false},
		"not: another queue type's slots are taken":                        {perQueue{backlog: of(3), pollers: of(2), slots: []*model.Sample{slotsOf("shop", "orders", "WorkflowWorker", 0)}}, false},
		"not: the same name in another namespace has free slots":           {perQueue{backlog: of(3), pollers: of(2), slots: []*model.Sample{slotsOf("lab", "orders", "ActivityWorker", 0)}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			queues := judged(tt.queue).Snapshot.Queues
			require.Len(t, queues, 1)
			assert.Equal(t, tt.starved, queues[0].Starved)
		})
	}
}

func TestOneDeadQueueAmongAHundredHealthyOnesIsFoundAndNamed(t *testing.T) {
	var q perQueue
	for i := range 100 {
		name := fmt.Sprintf("busy_%03d", i)
		q.age = append(q.age, onQueue("shop", name, "Workflow", float64(i)))
		q.backlog = append(q.backlog, onQueue("shop", name, "Workflow", 50))
		q.pollers = append(q.pollers, onQueue("shop", name, "Workflow", 10))
	}
	q.backlog = append(q.backlog, onQueue("shop", "monorepo_workflows", "Workflow", 2))
	q.age = append(q.age, onQueue("shop", "monorepo_workflows", "Workflow", 7))
	r := judged(q)
	assert.InDelta(t, 1, r.Snapshot.Signals[health.StarvedQueues], 0)
	assert.InDelta(t, 7, r.Snapshot.Signals[health.StarvedOldestAge], 0)
	require.Len(t, r.Snapshot.Queues, 10)
	assert.Equal(t, "monorepo_workflows", r.Snapshot.Queues[0].Name)
	assert.Equal(t, "busy_099", r.Snapshot.Queues[1].Name, "then the oldest")
}

func TestTheWorkersNamesOfAQueueMeetTheServersSanitisedOnes(t *testing.T) {
	r := judged(perQueue{
		backlog: []*model.Sample{onQueue("team_a", "monorepo_workflows", "Workflow", 4)},
		pollers: []*model.Sample{onQueue("team_a", "monorepo_workflows", "Workflow", 1)},
		slots:   []*model.Sample{slotsOf("team-a", "monorepo-workflows", "WorkflowWorker", 0)},
	})
	require.Len(t, r.Snapshot.Queues, 1)
	assert.Zero(t, *r.Snapshot.Queues[0].SlotsAvailable)
	assert.True(t, r.Snapshot.Queues[0].Starved)
}

func TestAStarvedQueueWithoutAnAgeMakesTheAgeUnknownNotZero(t *testing.T) {
	r := judged(perQueue{inflow: []*model.Sample{onQueue("shop", "new", "Workflow", 1)}})
	assert.InDelta(t, 1, r.Snapshot.Signals[health.StarvedQueues], 0)
	assert.Contains(t, r.Snapshot.Unknown[health.StarvedOldestAge], "no backlog age yet")
}

func TestQueuesAreUnknownWhenTheMatchingServiceIs(t *testing.T) {
	r := newReading(Cluster{Name: "c"}, time.Unix(1_800_000_000, 0), newest())
	questions := queueQuestions(&asking{names: newest()})
	r.judgeQueues(questions, map[string]answer{})
	assert.Contains(t, r.Snapshot.Unknown[health.StarvedQueues], "matching")

	r.ages = map[emitter]time.Duration{fromMatching: 0}
	r.judgeQueues(questions, map[string]answer{partQueuePollers: {failure: "the query took too long"}})
	assert.Equal(t, "the query took too long", r.Snapshot.Unknown[health.StarvedQueues])
}
