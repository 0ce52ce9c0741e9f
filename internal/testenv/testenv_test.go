//go:build unix

package testenv_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

func TestMissingBinarySaysWhatToRun(t *testing.T) {
	empty := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(empty, "go.mod"), []byte("module github.com/temporal-sre/copilot\n"), 0o600))
	t.Chdir(empty)
	starts := map[string]func(context.Context) error{
		"PostgreSQL": func(ctx context.Context) error {
			_, err := testenv.StartPostgres(ctx, testenv.PostgresOptions{})
			return err
		},
		"Prometheus": func(ctx context.Context) error {
			_, err := testenv.StartPrometheus(ctx, testenv.PrometheusOptions{})
			return err
		},
		"Loki": func(ctx context.Context) error {
			_, err := testenv.StartLoki(ctx, testenv.LokiOptions{})
			return err
		},
		"Temporal": func(ctx context.Context) error {
			_, err := testenv.StartTemporal(ctx, testenv.TemporalOptions{})
			return err
		},
	}
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			err := start(t.Context())
			var missing *testenv.MissingError
			require.ErrorAs(t, err, &missing)
			require.Contains(t, missing.Path, empty)
			require.ErrorContains(t, err, "run: go tool mage parts")
		})
	}
}

func TestOutsideTheRepositoryThereIsNoRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	// The test binary itself lies in a temporary folder too.
	_, err := testenv.Root()
	require.ErrorContains(t, err, "run this from inside the repository")
}
