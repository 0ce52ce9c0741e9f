package answer

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

var updateGolden = flag.Bool("update-golden", false, "write the golden frames instead of comparing with them")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(story.Run(m))
}

// told are answers from the whole story.
func told(t testing.TB) Answers {
	t.Helper()
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	return Answers{Views: view.Reader{Store: s, Now: func() time.Time { return story.Now }}, UID: "copilot"}
}

func answered(t testing.TB, d Answers, q backend.DataQuery, forAlert bool) data.Frames {
	t.Helper()
	parsed, err := query.Parse(q, forAlert)
	require.NoError(t, err)
	all, err := d.To(t.Context(), parsed)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestQueryTypesAnswerWithTheseFrames(t *testing.T) {
	d := told(t)
	twoClusters := map[string]any{"clusters": []string{"prod", "old"}}
	for name, q := range map[string]map[string]any{
		"status":           story.QueryOf("status"),
		"status_staleness": story.QueryOf("status", map[string]any{"measure": "staleness"}),
		"status_live":      story.QueryOf("status", map[string]any{"live": true}),
		"cause":            story.QueryOf("cause"),
		"chain":            story.QueryOf("chain"),
		"topology":         story.QueryOf("topology", map[string]any{"clusters": []string{"prod"}}),
		"deciding":         story.QueryOf("deciding", map[string]any{"clusters": []string{"prod"}}),
		"deciding_third":   story.QueryOf("deciding", map[string]any{"clusters": []string{"prod"}, "measure": "third"}),
		"explanation":      story.QueryOf("explanation", map[string]any{"clusters": []string{"prod"}}),
		"runbook":          story.QueryOf("runbook", map[string]any{"documents": []string{"starved_queues"}}),
		"timeline":         story.QueryOf("timeline"),
		"signals":          story.QueryOf("signals", twoClusters, map[string]any{"signals": []string{"history.backlog_age_sec", "state_transitions.throughput_per_sec"}}),
		"gates":            story.QueryOf("gates"),
		"gates_fired":      story.QueryOf("gates", map[string]any{"results": []string{"fired"}}),
		"gates_unknown":    story.QueryOf("gates", map[string]any{"results": []string{"unknown"}}),
		"queues":           story.QueryOf("queues"),
		"services":         story.QueryOf("services", map[string]any{"clusters": []string{"prod"}}),
		"events":           story.QueryOf("events"),
		"events_live":      story.QueryOf("events", map[string]any{"live": true, "clusters": []string{"prod"}}),
		"changes":          story.QueryOf("changes"),
		"workers":          story.QueryOf("workers"),
		"summary":          story.QueryOf("summary"),
		"issues":           story.QueryOf("issues"),
		"issues_all":       story.QueryOf("issues", map[string]any{"includeResolved": true, "services": []string{"persistence", "matching"}}),
		"actions":          story.QueryOf("actions"),
		"assessments":      story.QueryOf("assessments"),
		"logs":             story.QueryOf("logs"),
		"logs_counts":      story.QueryOf("logs", map[string]any{"measure": "counts"}),
		"usage":            story.QueryOf("usage"),
		"usage_table":      story.QueryOf("usage", map[string]any{"measure": "table"}),
		"sources":          story.QueryOf("sources"),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, answered(t, d, story.Question(t, q), false))
		})
	}
}

func TestGatesOfAResultAreAskedForAsOlderVersionsDid(t *testing.T) {
	d := told(t)
	old := answered(t, d, story.Question(t, story.QueryOf("gates", map[string]any{"onlyFired": true})), false)
	golden(t, "gates_fired", old)
}

func TestAlertRulesGetTheseFrames(t *testing.T) {
	d := told(t)
	for name, q := range map[string]map[string]any{
		"alert_state":      story.QueryOf("status", map[string]any{"measure": "state"}),
		"alert_cause":      story.QueryOf("cause"),
		"alert_staleness":  story.QueryOf("status", map[string]any{"measure": "staleness"}),
		"alert_coverage":   story.QueryOf("status", map[string]any{"measure": "coverage"}),
		"alert_workers":    story.QueryOf("status", map[string]any{"measure": "worker_limited"}),
		"alert_gate":       story.QueryOf("status", map[string]any{"measure": "first_gate"}),
		"alert_sources":    story.QueryOf("sources"),
		"alert_explaining": story.QueryOf("sources", map[string]any{"measure": "explaining"}),
		"alert_flapping":   story.QueryOf("status", map[string]any{"measure": "flapping"}),
		"alert_gates":      story.QueryOf("gates", map[string]any{"results": []string{"fired"}}),
		"alert_services":   story.QueryOf("services", map[string]any{"states": []string{"critical"}}),
		"alert_timeline":   story.QueryOf("timeline"),
		"alert_signals":    story.QueryOf("signals", map[string]any{"clusters": []string{"prod"}, "signals": []string{"history.backlog_age_sec"}}),
		"alert_issues":     story.QueryOf("issues"),
		"alert_logs":       story.QueryOf("logs", map[string]any{"patterns": []string{"no_poller"}, "clusters": []string{"prod", "lab"}}),
		"alert_logs_all":   story.QueryOf("logs", map[string]any{"clusters": []string{"prod"}}),
		"alert_usage":      story.QueryOf("usage", map[string]any{"measure": "tokens"}),
	} {
		t.Run(name, func(t *testing.T) {
			frames := answered(t, d, story.Question(t, q), true)
			golden(t, name, frames)
			story.RequireAlertable(t, frames)
		})
	}
}
