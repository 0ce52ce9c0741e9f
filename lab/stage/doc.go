// Package stage sets up everything that a scenario needs, all of it real: a Temporal cluster under load
// with its workers, a database behind a proxy that can fail, Prometheus, Loki, and the copilot that watches.
//
// The copilot runs on a Temporal server of its own, as it should: one that runs on what it watches goes
// blind when it is needed. Its store is a database of the same PostgreSQL, reached past the proxy.
package stage
