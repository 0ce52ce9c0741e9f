package deploy_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/dns" // prometheus.yml asks Docker's DNS for the workers
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestTheWorkerTakesItsConfigurationWithTheEnvironmentThatItGets(t *testing.T) {
	copilot := filepath.Join(t.TempDir(), "copilot")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-C", root, "-o", copilot, "./worker").CombinedOutput()
	require.NoError(t, err, string(output))
	check := func(environment ...string) (string, error) {
		command := exec.CommandContext(t.Context(), copilot, "config", "check", "--config", "compose/copilot.yaml")
		command.Env = environment
		output, err := command.CombinedOutput()
		return string(output), err
	}
	var environment []string
	for name, value := range load(t).Services["copilot"].Environment {
		environment = append(environment, name+"="+*value)
	}
	said, err := check(environment...)
	require.NoError(t, err, said)
	assert.Contains(t, said, "The configuration is good. Clusters: 1.")
	said, err = check()
	require.Error(t, err)
	assert.Contains(t, said, "COPILOT_WRITER_PASSWORD is not set", "its password comes from the environment alone")
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	c, err := config.LoadFile("compose/prometheus.yml", false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	jobs, err := c.GetScrapeConfigs()
	require.NoError(t, err)
	assert.Len(t, jobs, 3)
}

func TestLokiTakesItsConfiguration(t *testing.T) {
	loki := filepath.Join(root, "bin", "loki")
	if _, err := os.Stat(loki); os.IsNotExist(err) && os.Getenv("COPILOT_PARTS") != "required" {
		t.Skip(loki + " is missing, run: go tool mage parts") // as in internal/testenv, which is of another module
	}
	require.FileExists(t, loki, "run: go tool mage parts")
	output, err := exec.CommandContext(t.Context(), loki, "-config.file=compose/loki.yaml", "-verify-config").CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestScriptsAreOnesThatAShellReads(t *testing.T) {
	scripts, err := filepath.Glob("compose/*.sh")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		output, err := exec.CommandContext(t.Context(), "sh", "-n", script).CombinedOutput()
		assert.NoError(t, err, string(output))
	}
}

// copilotConfig is what is read here of compose/copilot.yaml.
type copilotConfig struct {
	Store    struct{ URL, Password string }
	Metrics  struct{ Listen string }
	Clusters []struct {
		Logs      struct{ Selector string }
		Telemetry struct {
			Selector       string
			WorkerSelector string `yaml:"worker_selector"`
			ScrapeInterval string `yaml:"scrape_interval"`
		}
	}
}

func readCopilotConfig(t *testing.T) copilotConfig {
	t.Helper()
	content, err := os.ReadFile("compose/copilot.yaml")
	require.NoError(t, err)
	var c copilotConfig
	require.NoError(t, yaml.Unmarshal(content, &c))
	require.Len(t, c.Clusters, 1)
	return c
}

// job is a selector's value of the label job.
var job = regexp.MustCompile(`job=~?"([^"]*)"`)

func TestTheCopilotSelectsWhatPrometheusScrapesAndAlloyShips(t *testing.T) {
	cluster := readCopilotConfig(t).Clusters[0]
	c, err := config.LoadFile("compose/prometheus.yml", false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	var scraped []string
	for _, s := range c.ScrapeConfigs {
		scraped = append(scraped, s.JobName)
		assert.Equal(t, cluster.Telemetry.ScrapeInterval, s.ScrapeInterval.String(), s.JobName)
	}
	server, workers := job.FindStringSubmatch(cluster.Telemetry.Selector), job.FindStringSubmatch(cluster.Telemetry.WorkerSelector)
	require.NotNil(t, server)
	require.NotNil(t, workers)
	assert.Contains(t, scraped, server[1])
	assert.Contains(t, scraped, workers[1])

	shipper, err := os.ReadFile("compose/config.alloy")
	require.NoError(t, err)
	kept := regexp.MustCompile(`regex\s*=\s*"([^"]*)"\s*action\s*=\s*"keep"`).FindStringSubmatch(string(shipper))
	require.NotNil(t, kept)
	logs := job.FindStringSubmatch(cluster.Logs.Selector)
	require.NotNil(t, logs)
	assert.Equal(t, kept[1], logs[1], "the label job is the name of the service")
	services := load(t).Services
	for _, name := range strings.Split(kept[1], "|") {
		assert.Contains(t, services, name)
	}
	assert.Contains(t, *services["alloy"].Environment["COMPOSE_PROJECT_NAME"], load(t).Name)
	assert.Contains(t, string(shipper), `sys.env("COMPOSE_PROJECT_NAME")`)
}

func TestTheAddressesThatPrometheusAsksForAreServices(t *testing.T) {
	c, err := config.LoadFile("compose/prometheus.yml", false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	content, err := os.ReadFile("compose/prometheus.yml")
	require.NoError(t, err)
	var raw struct {
		Scrapes []struct {
			DNS []struct {
				Names []string
				Port  int
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	require.NoError(t, yaml.Unmarshal(content, &raw))
	require.Len(t, raw.Scrapes, len(c.ScrapeConfigs))
	found := 0
	for _, scrape := range raw.Scrapes {
		for _, dns := range scrape.DNS {
			for _, name := range dns.Names {
				assert.Contains(t, ports(load(t).Services[name]), yamlText(t, dns.Port), name)
				found++
			}
		}
	}
	assert.Equal(t, 1, found)
}

func yamlText(t *testing.T, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}
