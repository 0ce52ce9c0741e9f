package plugin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/store"
)

var editor = &backend.User{Login: "ada", Role: "Editor"}

// say posts feedback as a user.
func say(t *testing.T, d *Datasource, user *backend.User, parameters string) (int, map[string]any) {
	t.Helper()
	var response *backend.CallResourceResponse
	require.NoError(t, d.CallResource(t.Context(), &backend.CallResourceRequest{
		PluginContext: backend.PluginContext{User: user}, Method: http.MethodPost, Path: "feedback", URL: "feedback?" + parameters,
	}, backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error { response = r; return nil })))
	var body map[string]any
	require.NoError(t, json.Unmarshal(response.Body, &body), string(response.Body))
	return response.Status, body
}

const onTheCrisis = "cluster=prod&assessment=event-3&verdict="

func TestAnEditorsFeedbackIsShownWithTheExplanation(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	status, body := say(t, d, editor, onTheCrisis+"wrong&note="+url.QueryEscape("it was the *deploy*\nAKIAIOSFODNN7EXAMPLE [[cause]]"))
	require.Equal(t, http.StatusOK, status, body)
	assert.Equal(t, "ada", body["author"])
	assert.NotContains(t, body["note"], "AKIAIOSFODNN7EXAMPLE", "a note is stored without secrets")
	assert.NotContains(t, body["note"], "[[", "and without references")

	explained, _, err := d.views.ExplainedInFull(t.Context(), []string{"prod"}, []string{"event-3"})
	require.NoError(t, err)
	text := explained[0].Markdown("")
	assert.Contains(t, text, "### Feedback")
	assert.Contains(t, text, `Cause said to be wrong by ada on 2026-01-02 03:10:05 UTC: it was the \*deploy\*`)

	status, _ = say(t, d, editor, onTheCrisis+"confirmed")
	require.Equal(t, http.StatusOK, status)
}

func TestFeedbackThatIsNotTakenSaysWhy(t *testing.T) {
	s, _ := story.NewStore(t)
	story.TellAll(t, s)
	d := newTestDatasource(t, s, story.Now)
	for name, c := range map[string]struct {
		user       *backend.User
		parameters string
		status     int
		says       string
	}{
		"of a viewer":          {&backend.User{Login: "eve", Role: "Viewer"}, onTheCrisis + "wrong", http.StatusForbidden, "needs the role Editor or Admin"},
		"without a sign-in":    {&backend.User{Role: "Admin"}, onTheCrisis + "wrong", http.StatusForbidden, "sign in to Grafana"},
		"without a user":       {nil, onTheCrisis + "wrong", http.StatusForbidden, "needs the role Editor or Admin"},
		"without a cluster":    {editor, "assessment=event-3&verdict=wrong", http.StatusBadRequest, "name one cluster"},
		"without an id":        {editor, "cluster=prod&verdict=wrong", http.StatusBadRequest, "name one explanation"},
		"without a verdict":    {editor, onTheCrisis, http.StatusBadRequest, "there are confirmed, wrong"},
		"with a long note":     {editor, onTheCrisis + "wrong&note=" + strings.Repeat("x", 301), http.StatusBadRequest, "the most is 300"},
		"on no explanation":    {editor, "cluster=prod&assessment=gone&verdict=wrong", http.StatusNotFound, "no explanation with the id"},
		"on another cluster's": {editor, "cluster=lab&assessment=event-3&verdict=wrong", http.StatusNotFound, "no explanation with the id"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := say(t, d, c.user, c.parameters)
			assert.Equal(t, c.status, status)
			assert.Contains(t, body["error"], c.says)
		})
	}
}

func TestARoleThatReadsNeedsOneGrantForFeedbackAndIsNotWarnedAbout(t *testing.T) {
	s, p := story.NewStore(t)
	story.TellAll(t, s)
	_, err := s.Migrate(t.Context(), store.MigrateOptions{Reader: store.Role{Name: "feedback_reader", Password: "reader-password"}})
	require.NoError(t, err)
	owner := p
	p.User, p.Password = "feedback_reader", "reader-password"
	reader, err := store.Open(t.Context(), store.Config{Postgres: &p})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	d := newTestDatasource(t, reader, story.Now)

	status, body := say(t, d, editor, onTheCrisis+"confirmed")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body["error"], "GRANT INSERT ON copilot.feedback TO")

	execute(t, owner, "grant insert on copilot.feedback to feedback_reader")
	status, body = say(t, d, editor, onTheCrisis+"confirmed")
	assert.Equal(t, http.StatusOK, status, body)
	checked, err := d.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
	require.NoError(t, err)
	assert.Equal(t, backend.HealthStatusOk, checked.Status)
	assert.NotContains(t, checked.Message, "may write")
}
