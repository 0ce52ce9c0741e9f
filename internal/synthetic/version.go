package synthetic

import "fmt"

// Version is a minor version of the server.
type Version struct{ Major, Minor int }

// V is version 1.minor.
func V(minor int) Version { return Version{1, minor} }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

func (v Version) before(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// since is the first version that exports a metric; one that is not listed is older than all versions of interest.
var since = map[string]Version{
	"approximate_backlog_age_seconds": V(25),
	"approximate_backlog_count":       V(25),
	"shardinfo_immediate_queue_lag":   V(27),
	"shardinfo_scheduled_queue_lag":   V(27),
	"no_poller_tasks":                 V(27),
	"data_loss_errors":                V(29),
	"activity_task_timeout":           V(29),
	"persistence_sql_in_use":          V(29),
	"persistence_sql_max_open_conn":   V(29),
	"pending_polls":                   V(32),
	"tasks_added":                     V(32),
}
