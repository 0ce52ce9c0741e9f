//go:build unix

// Package testenv starts the real programs that tests, scenarios and the demo run against: PostgreSQL 16,
// Prometheus, Loki and a Temporal server, each as a child process on 127.0.0.1 with a port and a directory of
// its own.
//
// A part that was started is ready to be used. Stop ends it and removes what it kept; on Linux a part
// also dies with the process that started it, however that process ends. The binaries come from
// `go tool mage parts`; when one is missing the error says so, and Require skips the
// test, unless the environment says that parts are required, as the tasks of mage do.
//
// The package serves Linux and macOS.
package testenv
