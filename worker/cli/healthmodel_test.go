package cli

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDocumentedHealthModelIsTheOneThatRuns(t *testing.T) {
	var now bytes.Buffer
	require.NoError(t, writeHealthModel(&now))
	documented, err := os.ReadFile("../../docs/health-model.md")
	require.NoError(t, err)
	require.Equal(t, now.String(), string(documented), "write it anew: go run ./worker gates --markdown >docs/health-model.md")
}
