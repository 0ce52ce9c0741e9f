package telemetry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// TestEverySetOfRenamedLabelsChangesNoVerdict reads recordings whose labels Prometheus renamed to exported_*, every set
// of them, as it does where the targets have labels of these names.
func TestEverySetOfRenamedLabelsChangesNoVerdict(t *testing.T) {
	recorded := replayRecordings(t)
	_, prometheus := telemetry.Recordings(t)
	view := &renamedView{t: t, prometheus: prometheus, answers: map[string]renamedAnswer{}}
	server := httptest.NewServer(view)
	t.Cleanup(server.Close)
	labels := []string{"namespace", "service_name", "operation", "taskqueue", "task_type"}
	for set := range 1 << len(labels) {
		var renamed []string
		for i, label := range labels {
			if set>>i&1 == 1 {
				renamed = append(renamed, label)
			}
		}
		view.rename(renamed)
		for k := range 3 {
			// Each set meets other recordings, at their beginning, in their middle and at their end.
			r := recorded[(set*5+k*7)%len(recorded)]
			j := r.line[3+k*(len(r.line)-4)/2]
			// A reader of its own, since a reader remembers the names that it found.
			reader, err := telemetry.New(telemetry.Source{URL: server.URL}, patient)
			require.NoError(t, err)
			reading, err := reader.Read(context.Background(), telemetry.RecordedCluster(r.Timeline), j.snapshot.At)
			require.NoError(t, err)
			got, _ := health.Evaluate(health.Memory{}, reading.Snapshot, health.DefaultThresholds())
			want, _ := health.Evaluate(health.Memory{}, j.snapshot, health.DefaultThresholds())
			assert.Equal(t, judged{j.at, want, j.snapshot}.summary(), judged{j.at, got, reading.Snapshot}.summary(),
				"%s, %s, renamed: %v", r.Name, offset(j.at), renamed)
		}
	}
}

// renamedView stands before Prometheus and shows its labels under other names.
type renamedView struct {
	t          *testing.T
	prometheus string
	// asked and shown translate queries and answers; nil where no label is renamed.
	asked, shown *regexp.Regexp

	sync.Mutex
	answers map[string]renamedAnswer
}

type renamedAnswer struct {
	status int
	body   string
}

func (v *renamedView) rename(labels []string) {
	v.asked, v.shown = nil, nil
	if len(labels) > 0 {
		anyOf := strings.Join(labels, "|")
		v.asked = regexp.MustCompile(`\b(exported_)?(` + anyOf + `)\b`)
		v.shown = regexp.MustCompile(`"(` + anyOf + `)":`)
	}
}

// ServeHTTP asks for a renamed label under its own name, and for what a target's label of that name would be under none
// that exists.
func (v *renamedView) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	require.NoError(v.t, r.ParseForm())
	query := r.Form.Get("query")
	if v.asked != nil {
		query = v.asked.ReplaceAllStringFunc(query, func(name string) string {
			if own, exported := strings.CutPrefix(name, "exported_"); exported {
				return own
			}
			return "of_the_target_" + name
		})
	}
	r.Form.Set("query", query)
	answer, err := v.answer(r.URL.Path, r.Form)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	body := answer.body
	if v.shown != nil {
		body = v.shown.ReplaceAllString(body, `"exported_$1":`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, body)
}

// answer is what Prometheus says, asked once.
func (v *renamedView) answer(path string, form url.Values) (renamedAnswer, error) {
	key := path + "?" + form.Encode()
	v.Lock()
	answer, known := v.answers[key]
	v.Unlock()
	if known {
		return answer, nil
	}
	response, err := http.PostForm(v.prometheus+path, form) // the test ends with its server
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && !json.Valid(body) {
		err = fmt.Errorf("Prometheus did not answer in JSON: %.200s", body)
	}
	if err != nil {
		return answer, err
	}
	answer = renamedAnswer{response.StatusCode, string(body)}
	v.Lock()
	defer v.Unlock()
	v.answers[key] = answer
	return answer, nil
}
