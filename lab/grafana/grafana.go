package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Server is a running Grafana.
type Server struct {
	home    string
	port    int
	scratch string
	// environment is what is set on top of the lab's own.
	environment []string
	process     *testenv.Process
}

// Evidence is where the raw evidence of the watched cluster is; an empty field is none.
type Evidence struct {
	// LokiURL is the address of the Loki with its logs, LokiSelector what selects them.
	LokiURL, LokiSelector string
	// TemporalUI is the address of a Temporal web interface.
	TemporalUI string
}

// lokiUID is the uid of the data source that Start adds for the logs.
const lokiUID = "lab-loki"

// Start starts the Grafana installed in home, with the repository's provisioning and the plugin in dist/, on the
// store at storeURL and with a data source for the logs, and returns when the datasource answers. Every visitor is an
// administrator: it listens on 127.0.0.1 and lives as long as the lab.
func Start(ctx context.Context, home, storeURL string, evidence Evidence) (*Server, error) {
	root, err := testenv.Root()
	if err != nil {
		return nil, err
	}
	database, err := store.ParseURL(storeURL)
	if err != nil {
		return nil, err
	}
	port, err := testenv.FreePort()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "copilot-grafana-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Grafana: %w", err)
	}
	s := &Server{home: home, port: port, scratch: scratch, environment: []string{
		"GF_SERVER_HTTP_ADDR=127.0.0.1",
		// The buttons of a panel call only the address that Grafana knows as its own.
		"GF_SERVER_DOMAIN=127.0.0.1",
		"GF_SERVER_HTTP_PORT=" + strconv.Itoa(port),
		"GF_PATHS_DATA=" + filepath.Join(scratch, "data"),
		"GF_PATHS_LOGS=" + filepath.Join(scratch, "logs"),
		"GF_PATHS_PLUGINS=" + filepath.Join(scratch, "plugins"),
		"GF_PATHS_PROVISIONING=" + filepath.Join(root, "provisioning"),
		"GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS=" + pluginID,
		"GF_PLUGINS_PREINSTALL_DISABLED=true",
		"GF_SECURITY_ACTIONS_ALLOW_POST_URL=/api/datasources/uid/*/resources/feedback",
		"GF_AUTH_ANONYMOUS_ENABLED=true",
		"GF_AUTH_ANONYMOUS_ORG_ROLE=Admin",
		"GF_ANALYTICS_REPORTING_ENABLED=false",
		"GF_ANALYTICS_CHECK_FOR_UPDATES=false",
		"GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
		"GF_NEWS_NEWS_FEED_ENABLED=false",
		"GF_LOG_LEVEL=warn",
		"COPILOT_DASHBOARDS=" + filepath.Join(root, "src", "dashboards"),
		"COPILOT_DB_HOST=" + database.Host,
		"COPILOT_DB_PORT=" + strconv.Itoa(database.Port),
		"COPILOT_DB_NAME=" + database.Database,
		"COPILOT_DB_USER=" + database.User,
		"COPILOT_DB_PASSWORD=" + database.Password,
		"COPILOT_DB_TLS=" + string(database.TLS),
		"COPILOT_TEMPORAL_UI=" + evidence.TemporalUI,
	}}
	if evidence.LokiURL != "" {
		s.environment = append(s.environment, "COPILOT_LOKI_UID="+lokiUID, "COPILOT_LOKI_SELECTOR="+evidence.LokiSelector)
	}
	if err := linkPlugin(root, scratch); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.run(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if evidence.LokiURL != "" {
		if err := s.addLoki(ctx, evidence.LokiURL); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// addLoki adds the data source of the logs.
func (s *Server) addLoki(ctx context.Context, address string) error {
	body, err := json.Marshal(map[string]any{"name": "Loki", "uid": lokiUID, "type": "loki", "access": "proxy", "url": address})
	if err != nil {
		return fmt.Errorf("describing the data source of the logs: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/api/datasources", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	return send(request)
}

// URL is Grafana's address. It stays the same after a restart.
func (s *Server) URL() string { return "http://" + testenv.Loopback(s.port) }

// Restart ends Grafana and starts it again with the data it had.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.process.Stop(); err != nil {
		return err
	}
	return s.run(ctx)
}

func (s *Server) run(ctx context.Context) error {
	binary, err := executable(s.home)
	if err != nil {
		return err
	}
	command := exec.Command(binary, "server", "--homepath", s.home)
	command.Env = append(os.Environ(), s.environment...)
	if s.process, err = testenv.StartProcess("Grafana", command, testenv.ProcessOptions{}); err != nil {
		return err
	}
	return s.awaitReady(ctx)
}

const pluginID = "temporalsre-copilot-datasource"

// executable finds the executable of a packaged Grafana, or of one that was built from source.
func executable(home string) (string, error) {
	for _, path := range []string{"bin/grafana", "bin/linux-amd64/grafana", "bin/linux-arm64/grafana", "bin/darwin-arm64/grafana", "bin/darwin-amd64/grafana"} {
		binary := filepath.Join(home, filepath.FromSlash(path))
		if info, err := os.Stat(binary); err == nil && info.Mode().IsRegular() {
			return binary, nil
		}
	}
	return "", fmt.Errorf("there is no bin/grafana in %s: name the folder of an unpacked Grafana, or go without one", home)
}

// linkPlugin makes dist/ a plugin that Grafana finds.
func linkPlugin(root, scratch string) error {
	dist := filepath.Join(root, "dist")
	if _, err := os.Stat(filepath.Join(dist, "plugin.json")); err != nil {
		return fmt.Errorf("the plugin is not in %s, run: go tool mage buildHost", dist)
	}
	plugins := filepath.Join(scratch, "plugins")
	if err := os.Mkdir(plugins, 0o755); err != nil {
		return fmt.Errorf("making Grafana's plugin folder: %w", err)
	}
	if err := os.Symlink(dist, filepath.Join(plugins, pluginID)); err != nil {
		return fmt.Errorf("giving Grafana the plugin: %w", err)
	}
	return nil
}

// awaitReady waits until Grafana is up and its datasource reaches the copilot's store. The first start
// creates Grafana's own database, which takes a while.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	const datasource = "temporal-copilot" // in provisioning/datasources
	for {
		err := get(ctx, s.URL()+"/api/datasources/uid/"+datasource+"/health")
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Exited():
			return s.process.Failure()
		case <-ctx.Done():
			return fmt.Errorf("the datasource in Grafana does not get ready: %w", err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, page string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return err
	}
	return send(request)
}

// send has a request answered with success.
func send(request *http.Request) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // without it the status has to do
		return fmt.Errorf("%s answers %s: %s", request.URL, response.Status, reason)
	}
	return nil
}

// Stop ends Grafana and removes what it kept.
func (s *Server) Stop() error {
	var stopped error
	if s.process != nil {
		stopped = s.process.Stop()
	}
	if err := os.RemoveAll(s.scratch); err != nil {
		return errors.Join(stopped, fmt.Errorf("removing Grafana's data: %w", err))
	}
	return stopped
}
