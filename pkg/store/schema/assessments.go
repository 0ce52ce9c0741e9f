package schema

// Assessments hold what explains the verdicts. The texts that people sort and filter by stand in columns of
// their own beside the JSON.
var Assessments = Migration{
	Version: 2,
	About:   "tables for explanations, issues, log patterns and calls to models",
	Statements: []string{
		`create table if not exists copilot.assessments (
			cluster text not null,
			id text not null,
			at timestamptz not null,
			made_at timestamptz not null,
			trigger text not null,
			event_seq bigint not null,
			state text not null,
			stale boolean not null,
			coverage double precision not null,
			confidence double precision not null,
			depth text not null,
			made text not null,
			instead text not null,
			fingerprint text not null,
			same_as text not null,
			summary text not null,
			logs_unavailable text not null,
			explanation jsonb not null,
			evidence jsonb not null,
			draft jsonb,
			primary key (cluster, id)
		)`,
		`create index async if not exists assessments_by_time on copilot.assessments (cluster, at)`,
		`create index async if not exists assessments_by_event on copilot.assessments (cluster, event_seq)`,

		// An issue that comes back is a row of its own. resolved_at is NULL while it is open.
		`create table if not exists copilot.issues (
			cluster text not null,
			id text not null,
			opened_at timestamptz not null,
			last_at timestamptz not null,
			resolved_at timestamptz,
			severity text not null,
			service text not null,
			gate text not null,
			title text not null,
			description text not null,
			likely_cause text not null,
			assessment text not null,
			issue jsonb not null,
			primary key (cluster, id, opened_at)
		)`,
		`create index async if not exists issues_by_end on copilot.issues (cluster, resolved_at)`,

		// How often a pattern was found in the half minute that begins at at. read_at tells readings apart, so
		// that the same reading stored again is the same row, and the rest of the half minute is another one.
		`create table if not exists copilot.log_patterns (
			cluster text not null,
			at timestamptz not null,
			pattern text not null,
			service text not null,
			read_at timestamptz not null,
			meaning text not null,
			count bigint not null,
			at_least boolean not null,
			sample text not null,
			primary key (cluster, at, pattern, service, read_at)
		)`,

		// One row per cluster whose logs are read. through is NULL until they were read for the first time.
		`create table if not exists copilot.logs_now (
			cluster text primary key,
			at timestamptz not null,
			through timestamptz,
			unavailable text not null
		)`,

		`create table if not exists copilot.model_calls (
			cluster text not null,
			assessment text not null,
			number integer not null,
			at timestamptz not null,
			model text not null,
			purpose text not null,
			input_tokens bigint not null,
			output_tokens bigint not null,
			cache_reads bigint not null,
			cache_writes bigint not null,
			dollars double precision not null,
			took_ms bigint not null,
			failure text not null,
			primary key (cluster, assessment, number)
		)`,
		// What was spent today is asked of all clusters together.
		`create index async if not exists model_calls_by_time on copilot.model_calls (at)`,

		// One row: what the worker is allowed to spend, told by the worker.
		`create table if not exists copilot.model_budget (
			id integer primary key,
			saved_at timestamptz not null,
			tokens_per_day bigint not null,
			dollars_per_day double precision not null,
			provider text not null
		)`,

		// When the cluster was last explained. NULL before the first explanation.
		`alter table copilot.clusters_now add column if not exists assessed_at timestamptz`,
	},
}
