package schema

// LogPages keep long ranges cheap on dashboards of many clusters.
var LogPages = Migration{
	Version: 3,
	About:   "log patterns in pages, the reasons of events by themselves, and an index for the issues of a long range",
	Statements: []string{
		// The counts of a pattern in a service a second time, of many stretches of step_sec in a row: a month of a
		// pattern is four rows of hours instead of up to 86,400 half minutes. See logPage for counts.
		`create table if not exists copilot.log_pages (
			cluster text not null,
			step_sec integer not null,
			at timestamptz not null,
			pattern text not null,
			service text not null,
			meaning text not null,
			sample text not null,
			counts text not null,
			primary key (cluster, step_sec, at, pattern, service)
		)`,
		// The part of an event's evidence that lists show, a tenth of it: the gates that fired, and the queues that
		// starved. NULL in rows of earlier versions.
		`alter table copilot.events add column if not exists reasons jsonb`,

		`create index async if not exists issues_by_severity on copilot.issues (cluster, severity, opened_at, id)`,
	},
}
