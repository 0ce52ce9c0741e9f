package archive

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFrontEndThatIsTooLargeToWaitForIsNotPacked(t *testing.T) {
	dist := builtPlugin(t)
	small, err := ScriptsSize(dist)
	require.NoError(t, err)
	assert.Positive(t, small)

	// What repeats itself is small on its way to the browser.
	require.NoError(t, os.WriteFile(filepath.Join(dist, "100.js"), make([]byte, 1_000_000), 0o644))
	require.NoError(t, Check(dist, []string{host}))

	random := make([]byte, 100_000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for _, name := range []string{"200.js", "300.js"} {
		require.NoError(t, os.WriteFile(filepath.Join(dist, name), random, 0o644))
	}
	size, err := ScriptsSize(dist)
	require.NoError(t, err)
	assert.Greater(t, size, 200_000)
	assert.ErrorContains(t, Check(dist, []string{host}), "the scripts have 20")
}
