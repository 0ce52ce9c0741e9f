package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/internal/docs"
	"github.com/temporal-sre/copilot/worker/config"
)

func documents(t *testing.T) []docs.Page {
	t.Helper()
	pages, err := docs.Read("../..", "README.md", "docs/*.md", "lab/README.md", "src/README.md", "pkg/knowledge/documents/*.md")
	require.NoError(t, err)
	return pages
}

func TestEveryCommandInTheDocumentsCanBeTyped(t *testing.T) {
	found := 0
	for _, page := range documents(t) {
		commands, err := page.Commands()
		require.NoError(t, err, page.Path)
		for _, c := range commands {
			if inContainer := []string{"docker", "compose", "exec", "copilot"}; len(c.Words) > 4 && slices.Equal(c.Words[:4], inContainer) {
				c.Words = c.Words[4:]
			}
			if c.Name() != "copilot" {
				continue
			}
			found++
			// Flags remember their values, so each command line has a root of its own.
			command, rest, err := newRoot().Find(c.Words[1:])
			if !assert.NoErrorf(t, err, "%s:%d: %q", page.Path, c.Line, c.Words) {
				continue
			}
			if err := command.ParseFlags(rest); !errors.Is(err, pflag.ErrHelp) {
				assert.NoErrorf(t, err, "%s:%d: %q", page.Path, c.Line, c.Words)
			}
			assert.NoErrorf(t, command.ValidateArgs(command.Flags().Args()), "%s:%d: %q", page.Path, c.Line, c.Words)
			if c.Whole {
				assert.NoErrorf(t, command.ValidateRequiredFlags(), "%s:%d: %q", page.Path, c.Line, c.Words)
			}
		}
	}
	assert.Greater(t, found, 30)
}

// sections are the keys by which an example is known to be a configuration of the worker.
var sections = []string{"temporal", "store", "metrics", "knowledge", "explain", "log_patterns", "clusters", "interval", "retention"}

// others are keys of files that have a key in common with it: Kubernetes and Grafana, and scenarios of the lab.
var others = []string{"apiVersion", "phases"}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

func TestEveryConfigurationInTheDocumentsIsGood(t *testing.T) {
	found := 0
	for _, page := range documents(t) {
		for _, block := range page.Blocks {
			if block.Language != "yaml" {
				continue
			}
			var keys map[string]any
			require.NoErrorf(t, yaml.Unmarshal([]byte(block.Text), &keys), "%s:%d", page.Path, block.Line)
			has := func(key string) bool { _, ok := keys[key]; return ok }
			if !slices.ContainsFunc(sections, has) || slices.ContainsFunc(others, has) {
				continue
			}
			found++
			text := block.Text
			// An example shows what it is about; what every configuration needs is added.
			if !has("store") {
				text += "\nstore: {url: 'postgres://copilot@localhost/copilot'}\n"
			}
			if !has("clusters") {
				text += "\nclusters: [{name: prod, prometheus: {url: 'http://localhost:9090'}}]\n"
			}
			for _, name := range variable.FindAllStringSubmatch(text, -1) {
				t.Setenv(name[1], "value")
			}
			file := filepath.Join(t.TempDir(), "copilot.yaml")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			c, err := config.Load(file)
			if !assert.NoErrorf(t, err, "%s:%d", page.Path, block.Line) {
				continue
			}
			for _, cluster := range c.Clusters {
				assert.NoErrorf(t, cluster.Series().Validate(), "%s:%d", page.Path, block.Line)
			}
		}
	}
	assert.NotZero(t, found)
}
