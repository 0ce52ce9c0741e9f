package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/lab/traffic"
)

// mixed is the fleet of all SDK workers at the same time, on the same task queue.
const mixed = "mixed"

// typeScriptFlags are the option sets of the TypeScript workers, by name.
var typeScriptFlags = map[string][]string{
	"typescript-default":        {"--exporter", "default"},
	"typescript-seconds":        {"--exporter", "seconds"},
	"typescript-suffixes":       {"--exporter", "suffixes"},
	"typescript-resource-tuner": {"--exporter", "default", "--resource-tuner"},
}

// SDKs are the names of the fleets whose metrics can be recorded.
func SDKs() []string {
	var names []string
	for _, exporter := range traffic.Exporters() {
		names = append(names, "go-"+exporter)
	}
	for name := range typeScriptFlags {
		names = append(names, name)
	}
	slices.Sort(names)
	return append(names, mixed)
}

// SDKPlan is the plan for the metrics of a worker fleet, see SDKs: without work, with work, with all activity slots
// taken, and killed.
func SDKPlan(options Server, fleet string, rate float64) (Plan, error) {
	names := []string{fleet}
	if fleet == mixed {
		names = slices.DeleteFunc(SDKs(), func(name string) bool { return name == mixed })
	}
	var workers []Worker
	for _, name := range names {
		w, err := sdkWorker(name)
		if err != nil {
			return Plan{}, err
		}
		workers = append(workers, w)
	}
	queues := traffic.Queues[:1]
	healthy := conditions{rate: rate, queues: queues, activityTime: activityTime}
	exhausted, gone := healthy, healthy
	exhausted.activityTime = 2 * time.Minute
	gone.dead = queues
	return Plan{Server: options, Workers: workers, phases: []phase{
		{"idle", 8, conditions{}},
		{"healthy", 8, healthy},
		{"slots-exhausted", 8, exhausted},
		{"workers-gone", 6, gone},
	}}, nil
}

// sdkWorker is the worker of a fleet of that name. It has few activity slots, so that they can be exhausted.
func sdkWorker(name string) (Worker, error) {
	const slots = "5"
	if exporter, ok := strings.CutPrefix(name, "go-"); ok && slices.Contains(traffic.Exporters(), exporter) {
		return goWorker("worker-"+name, traffic.TaskQueue, "--exporter", exporter, "--activity-slots", slots)
	}
	flags, ok := typeScriptFlags[name]
	if !ok {
		return Worker{}, fmt.Errorf("no such fleet %q: it is one of %s", name, strings.Join(SDKs(), ", "))
	}
	root, err := testenv.Root()
	if err != nil {
		return Worker{}, err
	}
	folder := filepath.Join(root, "lab", "sdk-typescript")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		return Worker{}, fmt.Errorf("the TypeScript SDK is not installed, run npm ci in %s: %w", folder, err)
	}
	return Worker{
		Name: "worker-" + name, Queue: traffic.TaskQueue, Command: []string{"node", filepath.Join(folder, "worker.js")},
		Flags: append([]string{"--activity-slots", slots}, flags...),
	}, nil
}

// goWorker is a worker of the Go SDK: this very binary in another role.
func goWorker(name, queue string, flags ...string) (Worker, error) {
	self, err := os.Executable()
	if err != nil {
		return Worker{}, fmt.Errorf("finding the lab's own binary: %w", err)
	}
	return Worker{Name: name, Queue: queue, Command: []string{self, "worker"}, Flags: flags}, nil
}
