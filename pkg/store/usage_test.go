package store

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// call is a call to a model, of which every number is another one.
func call(cluster, assessment string, number int, at time.Time) ModelCall {
	n := int64(number + 1)
	return ModelCall{
		Cluster: cluster, Assessment: assessment, Number: number, At: at, Model: "small", Purpose: "triage", InputTokens: 1000 * n,
		OutputTokens: 100 * n, CacheReads: 10 * n, CacheWrites: n, Dollars: 0.25 * float64(n), Took: 1500 * time.Millisecond,
	}
}

func TestCallsToModelsAreSummedUp(t *testing.T) {
	s := newStore(t)
	failed := call("a", "1", 2, tick(3))
	failed.Failure = "throttled\x00"
	large := call("a", "1", 3, tick(4))
	large.Model, large.Purpose = "large", "research"
	calls := []ModelCall{call("a", "1", 0, tick(0)), call("a", "1", 1, tick(1)), failed, large, call("b", "1", 0, tick(3))}
	require.NoError(t, s.SaveModelCalls(t.Context(), calls))
	require.NoError(t, s.SaveModelCalls(t.Context(), calls[1:4]), "saved again, they count once")
	require.NoError(t, s.SaveModelCalls(t.Context(), nil))

	usage := func(cluster string, at int, model, purpose string, calls, failures, times int64) Usage {
		return Usage{
			Cluster: cluster, At: tick(at), Model: model, Purpose: purpose, Calls: calls, Failures: failures, InputTokens: 1000 * times,
			OutputTokens: 100 * times, CacheReads: 10 * times, CacheWrites: times, Dollars: 0.25 * float64(times),
		}
	}
	for name, c := range map[string]struct {
		query UsageQuery
		want  []Usage
	}{
		"the whole range": {UsageQuery{From: tick(0), To: tick(5)}, []Usage{
			usage("a", 0, "large", "research", 1, 0, 4), usage("a", 0, "small", "triage", 3, 1, 6), usage("b", 0, "small", "triage", 1, 0, 1)}},
		"in steps of a minute": {UsageQuery{From: tick(1), To: tick(5), Step: time.Minute}, []Usage{
			usage("a", 0, "small", "triage", 1, 0, 2), usage("a", 2, "small", "triage", 1, 1, 3), usage("b", 2, "small", "triage", 1, 0, 1),
			usage("a", 4, "large", "research", 1, 0, 4)}},
		"of a cluster, the end excluded": {UsageQuery{Clusters: []string{"a"}, From: tick(1), To: tick(4)}, []Usage{usage("a", 1, "small", "triage", 2, 1, 5)}},
		"of nobody":                      {UsageQuery{Clusters: []string{"c"}, From: tick(0), To: tick(5)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Usage(t.Context(), c.query)
			require.NoError(t, err)
			assert.Equal(t, c.want, append([]Usage(nil), got...))
		})
	}
}

// TestSpentIsTheSumOfTheCallsSince holds for calls that are stored again and in any order.
func TestSpentIsTheSumOfTheCallsSince(t *testing.T) {
	s := newStore(t)
	var all []ModelCall
	sum := func(since time.Time) (spent Spent) {
		for _, c := range all {
			if !c.At.Before(since) {
				spent.Calls++
				spent.Tokens += c.InputTokens + c.OutputTokens + c.CacheReads + c.CacheWrites
				spent.Dollars += c.Dollars
			}
		}
		return spent
	}
	rapid.Check(t, func(rt *rapid.T) {
		id := fmt.Sprint(len(all))
		var calls []ModelCall
		for i, at := range rapid.SliceOfN(rapid.IntRange(0, 50), 1, 3).Draw(rt, "at") {
			calls = append(calls, call(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "cluster"), id, i, tick(at)))
		}
		all = append(all, calls...)
		again := rapid.SliceOfN(rapid.SampledFrom(calls), 0, 3).Draw(rt, "again")
		if err := s.SaveModelCalls(t.Context(), rapid.Permutation(append(calls, again...)).Draw(rt, "order")); err != nil {
			rt.Fatal(err)
		}
		since := tick(rapid.IntRange(-1, 51).Draw(rt, "since"))
		got, err := s.Spent(t.Context(), since)
		if err != nil {
			rt.Fatal(err)
		}
		if want := sum(since); got != want {
			rt.Fatalf("spent %+v, the store says %+v", want, got)
		}
	})
}

func TestTheBudgetIsTheLastOneThatWasTold(t *testing.T) {
	s := newStore(t)
	_, found, err := s.LoadBudget(t.Context())
	require.NoError(t, err)
	assert.False(t, found, "no worker has told it")

	require.NoError(t, s.SaveBudget(t.Context(), Budget{TokensPerDay: 5000, DollarsPerDay: 2.5, Provider: "openai"}))
	require.NoError(t, s.SaveBudget(t.Context(), Budget{DollarsPerDay: 3, Provider: "bedrock"}))
	today := time.Now().UTC().Truncate(24 * time.Hour)
	calls := []ModelCall{call("a", "1", 0, today.Add(-time.Microsecond)), call("a", "1", 1, today), call("b", "1", 0, time.Now())}
	require.NoError(t, s.SaveModelCalls(t.Context(), calls))
	budget, found, err := s.LoadBudget(t.Context())
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, Budget{DollarsPerDay: 3, Provider: "bedrock", Since: today, Spent: Spent{Calls: 2, Tokens: 2222 + 1111, Dollars: 0.75}}, budget)
}

func TestACallThatConflictsIsWrittenAgain(t *testing.T) {
	s := newStore(t)
	conn := owner(t, s)
	onCommit(t, conn, "model_calls", `if attempt <= 3 then raise exception 'change conflicts with another transaction (OC000)' using errcode = '40001'; end if`)
	require.NoError(t, s.SaveModelCalls(t.Context(), []ModelCall{call("a", "1", 0, tick(0))}))
	spent, err := s.Spent(t.Context(), tick(0))
	require.NoError(t, err)
	assert.Equal(t, int64(1), spent.Calls)
}

func TestUseThatCanNeverBeStoredIsRefused(t *testing.T) {
	s := newStore(t)
	want := contents(t, s)
	for name, spoil := range map[string]func(*ModelCall){
		"no cluster":                       func(c *ModelCall) { c.Cluster = "" },
		"an assessment's id beyond a key":  func(c *ModelCall) { c.Assessment = strings.Repeat("x", 256) },
		"no time":                          func(c *ModelCall) { c.At = time.Time{} },
		"a number below 0":                 func(c *ModelCall) { c.Number = -1 },
		"a number that the column can't":   func(c *ModelCall) { c.Number = math.MaxInt32 + 1 },
		"tokens below 0":                   func(c *ModelCall) { c.CacheWrites = -1 },
		"dollars that are no number":       func(c *ModelCall) { c.Dollars = math.NaN() },
		"dollars without end":              func(c *ModelCall) { c.Dollars = math.Inf(1) },
		"dollars that somebody else gives": func(c *ModelCall) { c.Dollars = -1 },
	} {
		bad := call("a", "1", 1, tick(0))
		spoil(&bad)
		assert.ErrorIs(t, s.SaveModelCalls(t.Context(), []ModelCall{call("a", "1", 0, tick(0)), bad}), ErrBadUsage, name)
	}
	for _, b := range []Budget{{TokensPerDay: -1}, {DollarsPerDay: -1}, {DollarsPerDay: math.NaN()}} {
		assert.ErrorIs(t, s.SaveBudget(t.Context(), b), ErrBadUsage)
	}
	assert.Equal(t, want, contents(t, s), "not even the calls before a bad one")
}
