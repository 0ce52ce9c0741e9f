// Package telemetry reads the signals of a Temporal cluster from any server that speaks the
// Prometheus query API.
//
// A Reader asks one Prometheus. Read takes a cluster and an evaluation time and returns every signal
// of pkg/health's table: its value, or the reason why it is unknown. Nothing that goes wrong while
// reading is an error of Read: a dead Prometheus, an expired token, a query that fails or a number that
// is not one make signals unknown, each with a reason in words.
//
// How a signal is asked is written once, in the tables of this package, and is rendered for the names
// that a cluster's metrics really have: those depend on the metrics framework of the server (tally or
// OpenTelemetry) and of the SDK workers, and are detected from what exists.
//
// The package reads no file and no environment variable: credentials arrive as values.
package telemetry
