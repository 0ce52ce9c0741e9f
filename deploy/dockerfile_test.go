package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// recipe is deploy/Dockerfile as BuildKit reads it.
type recipe struct {
	stages    []instructions.Stage
	arguments map[string]string
}

func dockerfile(t *testing.T) recipe {
	t.Helper()
	content, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	parsed, err := parser.Parse(bytes.NewReader(content))
	require.NoError(t, err)
	assert.Empty(t, parsed.Warnings)
	stages, arguments, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{
		Warn: func(rule, description, _, message string, _ []parser.Range) {
			assert.Fail(t, rule, "%s: %s", message, description)
		},
	}))
	require.NoError(t, err)
	r := recipe{stages: stages, arguments: map[string]string{}}
	for _, command := range arguments {
		for _, argument := range command.Args {
			r.arguments[argument.Key] = *argument.Value
		}
	}
	return r
}

// bases are the images from elsewhere that it begins with.
func (r recipe) bases() []string {
	var all []string
	for _, stage := range r.stages {
		base := os.Expand(stage.BaseName, func(name string) string { return r.arguments[name] })
		if _, own := instructions.HasStage(r.stages, base); !own {
			all = append(all, base)
		}
	}
	return all
}

// user is who a stage's image runs as, also when an earlier stage says so.
func (r recipe) user(name string) string {
	at, _ := instructions.HasStage(r.stages, name)
	user := ""
	if _, own := instructions.HasStage(r.stages, r.stages[at].BaseName); own {
		user = r.user(r.stages[at].BaseName)
	}
	for _, command := range r.stages[at].Commands {
		if u, ok := command.(*instructions.UserCommand); ok {
			user = u.User
		}
	}
	return user
}

func TestImagesAreBuiltFromStagesThatExistAndRunAsNobodyInParticular(t *testing.T) {
	r := dockerfile(t)
	for name, service := range load(t).Services {
		if service.Build == nil {
			continue
		}
		_, known := instructions.HasStage(r.stages, service.Build.Target)
		require.True(t, known, "%s is built from %s", name, service.Build.Target)
		assert.Equal(t, "65532:65532", r.user(service.Build.Target), name)
		assert.True(t, service.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
	}
}

func TestTheBuilderHasTheGoThatTheModulesAskFor(t *testing.T) {
	builder, _, _ := strings.Cut(dockerfile(t).arguments["GO"], "-")
	for _, file := range []string{"go.mod", "lab/go.mod"} {
		content, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		parsed, err := modfile.Parse(file, content, nil)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, version.Compare("go"+builder, "go"+parsed.Go.Version), 0, "%s asks for %s", file, parsed.Go.Version)
	}
}

// ignored tells which files are not handed to the builder.
func ignored(t *testing.T) func(file string) bool {
	t.Helper()
	file, err := os.Open(filepath.Join(root, ".dockerignore"))
	require.NoError(t, err)
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	return func(name string) bool {
		excluded, err := matcher.MatchesOrParentMatches(name)
		require.NoError(t, err)
		return excluded
	}
}

func TestTheBuilderGetsEveryFileThatIsCompiledAndNoSecret(t *testing.T) {
	ignores := ignored(t)
	for _, secret := range []string{".env", ".git/config", "node_modules/a/index.js", "dist/module.js", "bin/copilot", "lab/node_modules/a.js", "docs/install.md"} {
		assert.True(t, ignores(secret), secret)
	}
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	checked := map[string]bool{"go.mod": true, "go.sum": true, "lab/go.mod": true, "lab/go.sum": true}
	for dir, command := range map[string]string{".": "./worker", "lab": "."} {
		for _, system := range []string{"amd64", "arm64"} {
			list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Module,GoFiles,EmbedFiles", command)
			list.Dir = filepath.Join(root, dir)
			list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+system)
			out, err := list.Output()
			require.NoError(t, err)
			for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
				var p struct {
					Dir                 string
					Module              *struct{ Path string }
					GoFiles, EmbedFiles []string
				}
				err := decoder.Decode(&p)
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				if p.Module == nil || !strings.HasPrefix(p.Module.Path, "github.com/temporal-sre/") {
					continue
				}
				for _, name := range append(p.GoFiles, p.EmbedFiles...) {
					file, err := filepath.Rel(top, filepath.Join(p.Dir, name))
					require.NoError(t, err)
					checked[filepath.ToSlash(file)] = true
				}
			}
		}
	}
	for file := range checked {
		assert.False(t, ignores(file), file)
	}
	assert.Greater(t, len(checked), 150)
}
