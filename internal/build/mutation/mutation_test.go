package mutation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/build/mutation"
)

func TestConstantsThatNoTestKnowsSurvive(t *testing.T) {
	mutants, err := mutation.Constants("testdata/limits")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"most = (4) / 2", "most = (4) * 2", "most = (4) * 10",
		"wait = (3 * time.Second) / 2", "wait = (3 * time.Second) * 2", "wait = (3 * time.Second) * 10",
	}, names(mutants))

	survivors, err := mutation.Survivors(t.Context(), "./testdata/limits", mutants, 2)
	require.NoError(t, err)
	assert.Equal(t, names(mutants[3:]), names(survivors))
}

func TestTestsThatDoNotRunNoticeNothing(t *testing.T) {
	mutants, err := mutation.Constants("testdata/limits")
	require.NoError(t, err)
	_, err = mutation.Survivors(t.Context(), "./testdata/limits", mutants[:1], 1, "-no-such-flag")
	assert.ErrorContains(t, err, "the tests of ./testdata/limits fail without a change")

	uncompilable := mutants[3]
	uncompilable.Source = []byte("package limits\n\nconst most int = 1.5\n")
	_, err = mutation.Survivors(t.Context(), "./testdata/limits", []mutation.Mutant{uncompilable}, 1)
	assert.ErrorContains(t, err, "wait = (3 * time.Second) / 2: the tests did not run")
}

func names(mutants []mutation.Mutant) []string {
	all := make([]string, len(mutants))
	for i, m := range mutants {
		all[i] = fmt.Sprint(m)
	}
	return all
}
