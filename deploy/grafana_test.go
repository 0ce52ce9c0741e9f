package deploy_test

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plugin is what is read of plugin.json.
type plugin struct {
	ID       string
	Includes []struct{ Type, Path string }
}

// wanted are the variables that provisioning/ reads.
func wanted(t *testing.T) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "provisioning"), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		for _, found := range regexp.MustCompile(`\$\{?([A-Z][A-Z_0-9]+)`).FindAllStringSubmatch(string(content), -1) {
			names = append(names, found[1])
		}
		return err
	}))
	slices.Sort(names)
	return slices.Compact(names)
}

func TestGrafanaGetsEveryVariableThatProvisioningReadsAndNoOther(t *testing.T) {
	var given []string
	for name, value := range load(t).Services["grafana"].Environment {
		if !strings.HasPrefix(name, "GF_") {
			given = append(given, name)
			require.NotNil(t, value, name)
			if name != "COPILOT_TEMPORAL_UI" { // there is no Web UI in the project
				assert.NotEmpty(t, *value, name)
			}
		}
	}
	assert.ElementsMatch(t, wanted(t), given)
}

func TestGrafanaFindsThePluginItsDashboardsAndWhatIsProvisioned(t *testing.T) {
	p := load(t)
	grafana := p.Services["grafana"]
	var own plugin
	readJSON(t, "plugin.json", &own)
	home := "/var/lib/grafana/plugins/" + own.ID
	targets := map[string]string{}
	for _, volume := range grafana.Volumes {
		targets[volume.Target] = strings.TrimPrefix(volume.Source, p.WorkingDir+"/")
	}
	assert.Equal(t, "dist", targets[home])
	assert.Equal(t, own.ID, *grafana.Environment["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"])
	folder, inPlugin := strings.CutPrefix(*grafana.Environment["COPILOT_DASHBOARDS"], home+"/")
	require.True(t, inPlugin)
	for _, include := range own.Includes {
		assert.Equal(t, folder, path.Dir(include.Path), "the build copies src/%s there", include.Path)
		assert.FileExists(t, filepath.Join(root, "src", include.Path))
	}
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "provisioning"), func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(filepath.Join(root, "provisioning"), file)
		require.NoError(t, err)
		target := path.Join("/etc/grafana/provisioning", filepath.ToSlash(inside))
		_, alone := targets[target]
		_, withFolder := targets[path.Dir(target)]
		assert.True(t, alone || withFolder, "%s is not mounted", file)
		return nil
	}))
}

func TestRolesAndDatabaseAreTheSameWhereTheyAreMadeAndWhereTheyAreUsed(t *testing.T) {
	services := load(t).Services
	migrate := services["copilot-migrate"]
	option := func(name string) string {
		at := slices.Index(migrate.Command, name)
		require.GreaterOrEqual(t, at, 0, name)
		return migrate.Command[at+1]
	}
	owner, err := url.Parse(option("--url"))
	require.NoError(t, err)
	database := services["copilot-db"].Environment
	assert.Equal(t, *database["POSTGRES_USER"], owner.User.Username())
	assert.Equal(t, "/"+*database["POSTGRES_DB"], owner.Path)
	assert.Equal(t, database["POSTGRES_PASSWORD"], migrate.Environment["COPILOT_DB_PASSWORD"])

	store := readCopilotConfig(t).Store
	writer, err := url.Parse(store.URL)
	require.NoError(t, err)
	assert.Equal(t, option("--writer"), writer.User.Username())
	assert.Equal(t, owner.Host, writer.Host)
	assert.Equal(t, owner.Path, writer.Path)
	assert.Equal(t, "${COPILOT_WRITER_PASSWORD}", store.Password)
	assert.Equal(t, migrate.Environment["COPILOT_WRITER_PASSWORD"], services["copilot"].Environment["COPILOT_WRITER_PASSWORD"])

	grafana := services["grafana"].Environment
	assert.Equal(t, option("--reader"), *grafana["COPILOT_DB_USER"])
	assert.Equal(t, migrate.Environment["COPILOT_READER_PASSWORD"], grafana["COPILOT_DB_PASSWORD"])
	assert.Equal(t, owner.Host, *grafana["COPILOT_DB_HOST"]+":"+*grafana["COPILOT_DB_PORT"])
	assert.Equal(t, owner.Path, "/"+*grafana["COPILOT_DB_NAME"])
	assert.Equal(t, owner.Query().Get("sslmode"), *grafana["COPILOT_DB_TLS"])
}

func TestTheServerLogsInToTheDatabaseThatItsTablesAreIn(t *testing.T) {
	services := load(t).Services
	database, schema, server := services["orders-db"].Environment, services["temporal-schema"].Environment, services["temporal"].Environment
	for _, same := range [][3]*string{
		{database["POSTGRES_USER"], schema["SQL_USER"], server["POSTGRES_USER"]},
		{database["POSTGRES_PASSWORD"], schema["SQL_PASSWORD"], server["POSTGRES_PWD"]},
		{server["POSTGRES_SEEDS"], schema["SQL_HOST"], server["POSTGRES_SEEDS"]},
		{server["DB_PORT"], schema["SQL_PORT"], server["DB_PORT"]},
		{server["DB"], schema["SQL_PLUGIN"], server["DB"]},
	} {
		assert.Equal(t, *same[0], *same[1])
		assert.Equal(t, *same[0], *same[2])
	}
	assert.Equal(t, "orders-db", *server["POSTGRES_SEEDS"])
}
