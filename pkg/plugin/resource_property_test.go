package plugin

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// fieldsOf are the fields that each kind of answer has for a cluster, or for one of its rows.
var fieldsOf = map[string][]string{
	"status": {"health_state", "timestamp", "primary_signals", "amplifiers", "worker_signals", "log_patterns", "recommended_actions",
		"issue_count", "last_state", "stale", "since", "coverage", "bottleneck", "cluster"},
	"services": {"name", "status", "key_signals"},
	"issues": {"severity", "title", "description", "likely_cause", "suggested_actions", "related_signals", "id", "cluster", "service",
		"gate", "guide", "opened_at", "last_at", "resolved_at", "stale", "related_logs"},
	"summary":  {"summary", "timestamp", "health_state", "current", "confidence", "made", "markdown", "cluster"},
	"timeline": {"timestamp", "health_state", "issue_count", "primary_signals"},
}

// manyIssues stores clusters whose issues come and go, and returns their names and all of their issues.
func manyIssues(t *testing.T, s *store.Store) ([]string, []store.Issue) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // any issues will do
	gates := health.Gates()
	var names []string
	for c := range 8 {
		name := fmt.Sprintf("c%d", c)
		names = append(names, name)
		story.Tell(t, s, name, story.Begins, story.Healthy(21))
		for n := range random.IntN(6) {
			a := story.Assessment{Cluster: name, ID: fmt.Sprintf("schedule-%d", n), At: story.Begins.Add(time.Duration(n) * 100 * time.Second),
				Trigger: store.OnSchedule, State: health.Happy, Made: explain.MadeByRules}
			for _, i := range random.Perm(len(gates))[:random.IntN(25)] {
				issue := story.Starved([]explain.Severity{explain.Warning, explain.Critical}[random.IntN(2)])
				issue.Gate, issue.ID = gates[i].ID, fmt.Sprintf("%s@%s", gates[i].ID, gates[i].Service)
				a.Issues = append(a.Issues, issue)
			}
			story.Assess(t, s, a)
		}
	}
	all, err := s.Issues(t.Context(), store.IssueQuery{Limit: query.MaxRows})
	require.NoError(t, err)
	require.Greater(t, len(all), 100)
	require.Less(t, len(all), query.MaxRows)
	return names, all
}

// TestEveryResponseHasTheFieldsOfItsKindAndObeysSeverityTimeRangeAndLimit asks the resources whatever may be asked.
func TestEveryResponseHasTheFieldsOfItsKindAndObeysSeverityTimeRangeAndLimit(t *testing.T) {
	s, _ := story.NewStore(t)
	names, all := manyIssues(t, s)
	d := newTestDatasource(t, s, story.Now)
	instant := rapid.Custom(func(rt *rapid.T) time.Time {
		return story.Begins.Add(time.Duration(rapid.IntRange(-600, 1200).Draw(rt, "second")) * time.Second)
	})
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]string{"status", "services", "issues", "issues", "issues", "summary", "timeline"}).Draw(rt, "kind")
		asked, bad := url.Values{}, false
		if rapid.Bool().Draw(rt, "named") {
			asked["cluster"] = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(rt, "clusters")
		}
		limit, severities := usualIssues, []string(nil)
		if kind == "issues" && rapid.Bool().Draw(rt, "limited") {
			limit = rapid.IntRange(-2, 120).Draw(rt, "limit")
			asked.Set("limit", strconv.Itoa(limit))
			bad = bad || limit < 1 || limit > 100
		}
		if kind == "issues" && rapid.Bool().Draw(rt, "severe") {
			severities = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"warning", "critical", "mild"}), 1, 2, rapid.ID[string]).Draw(rt, "severities")
			asked["severity"] = severities
			bad = bad || slices.Contains(severities, "mild")
		}
		ranged := (kind == "issues" || kind == "timeline") && rapid.Bool().Draw(rt, "ranged")
		from, to := story.Now.Add(-24*time.Hour), story.Now
		if ranged {
			from, to = instant.Draw(rt, "start"), instant.Draw(rt, "end")
			asked.Set("start", from.Format(time.RFC3339))
			asked.Set("end", strconv.FormatInt(to.UnixMilli(), 10))
			bad = bad || to.Before(from)
		}
		path := "status?"
		if kind != "status" {
			path = "status/" + kind + "?"
		}
		status, body := call(t, d, http.MethodGet, path+asked.Encode())
		if bad {
			if text, _ := body["error"].(string); status != http.StatusBadRequest || text == "" {
				rt.Fatalf("%d %v", status, body)
			}
			return
		}
		if status != http.StatusOK {
			rt.Fatalf("%d %v", status, body)
		}
		rows := rowsOf(rt, kind, body)
		for _, row := range rows {
			for _, field := range fieldsOf[kind] {
				if _, ok := row[field]; !ok {
					rt.Fatalf("%s: no field %q in %v", kind, field, row)
				}
			}
		}
		switch kind {
		case "issues":
			var want []string
			for _, i := range all {
				if wantedIssue(i, asked["cluster"], severities, ranged, from, to) {
					want = append(want, key(i.Cluster, i.ID, i.OpenedAt.UTC().Format(time.RFC3339Nano)))
				}
			}
			if len(rows) != min(limit, len(want)) {
				rt.Fatalf("%d issues of %d with the limit %d", len(rows), len(want), limit)
			}
			for _, row := range rows {
				if !slices.Contains(want, key(row["cluster"], row["id"], row["opened_at"])) {
					rt.Fatalf("%v was not asked for", row)
				}
			}
		case "timeline":
			for _, row := range rows {
				at, err := time.Parse(time.RFC3339, row["timestamp"].(string))
				if err != nil || at.Before(from) || at.After(to) {
					rt.Fatalf("%v is not between %v and %v", row["timestamp"], from, to)
				}
			}
		default:
			if n := len(asked["cluster"]); n > 0 && kind != "services" && len(rows) != n {
				rt.Fatalf("%d clusters, %d were asked for", len(rows), n)
			}
		}
	})
}

func key(parts ...any) string { return fmt.Sprint(parts...) }

func wantedIssue(i store.Issue, clusters, severities []string, ranged bool, from, to time.Time) bool {
	during := i.ResolvedAt == nil
	if ranged {
		during = i.OpenedAt.Before(to) && (i.ResolvedAt == nil || i.ResolvedAt.After(from))
	}
	return during && (len(clusters) == 0 || slices.Contains(clusters, i.Cluster)) && (len(severities) == 0 || slices.Contains(severities, i.Severity))
}

// rowsOf are the rows of an answer, whether it is of one cluster or of several.
func rowsOf(rt *rapid.T, kind string, body map[string]any) []map[string]any {
	clusters := []any{body}
	if several, ok := body["clusters"].([]any); ok {
		clusters = several
	}
	var rows []map[string]any
	for _, c := range clusters {
		cluster := c.(map[string]any)
		list, nested := cluster[kind].([]any)
		switch {
		case kind == "status" || kind == "summary":
			rows = append(rows, cluster)
		case !nested:
			rt.Fatalf("no list %q in %v", kind, cluster)
		}
		for _, row := range list {
			rows = append(rows, row.(map[string]any))
		}
	}
	return rows
}
