package answer

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
)

// ruleFile is what is read of provisioned alert rules.
type ruleFile struct {
	Groups []struct {
		Rules []struct {
			UID          string            `yaml:"uid"`
			Title        string            `yaml:"title"`
			Condition    string            `yaml:"condition"`
			NoDataState  string            `yaml:"noDataState"`
			ExecErrState string            `yaml:"execErrState"`
			Labels       map[string]string `yaml:"labels"`
			Annotations  map[string]string `yaml:"annotations"`
			Data         []struct {
				RefID         string         `yaml:"refId"`
				QueryType     string         `yaml:"queryType"`
				DatasourceUID string         `yaml:"datasourceUid"`
				Model         map[string]any `yaml:"model"`
			} `yaml:"data"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func TestEveryProvisionedAlertRuleCanAskItsQuestion(t *testing.T) {
	raw, err := os.ReadFile(rulesPath)
	require.NoError(t, err)
	var file ruleFile
	require.NoError(t, yaml.Unmarshal(raw, &file))
	d := told(t)

	asked := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			t.Run(rule.UID, func(t *testing.T) {
				assert.LessOrEqual(t, len(rule.UID), 40, "Grafana's bound")
				assert.NotEmpty(t, rule.NoDataState)
				assert.NotEmpty(t, rule.ExecErrState)
				assert.NotEmpty(t, rule.Labels["severity"])
				assert.NotEmpty(t, rule.Annotations["summary"])
				for _, part := range rule.Data {
					if part.DatasourceUID == "__expr__" {
						assert.Equal(t, rule.Condition, part.RefID)
						continue
					}
					// Grafana hands the type over from the top level of a query, and it stands in the model for the editor.
					assert.Equal(t, part.QueryType, part.Model["queryType"])
					model, err := json.Marshal(part.Model)
					require.NoError(t, err)
					query := story.Question(t, nil)
					query.RefID, query.QueryType, query.JSON = part.RefID, part.QueryType, model
					frames := answered(t, d, query, true)
					story.RequireAlertable(t, frames)
					rows, err := frames[0].RowLen()
					require.NoError(t, err)
					assert.Positive(t, rows)
					asked++
				}
			})
		}
	}
	assert.Equal(t, 11, asked)
}

// rulesPath is the file of provisioned alert rules.
const rulesPath = "../../../provisioning/alerting/copilot.yaml"

// titlesInOrder is the list of titles in an alert's message.
var titlesInOrder = regexp.MustCompile(`(?s)(index \(args\n)(.*?)(\) \(printf "arg%s" \$number\))`)

// titleList writes the titles of all gates in the order of their numbers, "" for a number without a gate.
func titleList() string {
	titles := []string{`"nothing fires"`}
	for _, g := range health.Gates() {
		for len(titles) <= g.Number {
			titles = append(titles, `""`)
		}
	}
	for _, g := range health.Gates() {
		titles[g.Number] = strconv.Quote(g.Title)
	}
	const indent, width = "              ", 104
	var lines []string
	for _, title := range titles {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(title) <= len(indent)+width {
			lines[last] += " " + title
		} else {
			lines = append(lines, indent+title)
		}
	}
	return strings.Join(lines, "\n")
}

// The list is written by: go test ./pkg/plugin/answer -run TestTheMessageOfAnAlert -update-golden
func TestTheMessageOfAnAlertListsTheTitlesByNumber(t *testing.T) {
	raw, err := os.ReadFile(rulesPath)
	require.NoError(t, err)
	found := titlesInOrder.FindSubmatchIndex(raw)
	require.NotNil(t, found)
	if *updateGolden {
		raw = slices.Concat(raw[:found[4]], []byte(titleList()), raw[found[5]:])
		require.NoError(t, os.WriteFile(rulesPath, raw, 0o600))
		found = titlesInOrder.FindSubmatchIndex(raw)
	}
	assert.Equal(t, titleList(), string(raw[found[4]:found[5]]))
}

// sent is the message about the two worst gates, as Grafana writes it.
func sent(t *testing.T, message string, first, second float64) string {
	t.Helper()
	type value struct{ Value float64 }
	functions := template.FuncMap{
		"args": func(args ...any) map[string]any {
			named := map[string]any{}
			for i, a := range args {
				named[fmt.Sprintf("arg%d", i)] = a
			}
			return named
		},
		"externalURL":  func() string { return "https://grafana.example.com/" },
		"reReplaceAll": func(pattern, by, text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, by) },
	}
	parsed, err := template.New("message").Funcs(functions).Option("missingkey=invalid").
		Parse("{{- $labels := .Labels -}}{{- $values := .Values -}}" + message)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, parsed.Execute(&text, map[string]any{
		"Labels": map[string]string{"cluster": "prod"}, "Values": map[string]value{"First": {first}, "Second": {second}},
	}))
	return text.String()
}

func TestTheMessageOfAnAlertNamesGatesAndNeverAWrongOne(t *testing.T) {
	raw, err := os.ReadFile(rulesPath)
	require.NoError(t, err)
	var file ruleFile
	require.NoError(t, yaml.Unmarshal(raw, &file))
	messages := 0
	for _, rule := range file.Groups[0].Rules {
		message, ok := rule.Annotations["top_gates"]
		if !ok {
			continue
		}
		messages++
		for _, g := range health.Gates() {
			assert.Equal(t, g.Title, sent(t, message, float64(g.Number), 0))
		}
		assert.Equal(t, "Work is demanded and does not advance; Activities start a little late", sent(t, message, 1, 36), "what copies of earlier releases show")
		assert.Equal(t, "The database fails; condition 999: see https://grafana.example.com/d/temporal-copilot-why", sent(t, message, 12, 999), "a gate of a later release")
		assert.Equal(t, "No condition fires now", sent(t, message, 0, 0))
		assert.Equal(t, "No condition fires now", sent(t, message, math.NaN(), math.NaN()))
	}
	assert.Equal(t, 3, messages)
}
