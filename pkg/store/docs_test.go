package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/docs"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

func TestEveryTableIsDocumented(t *testing.T) {
	pages, err := docs.Read("../..", "docs/architecture.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, found := range pages[0].Below("The store") {
		for _, row := range found.Rows {
			for name := range strings.SplitSeq(row[0], ", ") {
				documented[name] = true
			}
		}
	}
	for _, table := range schema.Tables {
		assert.Truef(t, documented[table.Name], "docs/architecture.md lacks the table %s", table.Name)
		delete(documented, table.Name)
	}
	assert.Empty(t, documented, "there are no such tables")
}
