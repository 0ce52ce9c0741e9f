package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// workTree is a folder of sources and the plugin that was built from them.
func workTree(t *testing.T) (dist, root string) {
	t.Helper()
	dist, root = builtPlugin(t), t.TempDir()
	put := func(name, content string) string {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o644))
		sum := sha256.Sum256([]byte(content))
		return hex.EncodeToString(sum[:]) + ":" + name + "\n"
	}
	put("package.json", `{"version": "1.2.3"}`)
	put("src/module.ts", "export {}")
	require.NoError(t, os.WriteFile(filepath.Join(dist, sourceMap), []byte(`{"sources": ["webpack://a/webpack/bootstrap", "webpack://a/./module.ts"],
		"sourcesContent": ["", "export {}"]}`), 0o644))
	put("node_modules/a/other.go", "package a")
	listed := put("pkg/main.go", "package main") + put("lab/main.go", "package main")
	require.NoError(t, os.WriteFile(filepath.Join(dist, goManifest), []byte(listed), 0o644))
	return dist, root
}

func TestAPluginIsThatOfItsSources(t *testing.T) {
	dist, root := workTree(t)
	require.NoError(t, CheckSources(dist, root))
	for complaint, change := range map[string]func(root string) error{
		"pkg/main.go has changed since the build": func(root string) error {
			return os.WriteFile(filepath.Join(root, "pkg/main.go"), []byte("package other"), 0o644)
		},
		"pkg/new.go is newer than the build": func(root string) error {
			return os.WriteFile(filepath.Join(root, "pkg/new.go"), []byte("package main"), 0o644)
		},
		"lab/main.go is gone since the build": func(root string) error { return os.Remove(filepath.Join(root, "lab/main.go")) },
		"src/module.ts has changed since the build": func(root string) error {
			return os.WriteFile(filepath.Join(root, "src/module.ts"), []byte("export default 1"), 0o644)
		},
		"src/module.ts is gone since the build": func(root string) error { return os.Remove(filepath.Join(root, "src/module.ts")) },
		"the plugin is version 1.2.3, package.json says 1.3.0": func(root string) error {
			return os.WriteFile(filepath.Join(root, "package.json"), []byte(`{"version": "1.3.0"}`), 0o644)
		},
	} {
		t.Run(complaint, func(t *testing.T) {
			dist, root := workTree(t)
			require.NoError(t, change(root))
			assert.ErrorContains(t, CheckSources(dist, root), complaint)
		})
	}
}
