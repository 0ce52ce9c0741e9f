// Package store keeps what the rules decided: one row per cluster for "now", the run-length encoded
// history of states, the events with their evidence, and the signals of every cycle. Beside it it keeps what
// explains them: assessments, the issues that they opened and resolved, log patterns, and calls to models.
//
// It runs on Aurora DSQL and on PostgreSQL 16 with the same SQL. DSQL is the stricter of the two and
// sets the rules: no triggers, no arrays in tables, one DDL statement per transaction, at most 3,000 rows
// changed per transaction, and conflicts that show at COMMIT as SQLSTATE 40001 and are retried here.
//
// The worker writes, the plugin reads:
//
//   - SaveCycles stores a cycle's verdict, event, snapshot, history and "now" in one transaction.
//     Saving a cycle again changes nothing, so whoever is not sure that a write arrived writes again.
//   - SaveAssessment stores an explanation and moves the cluster's issues on, in one transaction as well.
//     SaveLogRead, SaveModelCalls and SaveBudget store what came with it. They too may be repeated.
//   - Clusters, Cursors, Statuses, Spans, Series, Events and EventsAfter read. Nothing that draws a timeline or
//     a curve touches JSON, and what "now" costs does not depend on how much history there is.
//   - Assessments, LatestAssessments, Issues, LogPatterns, LogStates, Usage, Spent and LoadBudget read what
//     explains; Before and LoadMemory are for the worker.
//   - Migrate, Check, Tables and Prune are for whoever operates the store.
//
// The package reads neither the environment nor files: everything comes in Config.
package store
