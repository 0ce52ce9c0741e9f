//go:build unix

package testenv_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// parentRole makes the test binary a program that starts a child and waits to be killed.
const parentRole = "COPILOT_TEST_PARENT_OF_SLEEP"

func TestMain(m *testing.M) {
	if os.Getenv(parentRole) == "" {
		os.Exit(m.Run())
	}
	sleep := exec.Command("sleep", "600")
	if _, err := testenv.StartProcess("sleep", sleep, testenv.ProcessOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(sleep.Process.Pid)
	select {}
}

func TestAChildDiesWithAParentThatIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentRole+"=yes")
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return !running(child) }, 5*time.Second, 20*time.Millisecond)
}

func TestAChildThatIgnoresTheRequestToEndIsKilled(t *testing.T) {
	shell := exec.Command("sh", "-c", "trap '' TERM; echo deaf >&2; while :; do sleep 0.05; done")
	process, err := testenv.StartProcess("shell", shell, testenv.ProcessOptions{Grace: 300 * time.Millisecond})
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // until the trap is set
	err = process.Stop()
	require.ErrorContains(t, err, "was killed")
	require.ErrorContains(t, err, "deaf", "its last words are in the error")
	require.False(t, running(shell.Process.Pid))
	require.Equal(t, err, process.Stop(), "stopping again gives the same answer")
}

func TestStoppingAChildThatHasEndedDoesNoHarm(t *testing.T) {
	process, err := testenv.StartProcess("true", exec.Command("true"), testenv.ProcessOptions{})
	require.NoError(t, err)
	<-process.Exited()
	require.ErrorContains(t, process.Failure(), "exit status 0")
	require.NoError(t, process.Stop())
	require.NoError(t, process.Kill())
}

// running says whether a process exists and is not merely waiting to be reaped by whoever adopted it.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
