// Package temporal runs a whole Temporal server (frontend, history, matching and system workers) inside
// this process, on 127.0.0.1 and ports of its own.
package temporal
