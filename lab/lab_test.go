package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// buildLab builds this command, which starts itself again as worker and load, for tests on a machine that has what it starts.
func buildLab(t *testing.T) string {
	t.Helper()
	testenv.Require(t, testenv.Installed())
	_, err := testenv.Binary("bin", "copilot")
	testenv.Require(t, err)
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
	t.Parallel() // stories are waited for
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

func TestWhatIsUpIsReachableAndChangeableAndGoneAfterCtrlC(t *testing.T) {
	t.Parallel()
	command := exec.Command(buildLab(t), "up", "--rate", "1", "--control", "127.0.0.1:0")
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
	address := func(part string) string {
		found := regexp.MustCompile(`(?m)^` + part + ` +(http://\S+)$`).FindStringSubmatch(said.String())
		require.NotNil(t, found, said.String()+errors.String())
		return found[1]
	}
	page := address("Prometheus") + "/-/ready"
	status, _ := ask(t, http.MethodGet, page, "")
	require.Equal(t, http.StatusOK, status)
	underControl(t, address("control"))

	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.NoError(t, command.Wait(), errors.String())
	_, err = http.Get(page) // there is nobody to answer
	require.ErrorContains(t, err, "refused")
}

func underControl(t *testing.T, control string) {
	status, body := ask(t, http.MethodPost, control+"/conditions", "{workers: 1, activity_time: 20ms}")
	require.Equal(t, http.StatusOK, status, body)
	status, body = ask(t, http.MethodGet, control+"/stage", "")
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"conditions":{"rate":1,"activity_time":"20ms","fail_share":0,"workers":1,`, "what is not named stays")
	require.Regexp(t, `"store":\{"host":"127.0.0.1","port":\d+,"database":"copilot",`, body)

	status, body = ask(t, http.MethodPost, control+"/conditions", "{workers: 7}")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "workers 7: it is a number from 0 to 4")
	status, body = ask(t, http.MethodPost, control+"/grafana/restart", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, body, "--grafana")

	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, body := ask(t, http.MethodGet, control+"/events", "")
		var events []struct {
			Seq           int64
			At, Committed time.Time
		}
		require.NoError(c, json.Unmarshal([]byte(body), &events), body)
		require.NotEmpty(c, events, "the first verdict is an event")
		require.EqualValues(c, 1, events[0].Seq)
		require.WithinRange(c, events[0].Committed, events[0].At, events[0].At.Add(time.Minute))
	}, 2*time.Minute, time.Second)
}

func ask(t *testing.T, method, page, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, page, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}
