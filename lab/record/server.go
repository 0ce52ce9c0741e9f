package record

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/temporal-sre/copilot/internal/testenv"
)

// Server says how to run a Temporal server.
type Server struct {
	// Binary is the server's program: the lab's own (lab/temporal), or Temporal's command line.
	Binary string
	// StartDev runs the binary as "temporal server start-dev", as Temporal's command line wants it.
	StartDev bool
	// Flags are added to the command.
	Flags []string
}

// server is a running Temporal server whose data go with it.
type server struct {
	process *testenv.Process
	// address and metrics are where it takes requests and where it shows its metrics.
	address, metrics string
}

// namespace is where the recorded workflows run.
const namespace = "default"

func startServer(ctx context.Context, options Server, scratch string) (*server, error) {
	ports := make([]int, 6)
	for i := range ports {
		port, err := testenv.FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = port
	}
	flag := func(name string, port int) []string { return []string{"--" + name, strconv.Itoa(port)} }
	var arguments []string
	if options.StartDev {
		arguments = append(arguments, "server", "start-dev", "--headless", "--log-level", "error")
		arguments = append(arguments, flag("port", ports[0])...)
	} else {
		arguments = append(arguments, "--sqlite", scratch+"/temporal.db", "--namespace", namespace)
		for i, name := range []string{"frontend-port", "history-port", "matching-port", "worker-port"} {
			arguments = append(arguments, flag(name, ports[i])...)
		}
	}
	arguments = append(arguments, flag("metrics-port", ports[5])...)
	process, err := testenv.StartProcess("Temporal", exec.Command(options.Binary, append(arguments, options.Flags...)...), testenv.ProcessOptions{})
	if err != nil {
		return nil, err
	}
	s := &server{process: process, address: testenv.Loopback(ports[0]), metrics: testenv.Loopback(ports[5])}
	if err := s.await(ctx); err != nil {
		_ = process.Kill()
		return nil, err
	}
	return s, nil
}

// await waits until the server takes requests for the namespace and shows metrics.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	connection, err := client.NewLazyClient(client.Options{HostPort: s.address, Namespace: namespace})
	if err != nil {
		return fmt.Errorf("making a client of the Temporal server: %w", err)
	}
	defer connection.Close()
	for {
		_, err := connection.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
		if err == nil {
			_, err = fetch(ctx, s.metrics)
		}
		if err == nil {
			return nil
		}
		select {
		case <-s.process.Exited():
			return s.process.Failure()
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// scrapeTimeout is how long a page of metrics may take.
const scrapeTimeout = 10 * time.Second

var scraping = http.Client{Timeout: scrapeTimeout}
