package telemetry

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// version is a server release, without its patch: the patch in build_information lags behind the release.
type version struct{ major, minor int }

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) before(w version) bool { return v.compare(w) < 0 }

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor))
}

// parseVersion reads build_information's label: 1.32.1, or 1_32_1 where tally replaced the dots.
func parseVersion(label string) (version, bool) {
	parts := strings.FieldsFunc(label, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	if len(parts) < 2 {
		return version{}, false
	}
	major, errMajor := strconv.Atoi(strings.TrimPrefix(parts[0], "v"))
	minor, errMinor := strconv.Atoi(parts[1])
	return version{major, minor}, errMajor == nil && errMinor == nil && major > 0
}

// The releases whose metrics were read in their source and recorded from a running server.
var (
	oldestVerified = version{1, 25}
	newestVerified = version{1, 32}
)

// family is one metric of the server.
type family struct {
	name string
	// since is the first release that has it, of those verified; the zero value is all of them.
	since version
	// by is the service that emits it; fromServer is any.
	by emitter
	// always: a living process of its service has series of it from its first seconds, so that their absence is never 0.
	always bool
	// beside is a metric of the same service that never has series without this one: it shows that this one is dropped.
	beside string
	// rare counters have no series on most clusters: nothing has happened that they count.
	rare bool
	// perQueue metrics are not emitted, or without their task queue, under metrics.breakdownByTaskQueue: false.
	perQueue bool
}

// families are the metrics whose absence has to be judged: counters, which are born at their first use, and gauges
// that stand behind a ladder. Since says in which release of go.temporal.io/server common/metrics defines them first,
// of 1.25.2, 1.27.1, 1.28.0, 1.29.1, 1.31.2 and 1.32.1.
var families = []family{
	{name: "service_requests", by: fromFrontend, always: true},
	{name: "service_error_with_type", by: fromFrontend, rare: true},
	{name: "service_errors_resource_exhausted", by: fromFrontend, rare: true},
	{name: "persistence_requests", by: fromServer, always: true},
	{name: "persistence_errors", by: fromServer, rare: true},
	{name: "persistence_error_with_type", by: fromServer, rare: true},
	{name: "persistence_errors_resource_exhausted", by: fromServer, rare: true},
	{name: "persistence_session_refresh_attempts", by: fromServer, rare: true},
	{name: "visibility_persistence_requests", by: fromServer},
	{name: "visibility_persistence_errors", by: fromServer, rare: true},
	{name: "state_transition_count", by: fromHistory},
	{name: "workflow_success", by: fromHistory},
	{name: "workflow_failed", by: fromHistory, rare: true},
	{name: "workflow_timeout", by: fromHistory, rare: true},
	{name: "workflow_terminate", by: fromHistory, rare: true},
	{name: "workflow_cancel", by: fromHistory, rare: true},
	{name: "task_requests", by: fromHistory},
	{name: "task_errors_throttled", by: fromHistory, rare: true},
	{name: "task_errors_corruption", by: fromHistory, rare: true},
	{name: "task_terminal_failures", by: fromHistory, rare: true},
	{name: "mutable_state_checksum_mismatch", by: fromHistory, rare: true},
	{name: "data_loss_errors", by: fromServer, since: version{1, 29}, rare: true},
	{name: "dlq_writes", by: fromHistory, rare: true},
	{name: "sharditem_created_count", by: fromHistory},
	{name: "sharditem_removed_count", by: fromHistory},
	{name: "membership_changed_count", by: fromHistory},
	{name: "cache_miss", by: fromHistory},
	{name: "failed_workflow_tasks", by: fromHistory, rare: true},
	{name: "activity_task_fail", by: fromHistory, since: version{1, 29}, rare: true},
	{name: "activity_task_timeout", by: fromHistory, since: version{1, 29}, rare: true},
	{name: "start_to_close_timeout", by: fromHistory, rare: true},
	{name: "schedule_to_start_timeout", by: fromHistory, rare: true},
	{name: "heartbeat_timeout", by: fromHistory, rare: true},
	{name: "replication_tasks_applied", by: fromHistory, rare: true},
	{name: "replication_tasks_failed", by: fromHistory, rare: true},
	{name: "replication_stream_stuck", by: fromHistory, rare: true},
	{name: "circuit_breaker_executable_blocked", by: fromHistory, rare: true},
	{name: "poll_success", by: fromMatching, perQueue: true},
	{name: "poll_success_sync", by: fromMatching, perQueue: true},
	{name: "poll_timeouts", by: fromMatching, perQueue: true},
	{name: "tasks_added", by: fromMatching, since: version{1, 32}, beside: "poll_success", perQueue: true},
	{name: "pending_polls", by: fromMatching, since: version{1, 32}, beside: "poll_timeouts", perQueue: true},
	{name: "approximate_backlog_count", by: fromMatching, perQueue: true},
	{name: "approximate_backlog_age_seconds", by: fromMatching, perQueue: true},
	{name: "schedule_missed_catchup_window", by: fromServer, rare: true},
	{name: "schedule_buffer_overruns", by: fromServer, rare: true},
	{name: "schedule_rate_limited", by: fromServer, rare: true},
}

func findFamily(name string) (family, bool) {
	i := slices.IndexFunc(families, func(f family) bool { return f.name == name })
	if i < 0 {
		return family{}, false
	}
	return families[i], true
}

// exports says whether this cluster is shown to export a metric, so that its absence means that it has counted
// nothing; why says what stands against it. The evidence is a series of that metric, or a release of every process of
// its service that is known to have it. Where the release is unknown or newer than those verified, only what all of
// them have is taken for granted.
func (n naming) exports(metric string) (exported bool, why string) {
	f, known := findFamily(metric)
	if !known {
		return false, ""
	}
	if n.seen[metric] {
		return true, ""
	}
	if f.always {
		return false, fmt.Sprintf("no series of %s, which every Temporal server exports: are they dropped, or does the selector leave them out?", n.prefix+metric)
	}
	oldest, ok := n.oldest(f.by)
	switch {
	case ok && !oldest.before(f.since) && f.beside != "" && n.seen[f.beside]:
		return false, fmt.Sprintf("no series of %s, which server %s always has beside %s: is it dropped?", n.prefix+metric, oldest, n.prefix+f.beside)
	case !ok && f.since == version{}:
		return true, ""
	case !ok:
		return false, fmt.Sprintf("%s exists since server %s, and the release of this cluster is unknown: it exports no build_information", n.prefix+metric, f.since)
	case oldest.before(oldestVerified):
		return false, fmt.Sprintf("whether server %s exports %s is not known: server %s is the oldest that was verified", oldest, n.prefix+metric, oldestVerified)
	case oldest.before(f.since):
		return false, fmt.Sprintf("server %s does not export %s, which exists since %s", oldest, n.prefix+metric, f.since)
	}
	return true, ""
}

// oldest is the oldest release among the processes of a service.
func (n naming) oldest(by emitter) (version, bool) {
	var found []version
	for service, versions := range n.versions {
		if by == fromServer || by == service {
			found = append(found, versions...)
		}
	}
	if len(found) == 0 {
		return version{}, false
	}
	return slices.MinFunc(found, func(a, b version) int {
		if a.before(b) {
			return -1
		}
		return 1
	}), true
}

// releases lists the releases of the server's processes, oldest first.
func (n naming) releases() []string {
	var all []version
	for _, versions := range n.versions {
		for _, v := range versions {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	slices.SortFunc(all, func(a, b version) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = v.String()
	}
	return names
}
