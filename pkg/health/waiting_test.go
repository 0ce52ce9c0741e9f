package health_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// deadQueue is a task queue whose 500 workflow tasks no worker takes.
func deadQueue() health.TaskQueue {
	return health.TaskQueue{
		Namespace: "payments", Name: "refunds", Type: "workflow", OldestAgeSec: number(150), Backlog: number(500), Pollers: number(0), Starved: true,
	}
}

// unloaded is the same queue once matching has unloaded it: its gauges are 0, its tasks are in the database.
func unloaded() health.TaskQueue {
	return health.TaskQueue{
		Namespace: "payments", Name: "refunds", Type: "workflow", OldestAgeSec: number(0), Backlog: number(0), Pollers: number(0), DispatchedPerSec: number(0),
	}
}

func deadQueueSignals() values {
	return with(healthy(), values{health.StarvedQueues: 1, health.StarvedOldestAge: 150, health.WorkflowBacklogAge: 150})
}

// evaluate judges a cycle that begins after a time.
func evaluate(memory health.Memory, after time.Duration, v values, queues ...health.TaskQueue) (health.Verdict, health.Memory) {
	return health.Evaluate(memory, health.Snapshot{Cluster: "c", At: start.Add(after), Signals: v, Queues: queues}, health.DefaultThresholds())
}

// afterDeadQueue is what is remembered after two minutes of a dead queue.
func afterDeadQueue(t *testing.T, v values, q health.TaskQueue) health.Memory {
	t.Helper()
	var memory health.Memory
	for i := range 4 {
		_, memory = evaluate(memory, time.Duration(i)*30*time.Second-90*time.Second, v, q)
	}
	require.Equal(t, health.Critical, memory.State)
	require.Equal(t, []health.QueueKey{q.Key()}, memory.WaitingKeys())
	return memory
}

func TestAWaitingQueueIsHeldUntilItsTasksAreDispatched(t *testing.T) {
	polled, dispatched, elsewhere := unloaded(), unloaded(), unloaded()
	polled.Pollers, dispatched.DispatchedPerSec = number(1), number(0.1)
	elsewhere.Name, elsewhere.Pollers = "orders", number(5)
	ofActivities := polled
	ofActivities.Type = "activity"

	for _, story := range []struct {
		name   string
		queues []health.TaskQueue
		held   bool
	}{
		{"its gauges fall to 0 and nothing was dispatched", []health.TaskQueue{unloaded()}, true},
		{"it is gone from the snapshot", nil, true},
		{"another queue is polled", []health.TaskQueue{elsewhere}, true},
		{"its activity queue is polled", []health.TaskQueue{ofActivities}, true},
		{"a worker polls it", []health.TaskQueue{polled}, false},
		{"its tasks are dispatched", []health.TaskQueue{dispatched}, false},
	} {
		t.Run(story.name, func(t *testing.T) {
			memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
			for i := 1; i <= 6; i++ {
				var v health.Verdict
				v, memory = evaluate(memory, time.Duration(i)*30*time.Second, healthy(), story.queues...)
				if story.held || i == 1 {
					assert.Equal(t, health.Critical, v.State, "cycle %d", i)
				} else {
					assert.Equal(t, health.Happy, v.State, "cycle %d", i)
				}
				assert.Equal(t, story.held, v.Stale, "cycle %d", i)
				assert.Equal(t, story.held, len(memory.Waiting) == 1, "cycle %d", i)
			}
		})
	}

	t.Run("the evidence says why it is unknown", func(t *testing.T) {
		v, _ := evaluate(afterDeadQueue(t, deadQueueSignals(), deadQueue()), 30*time.Second, healthy(), unloaded())
		for _, id := range []health.GateID{"queues_starved", "starved_too_long", "workflow_backlog_critical", "workflow_backlog"} {
			g := gate(t, v, id)
			assert.Equal(t, health.NotKnowable, g.Result, id)
			assert.Contains(t, g.Note, `workflow queue "refunds"`, id)
		}
		assert.Equal(t, health.Passed, gate(t, v, "activity_backlog").Result, "the activity queues are known")
		assert.Equal(t, health.Passed, gate(t, v, "task_slots_gone").Result, "it was not for want of slots")
	})
	t.Run("a day after it was last seen starving it is given up", func(t *testing.T) {
		memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
		v, memory := evaluate(memory, 24*time.Hour, healthy(), unloaded())
		assert.True(t, v.Stale)
		assert.Len(t, memory.Waiting, 1)
		v, memory = evaluate(memory, 24*time.Hour+time.Second, healthy(), unloaded())
		assert.False(t, v.Stale)
		assert.Empty(t, memory.Waiting)
	})
	t.Run("a queue that starves anew begins the day anew, and keeps its largest backlog", func(t *testing.T) {
		memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
		again := deadQueue()
		again.Backlog = number(80)
		_, memory = evaluate(memory, 23*time.Hour, deadQueueSignals(), again)
		assert.Equal(t, start.Add(23*time.Hour), memory.Waiting[0].Seen)
		assert.InDelta(t, 500, memory.Waiting[0].Backlog, 0)
		_, memory = evaluate(memory, 46*time.Hour, healthy(), unloaded())
		assert.Len(t, memory.Waiting, 1)
	})
	t.Run("a held queue hides no other that starves now", func(t *testing.T) {
		other := deadQueue()
		other.Name = "orders"
		memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
		v, memory := evaluate(memory, 30*time.Second, deadQueueSignals(), other, unloaded())
		assert.Equal(t, health.Fired, gate(t, v, "starved_too_long").Result)
		assert.False(t, v.Stale)
		assert.Len(t, memory.Waiting, 2)
	})
	t.Run("a waiting activity queue holds the age of activities", func(t *testing.T) {
		q, gone := deadQueue(), unloaded()
		q.Type, gone.Type = "activity", "activity"
		memory := afterDeadQueue(t, with(deadQueueSignals(), values{health.WorkflowBacklogAge: 0, health.ActivityBacklogAge: 150}), q)
		v, _ := evaluate(memory, 30*time.Second, healthy(), gone)
		assert.Equal(t, health.NotKnowable, gate(t, v, "activity_backlog").Result)
		assert.Equal(t, health.Passed, gate(t, v, "workflow_backlog").Result)
		assert.True(t, v.Stale)
	})
	t.Run("a queue without a slot holds the number of such queues", func(t *testing.T) {
		q := deadQueue()
		q.Slotless = true
		memory := afterDeadQueue(t, with(deadQueueSignals(), values{health.SlotlessQueues: 1}), q)
		v, _ := evaluate(memory, 30*time.Second, healthy(), unloaded())
		assert.Equal(t, health.NotKnowable, gate(t, v, "task_slots_gone").Result)
		assert.Equal(t, health.Critical, v.State)
	})
	t.Run("the balance of hidden queues is no evidence while one is held", func(t *testing.T) {
		memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
		v, _ := evaluate(memory, 30*time.Second, without(healthy(), health.StarvedQueues), unloaded())
		assert.Equal(t, health.NotKnowable, gate(t, v, "backlog_growing").Result)
		assert.True(t, v.Stale)
	})
	t.Run("twenty queues are remembered", func(t *testing.T) {
		var queues []health.TaskQueue
		for i := range 25 {
			q := deadQueue()
			q.Name = fmt.Sprintf("queue-%d", i)
			queues = append(queues, q)
		}
		_, memory := evaluate(health.Memory{}, 0, deadQueueSignals(), queues...)
		assert.Len(t, memory.Waiting, 20)
	})
	t.Run("the snapshot stays as it was read", func(t *testing.T) {
		memory := afterDeadQueue(t, deadQueueSignals(), deadQueue())
		v := healthy()
		evaluate(memory, 30*time.Second, v, unloaded())
		assert.Equal(t, healthy(), v)
	})
}
