package frames

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Issues has the fields of an annotation, which Grafana finds by the names that people see: those have no other.
func Issues(rows []view.Issue) *data.Frame {
	text := func(name, title string, value func(view.Issue) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	frame := table("issues",
		column("time", nil, rows, func(r view.Issue) time.Time { return r.OpenedAt.UTC() }),
		column("timeEnd", nil, rows, func(r view.Issue) time.Time { return r.Until.UTC() }),
		text("cluster", "Cluster", func(r view.Issue) string { return r.Cluster }),
		column("severity", severityConfig("Severity"), rows, func(r view.Issue) float64 { return view.SeverityLevel(explain.Severity(r.Severity)) }),
		column("title", nil, rows, func(r view.Issue) string { return r.Title }),
		column("open", flagConfig("Open", "resolved", green, "open", red), rows, func(r view.Issue) *float64 { return view.OneIf(r.ResolvedAt == nil) }),
		column("stale", flagConfig("Staleness", "current", green, "may be gone", grey), rows, func(r view.Issue) *float64 { return view.OneIf(r.Outdated) }),
		text("service", "Service", func(r view.Issue) string { return r.Service }),
		text("description", "What is wrong", func(r view.Issue) string { return r.Description }),
		text("likely_cause", "Likely cause", func(r view.Issue) string { return r.LikelyCause }),
		text("suggested_action", "Recommended action", func(r view.Issue) string {
			if best := r.BestAction(); best != nil {
				return best.Description
			}
			return ""
		}),
		column("confidence", shareConfig("Confidence"), rows, func(r view.Issue) *float64 {
			if best := r.BestAction(); best != nil {
				return new(best.Confidence)
			}
			return nil
		}),
		column("duration", inUnit("Lasted", "s"), rows, func(r view.Issue) float64 { return max(0, r.Until.Sub(r.OpenedAt).Seconds()) }),
		column("last_at", inUnit("Last seen", "dateTimeFromNow"), rows, func(r view.Issue) time.Time { return r.LastAt.UTC() }),
		column("resolved_at", inUnit("Resolved", "dateTimeFromNow"), rows, func(r view.Issue) *time.Time {
			if r.ResolvedAt == nil {
				return nil
			}
			return view.Moment(*r.ResolvedAt)
		}),
		text("gate", "Gate", func(r view.Issue) string { return r.Gate }),
		column("guide", guideConfig(), rows, func(r view.Issue) string { return view.Guide(health.GateID(r.Gate)) }),
		text("related_signals", "Related signals", func(r view.Issue) string { return strings.Join(query.PlainNames(r.Whole.RelatedSignals), ", ") }),
		text("related_logs", "Related log patterns", func(r view.Issue) string { return strings.Join(r.Whole.RelatedLogs, ", ") }),
		column("text", nil, rows, issueText),
		column("tags", nil, rows, func(r view.Issue) string { return fmt.Sprintf("%s,%s,%s", r.Cluster, r.Severity, r.Service) }),
		text("issue", "Issue", func(r view.Issue) string { return r.ID }),
		column("id", nil, rows, func(r view.Issue) string { return fmt.Sprintf("%s/%s/%d", r.Cluster, r.ID, r.OpenedAt.UnixMicro()) }),
	)
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}

// issueText is what an annotation shows below its title.
func issueText(r view.Issue) string {
	lines := []string{r.Description, r.LikelyCause}
	if best := r.BestAction(); best != nil {
		lines = append(lines, best.Description)
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

// IssueCounts is the answer to an alert rule: the number of open issues of each cluster and severity.
func IssueCounts(rows []view.IssueCount) *data.Frame {
	return numbers("issues",
		column("cluster", titled("Cluster"), rows, func(r view.IssueCount) string { return r.Cluster }),
		column("severity", titled("Severity"), rows, func(r view.IssueCount) string { return string(r.Severity) }),
		column("open", inUnit("Open issues", "short"), rows, func(r view.IssueCount) *float64 { return r.Open }),
	)
}
