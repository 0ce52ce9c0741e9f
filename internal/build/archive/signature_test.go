package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sign writes MANIFEST.txt in the form in which Grafana's tool saves what it got from grafana.com. The list of files is
// made as that tool makes it; only the signature itself is none.
func sign(t *testing.T, dist string, change func(*signed)) {
	t.Helper()
	s := signed{Plugin: "an-example-datasource", Version: "1.2.3", SignatureType: "private", RootURLs: []string{"https://grafana.example"}, Files: map[string]string{}}
	require.NoError(t, fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dist, name))
		sum := sha256.Sum256(content)
		s.Files[name] = hex.EncodeToString(sum[:])
		return err
	}))
	if change != nil {
		change(&s)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	require.NoError(t, err)
	content := "\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + string(text) + "\n-----BEGIN PGP SIGNATURE-----\nVersion: OpenPGP.js\n\nwrg=\n=aaaa\n-----END PGP SIGNATURE-----\n"
	require.NoError(t, os.WriteFile(filepath.Join(dist, signature), []byte(content), 0o644))
}

func TestASignedPluginIsPackedWithItsSignature(t *testing.T) {
	dist := builtPlugin(t)
	sign(t, dist, nil)
	require.NoError(t, Check(dist, []string{host}))
	file, err := Pack(dist, t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, names(t, file), "an-example-datasource/MANIFEST.txt")
}

func TestWhatChangedSinceTheSignatureIsNotPacked(t *testing.T) {
	for complaint, spoil := range map[string]func(*testing.T, string){
		"README.md has changed since": func(t *testing.T, dist string) {
			sign(t, dist, nil)
			require.NoError(t, os.WriteFile(filepath.Join(dist, "README.md"), []byte("other"), 0o644))
		},
		"new.js came after it": func(t *testing.T, dist string) {
			sign(t, dist, nil)
			require.NoError(t, os.WriteFile(filepath.Join(dist, "new.js"), []byte("0"), 0o644))
		},
		"LICENSE is gone": func(t *testing.T, dist string) {
			sign(t, dist, nil)
			require.NoError(t, os.Remove(filepath.Join(dist, "LICENSE")))
		},
		"it is of an-example-datasource 1.2.2": func(t *testing.T, dist string) {
			sign(t, dist, func(s *signed) { s.Version = "1.2.2" })
		},
		"it is community with 1 root URLs": func(t *testing.T, dist string) {
			sign(t, dist, func(s *signed) { s.SignatureType = "community" })
		},
		"it is private with 0 root URLs": func(t *testing.T, dist string) {
			sign(t, dist, func(s *signed) { s.RootURLs = nil })
		},
	} {
		t.Run(complaint, func(t *testing.T) {
			dist := builtPlugin(t)
			spoil(t, dist)
			err := Check(dist, []string{host})
			assert.ErrorContains(t, err, complaint)
			assert.ErrorContains(t, err, "sign it again (npm run sign)")
		})
	}
}
