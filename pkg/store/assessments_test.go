package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
)

// someAssessments are of three clusters, with several of one cycle, in no order.
func someAssessments() []Assessment {
	var all []Assessment
	triggers := []Trigger{OnEvent, OnSchedule, OnDemand}
	for i := range 180 {
		n := (i * 77) % 180
		all = append(all, assessment([]string{"a", "b", "c"}[n%3], fmt.Sprintf("id-%d", n), tick(n/6).Add(time.Duration(n%5)*time.Microsecond),
			func(a *Assessment) {
				a.Trigger, a.EventSeq = triggers[n%7%3], int64(n%4)
				a.Fingerprint = fmt.Sprintf("f%d", n%11)
				if n%5 == 0 {
					a.Draft = json.RawMessage(`{"by": "model"}`)
				}
			}))
	}
	return all
}

// TestAnAssessmentIsFoundIfAndOnlyIfItIsAskedFor compares the database with a search through the list.
func TestAnAssessmentIsFoundIfAndOnlyIfItIsAskedFor(t *testing.T) {
	s := newStore(t)
	all := someAssessments()
	for _, name := range []string{"a", "b", "c"} {
		save(t, s, cycle(name, tick(0)))
	}
	for _, a := range all {
		assess(t, s, a, Findings{})
	}
	slices.SortFunc(all, func(a, b Assessment) int {
		return cmp.Or(b.At.Compare(a.At), b.MadeAt.Compare(a.MadeAt), cmp.Compare(b.ID, a.ID), cmp.Compare(a.Cluster, b.Cluster))
	})
	// The bounds often are the very time of an assessment.
	bound := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 5).Draw(t, "none") == 0 {
			return time.Time{}
		}
		return tick(rapid.IntRange(-2, 32).Draw(t, "tick")).Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "µs")) * time.Microsecond)
	})
	several := func(values ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3)
	}
	rapid.Check(t, func(rt *rapid.T) {
		q := AssessmentQuery{
			Clusters: several("a", "b", "c", "nobody").Draw(rt, "clusters"), From: bound.Draw(rt, "from"), To: bound.Draw(rt, "to"),
			EventSeq: rapid.SampledFrom([]int64{0, 0, 0, 1, 2, 9}).Draw(rt, "event"), Fingerprint: rapid.SampledFrom([]string{"", "", "f3", "f9"}).Draw(rt, "fingerprint"),
			Drafted: rapid.Bool().Draw(rt, "drafted"), Limit: rapid.SampledFrom([]int{0, 1, 7, 100, 5000}).Draw(rt, "limit"),
		}
		for _, cluster := range several("a", "a", "c", "nobody").Draw(rt, "events of") {
			q.Events = append(q.Events, EventKey{cluster, rapid.Int64Range(1, 4).Draw(rt, "number")})
		}
		for _, trigger := range several("event", "schedule", "demand").Draw(rt, "triggers") {
			q.Triggers = append(q.Triggers, Trigger(trigger))
		}
		var want []string
		for _, a := range all {
			if (len(q.Clusters) == 0 || slices.Contains(q.Clusters, a.Cluster)) && (q.From.IsZero() || !a.At.Before(q.From)) &&
				(q.To.IsZero() || a.At.Before(q.To)) && (q.EventSeq == 0 || a.EventSeq == q.EventSeq) &&
				(len(q.Events) == 0 || slices.Contains(q.Events, EventKey{a.Cluster, a.EventSeq})) &&
				(q.Fingerprint == "" || a.Fingerprint == q.Fingerprint) && (!q.Drafted || a.Draft != nil) &&
				(len(q.Triggers) == 0 || slices.Contains(q.Triggers, a.Trigger)) {
				want = append(want, a.Cluster+" "+a.ID)
			}
		}
		if limit := cmp.Or(q.Limit, 100); len(want) > limit {
			want = want[:limit]
		}
		read, err := s.Assessments(t.Context(), q)
		if err != nil {
			rt.Fatal(err)
		}
		var got []string
		for _, a := range read {
			got = append(got, a.Cluster+" "+a.ID)
		}
		if !slices.Equal(want, got) {
			rt.Fatalf("want %v\ngot  %v", want, got)
		}
	})

	for _, clusters := range [][]string{nil, {"c", "a", "nobody", "a"}} {
		latest, err := s.LatestAssessments(t.Context(), clusters)
		require.NoError(t, err)
		var want []Assessment
		for _, name := range []string{"a", "b", "c"} {
			if clusters == nil || slices.Contains(clusters, name) {
				newest := all[slices.IndexFunc(all, func(a Assessment) bool { return a.Cluster == name })]
				newest.Evidence, newest.Draft = nil, nil
				want = append(want, newest)
			}
		}
		assert.Equal(t, want, latest)
	}
}

func TestTheLatestAssessmentIsOfTheLastCycleAndThenTheOneMadeLast(t *testing.T) {
	s := newStore(t)
	made := func(at time.Time) func(*Assessment) { return func(a *Assessment) { a.MadeAt = at } }
	assess(t, s, assessment("a", "3", tick(2), made(tick(5))), Findings{})
	assess(t, s, assessment("a", "2", tick(2), made(tick(6))), Findings{})
	assess(t, s, assessment("a", "1", tick(1), made(tick(9))), Findings{})
	latest, err := s.LatestAssessments(t.Context(), []string{"a"})
	require.NoError(t, err)
	assert.Equal(t, "2", latest[0].ID)
}

func TestBeforeReturnsTheCyclesThatCameBefore(t *testing.T) {
	s := newStore(t)
	for i := range 8 {
		save(t, s, cycle("a", tick(i), signal(higher, float64(i)), unknown(lower)), cycle("b", tick(i)))
	}
	read := func(at time.Time, n int) (ticks []string) {
		cycles, err := s.Before(t.Context(), "a", at, n)
		require.NoError(t, err)
		for _, c := range cycles {
			require.Equal(t, "a", c.Cluster)
			ticks = append(ticks, tickName(c.At))
		}
		return ticks
	}
	assert.Equal(t, []string{"2", "3", "4"}, read(tick(5), 3), "oldest first, the time itself excluded")
	assert.Equal(t, []string{"4", "5"}, read(tick(5).Add(time.Millisecond), 2))
	assert.Equal(t, []string{"0"}, read(tick(1), 3), "no more than there are")
	assert.Empty(t, read(tick(0), 3))
	assert.Empty(t, read(tick(5), 0))
	assert.Empty(t, read(tick(5), -1))

	cycles, err := s.Before(t.Context(), "a", tick(5), 1)
	require.NoError(t, err)
	assert.Equal(t, []health.Snapshot{{Cluster: "a", At: tick(4), Signals: map[health.SignalID]float64{higher: 4}}}, cycles, "what was unknown has no value")
	none, err := s.Before(t.Context(), "nobody\x00", tick(5), 1)
	require.NoError(t, err)
	assert.Empty(t, none)
}
