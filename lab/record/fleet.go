package record

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// Worker is a worker process of a recording.
type Worker struct {
	// Name is that of the process in the recording.
	Name string
	// Queue is the task queue that it polls.
	Queue string
	// Command starts it; the flags of `lab worker` are added.
	Command []string
	// Flags are those of `lab worker` that this worker alone has.
	Flags []string
}

// conditions are what a phase puts the cluster under.
type conditions struct {
	// rate is how many workflows are started per second, spread over queues.
	rate         float64
	queues       []string
	activityTime time.Duration
	// dead are the queues that have lost their workers.
	dead []string
	// unreachable and incompatible are those of traffic.WorkerOptions, for all workers.
	unreachable, incompatible bool
}

// fleet is the load and the workers of a recording.
type fleet struct {
	address string // of the server
	workers []*member
	load    *testenv.Process
	loading string // the load's flags
}

// member is a worker of the fleet. Its metrics keep their address when it is started again.
type member struct {
	Worker
	metrics string
	process *testenv.Process
	running string // the flags that it runs with
}

func newFleet(address string, workers []Worker) (*fleet, error) {
	f := &fleet{address: address}
	for _, w := range workers {
		port, err := testenv.FreePort()
		if err != nil {
			return nil, err
		}
		f.workers = append(f.workers, &member{Worker: w, metrics: testenv.Loopback(port)})
	}
	return f, nil
}

// follow brings the processes in line with new conditions. Workers that have to go are killed, as in a crash.
func (f *fleet) follow(c conditions) error {
	for _, w := range f.workers {
		var flags []string
		if !slices.Contains(c.dead, w.Queue) {
			flags = append([]string{"--address", f.address, "--namespace", namespace, "--task-queue", w.Queue, "--metrics-address", w.metrics}, w.Flags...)
			if c.unreachable {
				flags = append(flags, "--unreachable")
			}
			if c.incompatible {
				flags = append(flags, "--incompatible")
			}
		}
		if err := replace(&w.process, &w.running, w.Name, w.Command, flags); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the lab's own binary: %w", err)
	}
	var flags []string
	if c.rate > 0 {
		flags = []string{
			"--address", f.address, "--namespace", namespace, "--task-queues", strings.Join(c.queues, ","),
			"--rate", strconv.FormatFloat(c.rate, 'g', -1, 64), "--activity-time", c.activityTime.String(),
		}
	}
	return replace(&f.load, &f.loading, "load", []string{self, "load"}, flags)
}

// replace replaces a process unless it runs with these flags. Without flags there is to be none.
func replace(process **testenv.Process, running *string, name string, command, flags []string) error {
	wanted := strings.Join(flags, " ")
	if *running == wanted {
		return nil
	}
	if *process != nil {
		if err := (*process).Kill(); err != nil {
			return err
		}
		*process, *running = nil, ""
	}
	if wanted == "" {
		return nil
	}
	started, err := testenv.StartProcess(name, exec.Command(command[0], slices.Concat(command[1:], flags)...), testenv.ProcessOptions{})
	if err != nil {
		return err
	}
	*process, *running = started, wanted
	return nil
}

// revive starts workers again that ended by themselves, as a supervisor does; a worker gives up when it can't reach
// a server that is slow to answer. It fails when the load has ended.
func (f *fleet) revive() error {
	for _, w := range f.workers {
		if flags := w.running; w.process != nil && ended(w.process) {
			w.running = ""
			if err := replace(&w.process, &w.running, w.Name, w.Command, strings.Fields(flags)); err != nil {
				return err
			}
		}
	}
	if f.load != nil && ended(f.load) {
		return f.load.Failure()
	}
	return nil
}

func ended(process *testenv.Process) bool {
	select {
	case <-process.Exited():
		return true
	default:
		return false
	}
}

func (f *fleet) stop() error {
	errs := []error{replace(&f.load, &f.loading, "load", nil, nil)}
	for _, w := range f.workers {
		errs = append(errs, replace(&w.process, &w.running, w.Name, nil, nil))
	}
	return errors.Join(errs...)
}
