package answer

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/internal/docs"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

func TestTheDocumentedAlertRulesAreThoseThatAreProvisioned(t *testing.T) {
	raw, err := os.ReadFile("../../../provisioning/alerting/copilot.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []struct {
				Title  string            `yaml:"title"`
				For    string            `yaml:"for"`
				Labels map[string]string `yaml:"labels"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &file))
	var provisioned [][]string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			provisioned = append(provisioned, []string{rule.Title, rule.For, rule.Labels["severity"]})
		}
	}
	pages, err := docs.Read("../../..", "docs/alerting.md")
	require.NoError(t, err)
	var documented [][]string
	for _, table := range pages[0].Below("The provisioned rules") {
		for _, row := range table.Rows {
			lasting := strings.NewReplacer(" min", "m", " s", "s").Replace(row[2])
			documented = append(documented, []string{row[0], lasting, row[3]})
		}
	}
	assert.Equal(t, provisioned, documented)
}

func TestEveryAlertRuleInTheDocumentsCanAskItsQuestion(t *testing.T) {
	pages, err := docs.Read("../../..", "docs/*.md", "src/README.md")
	require.NoError(t, err)
	asked := 0
	for _, page := range pages {
		for _, block := range page.Blocks {
			var file ruleFile
			if block.Language != "yaml" || yaml.Unmarshal([]byte(block.Text), &file) != nil {
				continue
			}
			for _, group := range file.Groups {
				for _, rule := range group.Rules {
					for _, part := range rule.Data {
						if part.DatasourceUID == "__expr__" {
							continue
						}
						asked++
						assert.Equal(t, part.QueryType, part.Model["queryType"], page.Path)
						model, err := json.Marshal(part.Model)
						require.NoError(t, err)
						_, err = query.Parse(backend.DataQuery{RefID: part.RefID, QueryType: part.QueryType, JSON: model}, true)
						assert.NoErrorf(t, err, "%s:%d: %s", page.Path, block.Line, rule.UID)
					}
				}
			}
		}
	}
	assert.NotZero(t, asked)
}
