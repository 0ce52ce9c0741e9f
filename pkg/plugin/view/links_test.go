package view

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var linked = Links{LokiUID: "logs", LokiSelector: `{cluster="${cluster}"}`, TemporalUI: "https://temporal.example.com/${cluster}/"}

func TestALogPatternLinksItsLinesInExplore(t *testing.T) {
	from := time.UnixMilli(1_767_322_800_000)
	address, err := url.Parse(linked.Lines(`pr"od`, "database_down", from, from.Add(time.Hour)))
	require.NoError(t, err)
	assert.Equal(t, "/explore", address.Path)
	var panes map[string]pane
	require.NoError(t, json.Unmarshal([]byte(address.Query().Get("panes")), &panes))
	opened := panes["copilot"]
	assert.Equal(t, "logs", opened.Datasource)
	assert.Contains(t, opened.Queries[0].Expr, `{cluster="pr\"od"} |~ "(?i)(?:`)
	assert.Equal(t, timeSpan{"1767322800000", "1767326400000"}, opened.Range)

	own, err := url.Parse(linked.Lines("prod", "ours", from, from))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(own.Query().Get("panes")), &panes))
	assert.Equal(t, `{cluster="prod"}`, panes["copilot"].Queries[0].Expr, "the expression of an operator's own pattern is not known here")
}

func TestATaskQueueLinksTheTemporalWebUI(t *testing.T) {
	assert.Equal(t, "https://temporal.example.com/prod/namespaces/a%2Fb/task-queues/x%3Fy", linked.TaskQueue("prod", "a/b", "x?y"))
	assert.Contains(t, linked.Workflows("prod", "shop", `or"ders`), "/namespaces/shop/workflows?query=TaskQueue%3D%22or%5C%22ders%22")
}

func TestWithoutSettingsThereAreNoLinks(t *testing.T) {
	assert.NoError(t, Links{}.Validate())
	assert.Empty(t, Links{}.Lines("prod", "database_down", time.Now(), time.Now()))
	assert.Empty(t, Links{}.TaskQueue("prod", "shop", "orders"))
}

func TestLinksThatCanNotWorkAreRefused(t *testing.T) {
	assert.NoError(t, linked.Validate())
	for says, l := range map[string]Links{
		"belong together":      {LokiUID: "logs"},
		"selector of log":      {LokiUID: "logs", LokiSelector: "cluster=prod"},
		"is no address":        {TemporalUI: "javascript:alert(1)"},
		"a user or a password": {TemporalUI: "https://me:secret@temporal.example.com"},
	} {
		assert.ErrorContains(t, l.Validate(), says)
	}
}
