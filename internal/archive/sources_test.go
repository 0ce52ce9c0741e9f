package archive

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// banned is what Grafana's plugin validator refuses in a back end: files, the environment, other processes,
// and printing past the logger.
var banned = map[string][]string{
	"os":        {"Open", "OpenFile", "Create", "ReadFile", "WriteFile", "ReadDir", "DirFS", "Getenv", "LookupEnv", "Environ"},
	"fmt":       {"Print", "Printf", "Println"},
	"os/exec":   {"Command", "CommandContext"},
	"io/ioutil": {"ReadFile", "ReadDir", "WriteFile"},
	"syscall":   {"Exec", "Open"},
	"unsafe":    {"Pointer"},
}

func TestTheBackEndTouchesNothingThatTheValidatorBans(t *testing.T) {
	checked := 0
	require.NoError(t, filepath.WalkDir("../../pkg", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		checked++
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
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
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := selector.X.(*ast.Ident); ok {
				assert.NotContains(t, banned[packages[of.Name]], selector.Sel.Name, files.Position(selector.Pos()))
			}
			return true
		})
		return nil
	}))
	assert.Greater(t, checked, 100)
}
