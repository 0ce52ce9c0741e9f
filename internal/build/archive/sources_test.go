package archive

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// permitted are the functions that the back end may call of packages with which it could reach files, the environment
// and other processes, or print past the logger. Grafana's plugin validator refuses the others.
var permitted = map[string][]string{
	"os":        {"Exit"},
	"io/fs":     {},
	"io/ioutil": {},
	"os/exec":   {},
	"syscall":   {},
	"unsafe":    {},
	"fmt":       {"Append", "Appendf", "Appendln", "Errorf", "Fprint", "Fprintf", "Fprintln", "Sprint", "Sprintf", "Sprintln", "Sscan", "Sscanf"},
	"path/filepath": {
		"Base", "Clean", "Dir", "Ext", "FromSlash", "IsAbs", "IsLocal", "Join", "Match", "Rel", "Split", "ToSlash",
	},
}

func TestTheBackEndTouchesNothingThatTheValidatorBans(t *testing.T) {
	checked := 0
	require.NoError(t, filepath.WalkDir("../../../pkg", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		checked++
		for _, found := range calls(t, path, nil) {
			assert.Fail(t, "banned", found)
		}
		return nil
	}))
	assert.Greater(t, checked, 100)
	sample := "package a\nimport (\n\"fmt\"\nfiles \"os\"\n\"io/fs\"\n)\nfunc f() { fmt.Println(1); _ = fmt.Sprint(1); files.Exit(1); files.Getenv(`A`); fs.ReadFile(nil, `a`) }"
	assert.Len(t, calls(t, "sample.go", sample), 3, "the check finds what it looks for, also under another name")
}

// calls are the places of a Go file that call what is not permitted.
func calls(t *testing.T, path string, source any) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	require.NoError(t, err)
	packages := map[string]string{}
	for _, imported := range file.Imports {
		name, err := strconv.Unquote(imported.Path.Value)
		require.NoError(t, err)
		local := filepath.Base(name)
		if imported.Name != nil {
			local = imported.Name.Name
		}
		packages[local] = name
	}
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
			if of, ok := selector.X.(*ast.Ident); ok {
				if allowed, watched := permitted[packages[of.Name]]; watched && !slices.Contains(allowed, selector.Sel.Name) {
					found = append(found, files.Position(call.Pos()).String()+": "+of.Name+"."+selector.Sel.Name)
				}
			}
		}
		return true
	})
	return found
}

// refused is what the validator finds in a front end, and what to do instead.
var refused = map[*regexp.Regexp]string{
	regexp.MustCompile(`\bconsole\.\w+\(`):                                 "say it where the user sees it",
	regexp.MustCompile(`\b(window\.)?(alert|confirm|prompt)\(`):            "Modal and ConfirmModal of @grafana/ui",
	regexp.MustCompile(`\bwindow\.(open|location|grafana\w+|__grafana)`):   "locationService and config of @grafana/runtime",
	regexp.MustCompile(`\bfeatureToggles\.topnav\b`):                       "it is always on",
	regexp.MustCompile(`__SECRET_INTERNALS`):                               "React's own API",
	regexp.MustCompile(`\bgf-form`):                                        "components of @grafana/ui",
	regexp.MustCompile(`@ts-(ignore|expect-error)`):                        "say what the type is",
	regexp.MustCompile(`import\s+['"][^'"]*\.(css|scss|less)['"]|<Global`): "emotion's css",
	regexp.MustCompile(`/api/ds/query`):                                    "the datasource's query()",
	regexp.MustCompile(`\btestDatasource\s*\(`):                            "the back end's health check",
	regexp.MustCompile(`\b(eval|Function)\(|\bdangerouslySetInnerHTML\b`):  "data, not code",
	regexp.MustCompile(`grafana/app/`):                                     "the packages @grafana/…, Angular is gone",
}

func TestTheFrontEndDoesNothingThatTheValidatorRefuses(t *testing.T) {
	checked := 0
	require.NoError(t, filepath.WalkDir("../../../src", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !regexp.MustCompile(`\.tsx?$`).MatchString(path) || strings.Contains(path, ".test.") {
			return err
		}
		checked++
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		for pattern, instead := range refused {
			if found := pattern.Find(content); found != nil {
				assert.Fail(t, "refused", "%s: %s; instead: %s", path, found, instead)
			}
		}
		return nil
	}))
	assert.Greater(t, checked, 10)
}

func TestWhatPeopleReadAndSeeOfThePluginIsFitForTheCatalog(t *testing.T) {
	m, err := readManifest("../../..")
	require.NoError(t, err)
	assert.Equal(t, "%VERSION%", m.Info.Version, "the build puts it in")
	m.Info.Version, m.Info.Updated = "1.2.3", "2026-01-02"
	for _, err := range m.check() {
		assert.NoError(t, err)
	}
	readme, err := os.ReadFile("../../../src/README.md")
	require.NoError(t, err)
	assert.Empty(t, checkReadme(string(readme)))
	license, err := os.ReadFile("../../../LICENSE")
	require.NoError(t, err)
	assert.Empty(t, checkLicense(string(license)))
	logo, err := os.ReadFile(filepath.Join("../../../src", m.Info.Logos.Large))
	require.NoError(t, err)
	assert.NoError(t, checkLogo(logo))
	for _, s := range m.Info.Screenshots {
		assert.FileExists(t, filepath.Join("../../../src", s.Path))
	}
}

func TestTheBuildIsTheOneThatGrafanasToolsLayOut(t *testing.T) {
	for file, mark := range map[string]string{
		".config/webpack/webpack.config.ts": "@grafana/create-plugin",
		"Magefile.go":                       "grafana-plugin-sdk-go/build",
		"go.mod":                            "github.com/grafana/grafana-plugin-sdk-go v",
	} {
		content, err := os.ReadFile(filepath.Join("../../..", file))
		require.NoError(t, err)
		assert.Contains(t, string(content), mark, "the validator looks for it in %s", file)
	}
}
