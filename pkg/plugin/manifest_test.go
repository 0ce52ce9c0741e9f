package plugin

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheManifestNamesThisPlugin(t *testing.T) {
	raw, err := os.ReadFile("../../plugin.json")
	require.NoError(t, err)
	var manifest struct {
		ID, Type, Executable                               string
		Backend, Metrics, Annotations, Alerting, Streaming bool
		Info                                               struct {
			Version, Updated string
			Logos            struct{ Small, Large string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &manifest))
	assert.Equal(t, ID, manifest.ID)
	assert.Equal(t, "datasource", manifest.Type)
	assert.Equal(t, "gpx_temporal_sre_copilot", manifest.Executable)
	assert.Equal(t, []bool{true, true, true, true, true},
		[]bool{manifest.Backend, manifest.Metrics, manifest.Annotations, manifest.Alerting, manifest.Streaming})
	assert.Equal(t, "%VERSION%", manifest.Info.Version)
	assert.Equal(t, "%TODAY%", manifest.Info.Updated)
	assert.FileExists(t, "../../src/"+manifest.Info.Logos.Small)
	linked, err := os.ReadFile("../../src/plugin.json")
	require.NoError(t, err)
	assert.Equal(t, string(raw), string(linked), "src/plugin.json is a link to the manifest")
}
