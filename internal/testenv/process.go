//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Process is a child process that does not outlive its parent.
type Process struct {
	name     string
	cmd      *exec.Cmd
	log      *tail
	quit     syscall.Signal
	grace    time.Duration
	exited   chan struct{}
	exitErr  error
	stopOnce sync.Once
	stopErr  error
}

// ProcessOptions say how a child is run. The zero value suits a program that ends on SIGTERM.
type ProcessOptions struct {
	// Quit is the signal that asks the child to end, SIGTERM by default.
	Quit syscall.Signal
	// Grace is how long the child may take to end before it is killed, 10 s by default.
	Grace time.Duration
	// Log is given what the child writes to its standard error, too.
	Log io.Writer
	// Credential is the user to run as, the parent's by default.
	Credential *syscall.Credential
}

// StartProcess starts cmd as a child named name in errors. Its standard error, and its standard output
// unless cmd.Stdout is set, are kept for the error message should it end early.
//
// The child has a process group of its own: Ctrl-C in a terminal reaches the parent alone, which can
// then stop its children in order.
func StartProcess(name string, cmd *exec.Cmd, options ProcessOptions) (*Process, error) {
	p := &Process{name: name, cmd: cmd, log: &tail{}, quit: options.Quit, grace: options.Grace, exited: make(chan struct{})}
	if p.quit == 0 {
		p.quit = syscall.SIGTERM
	}
	if p.grace == 0 {
		p.grace = 10 * time.Second
	}
	if cmd.Stdout == nil {
		cmd.Stdout = p.log
	}
	cmd.Stderr = p.log
	if options.Log != nil {
		cmd.Stderr = io.MultiWriter(p.log, options.Log)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: options.Credential}
	dieWithParent(cmd.SysProcAttr, p.quit)

	started := make(chan error, 1)
	go func() {
		// The kernel sends the parent-death signal when the thread that forked ends, not the process.
		// A thread held by this goroutine until the child is gone is never the first to end.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.exitErr = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// Exited is closed when the child has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Failure describes the end of a child that was to go on running, with the last lines it wrote. It
// waits until the child has ended.
func (p *Process) Failure() error {
	<-p.exited
	reason := "exit status 0"
	if p.exitErr != nil {
		reason = p.exitErr.Error()
	}
	return fmt.Errorf("%s ended by itself: %s\n%s", p.name, reason, p.log)
}

// Stop asks the child to end, kills it when it does not within its grace, and returns once it is gone.
// Calling it again, or after the child has ended, does no harm.
func (p *Process) Stop() error {
	p.stopOnce.Do(func() { p.stopErr = p.stop() })
	return p.stopErr
}

func (p *Process) stop() error {
	if err := p.cmd.Process.Signal(p.quit); err != nil && !processGone(err) {
		return fmt.Errorf("stopping %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(p.grace):
	}
	if err := p.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not end within %s of %s and was killed\n%s", p.name, p.grace, p.quit, p.log)
}

// Kill ends the child and its own children at once, as a crash would, and waits until it is gone.
func (p *Process) Kill() error {
	// The child leads a process group, so its number names the group too.
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !processGone(err) {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	<-p.exited
	return nil
}

func processGone(err error) bool {
	return errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrProcessDone)
}
