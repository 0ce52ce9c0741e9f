package archive

import (
	"archive/zip"
	"crypto/sha1"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const host = runtime.GOOS + "/" + runtime.GOARCH

// builtPlugin is a plugin as the build leaves it in dist/, for this platform; its executable is this test.
func builtPlugin(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	put := func(name string, content []byte) {
		path := filepath.Join(dist, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o644))
	}
	put("plugin.json", []byte(`{"id": "an-example-datasource", "executable": "gpx_example",
		"info": {"version": "1.2.3", "updated": "2026-01-02", "description": "d", "author": {"name": "a"}, "keywords": ["k"],
			"logos": {"small": "img/logo.svg", "large": "img/logo.svg"}, "screenshots": [{"path": "img/board.png"}]},
		"includes": [{"type": "dashboard", "path": "dashboards/a.json"}],
		"dependencies": {"grafanaDependency": ">=12"}}`))
	put("README.md", []byte("[docs](https://example.com/docs) and [above](#above)"))
	for _, name := range []string{"module.js", "CHANGELOG.md", "LICENSE", "go_plugin_build_manifest", "img/logo.svg", "img/board.png", "dashboards/a.json"} {
		put(name, []byte("content of "+name))
	}
	self, err := os.Executable()
	require.NoError(t, err)
	content, err := os.ReadFile(self)
	require.NoError(t, err)
	put(Binary("gpx_example", host), content)
	return dist
}

func TestACompletePluginIsPackedAsGrafanaInstallsIt(t *testing.T) {
	dist := builtPlugin(t)
	require.NoError(t, Check(dist, []string{host}))
	file, err := Pack(dist, filepath.Join(t.TempDir(), "new"))
	require.NoError(t, err)
	assert.Equal(t, "an-example-datasource-1.2.3.zip", filepath.Base(file))

	packed, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer packed.Close()
	modes := map[string]fs.FileMode{}
	for _, f := range packed.File {
		modes[f.Name] = f.Mode()
	}
	for _, name := range []string{"plugin.json", "module.js", "img/logo.svg", "dashboards/a.json"} {
		assert.Equal(t, fs.FileMode(0o644), modes["an-example-datasource/"+name], name)
	}
	assert.Equal(t, fs.FileMode(0o755), modes["an-example-datasource/"+Binary("gpx_example", host)])
	for name := range modes {
		assert.True(t, strings.HasPrefix(name, "an-example-datasource/"), name)
	}

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	sum := sha1.Sum(content)
	written, err := os.ReadFile(file + ".sha1")
	require.NoError(t, err)
	assert.Equal(t, hex.EncodeToString(sum[:])+"  an-example-datasource-1.2.3.zip\n", string(written))
}

func TestWhatIsMissingOrWrongIsNamed(t *testing.T) {
	edit := func(name, old, now string) func(*testing.T, string) {
		return func(t *testing.T, dist string) {
			path := filepath.Join(dist, name)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(content), old)
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(content), old, now, 1)), 0o644))
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dist string) { require.NoError(t, os.Remove(filepath.Join(dist, name))) }
	}
	for complaint, spoil := range map[string]func(*testing.T, string){
		"build the plugin first":                     remove("plugin.json"),
		"LICENSE is missing":                         remove("LICENSE"),
		"img/board.png is missing":                   remove("img/board.png"),
		Binary("gpx_example", host) + " is missing":  remove(Binary("gpx_example", host)),
		"the link to docs/a.md is not absolute":      edit("README.md", "https://example.com/docs", "docs/a.md"),
		`version "%VERSION%" is no version`:          edit("plugin.json", "1.2.3", "%VERSION%"),
		`id "example" has not the form`:              edit("plugin.json", "an-example-datasource", "example"),
		"screenshot img/logo.svg is no PNG":          edit("plugin.json", "img/board.png", "img/logo.svg"),
		`names "../secret", which is no file of the`: edit("plugin.json", "dashboards/a.json", "../secret"),
		"it does not say which Grafana it works":     edit("plugin.json", ">=12", ""),
		"is no executable for " + host: func(t *testing.T, dist string) {
			require.NoError(t, os.WriteFile(filepath.Join(dist, Binary("gpx_example", host)), []byte("text"), 0o644))
		},
	} {
		t.Run(complaint, func(t *testing.T) {
			dist := builtPlugin(t)
			spoil(t, dist)
			assert.ErrorContains(t, Check(dist, []string{host}), complaint)
		})
	}
}

func TestABinaryForAnotherPlatformIsRefused(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	assert.NoError(t, checkBinary(self, host))
	assert.ErrorContains(t, checkBinary(self, "windows/arm64"), "is no executable for windows/arm64")
}
