package answer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/docs"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// units are Grafana's as docs/queries.md calls them. An empty unit, a state or a flag needs none.
var units = map[string]string{
	"s": "seconds", "suffix:/s": "per second", "percentunit": "0 to 1", "short": "number", "currencyUSD": "dollars",
	"dateTimeFromNow": "time", "dateTimeAsIso": "time",
}

// typeInHeading is a query type as a heading names it: Status now (status).
var typeInHeading = regexp.MustCompile(`\(([a-z]+)\)$`)

// goldenOf is the golden file of a query type whose fields are documented, where it has several.
var goldenOf = map[string]string{"usage": "usage_table"}

func TestEveryFieldOfAnAnswerIsDocumentedWithItsUnit(t *testing.T) {
	pages, err := docs.Read("../../..", "docs/queries.md")
	require.NoError(t, err)
	documented := map[string]map[string]string{}
	for _, table := range pages[0].Tables {
		kind := typeInHeading.FindStringSubmatch(table.Heading)
		if kind == nil || table.Header[0] != "field" {
			continue
		}
		documented[kind[1]] = map[string]string{}
		for _, row := range table.Rows {
			for field := range strings.SplitSeq(row[0], ", ") {
				documented[kind[1]][field] = row[1]
			}
		}
	}
	for _, kind := range query.Types {
		fields := documented[kind.Name]
		require.NotEmptyf(t, fields, "docs/queries.md has no fields of %q", kind.Name)
		name := kind.Name
		if other, ok := goldenOf[name]; ok {
			name = other
		}
		for _, field := range goldenFields(t, name) {
			if strings.Contains(field.Name, ".") {
				continue // a signal, which the table of signals documents
			}
			unit, ok := fields[field.Name]
			assert.Truef(t, ok, "docs/queries.md lacks the field %q of %q", field.Name, kind.Name)
			want := units[field.Config.Unit]
			if field.Type == "time" {
				want = "time"
			}
			if ok {
				assert.Equalf(t, want, unit, "the unit of %q of %q", field.Name, kind.Name)
			}
			delete(fields, field.Name)
		}
		assert.Emptyf(t, fields, "docs/queries.md has fields that %q does not answer", kind.Name)
	}
}

// goldenField is a field of a frame as Grafana gets it.
type goldenField struct {
	Name   string
	Type   string
	Config struct{ Unit string }
}

// goldenFields are the fields of a golden file's first frame.
func goldenFields(t *testing.T, name string) []goldenField {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
	require.NoError(t, err)
	var all []goldenField
	for line := range strings.Lines(string(raw)) {
		text, isField := strings.CutPrefix(line, "field ")
		if !isField && len(all) > 0 {
			break
		}
		if isField {
			var field goldenField
			require.NoError(t, json.Unmarshal([]byte(text), &field))
			all = append(all, field)
		}
	}
	require.NotEmpty(t, all, name)
	return all
}
