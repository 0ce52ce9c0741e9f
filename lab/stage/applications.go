package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/temporal-sre/copilot/internal/parts"
)

// applications are the processes that use the watched cluster.
type applications struct {
	cluster *parts.Temporal
	// log is given what the processes log.
	log io.Writer
	// metrics are the addresses of the workers' metrics, one for each worker that may ever run.
	metrics [MaxWorkers]string
	workers []*parts.Process
	load    *parts.Process
}

func newApplications(cluster *parts.Temporal, log io.Writer) (*applications, error) {
	a := &applications{cluster: cluster, log: log}
	for i := range a.metrics {
		port, err := parts.FreePort()
		if err != nil {
			return nil, err
		}
		a.metrics[i] = parts.Loopback(port)
	}
	return a, nil
}

// follow brings the processes in line with new conditions, given the old ones.
func (a *applications) follow(old, wanted Conditions) error {
	if old.ActivitySlots != wanted.ActivitySlots {
		// Slots are a worker's for life.
		if err := a.keepWorkers(0, old); err != nil {
			return err
		}
	}
	if err := a.keepWorkers(wanted.Workers, wanted); err != nil {
		return err
	}
	if a.load != nil && old.Rate == wanted.Rate && old.ActivityTime == wanted.ActivityTime && old.FailShare == wanted.FailShare {
		return nil
	}
	return a.restartLoad(wanted)
}

// keepWorkers kills surplus workers, as a crash would, and starts missing ones.
func (a *applications) keepWorkers(count int, conditions Conditions) error {
	for len(a.workers) > count {
		last := len(a.workers) - 1
		if err := a.workers[last].Kill(); err != nil {
			return err
		}
		a.workers = a.workers[:last]
	}
	for len(a.workers) < count {
		number := len(a.workers)
		process, err := a.start(fmt.Sprintf("worker %d", number+1), "worker",
			"--metrics-address", a.metrics[number],
			"--activity-slots", strconv.Itoa(conditions.ActivitySlots))
		if err != nil {
			return err
		}
		a.workers = append(a.workers, process)
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
		"--rate", strconv.FormatFloat(conditions.Rate, 'g', -1, 64),
		"--activity-time", conditions.ActivityTime.String(),
		"--fail-share", strconv.FormatFloat(conditions.FailShare, 'g', -1, 64))
	a.load = process
	return err
}

// start runs this very binary in another role.
func (a *applications) start(name, role string, arguments ...string) (*parts.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the lab's own binary: %w", err)
	}
	arguments = append([]string{role, "--address", a.cluster.Address(), "--namespace", a.cluster.Namespace()}, arguments...)
	return parts.StartProcess(name, exec.Command(self, arguments...), parts.ProcessOptions{Log: a.log})
}

// check fails when a process ended that was to go on.
func (a *applications) check() error {
	running := a.workers
	if a.load != nil {
		running = append(running[:len(running):len(running)], a.load)
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
	return errors.Join(a.keepWorkers(0, Conditions{}), a.restartLoad(Conditions{}))
}

// targets are the workers' pages for Prometheus.
func (a *applications) targets() []parts.Target {
	targets := make([]parts.Target, len(a.metrics))
	for i, address := range a.metrics {
		targets[i] = parts.Target{Job: workerJob, Address: address}
	}
	return targets
}
