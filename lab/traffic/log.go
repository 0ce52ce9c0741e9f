package traffic

import (
	"log/slog"

	"go.temporal.io/sdk/log"
)

// quiet drops what the SDK logs: that activities fail and connections break is what scenarios are about, and
// what ends a worker or a client is returned as an error.
var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
