package schema

// Feedback holds what editors say of explanations. Rows are only ever added, so that the plugin's role needs no right but to
// insert into this one table.
var Feedback = Migration{
	Version: 4,
	About:   "a table for what editors say of explanations",
	Statements: []string{
		`create table if not exists copilot.feedback (
			cluster text not null,
			assessment text not null,
			at timestamptz not null,
			author text not null,
			verdict text not null,
			note text not null,
			cause text not null,
			event_seq bigint not null,
			primary key (cluster, assessment, at, author)
		)`,
		`create index async if not exists feedback_by_time on copilot.feedback (cluster, at)`,
	},
}
