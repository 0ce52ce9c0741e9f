package docs_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/docs"
)

const root = "../.."

// readable are the documents for people. src/README.md goes with the plugin, so its links are absolute.
func readable(t *testing.T) []docs.Page {
	t.Helper()
	pages, err := docs.Read(root, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "lab/README.md", "src/README.md")
	require.NoError(t, err)
	return pages
}

// here is how an absolute link names a file of this repository.
const here = "https://github.com/temporal-sre/copilot/blob/main/"

func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	pages := readable(t)
	anchors := map[string]map[string]bool{}
	for _, page := range pages {
		anchors[page.Path] = page.Anchors
	}
	for _, page := range pages {
		for _, link := range page.Links {
			file, anchor := page.Target(link.To)
			if absolute, ok := strings.CutPrefix(link.To, here); ok {
				file, anchor, _ = strings.Cut(absolute, "#")
			} else if strings.Contains(link.To, "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(root, filepath.FromSlash(file)))
			assert.NoErrorf(t, err, "%s:%d: the link %s leads nowhere", page.Path, link.Line, link.To)
			if known, ok := anchors[file]; ok && anchor != "" {
				assert.Truef(t, known[anchor], "%s:%d: the link %s leads to a heading that %s does not have", page.Path, link.Line, link.To, file)
			}
		}
	}
}

func TestEveryTaskInTheDocumentsCanBeRun(t *testing.T) {
	tasks := mageTasks(t)
	require.Contains(t, tasks, "demo")
	require.ErrorContains(t, tasks.check([]string{"build", "dance"}), "dance")
	require.ErrorContains(t, tasks.check([]string{"demo", "--fast"}), "fast")
	scripts := npmScripts(t)
	for _, page := range readable(t) {
		commands, err := page.Commands()
		require.NoError(t, err, page.Path)
		for _, c := range commands {
			words := strings.Join(c.Words, " ")
			if named, ok := strings.CutPrefix(words, "go tool mage "); ok {
				assert.NoErrorf(t, tasks.check(strings.Fields(named)), "%s:%d", page.Path, c.Line)
			}
			if script, ok := strings.CutPrefix(words, "npm run "); ok {
				name, _, _ := strings.Cut(script, " ")
				assert.Containsf(t, scripts, name, "%s:%d", page.Path, c.Line)
			}
		}
	}
}

// taskTable are the tasks of the Magefile by their names in small letters, each with its options and whether they
// take a value.
type taskTable map[string]map[string]bool

func mageTasks(t *testing.T) taskTable {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "Magefile.go"), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	tasks := taskTable{}
	for _, d := range file.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok || function.Recv != nil || !function.Name.IsExported() {
			continue
		}
		options := map[string]bool{}
		for _, parameter := range function.Type.Params.List {
			if pointer, ok := parameter.Type.(*ast.StarExpr); ok {
				kind, _ := pointer.X.(*ast.Ident)
				for _, name := range parameter.Names {
					options[strings.ToLower(name.Name)] = kind.Name != "bool"
				}
			}
		}
		tasks[strings.ToLower(function.Name.Name)] = options
	}
	return tasks
}

// check says which of the words behind "go tool mage" is no task, and no option of the task before it.
func (tasks taskTable) check(words []string) error {
	var options map[string]bool
	for i := 0; i < len(words); i++ {
		word := strings.ToLower(words[i])
		option, isOption := strings.CutPrefix(word, "-")
		switch {
		case !isOption:
			known := false
			if options, known = tasks[word]; !known {
				return fmt.Errorf("there is no task %q", words[i])
			}
		case options == nil:
			// One of mage itself: -l.
		default:
			option, value, _ := strings.Cut(strings.TrimPrefix(option, "-"), "=")
			takesValue, known := options[option]
			if !known {
				return fmt.Errorf("the task has no option %q", words[i])
			}
			if takesValue && value == "" {
				i++
			}
		}
	}
	return nil
}

func npmScripts(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "package.json"))
	require.NoError(t, err)
	var manifest struct{ Scripts map[string]string }
	require.NoError(t, json.Unmarshal(raw, &manifest))
	return manifest.Scripts
}

func TestEveryMessageInTheTroubleshootingStandsInTheCode(t *testing.T) {
	pages, err := docs.Read(root, "docs/troubleshooting.md")
	require.NoError(t, err)
	// The cells of a table come without the marks of code.
	source := strings.NewReplacer(`\"`, `"`, "`", "").Replace(sources(t))
	checked := 0
	for _, table := range pages[0].Tables {
		if table.Header[0] != "message" {
			continue
		}
		for _, row := range table.Rows {
			for part := range strings.SplitSeq(row[0], "…") {
				part = strings.Trim(part, " .")
				assert.Truef(t, strings.Contains(source, part), "%s:%d, %q: nothing says %q", pages[0].Path, table.Line, row[0], part)
				checked++
			}
		}
	}
	assert.NotZero(t, checked)
}

// named are what operators set and read by name.
var named = regexp.MustCompile(`\b(?:COPILOT_[A-Z_]+|copilot_[a-z_]+)\b`)

func TestEveryVariableAndMetricInTheDocumentsExists(t *testing.T) {
	source := sources(t)
	for _, page := range readable(t) {
		for _, code := range append(page.Spans, page.Blocks...) {
			for _, name := range named.FindAllString(code.Text, -1) {
				assert.Truef(t, strings.Contains(source, name), "%s:%d: nothing is named %s", page.Path, code.Line, name)
			}
		}
	}
}

// sources are all programs and settings of this repository in one text.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "docs" || entry.Name() == "dist" || entry.Name() == "bin" || entry.Name() == ".git"):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		switch path.Ext(name) {
		case ".go", ".ts", ".tsx", ".mjs", ".yaml", ".yml", ".json", ".sh", ".tf", ".example":
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			all.Write(text)
		}
		return nil
	}))
	return all.String()
}
