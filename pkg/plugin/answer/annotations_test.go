package answer

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/internal/story"
)

// TestAnnotationsAreFoundByTheNamesOfTheirFields: Grafana looks for them under the names that people see, so a
// display name hides the end of a region, or its title.
func TestAnnotationsAreFoundByTheNamesOfTheirFields(t *testing.T) {
	d := told(t)
	for kind, fields := range map[string][]string{
		"events": {"time", "title", "text", "tags", "id"},
		"issues": {"time", "timeEnd", "title", "text", "tags", "id"},
	} {
		frame := answered(t, d, story.Question(t, story.QueryOf(kind, map[string]any{"includeResolved": true})), false)[0]
		for _, name := range fields {
			f, _ := frame.FieldByName(name)
			if assert.NotNilf(t, f, "%s of %s", name, kind) && f.Config != nil {
				assert.Emptyf(t, f.Config.DisplayNameFromDS, "%s of %s", name, kind)
			}
		}
	}
}
