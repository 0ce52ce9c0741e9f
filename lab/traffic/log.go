package traffic

import (
	"log/slog"
	"os"

	"go.temporal.io/sdk/log"
)

// logger writes what the SDK warns of to standard error, as JSON. Workers under trouble have much to say, and
// that is what scenarios are about.
var logger = log.NewStructuredLogger(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
