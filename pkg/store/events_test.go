package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestEventsAreFoundByClusterTimeAndKind(t *testing.T) {
	s := newStore(t)
	for i := range 5 {
		save(t, s, cycle("a", tick(10*i), event(int64(i+1), health.Happy, health.Stressed)))
		save(t, s, cycle("b", tick(10*i+1), event(int64(i+1), health.Happy, health.Critical), func(c *Cycle) {
			c.Verdict.Event.Kind = health.BottleneckChanged
		}))
	}
	type found struct {
		cluster string
		seq     int64
	}
	for name, c := range map[string]struct {
		query EventQuery
		want  []found
	}{
		"all, newest first":            {EventQuery{Limit: 3}, []found{{"b", 5}, {"a", 5}, {"b", 4}}},
		"of a cluster":                 {EventQuery{Clusters: []string{"a"}, Limit: 2}, []found{{"a", 5}, {"a", 4}}},
		"of a kind":                    {EventQuery{Kinds: []health.EventKind{health.BottleneckChanged}, Limit: 2}, []found{{"b", 5}, {"b", 4}}},
		"of a range without end":       {EventQuery{From: tick(40)}, []found{{"b", 5}, {"a", 5}}},
		"of a range, its end excluded": {EventQuery{From: tick(10), To: tick(20)}, []found{{"b", 2}, {"a", 2}}},
		"of nobody":                    {EventQuery{Clusters: []string{"c"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			events, err := s.Events(t.Context(), c.query)
			require.NoError(t, err)
			var got []found
			for _, e := range events {
				got = append(got, found{e.Cluster, e.Seq})
			}
			assert.Equal(t, c.want, got)
		})
	}

	t.Run("with what fired and starved alone", func(t *testing.T) {
		save(t, s, cycle("c", tick(0), event(1, health.Happy, health.Critical), func(c *Cycle) {
			fired := c.Verdict.Gates[0]
			fired.ID, fired.Result = "queues_starved", health.Fired
			c.Verdict.Gates = append(c.Verdict.Gates, fired)
			c.Snapshot.Queues = []health.TaskQueue{{Name: "busy"}, {Name: "orders", Starved: true}}
		}))
		whole, err := s.Events(t.Context(), EventQuery{Clusters: []string{"c"}})
		require.NoError(t, err)
		require.Len(t, whole[0].Gates, 2)
		want := whole[0]
		want.Gates, want.Queues, want.Signals = want.Gates[1:], want.Queues[1:], nil
		for _, version := range []string{"this", "an earlier"} {
			brief, err := s.Events(t.Context(), EventQuery{Clusters: []string{"c"}, Brief: true})
			require.NoError(t, err)
			assert.Equal(t, []Event{want}, brief, "of %s version", version)
			execute(t, owner(t, s), `update copilot.events set reasons = null`)
		}
	})

	after, err := s.EventsAfter(t.Context(), "a", 2, 2)
	require.NoError(t, err)
	require.Len(t, after, 2)
	assert.Equal(t, int64(3), after[0].Seq)
	assert.Equal(t, int64(4), after[1].Seq)
}
