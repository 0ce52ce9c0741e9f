package stage

import (
	"context"
	"errors"
	"io"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/lab/grafana"
)

// shippers bring the log lines of the watched cluster to Loki; without a Loki they are nil.
type shippers struct {
	server, workers io.Writer
}

// application is the service that the workers' lines have: that of the orders that they fulfil.
const application = "orders"

// logSelector selects the log streams of the watched cluster.
const logSelector = `{job=~"` + serverJob + "|" + workerJob + `"}`

// Evidence is where the raw evidence of the watched cluster is. The lab runs no Temporal Web UI; the address is that of
// "temporal server start-dev", so that links have a target.
func (s *Stage) Evidence() grafana.Evidence {
	evidence := grafana.Evidence{TemporalUI: "http://127.0.0.1:8233"}
	if s.loki != nil {
		evidence.LokiURL, evidence.LokiSelector = s.loki.URL(), logSelector
	}
	return evidence
}

func (s *Stage) startLoki(ctx context.Context) error {
	loki, err := testenv.StartLoki(ctx, testenv.LokiOptions{})
	if missing := (*testenv.MissingError)(nil); errors.As(err, &missing) && s.options.LokiOptional {
		s.options.Progress("... no Loki, which is not built: the copilot reads no logs (go tool mage parts builds it)")
		return nil
	}
	if err != nil {
		return err
	}
	s.loki = loki
	s.onStop(s.loki.Stop)
	server := testenv.NewShipper(s.loki, testenv.TemporalLabels(serverJob))
	s.onStop(server.Close)
	workers := testenv.NewShipper(s.loki, func(string) map[string]string {
		return map[string]string{"job": workerJob, "service_name": application}
	})
	s.onStop(workers.Close)
	s.shippers = shippers{server, workers}
	return nil
}
