package knowledge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
)

// anyFactor draws what a contributing factor may be described by: what gates and signals say, their ids, words
// of the documents, numbers, log lines, queries, and anything.
func anyFactor() *rapid.Generator[string] {
	library, err := knowledge.Load(knowledge.Embedded())
	if err != nil {
		panic(err)
	}
	phrases := []string{
		"context deadline exceeded", "rate(persistence_errors[1m]) > 10", "queue orders-eu-1", "8.4 s", "0.92",
		"pq: canceling statement due to user request (57014)", `{"level":"error","msg":"Operation failed with internal error."}`,
	}
	for _, g := range health.Gates() {
		phrases = append(phrases, string(g.ID), g.Title, g.Why)
	}
	for _, s := range health.Signals() {
		phrases = append(phrases, string(s.ID), s.Title, s.Meaning)
	}
	var words []string
	for _, d := range library.Documents {
		words = append(words, strings.Fields(d.Markdown())...)
	}
	part := rapid.OneOf(rapid.SampledFrom(phrases), rapid.SampledFrom(words), rapid.SampledFrom(words), rapid.String())
	return rapid.Map(rapid.SliceOfN(part, 0, 25), func(parts []string) string { return strings.Join(parts, " ") })
}

// requireFewGoodAndOrdered holds passages to what a Retriever promises.
func requireFewGoodAndOrdered(t *rapid.T, passages []knowledge.Passage, threshold float64) {
	require.LessOrEqual(t, len(passages), 5)
	for i, p := range passages {
		require.Greater(t, p.Score, threshold)
		if i > 0 {
			require.LessOrEqual(t, p.Score, passages[i-1].Score)
		}
		require.False(t, knowledge.LooksRaw(p.Text), p.Text)
		require.NotContains(t, p.Text, "rate(")
		require.NotContains(t, p.Text, "zebra_total 42")
		require.NotEmpty(t, p.DocumentID)
		require.NotEmpty(t, strings.TrimSpace(p.Text))
	}
}

func TestForAnyFactorAtMostFivePassagesAboveTheThresholdBestFirstNoneWithQueriesOrSamples(t *testing.T) {
	// Beside our documents some that hold what must not come back.
	unclean := folder(map[string]string{
		"unclean.md": "# Database errors of the frontend\n\n## Query\n\nrate(persistence_errors[1m]) shows database errors of history shards\n\n" +
			"## Samples\n\nDatabase errors of the frontend:\n\nzebra_total 42\n\n## Clean\n\nDatabase errors of the frontend and history.\n",
	})
	indexes := map[float64]*knowledge.Index{}
	for _, threshold := range []float64{0.001, 0.05, knowledge.DefaultThreshold, 0.5} {
		index, err := knowledge.NewIndex(threshold, knowledge.Embedded(), unclean)
		require.NoError(t, err)
		indexes[threshold] = index
	}
	factor := anyFactor()
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.SampledFrom([]float64{0.001, 0.05, knowledge.DefaultThreshold, 0.5}).Draw(t, "threshold")
		query := factor.Draw(t, "factor")
		passages := retrieve(t, indexes[threshold], query)
		requireFewGoodAndOrdered(t, passages, threshold)
		for _, p := range passages {
			require.LessOrEqual(t, p.Score, 1.0)
			require.Equal(t, knowledge.LexicalBM25, p.Method)
		}
		require.Equal(t, passages, retrieve(t, indexes[threshold], query), "the same query finds the same")
	})
}
