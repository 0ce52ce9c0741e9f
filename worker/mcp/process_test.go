package mcp_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// build builds the command line.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "copilot")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/temporal-sre/copilot/worker").CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

func urlOf(p store.Postgres) string {
	return (&url.URL{Scheme: "postgres", User: url.User(p.User), Host: fmt.Sprintf("%s:%d", p.Host, p.Port), Path: p.Database, RawQuery: "sslmode=disable"}).String()
}

// TestTheProgramAnswersAnAssistant runs `copilot mcp` as an assistant does, with a role that may only read.
func TestTheProgramAnswersAnAssistant(t *testing.T) {
	owner, database := story.NewStore(t)
	binary := build(t)
	// The process has its own clock, so its story happens now.
	tell(t, owner, "shop", time.Now().UTC().Truncate(time.Second).Add(-9*time.Minute), chapter{cycles: 10}, chapter{cycles: 9, changes: noWorkers, queues: []health.TaskQueue{orders}})
	_, readOnly := reader(t, owner, database)
	command := func(arguments ...string) *exec.Cmd {
		cmd := exec.Command(binary, append([]string{"mcp", "--url", urlOf(readOnly)}, arguments...)...)
		cmd.Env = append(os.Environ(), "COPILOT_DB_PASSWORD="+readOnly.Password)
		return cmd
	}
	ask := func(t *testing.T, session *sdk.ClientSession) {
		t.Helper()
		text, structured, failed := call(t, session, "verdict", nil)
		require.False(t, failed, text)
		assert.Contains(t, text, `Cluster "shop" is critical`)
		assert.Contains(t, text, `workflow queue "orders" in namespace "shop": tasks wait and it has no workers`)
		assert.Contains(t, structured, `"stale":false`)
		text, _, _ = call(t, session, "explanation", arguments{"cluster": "shop"})
		assert.Contains(t, text, "1. Start the workflow workers again")
	}

	t.Run("over standard input and output", func(t *testing.T) {
		session := dial(t, &sdk.CommandTransport{Command: command()})
		ask(t, session)
		assert.Equal(t, "temporal-sre-copilot", session.InitializeResult().ServerInfo.Name)
		assert.NoError(t, session.Close(), "it ends when its input ends")
	})
	t.Run("over HTTP", func(t *testing.T) {
		cmd := command("--listen", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, "COPILOT_MCP_TOKEN="+secret)
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		line, err := bufio.NewReader(stderr).ReadString('\n')
		require.NoError(t, err)
		assert.Contains(t, line, "read-only, with the token of COPILOT_MCP_TOKEN")
		assert.NotContains(t, line, secret)
		endpoint := regexp.MustCompile(`http://\S+/mcp`).FindString(line)
		ask(t, dial(t, &sdk.StreamableClientTransport{Endpoint: endpoint, HTTPClient: &http.Client{Transport: bearer(secret)}}))
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, cmd.Wait())
	})
	t.Run("and ends when it is interrupted", func(t *testing.T) {
		cmd := command()
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer in.Close()
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = in.Write([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}` + "\n"))
		require.NoError(t, err)
		_, err = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		assert.NoError(t, cmd.Wait())
	})
}
