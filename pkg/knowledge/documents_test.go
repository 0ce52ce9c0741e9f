package knowledge_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
)

func embedded(t *testing.T) knowledge.Library {
	t.Helper()
	library, err := knowledge.Load(knowledge.Embedded())
	require.NoError(t, err)
	return library
}

func TestEveryGateHasADocumentToReadFirst(t *testing.T) {
	library := embedded(t)
	for _, g := range health.Gates() {
		documents := library.ForGate(g.ID)
		if assert.NotEmptyf(t, documents, "%s: there is no documents/%s.md", g.ID, g.Runbook) {
			assert.Equal(t, g.Runbook, documents[0].ID)
			assert.Contains(t, documents[0].Gates, g.ID)
		}
	}
}

func TestTheGateNamesItsRunbookAndNotTheOtherWayRound(t *testing.T) {
	require.NoError(t, fs.WalkDir(knowledge.Embedded(), ".", func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !entry.IsDir() {
			text, err := fs.ReadFile(knowledge.Embedded(), name)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "\ngates:", name)
		}
		return nil
	}))
}

func TestEveryLogPatternHasADocument(t *testing.T) {
	library := embedded(t)
	for _, id := range patterns {
		assert.NotEmpty(t, library.ForPattern(id), id)
	}
	for _, d := range library.Documents {
		assert.Subset(t, patterns, d.Patterns, d.ID)
	}
}

func TestEveryDocumentIsShortAndAnswersTheSameFiveQuestions(t *testing.T) {
	for _, d := range embedded(t).Documents {
		t.Run(d.ID, func(t *testing.T) {
			var headings []string
			for _, s := range d.Sections {
				headings = append(headings, s.Heading)
			}
			assert.Equal(t, []string{"What it means", "How to distinguish similar problems", "What to do first", "What not to do", "What to watch next"}, headings)
			words := len(strings.Fields(d.Markdown()))
			assert.True(t, words >= 150 && words <= 350, "%d words", words)
			assert.NotEmpty(t, d.Sources)
			assert.NotEmpty(t, d.Signals)
			assert.NotEqual(t, d.ID, d.Title)
		})
	}
}

// A metric's name in a document is cited as if the cluster at hand had it.
var metricName = regexp.MustCompile(`\b[a-z]+(_[a-z0-9]+)+\b`)

func TestNoDocumentHoldsAQueryAMetricNameOrRawMeasurements(t *testing.T) {
	require.NoError(t, fs.WalkDir(knowledge.Embedded(), ".", func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.IsDir() {
			return nil
		}
		text, err := fs.ReadFile(knowledge.Embedded(), name)
		require.NoError(t, err)
		assert.False(t, knowledge.LooksRaw(string(text)), name)
		_, body, _ := strings.Cut(string(text), "\n---\n")
		assert.Empty(t, metricName.FindAllString(body, -1), name)
		return nil
	}))
	assert.Empty(t, embedded(t).Dropped)
}
