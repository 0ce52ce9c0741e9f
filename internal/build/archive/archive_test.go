package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"image"
	"image/png"
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
	put("plugin.json", []byte(`{"id": "an-example-datasource", "type": "datasource", "name": "Example", "executable": "gpx_example",
		"backend": true, "buildMode": "production",
		"info": {"version": "1.2.3", "updated": "2026-01-02", "description": "d", "author": {"name": "An."}, "keywords": ["k"],
			"links": [{"name": "Source", "url": "https://example.com"}],
			"logos": {"small": "img/logo.svg", "large": "img/logo.svg"}, "screenshots": [{"name": "The board", "path": "img/board.png"}]},
		"includes": [{"type": "dashboard", "name": "A", "path": "dashboards/a.json"}],
		"dependencies": {"grafanaDependency": ">=12"}}`))
	put("README.md", []byte(`[docs](https://example.com/docs), <img src="https://example.com/a.png"> and [above](#above)`))
	put("CHANGELOG.md", []byte("# Changelog\n\n## 1.2.3\n\nFirst.\n"))
	put("LICENSE", []byte("Apache License\nVersion 2.0, January 2004\n"))
	put("module.js", []byte(`define(["react"],()=>"see https://grafana.com/docs")`))
	put("module.js.map", []byte(`{"version": 3, "sources": ["a.ts"], "sourcesContent": ["export {}"]}`))
	put("img/logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9"/></svg>`))
	var board bytes.Buffer
	require.NoError(t, png.Encode(&board, image.NewGray(image.Rect(0, 0, 2, 2))))
	put("img/board.png", board.Bytes())
	put("go_plugin_build_manifest", []byte(strings.Repeat("0", 64)+":pkg/main.go\n"))
	put("dashboards/a.json", []byte("{}"))
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

// names are the files of a zip.
func names(t *testing.T, file string) []string {
	t.Helper()
	packed, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer packed.Close()
	var all []string
	for _, f := range packed.File {
		all = append(all, f.Name)
	}
	return all
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
	put := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dist string) {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dist, name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dist, name), []byte(content), 0o644))
		}
	}
	for complaint, spoil := range map[string]func(*testing.T, string){
		"build the plugin first":                    remove("plugin.json"),
		"LICENSE is missing":                        remove("LICENSE"),
		"module.js.map is missing":                  remove("module.js.map"),
		"img/board.png is missing":                  remove("img/board.png"),
		"img/board.png is empty":                    put("img/board.png", ""),
		Binary("gpx_example", host) + " is missing": remove(Binary("gpx_example", host)),
		"is no executable for " + host:              put(Binary("gpx_example", host), "text"),
		"pid.txt is of a debugger":                  put("pid.txt", "1"),
		"nested/plugin.json is of another plugin":   put("nested/plugin.json", "{}"),
		"img/link.svg is no file of its own": func(t *testing.T, dist string) {
			require.NoError(t, os.Symlink("logo.svg", filepath.Join(dist, "img/link.svg")))
		},
		`version "%VERSION%" is no version`:          edit("plugin.json", "1.2.3", "%VERSION%"),
		`id "example" has not the form`:              edit("plugin.json", "an-example-datasource", "example"),
		`does not end in the type "panel"`:           edit("plugin.json", `"type": "datasource"`, `"type": "panel"`),
		"does not begin with the organization":       edit("plugin.json", `"An."`, `"Somebody"`),
		"is not a display name":                      edit("plugin.json", `"Example"`, `"an-example-datasource"`),
		"it was built for development":               edit("plugin.json", "production", "development"),
		"says that it has no back end":               edit("plugin.json", `"backend": true`, `"backend": false`),
		`to "http://example.com" is no https`:        edit("plugin.json", "https://example.com", "http://example.com"),
		`names "../secret", which is no file of the`: edit("plugin.json", "dashboards/a.json", "../secret"),
		`names "./img/logo.svg", which is no file`:   edit("plugin.json", `"small": "img/logo.svg"`, `"small": "./img/logo.svg"`),
		"it does not say which Grafana it works":     edit("plugin.json", ">=12", ""),
		`"12 or so" is no range of versions`:         edit("plugin.json", ">=12", "12 or so"),
		`"12.3.x" is but one Grafana`:                edit("plugin.json", ">=12", "12.3.x"),
		"it has no screenshots":                      edit("plugin.json", `{"name": "The board", "path": "img/board.png"}`, ""),
		"screenshot img/logo.svg is no PNG":          edit("plugin.json", "img/board.png", "img/logo.svg"),
		"img/board.png is no image of the format":    put("img/board.png", "text"),
		"no SVG with a square view box":              put("img/logo.svg", `<svg viewBox="0 0 9 8"/>`),
		"it holds the element script":                put("img/logo.svg", `<svg viewBox="0 0 9 9"><script/></svg>`),
		"it has the attribute onload":                put("img/logo.svg", `<svg viewBox="0 0 9 9" onload="f()"/>`),
		"img/logo.svg: it is no SVG":                 put("img/logo.svg", "text"),
		"the link to docs/a.md is not absolute":      edit("README.md", "https://example.com/docs", "docs/a.md"),
		"the link to img/a.png is not absolute":      edit("README.md", "https://example.com/a.png", "img/a.png"),
		"it holds a comment":                         put("README.md", "<!-- later -->"),
		"it is the template of create-plugin":        put("README.md", "# Grafana data source plugin template"),
		`"yarn" is for developers`:                   put("README.md", "Run yarn."),
		"CHANGELOG.md says nothing of version 1.2.3": put("CHANGELOG.md", "## 1.2.30\n"),
		"LICENSE has blanks":                         put("LICENSE", "Apache License, Copyright {yyyy}"),
		"module.js names https://collect.example":    edit("module.js", "https://grafana.com", "https://collect.example"),
		"module.js was built for development":        edit("module.js", "define", "//# sourceURL=webpack://a\ndefine"),
		"module.js.map is no source map":             put("module.js.map", `{"sources": ["a.ts"]}`),
		"MANIFEST.txt is no signed list of files":    put("MANIFEST.txt", "{}"),
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
