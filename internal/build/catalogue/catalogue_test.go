package catalogue

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

func TestWhatIsGeneratedIsUpToDate(t *testing.T) {
	files, err := Files(root)
	require.NoError(t, err)
	for name, want := range files {
		committed, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(committed), "go tool mage generate")
	}
}

func TestTextsAreStringsOfTypeScript(t *testing.T) {
	assert.Equal(t, `'say "no"'`, quote(`say "no"`))
	assert.Equal(t, `"can't"`, quote("can't"))
	assert.Equal(t, `'can\'t say "no"'`, quote(`can't say "no"`))
}
