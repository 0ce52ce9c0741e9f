// Package store keeps what the rules decided: one row per cluster for "now", the run-length encoded
// history of states, the events with their evidence, and the signals of every cycle.
//
// It runs on Aurora DSQL and on PostgreSQL 16 with the same SQL. DSQL is the stricter of the two and
// sets the rules: no triggers, no arrays in tables, one DDL statement per transaction, at most 3,000 rows
// changed per transaction, and conflicts that show at COMMIT as SQLSTATE 40001 and are retried here.
//
// The worker writes, the plugin reads:
//
//   - SaveCycles stores a cycle's verdict, event, snapshot, history and "now" in one transaction.
//     Saving a cycle again changes nothing, so whoever is not sure that a write arrived writes again.
//   - Clusters, Heads, Now, Spans, Series, Events and EventsAfter read. Nothing that draws a timeline or
//     a curve touches JSON, and what "now" costs does not depend on how much history there is.
//   - Migrate, Check, Tables and Prune are for whoever operates the store.
//
// The package reads neither the environment nor files: everything comes in Config.
package store
