package dotenv

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryNameWithoutAValueGetsAPasswordOfItsOwnThatOnlyTheOwnerReads(t *testing.T) {
	example, file := filepath.Join(t.TempDir(), "example"), filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(example, []byte("# The store.\nDB=\nREADER=\nPORT=3000\n"), 0o600))

	names, err := Fill(example, file)
	require.NoError(t, err)
	assert.Equal(t, []string{"DB", "READER"}, names)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `^# The store\.\nDB=[0-9a-f]{48}\nREADER=[0-9a-f]{48}\nPORT=3000\n$`, string(content))
	filled := values(content)
	assert.NotEqual(t, filled["DB"], filled["READER"])
}

func TestPasswordsThatAreInUseStay(t *testing.T) {
	example, file := filepath.Join(t.TempDir(), "example"), filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(example, []byte("DB=\nNEW=\n"), 0o600))
	require.NoError(t, os.WriteFile(file, []byte("OWN=1\nDB=in=use\nOLD=2\n"), 0o644))

	names, err := Fill(example, file)
	require.NoError(t, err)
	assert.Equal(t, []string{"NEW"}, names)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `^DB=in=use\nNEW=[0-9a-f]{48}\nOWN=1\nOLD=2\n$`, string(content))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	names, err = Fill(example, file)
	require.NoError(t, err)
	assert.Empty(t, names)
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, content, again)
}

func TestAMissingExampleIsSaid(t *testing.T) {
	_, err := Fill(filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), ".env"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
