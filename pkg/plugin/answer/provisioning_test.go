package answer

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/internal/story"
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
	assert.Equal(t, 14, asked)
}

// rulesPath is the file of provisioned alert rules.
const rulesPath = "../../../provisioning/alerting/copilot.yaml"

// TestTheMessageOfAnAlertSaysTheCauseAndTheFirstAction renders the messages as Grafana does, from the frame that the plugin
// answers: the text columns of a query in an alert rule are labels of its value.
func TestTheMessageOfAnAlertSaysTheCauseAndTheFirstAction(t *testing.T) {
	raw, err := os.ReadFile(rulesPath)
	require.NoError(t, err)
	var file ruleFile
	require.NoError(t, yaml.Unmarshal(raw, &file))
	said := map[string]map[string]string{}
	frame := answered(t, told(t), story.Question(t, story.QueryOf("cause")), true)[0]
	for row := range frame.Rows() {
		labels := map[string]string{}
		for _, f := range frame.Fields {
			if text, ok := f.At(row).(string); ok {
				labels[f.Name] = text
			}
		}
		said[labels["cluster"]] = labels
	}
	critical := file.Groups[0].Rules[0].Annotations
	assert.Equal(t, `Temporal cluster prod is critical: The oldest task in the task queue "orders" has waited for 155 s, and no worker takes it`,
		sent(t, critical["summary"], said["prod"]))
	assert.Equal(t, `First: Start the workers of the task queue "orders" (workflow tasks, namespace "shop"). Task queue orders, namespace shop. `+
		`Limited by: worker limited. In this state since 03:06 UTC. `+
		`Evidence: https://grafana.example.com/d/temporal-copilot?var-datasource=temporal-copilot&var-cluster=prod&from=now-1h&to=now`,
		sent(t, critical["description"], said["prod"]))
	assert.Equal(t, "https://grafana.example.com/d/temporal-copilot-runbook?var-runbook=starved_queues", sent(t, critical["runbook_url"], said["prod"]))

	for _, rule := range file.Groups[0].Rules {
		for _, labels := range said {
			for name, message := range rule.Annotations {
				text := sent(t, message, labels)
				assert.NotContains(t, text, "no value", "%s of %s", name, rule.UID)
				assert.NotContains(t, text, "  ", "%s of %s", name, rule.UID)
				if name == "summary" {
					assert.Contains(t, text, labels["cluster"], rule.UID)
				}
			}
		}
	}
}

// sent is a message as Grafana writes it for a cluster, of which the query "Cause" said this.
func sent(t *testing.T, message string, cause map[string]string) string {
	t.Helper()
	type value struct {
		Labels map[string]string
		Value  float64
	}
	functions := template.FuncMap{
		"externalURL":  func() string { return "https://grafana.example.com/" },
		"reReplaceAll": func(pattern, by, text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, by) },
	}
	parsed, err := template.New("message").Funcs(functions).Option("missingkey=invalid").
		Parse("{{- $labels := .Labels -}}{{- $values := .Values -}}" + message)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, parsed.Execute(&text, map[string]any{
		"Labels": map[string]string{"cluster": cause["cluster"], "gate": "persistence_slow", "service": "persistence", "source": "logs"},
		"Values": map[string]value{"Cause": {Labels: cause, Value: 2}},
	}))
	return text.String()
}
