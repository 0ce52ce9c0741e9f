package plugin

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
)

func TestEveryGateLinksTheDocumentToReadFirst(t *testing.T) {
	library, err := knowledge.Load(knowledge.Embedded())
	require.NoError(t, err)
	for _, g := range health.Gates() {
		about := library.ForGate(g.ID)
		require.NotEmpty(t, about, g.ID)
		assert.Equal(t, guidesURL+about[0].ID+".md", guide(g.ID))
		assert.FileExists(t, "../knowledge/documents/"+about[0].ID+".md")
	}
	assert.Len(t, guides, len(health.Gates()), "and nothing is linked for gates that do not exist")
	assert.Empty(t, guide("of a newer worker"))
}
