package stage

import (
	"context"

	"github.com/temporal-sre/copilot/internal/parts"
)

// shippers bring the log lines of the watched cluster to Loki.
type shippers struct {
	server, workers *parts.Shipper
}

// application is the service that the workers' lines have: that of the orders that they fulfil.
const application = "orders"

func (s *Stage) startLoki(ctx context.Context) error {
	var err error
	if s.loki, err = parts.StartLoki(ctx, parts.LokiOptions{}); err != nil {
		return err
	}
	s.onStop(s.loki.Stop)
	s.shippers.server = parts.NewShipper(s.loki, parts.TemporalLabels(serverJob))
	s.onStop(s.shippers.server.Close)
	s.shippers.workers = parts.NewShipper(s.loki, func(string) map[string]string {
		return map[string]string{"job": workerJob, "service_name": application}
	})
	s.onStop(s.shippers.workers.Close)
	return nil
}
