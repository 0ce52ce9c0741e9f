package plugin

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// documented is docs/openapi.yaml.
func documented(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context()))
	return document
}

func TestEveryResourceIsDocumentedAndEveryDocumentedResourceIsServed(t *testing.T) {
	s, _ := story.NewStore(t)
	d := newTestDatasource(t, s, story.Now)
	document := documented(t)
	var served []string
	for path := range d.readings() {
		served = append(served, "GET "+path)
	}
	served = append(served, "POST /actions", "POST "+feedbackPath)
	var described []string
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	assert.Equal(t, served, described)
	t.Run("also by the answer to an unknown path", func(t *testing.T) {
		_, body := call(t, d, http.MethodGet, "nonsense")
		for path := range d.readings() {
			assert.Contains(t, body["error"], path)
		}
	})
	t.Run("and no other method is", func(t *testing.T) {
		for path, item := range document.Paths.Map() {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
				status, _ := call(t, d, method, strings.TrimPrefix(path, "/"))
				refused := status == http.StatusMethodNotAllowed || status == http.StatusNotFound
				assert.Equal(t, item.GetOperation(method) == nil, refused, "%s %s is %d", method, path, status)
			}
		}
	})
}

func TestTheWordsOfTheDocumentAreThoseOfTheProgram(t *testing.T) {
	schemas := documented(t).Components.Schemas
	for name, words := range map[string][]string{
		"State":      query.Values(query.States),
		"Bottleneck": append(query.PlainNames(health.Bottlenecks()), string(health.BottleneckUnknown)),
		"Service":    append(query.PlainNames(health.Services()), string(health.Cluster)),
		"Severity":   query.PlainNames(query.Values(query.Severities)),
		"ActionType": query.PlainNames(explain.ActionTypes()),
		"Risk":       query.PlainNames(explain.Risks()),
	} {
		var described []string
		for _, word := range schemas[name].Value.Enum {
			described = append(described, word.(string))
		}
		assert.ElementsMatch(t, words, described, name)
	}
}

// conforms calls a resource and checks its answer, and the call itself if it is a good one, against the document.
func conforms(t *testing.T, document *openapi3.T, d *Datasource, method, address string, want int) {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	path := "/" + parsed.Path
	item := document.Paths.Value(path)
	require.NotNil(t, item, path)
	var response *backend.CallResourceResponse
	require.NoError(t, d.CallResource(t.Context(), &backend.CallResourceRequest{Method: method, Path: parsed.Path, URL: address},
		backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error { response = r; return nil })))
	require.Equal(t, want, response.Status, string(response.Body))

	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost/"+address, nil)
	require.NoError(t, err)
	asked := &openapi3filter.RequestValidationInput{
		Request: r, QueryParams: parsed.Query(),
		Route:   &routers.Route{Spec: document, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if want == http.StatusOK {
		require.NoError(t, openapi3filter.ValidateRequest(t.Context(), asked))
	}
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: response.Status, Header: response.Headers, Body: io.NopCloser(bytes.NewReader(response.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}), string(response.Body))
}

func TestAnswersAreAsTheDocumentDescribesThem(t *testing.T) {
	s, _ := story.NewStore(t)
	document := documented(t)
	at := func(now time.Time) *Datasource { return newTestDatasource(t, s, now) }
	addresses := []string{"status", "status/services", "status/issues", "status/summary", "status/timeline", "clusters", "signals", "gates", "patterns", "runbooks"}
	for _, address := range addresses {
		t.Run(address+" of an empty store", func(t *testing.T) { conforms(t, document, at(story.Now), http.MethodGet, address, http.StatusOK) })
	}
	story.TellAll(t, s)
	addresses = append(addresses,
		"status?cluster=prod", "status?cluster=prod&cluster=lab", "status?cluster=old", "status/services?cluster=prod",
		"status/issues?cluster=prod&severity=critical&limit=1", "status/issues?start=2026-01-02T03:00:00Z&end=2026-01-02T04:00:00Z",
		"status/summary?cluster=prod", "status/summary?cluster=lab", "status/timeline?cluster=prod&start=2026-01-02T03:00:00Z&end=1767323400000")
	for _, address := range addresses {
		t.Run(address, func(t *testing.T) { conforms(t, document, at(story.Now), http.MethodGet, address, http.StatusOK) })
		t.Run(address+" an hour later", func(t *testing.T) {
			conforms(t, document, at(story.Now.Add(time.Hour)), http.MethodGet, address, http.StatusOK)
		})
	}
	for address, status := range map[string]int{
		"status?cluster=prdo": http.StatusNotFound, "status?cluster=a%00b": http.StatusBadRequest, "status/issues?limit=0": http.StatusBadRequest,
		"status/timeline?start=yesterday": http.StatusBadRequest, "status/summary?cluster=prdo": http.StatusNotFound,
	} {
		t.Run(address, func(t *testing.T) { conforms(t, document, at(story.Now), http.MethodGet, address, status) })
	}
	t.Run("actions", func(t *testing.T) {
		conforms(t, document, at(story.Now), http.MethodPost, "actions", http.StatusNotImplemented)
	})
	t.Run("a store that is away", func(t *testing.T) {
		made, err := New(t.Context(), pluginprocess.Instance(t, with(with(postgresJSON, "host", "127.0.0.1"), "port", 1), nil))
		require.NoError(t, err)
		d := made.(*Datasource)
		defer d.Dispose()
		conforms(t, document, d, http.MethodGet, "clusters", http.StatusBadGateway)
	})
}
