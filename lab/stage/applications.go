package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/lab/traffic"
)

// applications are the processes that use the watched cluster.
type applications struct {
	cluster *testenv.Temporal
	// log is given what the processes log.
	log io.Writer
	// queues are the workers of each of traffic.Queues.
	queues []*queueWorkers
	load   *testenv.Process
}

// queueWorkers are the worker processes of a task queue.
type queueWorkers struct {
	queue string
	// metrics are the addresses of the workers' metrics, one for each worker that may ever run.
	metrics [MaxWorkers]string
	workers []*testenv.Process
}

func newApplications(cluster *testenv.Temporal, log io.Writer) (*applications, error) {
	a := &applications{cluster: cluster, log: log}
	for _, queue := range traffic.Queues {
		q := &queueWorkers{queue: queue}
		for i := range q.metrics {
			port, err := testenv.FreePort()
			if err != nil {
				return nil, err
			}
			q.metrics[i] = testenv.Loopback(port)
		}
		a.queues = append(a.queues, q)
	}
	return a, nil
}

// follow brings the processes in line with new conditions, given the old ones.
func (a *applications) follow(old, wanted Conditions) error {
	for i, q := range a.queues {
		if !old.sameWorkers(wanted) {
			if err := a.keepWorkers(q, 0, old); err != nil {
				return err
			}
		}
		count := wanted.Workers
		if i >= wanted.Queues-wanted.DeadQueues {
			count = 0
		}
		if err := a.keepWorkers(q, count, wanted); err != nil {
			return err
		}
	}
	if a.load != nil && old.sameLoad(wanted) {
		return nil
	}
	return a.restartLoad(wanted)
}

// sameWorkers says whether workers can go on under other conditions. Slots and code are a worker's for life.
func (c Conditions) sameWorkers(other Conditions) bool {
	return c.ActivitySlots == other.ActivitySlots && c.ActivitiesFailing == other.ActivitiesFailing && c.NonDeterminism == other.NonDeterminism
}

// sameLoad says whether the load can go on under other conditions.
func (c Conditions) sameLoad(other Conditions) bool {
	return c.Rate == other.Rate && c.ActivityTime == other.ActivityTime && c.FailShare == other.FailShare && c.Queues == other.Queues
}

// keepWorkers kills surplus workers of a queue, as a crash would, and starts missing ones.
func (a *applications) keepWorkers(q *queueWorkers, count int, conditions Conditions) error {
	for len(q.workers) > count {
		last := len(q.workers) - 1
		if err := q.workers[last].Kill(); err != nil {
			return err
		}
		q.workers = q.workers[:last]
	}
	for len(q.workers) < count {
		number := len(q.workers)
		process, err := a.start(fmt.Sprintf("worker %d of %s", number+1, q.queue), "worker",
			"--task-queue", q.queue,
			"--metrics-address", q.metrics[number],
			"--activity-slots", strconv.Itoa(conditions.ActivitySlots),
			fmt.Sprintf("--unreachable=%t", conditions.ActivitiesFailing),
			fmt.Sprintf("--incompatible=%t", conditions.NonDeterminism))
		if err != nil {
			return err
		}
		q.workers = append(q.workers, process)
	}
	return nil
}

func (a *applications) restartLoad(conditions Conditions) error {
	if a.load != nil {
		if err := a.load.Kill(); err != nil {
			return err
		}
		a.load = nil
	}
	if conditions.Rate == 0 {
		return nil
	}
	process, err := a.start("load", "load",
		"--task-queues", strings.Join(traffic.Queues[:conditions.Queues], ","),
		"--rate", strconv.FormatFloat(conditions.Rate, 'g', -1, 64),
		"--activity-time", conditions.ActivityTime.String(),
		"--fail-share", strconv.FormatFloat(conditions.FailShare, 'g', -1, 64))
	a.load = process
	return err
}

// start runs this very binary in another role.
func (a *applications) start(name, role string, arguments ...string) (*testenv.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the lab's own binary: %w", err)
	}
	arguments = append([]string{role, "--address", a.cluster.Address(), "--namespace", a.cluster.Namespace()}, arguments...)
	return testenv.StartProcess(name, exec.Command(self, arguments...), testenv.ProcessOptions{Log: a.log})
}

// check fails when a process ended that was to go on.
func (a *applications) check() error {
	var running []*testenv.Process
	for _, q := range a.queues {
		running = append(running, q.workers...)
	}
	if a.load != nil {
		running = append(running, a.load)
	}
	for _, process := range running {
		select {
		case <-process.Exited():
			return process.Failure()
		default:
		}
	}
	return nil
}

func (a *applications) stop() error {
	var errs []error
	for _, q := range a.queues {
		errs = append(errs, a.keepWorkers(q, 0, Conditions{}))
	}
	return errors.Join(append(errs, a.restartLoad(Conditions{}))...)
}

// targets are the workers' pages for Prometheus.
func (a *applications) targets() []testenv.Target {
	var targets []testenv.Target
	for _, q := range a.queues {
		for _, address := range q.metrics {
			targets = append(targets, testenv.Target{Job: workerJob, Address: address})
		}
	}
	return targets
}
