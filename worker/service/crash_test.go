package service_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// TestNoEventIsLostOrDoubledWhenTheWorkerIsKilled runs the real worker process against a real Temporal
// server, PostgreSQL and Prometheus, and kills it again and again in the middle of a cycle.
func TestNoEventIsLostOrDoubledWhenTheWorkerIsKilled(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sys := startSystem(t)
	gate, s := sys.gate, sys.store

	worker := sys.startWorker(t)
	events := func() []store.Event {
		all, err := s.EventsAfter(ctx, "prod", 0, 1000)
		require.NoError(t, err)
		return all
	}
	sys.awaitHappy(t)

	// Whenever the gate shuts or opens, the cluster goes dark or comes back: an event each. The worker
	// dies in the middle of the cycle that would tell.
	const kills = 4
	for i := range kills {
		before := len(events())
		gate.awaitRead(t)
		gate.shut.Store(i%2 == 0)
		gate.awaitRead(t)
		require.NoError(t, worker.Kill())
		worker = sys.startWorker(t)
		require.Eventually(t, func() bool { return len(events()) > before }, time.Minute, 200*time.Millisecond, "the event comes in spite of the kill")
	}
	// An event of the cycle in which the worker stops is in the workflow and on its way to the store, which have then no reason
	// to agree. So two cycles pass without one first.
	for before := -1; before != len(events()); {
		before = len(events())
		gate.awaitRead(t)
		gate.awaitRead(t)
	}
	require.NoError(t, worker.Stop())

	stored := events()
	require.GreaterOrEqual(t, len(stored), kills+1)
	stale := false
	for i, e := range stored {
		assert.Equal(t, int64(i+1), e.Seq, "events are numbered without a gap")
		assert.NotEmpty(t, e.Gates, "an event keeps its evidence")
		if i > 0 {
			assert.True(t, e.At.After(stored[i-1].At))
			assert.Equal(t, stored[i-1].To, e.From, "no event between them is missing")
			if e.Kind == health.StalenessChanged {
				assert.NotEqual(t, stale, e.Stale, "going dark is told once, and coming back once")
			}
		}
		stale = e.Stale
	}
	memory := remembered(t, sys.temporal.Address())
	assert.Equal(t, stored[len(stored)-1].Seq, memory.Memory.Seq, "the store and the workflow agree")
	assert.Zero(t, memory.Dropped)
}

// remembered asks the workflow what it knows, with a worker of this process to answer.
func remembered(t *testing.T, address string) workflows.MemoryOutput {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	record(t, c, "killed-worker", workflows.ObserveID("prod"))
	answer(t, c)
	var memory workflows.MemoryOutput
	// A worker that has cached nothing yet may be handed a query and, at the same time, the task that goes on with the workflow. On a
	// busy machine the history that the query is answered from has then grown, and the SDK refuses it.
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		value, err := c.QueryWorkflow(context.Background(), workflows.ObserveID("prod"), "", workflows.QueryMemory)
		if assert.NoError(t, err) {
			assert.NoError(t, value.Get(&memory))
		}
	}, time.Minute, time.Second)
	return memory
}
