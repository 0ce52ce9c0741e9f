package plugin

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/internal/story"
)

// TestAnnotationsAreFoundByTheNamesOfTheirFields: Grafana looks for them under the names that people see, so a
// display name hides the end of a region, or its title.
func TestAnnotationsAreFoundByTheNamesOfTheirFields(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for kind, fields := range map[string][]string{
		"events": {"time", "title", "text", "tags", "id"},
		"issues": {"time", "timeEnd", "title", "text", "tags", "id"},
	} {
		frame := answered(t, d, question(t, queryJSONOf(kind, map[string]any{"includeResolved": true})), nil)[0]
		for _, name := range fields {
			f, _ := frame.FieldByName(name)
			if assert.NotNilf(t, f, "%s of %s", name, kind) && f.Config != nil {
				assert.Emptyf(t, f.Config.DisplayNameFromDS, "%s of %s", name, kind)
			}
		}
	}
}
