package answer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
)

// panel is what is read of a panel of a bundled dashboard.
type panel struct {
	Title           string
	Targets         []map[string]any
	Transformations []struct {
		ID      string
		Options struct {
			Include     struct{ Names []string }
			IndexByName map[string]int
		}
	}
	FieldConfig struct {
		Overrides []struct {
			Matcher struct {
				ID      string
				Options any
			}
		}
	}
}

func TestTheBundledDashboardsNameFieldsThatTheirQueriesHave(t *testing.T) {
	files, err := filepath.Glob("../../../src/dashboards/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	d := told(t)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var dashboard struct{ Panels []panel }
		require.NoError(t, json.Unmarshal(raw, &dashboard))
		for _, p := range dashboard.Panels {
			t.Run(filepath.Base(file)+" "+p.Title, func(t *testing.T) {
				known := map[string]bool{}
				for _, target := range p.Targets {
					withVariables(target)
					for _, frame := range answered(t, d, story.Question(t, target), false) {
						for _, f := range frame.Fields {
							known[f.Name] = true
							if f.Config != nil {
								known[f.Config.DisplayNameFromDS] = true
							}
						}
					}
				}
				for _, name := range p.names() {
					assert.True(t, known[name], "no field %q", name)
				}
			})
		}
	}
}

// withVariables puts values in the place of a dashboard's variables: all clusters and states, one signal.
func withVariables(target map[string]any) {
	for field, value := range map[string][]string{"clusters": {}, "states": {}, "signals": {string(health.TransitionRate)}} {
		if list, ok := target[field].([]any); ok && len(list) == 1 && strings.HasPrefix(list[0].(string), "$") {
			target[field] = value
		}
	}
}

// names are the fields that a panel of one query speaks of. Where fields are made by a transformation, the
// fields behind it are not the query's any more.
func (p panel) names() []string {
	if len(p.Targets) != 1 {
		return nil
	}
	var names []string
	for _, step := range p.Transformations {
		switch step.ID {
		case "filterFieldsByName":
			names = append(names, step.Options.Include.Names...)
		case "organize":
			for name := range step.Options.IndexByName {
				names = append(names, name)
			}
		default:
			return names
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		if name, ok := o.Matcher.Options.(string); ok && o.Matcher.ID == "byName" {
			names = append(names, name)
		}
	}
	return names
}
