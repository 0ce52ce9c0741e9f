package plugin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// issueJSON is a problem that is there now, or was there in the time range that was asked for.
type issueJSON struct {
	Severity         string            `json:"severity"`
	Title            string            `json:"title"`
	Description      string            `json:"description"`
	LikelyCause      string            `json:"likely_cause"`
	SuggestedActions []suggestionJSON  `json:"suggested_actions"`
	RelatedSignals   []health.SignalID `json:"related_signals"`

	RelatedLogs []string   `json:"related_logs"`
	ID          string     `json:"id"`
	Cluster     string     `json:"cluster"`
	Service     string     `json:"service"`
	Gate        string     `json:"gate"`
	Guide       string     `json:"guide"`
	OpenedAt    time.Time  `json:"opened_at"`
	LastAt      time.Time  `json:"last_at"`
	ResolvedAt  *time.Time `json:"resolved_at"`
	// Stale: the newest assessment is of an earlier situation, so the issue may be gone.
	Stale bool `json:"stale"`
}

// suggestionJSON is what to do about an issue.
type suggestionJSON struct {
	Action        string             `json:"action"`
	Confidence    float64            `json:"confidence"`
	ActionType    explain.ActionType `json:"action_type"`
	TargetService health.Service     `json:"target_service"`
	Reason        string             `json:"reason"`
	RiskLevel     explain.Risk       `json:"risk_level"`
	Parameters    map[string]string  `json:"parameters,omitempty"`
}

// issuesJSON are issues, worst first. Where nothing is known of a cluster's issues, a notice says so.
type issuesJSON struct {
	Issues  []issueJSON `json:"issues"`
	Notices []string    `json:"notices"`
}

// Bounds of the issues in one answer.
const (
	usualIssues = 10
	mostIssues  = 100
)

// serveIssues lists what is open now. With start or end it lists what was open in that time, resolved
// issues as well.
func (d *Datasource) serveIssues(r *http.Request) (any, error) {
	query, err := issuesAskedFor(r, d.now())
	if err != nil {
		return nil, err
	}
	clusters, _, err := d.clustersOf(r)
	if err != nil {
		return nil, err
	}
	if query.Clusters = clusterNamesOf(clusters); len(clusters) == 0 {
		return issuesJSON{Issues: []issueJSON{}, Notices: view.MissingClusters(nil, nil).Texts()}, nil
	}
	assessed, _, notices, err := d.views.Explained(r.Context(), query.Clusters)
	if err != nil {
		return nil, err
	}
	rows, err := d.views.Issues(r.Context(), query, assessed)
	if err != nil {
		return nil, err
	}
	answer := issuesJSON{Issues: make([]issueJSON, 0, len(rows)), Notices: notices.Texts()}
	for _, row := range rows {
		answer.Issues = append(answer.Issues, issueOf(row))
	}
	return answer, nil
}

// issuesAskedFor reads severity, limit, start and end.
func issuesAskedFor(r *http.Request, now time.Time) (store.IssueQuery, error) {
	asked := r.URL.Query()
	q := store.IssueQuery{Open: true, Limit: usualIssues}
	wanted, err := query.ParseNames("severity", asked["severity"], query.OneOf(query.Values(query.Severities)), query.Listing(query.Values(query.Severities)))
	if err != nil {
		return q, refusal{http.StatusBadRequest, err.Error()}
	}
	q.Severities = query.PlainNames(wanted)
	if text := asked.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > mostIssues {
			return q, refusal{http.StatusBadRequest, fmt.Sprintf("limit is %q: it is a number from 1 to %d", text, mostIssues)}
		}
	}
	if asked.Get("start") != "" || asked.Get("end") != "" {
		q.Open = false
		q.From, q.To, err = timeRange(r, now)
	}
	return q, err
}

func issueOf(r view.Issue) issueJSON {
	j := issueJSON{
		Severity: r.Severity, Title: r.Title, Description: r.Description, LikelyCause: r.LikelyCause,
		SuggestedActions: []suggestionJSON{}, RelatedSignals: append([]health.SignalID{}, r.Whole.RelatedSignals...),
		RelatedLogs: append([]string{}, r.Whole.RelatedLogs...), ID: r.ID, Cluster: r.Cluster, Service: r.Service,
		Gate: r.Gate, Guide: view.Guide(health.GateID(r.Gate)), OpenedAt: r.OpenedAt.UTC(), LastAt: r.LastAt.UTC(), Stale: r.Outdated,
	}
	if r.ResolvedAt != nil {
		j.ResolvedAt = view.Moment(*r.ResolvedAt)
	}
	for _, a := range r.Whole.SuggestedActions {
		j.SuggestedActions = append(j.SuggestedActions, suggestionJSON{a.Description, a.Confidence, a.Type, a.Target, a.Reason, a.Risk, a.Parameters})
	}
	return j
}

// summaryJSON tells in words how a cluster is. Its health_state is the present one; when the newest
// assessment is of an earlier situation, current is false and the notice says of which.
type summaryJSON struct {
	Cluster     string       `json:"cluster,omitempty"`
	Summary     string       `json:"summary"`
	Timestamp   *time.Time   `json:"timestamp"`
	HealthState health.State `json:"health_state"`

	Current    bool     `json:"current"`
	Confidence *float64 `json:"confidence"`
	Made       string   `json:"made"`
	Markdown   string   `json:"markdown"`
	Notice     string   `json:"notice,omitempty"`
}

func (d *Datasource) serveSummary(r *http.Request) (any, error) {
	clusters, named, err := d.clustersOf(r)
	if err != nil {
		return nil, err
	}
	nothing := summaryJSON{HealthState: health.Unknown, Notice: view.MissingClusters(nil, nil)[0].Text}
	if len(clusters) == 0 {
		return nothing, nil
	}
	assessed, _, _, err := d.views.Explained(r.Context(), clusterNamesOf(clusters))
	if err != nil {
		return nil, err
	}
	byName := map[string]view.Explained{}
	for _, e := range assessed {
		byName[e.Cluster] = e
	}
	all := make([]summaryJSON, 0, len(clusters))
	for _, c := range clusters {
		s := summaryJSON{Cluster: c.Cluster, HealthState: c.State(), Notice: view.Unassessed{c.Cluster}.String()}
		if e, ok := byName[c.Cluster]; ok {
			s.Summary, s.Timestamp, s.Current, s.Made, s.Markdown = e.Summary(), view.Moment(e.Assessment.At), e.Current(), e.Assessment.Made, e.Markdown("")
			if s.Notice = e.Outdated(); s.Current {
				s.Confidence, s.Notice = new(e.Assessment.Confidence), ""
			}
		}
		all = append(all, s)
	}
	return oneOrAll(all, named, nothing), nil
}
