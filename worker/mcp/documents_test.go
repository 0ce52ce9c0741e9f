package mcp_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheDocumentListsTheToolsWithTheirArguments reads the table in docs/mcp.md.
func TestTheDocumentListsTheToolsWithTheirArguments(t *testing.T) {
	page, err := os.ReadFile("../../docs/mcp.md")
	require.NoError(t, err)
	documented := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|[^|]*\\|([^|]*)\\|$").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = strings.Split(strings.NewReplacer("`", "", " ", "").Replace(row[2]), ",")
		slices.Sort(documented[row[1]])
	}
	session := connect(t, newServer(t, seeded(t)))
	offered := map[string][]string{}
	for tool, err := range session.Tools(t.Context(), nil) {
		require.NoError(t, err)
		properties, _ := tool.InputSchema.(map[string]any)["properties"].(map[string]any)
		offered[tool.Name] = slices.Sorted(maps.Keys(properties))
	}
	assert.Equal(t, offered, documented)
}
