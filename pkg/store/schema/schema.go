// Package schema is the history of the store's tables: migrations in the dialect of Aurora DSQL, never changed once released.
package schema

import (
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Version is the version of the schema that this program reads and writes. The columns for the signals
// are not part of it: Migrate adds those that are missing whatever the version.
const Version = 4

// Migration is one step of the schema. Each statement is a transaction of its own, as DSQL wants it, and can
// be repeated, so that a migration that broke off is simply run again.
type Migration struct {
	Version    int
	About      string
	Statements []string
}

// Migrations is the schema in DSQL's dialect. For PostgreSQL only ASYNC is dropped (see Statement).
var Migrations = []Migration{{
	Version: 1,
	About:   "tables for the clusters, their history, events and signals",
	Statements: []string{
		`create schema if not exists copilot`,

		`create table if not exists copilot.schema_migrations (
			version integer primary key,
			about text not null,
			applied_at timestamptz not null
		)`,

		// One row per cluster, the last cycle. Status panels, the live poll and the worker's restart read only
		// this, so what they cost does not grow with the history. The plain columns repeat what verdict holds,
		// for people with a SQL prompt.
		`create table if not exists copilot.clusters_now (
			cluster text primary key,
			at timestamptz not null,
			interval_ms bigint not null,
			seq bigint not null,
			state text not null,
			stale boolean not null,
			since timestamptz not null,
			bottleneck text not null,
			coverage double precision not null,
			verdict jsonb not null,
			snapshot jsonb not null,
			memory jsonb
		)`,

		// The history of states, run-length encoded: a month without trouble is one row, not 86,400.
		`create table if not exists copilot.spans (
			cluster text not null,
			started_at timestamptz not null,
			last_at timestamptz not null,
			state text not null,
			stale boolean not null,
			bottleneck text not null,
			coverage double precision not null,
			interval_ms bigint not null,
			primary key (cluster, started_at)
		)`,

		`create table if not exists copilot.events (
			cluster text not null,
			seq bigint not null,
			at timestamptz not null,
			kind text not null,
			from_state text not null,
			to_state text not null,
			stale boolean not null,
			from_bottleneck text not null,
			bottleneck text not null,
			coverage double precision not null,
			evidence jsonb not null,
			primary key (cluster, seq)
		)`,
		`create index async if not exists events_by_time on copilot.events (cluster, at)`,

		// The signals of every cycle, and the worst of each 5 minutes and each hour. NULL is unknown.
		signalTable("snapshots", "cluster text not null, at timestamptz not null", "cluster, at"),
		signalTable("rollups", "cluster text not null, step_sec integer not null, at timestamptz not null", "cluster, step_sec, at"),
	},
}, Assessments, LogPages, Feedback}

// Tables lists the schema's tables, each with the column that tells a row's time.
var Tables = []struct{ Name, Time string }{
	{"clusters_now", "at"},
	{"spans", "last_at"},
	{"events", "at"},
	{"snapshots", "at"},
	{"rollups", "at"},
	{"assessments", "at"},
	{"issues", "last_at"},
	{"log_patterns", "at"},
	{"log_pages", "at"},
	{"logs_now", "at"},
	{"feedback", "at"},
	{"model_calls", "at"},
	{"model_budget", "saved_at"},
	{"schema_migrations", "applied_at"},
}

// SignalTables have a column per signal.
var SignalTables = []string{"snapshots", "rollups"}

// signalTable creates a table with a column per signal that is known today. Later signals are added by
// Migrate, which is slower: DSQL takes one column per transaction.
func signalTable(name, keyColumns, key string) string {
	var sql strings.Builder
	fmt.Fprintf(&sql, "create table if not exists copilot.%s (%s", name, keyColumns)
	for _, signal := range health.Signals() {
		fmt.Fprintf(&sql, ", %s %s", Column(signal.ID), ColumnType)
	}
	fmt.Fprintf(&sql, ", primary key (%s))", key)
	return sql.String()
}

// ColumnType is the type of a signal's column.
const ColumnType = "double precision"

// Column is the name of a signal's column: its id with the dot written as two underscores, since a dot would
// need quotes everywhere.
func Column(id health.SignalID) string {
	return strings.ReplaceAll(string(id), ".", "__")
}

// Statement turns a statement of the DSQL dialect into one for the database at hand. PostgreSQL builds an
// index while one waits, DSQL only in the background; until it is ready queries work without it.
func Statement(dsql bool, sql string) string {
	if dsql {
		return sql
	}
	for _, create := range []string{"create index ", "create unique index "} {
		if rest, ok := strings.CutPrefix(sql, create+"async "); ok {
			return create + rest
		}
	}
	return sql
}
