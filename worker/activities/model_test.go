package activities_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/llm/openai"
	"github.com/temporal-sre/copilot/worker/activities"
)

// endpoint is a stand-in for an OpenAI-compatible endpoint. It checks what it is sent, and answers as its
// reply says.
type endpoint struct {
	*httptest.Server
	mu      sync.Mutex
	prompts []string
	reply   func(n int, prompt string, w http.ResponseWriter, r *http.Request)
}

const apiKey = "sk-test-not-to-be-seen"

func serve(t *testing.T, reply func(n int, prompt string, w http.ResponseWriter, r *http.Request)) *endpoint {
	t.Helper()
	e := &endpoint{reply: reply}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/v1/chat/completions", r.URL.Path)
		assert.Equal(t, "Bearer "+apiKey, r.Header.Get("Authorization"))
		var request struct {
			Model    string `json:"model"`
			Messages []struct {
				Content string `json:"content"`
			} `json:"messages"`
			Format struct {
				Type   string `json:"type"`
				Schema struct {
					Name string `json:"name"`
				} `json:"json_schema"`
			} `json:"response_format"`
		}
		if body, _ := io.ReadAll(r.Body); !assert.NoError(t, json.Unmarshal(body, &request)) {
			return
		}
		assert.Contains(t, []string{"small", "large"}, request.Model)
		assert.Equal(t, "json_schema", request.Format.Type)
		if !assert.GreaterOrEqual(t, len(request.Messages), 2) {
			return
		}
		prompt := request.Messages[1].Content
		assert.Contains(t, prompt, "cluster: prod")
		assert.NotContains(t, prompt, "hunter2", "secrets are redacted before a model sees them")
		w.Header().Set("Content-Type", "application/json")
		if request.Format.Schema.Name == "triage" {
			says(w, `{"depth":"deep","reason":"it is tangled"}`)
			return
		}
		e.mu.Lock()
		e.prompts = append(e.prompts, prompt)
		n := len(e.prompts)
		e.mu.Unlock()
		e.reply(n, prompt, w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) asked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.prompts)
}

// askedAbout counts how often an explanation of a state was asked for.
func (e *endpoint) askedAbout(state string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, prompt := range e.prompts {
		if strings.HasPrefix(prompt, "state: "+state+" ") {
			n++
		}
	}
	return n
}

func (e *endpoint) explainer(t *testing.T, limit time.Duration, budget llm.Budget) activities.Explainer {
	t.Helper()
	model := func(id string) llm.Model {
		m, err := openai.New(openai.Options{BaseURL: e.URL + "/v1", APIKey: apiKey, Model: id, Mode: llm.Native})
		require.NoError(t, err)
		return m
	}
	return activities.NewExplainer("openai", llm.Models{Small: model("small"), Large: model("large"), Budget: budget, Limit: limit,
		Prices: map[string]llm.Price{"large": {Input: 15, Output: 75}, "small": {Input: 3, Output: 15}}}, budget)
}

func says(w io.Writer, text string) {
	quoted, _ := json.Marshal(text)
	fmt.Fprintf(w, `{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":%s}}],"usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}`, quoted)
}

// draft is what a good model writes about the database that fails, or about a cluster that is well.
func draft(prompt string, change func(*llm.Draft)) string {
	state := strings.Fields(strings.TrimPrefix(prompt, "state: "))[0]
	d := llm.Draft{State: state, Summary: llm.DraftSummary{
		What: "The cluster does what is asked of it.", Why: "Nothing that was measured is wrong.", First: "There is nothing to do."}}
	if state != "happy" {
		d.Summary = llm.DraftSummary{
			What:  "The database turns [[persistence.error_ratio]] of its operations away.",
			Why:   "It may be down, or its credentials may be wrong.",
			First: "Check that the database is up.",
		}
		d.Factors = []llm.DraftFactor{{Title: "The database fails", Detail: "It fails [[persistence.error_ratio]] of all operations.", Gate: "persistence_failing"}}
		d.Actions = []llm.DraftAction{{Type: "investigate", Target: "persistence", Description: "Connect to the database from a Temporal host.",
			Reason: "That tells an outage from a network problem.", Gate: "persistence_failing", Confidence: 0.8, Risk: "low"}}
	}
	if change != nil {
		change(&d)
	}
	text, _ := json.Marshal(d)
	return string(text)
}

func good(_ int, prompt string, w http.ResponseWriter, _ *http.Request) { says(w, draft(prompt, nil)) }
