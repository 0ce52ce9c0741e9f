package plugin

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

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
	raw, err := os.ReadFile("../../provisioning/alerting/copilot.yaml")
	require.NoError(t, err)
	var file ruleFile
	require.NoError(t, yaml.Unmarshal(raw, &file))
	s, _ := newStore(t)
	tellStory(t, s)
	d := newTestDatasource(t, s, storyNow)

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
					query := question(t, nil)
					query.RefID, query.QueryType, query.JSON = part.RefID, part.QueryType, model
					frames := answered(t, d, query, map[string]string{backend.FromAlertHeaderName: "true"})
					requireAlertable(t, frames)
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

func TestTheMessageOfAnAlertNamesGatesByTheirNumbers(t *testing.T) {
	raw, err := os.ReadFile("../../provisioning/alerting/copilot.yaml")
	require.NoError(t, err)
	var file ruleFile
	require.NoError(t, yaml.Unmarshal(raw, &file))
	named := 0
	for _, rule := range file.Groups[0].Rules {
		message, ok := rule.Annotations["top_gates"]
		if !ok {
			continue
		}
		named++
		_, list, found := strings.Cut(message, "(args")
		require.True(t, found)
		list, _, _ = strings.Cut(list, ")")
		var titles []string
		for _, quoted := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(list, -1) {
			titles = append(titles, quoted[1])
		}
		want := []string{"nothing fires"}
		for _, g := range health.Gates() {
			want = append(want, g.Title)
		}
		assert.Equal(t, want, titles)
	}
	assert.Equal(t, 3, named)
}
