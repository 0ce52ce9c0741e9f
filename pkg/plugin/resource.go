package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// readings are the resources by path. docs/openapi.yaml describes them.
func (d *Datasource) readings() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		"/status":          d.serveStatus,
		"/status/services": d.serveServices,
		"/status/issues":   d.serveIssues,
		"/status/summary":  d.serveSummary,
		"/status/timeline": d.serveTimeline,
		"/clusters":        d.serveClusters,
		"/signals":         d.serveSignals,
		"/gates":           d.serveGates,
		"/patterns":        d.servePatterns,
		"/runbooks":        d.serveRunbooks,
	}
}

// resources serves the health of clusters as JSON, for whatever is not a panel. An error is a JSON
// object with the field "error".
func (d *Datasource) resources() http.Handler {
	mux := http.NewServeMux()
	for path, serve := range d.readings() {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { d.reply(w, r, serve) })
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", http.MethodGet)
			writeError(w, http.StatusMethodNotAllowed, "only GET is allowed here")
		})
	}
	mux.HandleFunc("POST "+feedbackPath, func(w http.ResponseWriter, r *http.Request) { d.reply(w, r, d.serveFeedback) })
	mux.HandleFunc(feedbackPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		writeError(w, http.StatusMethodNotAllowed, "only POST is allowed here")
	})
	mux.HandleFunc("POST /actions", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotImplemented, map[string]any{
			"error": "Not implemented: the copilot suggests actions and takes none", "status": http.StatusNotImplemented})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, fmt.Sprintf("there is no %s %q; there are GET /status, /status/services, /status/issues, /status/summary, /status/timeline, /clusters, /signals, /gates, /patterns and /runbooks, and POST /feedback", r.Method, r.URL.Path))
	})
	return mux
}

// refusal is a request that can't be answered, with the HTTP status that says why.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// reply writes what serve found, or its error.
func (d *Datasource) reply(w http.ResponseWriter, r *http.Request, serve func(*http.Request) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	body, err := serve(r.WithContext(ctx))
	if refused, ok := errors.AsType[refusal](err); ok {
		writeError(w, refused.status, refused.text)
		return
	}
	if err != nil {
		failed := failure.Of(err)
		backend.Logger.FromContext(r.Context()).Warn("A resource failed", "path", r.URL.Path, "cause", failed.Cause, "error", d.redact(err.Error()))
		writeError(w, int(failed.Status), d.redact(failed.String()))
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// clustersOf reads the clusters that a request names, or all of them.
func (d *Datasource) clustersOf(r *http.Request) (clusters []view.Present, named bool, err error) {
	wanted, err := query.ParseClusters(r.URL.Query()["cluster"])
	if err != nil {
		return nil, false, refusal{http.StatusBadRequest, err.Error()}
	}
	clusters, missing, err := d.views.Clusters(r.Context(), wanted)
	if err != nil {
		return nil, false, err
	}
	if len(wanted) > 0 && len(missing) > 0 {
		return nil, false, refusal{http.StatusNotFound, missing[0].Text}
	}
	return clusters, len(wanted) == 1, nil
}

// timeRange reads start and end, RFC 3339 or milliseconds since 1970. Without them it is the last 24 hours.
func timeRange(r *http.Request, now time.Time) (from, to time.Time, err error) {
	if to, err = parseTime(r, "end", now); err != nil {
		return from, to, err
	}
	if from, err = parseTime(r, "start", to.Add(-24*time.Hour)); err != nil {
		return from, to, err
	}
	switch width := to.Sub(from); {
	case width < 0:
		err = refusal{http.StatusBadRequest, "end lies before start"}
	case width > query.LongestTimeRange:
		err = refusal{http.StatusBadRequest, fmt.Sprintf("start and end lie %d days apart, the most is %d", int(width.Hours()/24), int(query.LongestTimeRange.Hours()/24))}
	}
	return from, to, err
}

func parseTime(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, refusal{http.StatusBadRequest, fmt.Sprintf("%s is %q: write it like 2026-01-02T03:04:05Z, or as milliseconds since 1970", name, text)}
	}
	return t, nil
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]any{"error": text})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"the answer can't be written as JSON, which is a bug in the plugin"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // whoever hung up needs no answer
}
