package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Cluster is the name under which the copilot watches the stage's cluster.
const Cluster = "lab"

// Home is the name of the copilot's own Temporal server among the clusters, where it watches that too.
const Home = "copilot"

// scrapeInterval is how often Prometheus asks: often enough for rates over window to be smooth.
const scrapeInterval = 2 * time.Second

// window is what the copilot's rates look back on. Half of the usual minute halves the time to detect; at
// the lab's load there is still enough in it to count.
const window = 30 * time.Second

// roomyThresholds are latencies, in milliseconds, that a sound cluster stays below also on two cores which
// it shares with its database, its load, Prometheus, the copilot and perhaps a compiler. The usual ones
// are made for clusters with machines of their own. The slow database of DatabaseSlow is beyond them.
var roomyThresholds = map[health.GateID]any{
	"persistence_slow":                    map[string]float64{"threshold": 500},
	"state_transitions_slow":              map[string]float64{"threshold": 2500},
	"frontend_slow":                       map[string]float64{"threshold": 5000},
	"workflow_schedule_to_start_critical": map[string]float64{"threshold": 2500},
	"activity_schedule_to_start_critical": map[string]float64{"threshold": 2500},
}

// startCopilot writes the copilot's configuration, creates its tables and starts it.
func (s *Stage) startCopilot(ctx context.Context) error {
	binary, err := testenv.Binary("bin", "copilot")
	if err != nil {
		return err
	}
	file := filepath.Join(s.scratch, "copilot.yaml")
	content, err := yaml.Marshal(map[string]any{
		"interval": s.options.Interval.String(),
		"temporal": map[string]any{"address": s.home.Address(), "namespace": s.home.Namespace()},
		"store":    map[string]any{"url": s.StoreURL()},
		"metrics":  map[string]any{"listen": s.copilotListen},
		"clusters": s.clusters(),
	})
	if err != nil {
		return fmt.Errorf("writing the copilot's configuration: %w", err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return fmt.Errorf("writing the copilot's configuration: %w", err)
	}
	if output, err := exec.CommandContext(ctx, binary, "db", "migrate", "--config", file).CombinedOutput(); err != nil {
		return fmt.Errorf("creating the copilot's tables: %w\n%s", err, output)
	}
	s.copilotConfig = file
	s.copilot, err = testenv.StartProcess("copilot", exec.Command(binary, "worker", "--config", file, "--log-level", "warn"), testenv.ProcessOptions{})
	if err != nil {
		return err
	}
	s.onStop(s.copilot.Stop)
	return s.openStore(ctx)
}

// clusters are those that the copilot watches, as its configuration spells them.
func (s *Stage) clusters() []map[string]any {
	cluster := func(name, server, worker string, shards int) map[string]any {
		return map[string]any{
			"name":       name,
			"prometheus": map[string]any{"url": s.prometheus.URL()},
			"telemetry": map[string]any{
				"selector":        fmt.Sprintf("job=%q", server),
				"worker_selector": fmt.Sprintf("job=%q", worker),
				"scrape_interval": scrapeInterval.String(),
				"window":          window.String(),
				"shards":          shards,
			},
			"thresholds": map[string]any{"gates": roomyThresholds},
		}
	}
	watched := cluster(Cluster, serverJob, workerJob, shards)
	if s.loki != nil {
		watched["logs"] = map[string]any{"url": s.loki.URL(), "selector": logSelector}
	}
	if !s.options.WatchItself {
		return []map[string]any{watched}
	}
	return []map[string]any{watched, cluster(Home, homeJob, copilotJob, homeShards)}
}

func (s *Stage) openStore(ctx context.Context) error {
	database, err := store.ParseURL(s.StoreURL())
	if err != nil {
		return err
	}
	s.store, err = store.Open(ctx, store.Config{Postgres: &database})
	if err != nil {
		return fmt.Errorf("opening the copilot's store: %w", err)
	}
	s.onStop(func() error { s.store.Close(); return nil })
	return nil
}

// Store is where the copilot's verdicts are.
func (s *Stage) Store() *store.Store { return s.store }

// StoreURL is the connection string of the copilot's store.
func (s *Stage) StoreURL() string { return s.postgres.URL("copilot") }
