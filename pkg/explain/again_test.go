package explain_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

// laterDown is the database that is still down, a little worse.
func laterDown(t *testing.T) evidence.Evidence {
	t.Helper()
	for _, s := range stories() {
		if s.name == "database down" {
			s.trouble = with(s.trouble, values{health.PersistenceErrRatio: 0.97})
			s.patterns = slices.Clone(s.patterns)
			s.patterns[0].Count, s.patterns[1].Count, s.patterns[1].AtLeast = 500, 33, true
			return tell(s)
		}
	}
	require.FailNow(t, "no such story")
	return evidence.Evidence{}
}

func TestADraftIsUsedAgainWithTheNumbersOfTheNewEvidence(t *testing.T) {
	before, later := storyNamed(t, "database down"), laterDown(t)
	require.Equal(t, before.Fingerprint(), later.Fingerprint(), "it is the same situation")
	s := serve(t, always(good()))
	r := s.models(t).Research(t.Context(), before, explain.Deep, llm.Spent{})
	require.NotNil(t, r.Draft)
	assert.Equal(t, goodDraft(), *r.Draft)

	x, err := llm.Again(later, *r.Draft, r.Explanation.Made)
	require.NoError(t, err)
	assert.Equal(t, "The database turns 97 % of its operations away, so no workflow advances. The logs say at least 533 times that no connection was found. Check that the database is up and that the server's credentials are still good.", x.Summary)
	assert.Equal(t, "97 %", x.Factors[0].Value)
	assert.Equal(t, "large", x.Made)
	assert.Equal(t, later.At, x.At)
	assert.Equal(t, later.Fingerprint(), x.Fingerprint)
	assert.Equal(t, rules.Explain(later).Issues, x.Issues)
	assert.Empty(t, lint(later, x))
}

func TestANumberThatTheModelWroteOutIsNotTrueAgain(t *testing.T) {
	later := laterDown(t)
	d := goodDraft()
	// True of both evidences by accident: 100 ms is the threshold of another gate.
	d.Factors[0].Detail += " It is 100 of everything."
	first, err := llm.Check(later, d, "m")
	require.NoError(t, err)
	assert.Contains(t, first.Factors[0].Detail, "100")
	again, err := llm.Again(later, d, "m")
	require.NoError(t, err)
	assert.NotContains(t, again.Factors[0].Detail, "100")
	assert.Equal(t, 1, again.Dropped.Sentences)
}

func TestADraftOfAnotherSituationIsNotUsedAgain(t *testing.T) {
	for _, name := range []string{"healthy", "no worker", "history dead", "blind"} {
		_, err := llm.Again(storyNamed(t, name), goodDraft(), "m")
		assert.Error(t, err, name)
	}
}

func TestNoDraftIsLeftWhereTheRulesExplain(t *testing.T) {
	e := storyNamed(t, "database down")
	assert.Nil(t, llm.RulesOnly{}.Research(t.Context(), e, explain.Deep, llm.Spent{}).Draft)
	s := serve(t, always("no"))
	assert.Nil(t, s.models(t).Research(t.Context(), e, explain.Deep, llm.Spent{}).Draft)
}

func TestPropertyADraftUsedAgainSaysNothingThatTheNewEvidenceDoesNotHold(t *testing.T) {
	t.Parallel()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		before := anyEvidence(t)
		d := anyDraft(t, before)
		later := before
		if rapid.Bool().Draw(t, "another situation") {
			later = anyEvidence(t)
		}
		x, err := llm.Again(later, d, "m")
		if err != nil {
			return
		}
		accepted++
		require.Equal(t, later.State, x.State)
		require.Equal(t, later.Fingerprint(), x.Fingerprint)
		require.Equal(t, rules.Explain(later).Issues, x.Issues)
		require.Empty(t, lint(later, x))
	})
	assert.Greater(t, accepted, 50, "drafts that can be used again are among the cases")
}
