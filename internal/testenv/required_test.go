//go:build unix

package testenv_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// witness is a test that tells how it was ended.
type witness struct{ ended string }

func (*witness) Helper()             {}
func (w *witness) Skip(a ...any)     { w.ended = fmt.Sprint("skipped: ", a[0]) }
func (w *witness) Fatal(a ...any)    { w.ended = fmt.Sprint("failed: ", a[0]) }
func (w *witness) of(e error) string { testenv.Require(w, e); return w.ended }

func TestAMissingPartSkipsATestUnlessPartsAreRequired(t *testing.T) {
	missing := fmt.Errorf("starting: %w", &testenv.MissingError{Path: "/bin/loki"})
	t.Setenv(testenv.RequiredVariable, "")
	require.Empty(t, new(witness).of(nil))
	require.Equal(t, "skipped: starting: /bin/loki is missing, run: go tool mage parts", new(witness).of(missing))
	require.Equal(t, "failed: it crashed", new(witness).of(errors.New("it crashed")))

	t.Setenv(testenv.RequiredVariable, "required")
	require.Equal(t, "failed: starting: /bin/loki is missing, run: go tool mage parts", new(witness).of(missing))
	require.Equal(t, "failed: /bin/copilot is missing, run: go tool mage buildHost", new(witness).of(&testenv.MissingError{Path: "/bin/copilot"}))
}
