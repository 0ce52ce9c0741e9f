package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// buildLab builds this command, which starts itself again as worker and load.
func buildLab(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lab")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// cleanTemp is a folder for temporary files that other users can reach, as PostgreSQL under root needs
// it. At the test's end nothing of a stage may be left in it.
func cleanTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // that others can read it is the point
	t.Cleanup(func() {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, entry := range entries {
			// PostgreSQL's programs are kept for the next one.
			require.Regexp(t, `^copilot-postgres-\d+\.`, entry.Name(), "everything is removed")
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return dir
}

func TestTheDemoEndsWellOnlyIfTheCopilotToldTheStoryAsItWas(t *testing.T) {
	lab := buildLab(t)
	play := func(story string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
		defer cancel()
		command := exec.CommandContext(ctx, lab, "demo", "--scenario", filepath.Join("testdata", story))
		command.Env = append(os.Environ(), "TMPDIR="+cleanTemp(t), "GRAFANA_HOME=")
		output, err := command.CombinedOutput()
		return string(output), err
	}
	t.Run("workers stop and return, and the copilot says so", func(t *testing.T) {
		output, err := play("workers-stop.yaml")
		require.NoError(t, err, output)
		require.Regexp(t, `workers stop +critical, worker_limited +critical, worker_limited .* ok`, output)
		require.Contains(t, output, "everything came as expected")
		require.Contains(t, output, "gate fired workflow_pollers_gone: matching.workflow_pollers 0 < 1", "with its evidence")
	})
	t.Run("a story that is told otherwise fails", func(t *testing.T) {
		output, err := play("never-comes-true.yaml")
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, output)
		require.Equal(t, 1, exit.ExitCode())
		require.Contains(t, output, "FAILED")
		require.Contains(t, output, "did not come as the story expects")
	})
}

func TestWhatIsUpIsReachableAndGoneAfterCtrlC(t *testing.T) {
	command := exec.Command(buildLab(t), "up", "--rate", "1")
	command.Env = append(os.Environ(), "TMPDIR="+cleanTemp(t))
	var errors bytes.Buffer
	command.Stderr = &errors
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())

	var said strings.Builder
	lines := bufio.NewScanner(io.TeeReader(output, &said))
	for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C stops everything") {
	}
	page := regexp.MustCompile(`(?m)^Prometheus +(http://\S+)$`).FindStringSubmatch(said.String())
	require.NotNil(t, page, said.String()+errors.String())
	require.NoError(t, get(t, page[1]+"/-/ready"))

	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.NoError(t, command.Wait(), errors.String())
	require.ErrorContains(t, get(t, page[1]+"/-/ready"), "refused")
}

func get(t *testing.T, page string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
