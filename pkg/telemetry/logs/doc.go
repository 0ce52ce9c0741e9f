// Package logs finds known trouble in the log lines of a Temporal cluster, as a Loki keeps them.
//
// What is known stands in one table of patterns, which a configuration can extend. A Reader asks one Loki for
// the lines that may match, in the order of their own time, and counts by pattern, service and half minute.
// A Cursor remembers what was counted, so that reading again and again counts every line once, also one that
// arrives late. Lines of all levels are looked at: those that tell of moving shards are of level info.
//
// Counts explain a verdict and never decide one. Where nothing can be read, or nothing at all is written, the
// package says so: silence is not health.
package logs
