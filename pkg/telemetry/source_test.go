package telemetry

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

const noData = `{"status":"success","data":{"resultType":"vector","result":[]}}`

// answering is a server that answers every query with the same text.
func answering(t *testing.T, status int, contentType, body string) (server *httptest.Server, requests *[]*http.Request) {
	t.Helper()
	var seen []*http.Request
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server, &seen
}

// readOnce reads with one request at a time.
func readOnce(t *testing.T, s Source) Reading {
	t.Helper()
	r, err := New(s, Options{Concurrency: 1})
	require.NoError(t, err)
	reading, err := r.Read(context.Background(), Cluster{Name: "c"}, time.Unix(1_800_000_000, 0))
	require.NoError(t, err)
	return reading
}

func TestCredentialsAreSentAsTheSourceSays(t *testing.T) {
	tests := []struct {
		name   string
		source Source
		check  func(*testing.T, *http.Request)
	}{
		{"none", Source{}, func(t *testing.T, r *http.Request) { assert.Empty(t, r.Header.Get("Authorization")) }},
		{"bearer token", Source{BearerToken: "t0ken"}, func(t *testing.T, r *http.Request) { assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization")) }},
		{"basic", Source{Username: "me", Password: "secret"}, func(t *testing.T, r *http.Request) {
			user, password, ok := r.BasicAuth()
			assert.True(t, ok)
			assert.Equal(t, "me:secret", user+":"+password)
		}},
		{"tenant", Source{Tenant: "team-a"}, func(t *testing.T, r *http.Request) { assert.Equal(t, "team-a", r.Header.Get("X-Scope-OrgID")) }},
		{"SigV4 for Amazon Managed Prometheus", Source{SigV4: &SigV4{Region: "eu-west-1", AccessKey: "AKIAEXAMPLE", SecretKey: "very-secret"}}, func(t *testing.T, r *http.Request) {
			signature := r.Header.Get("Authorization")
			assert.True(t, strings.HasPrefix(signature, "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"), signature)
			assert.Contains(t, signature, "/eu-west-1/aps/aws4_request")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, requests := answering(t, http.StatusOK, "application/json", noData)
			tt.source.URL = server.URL + "/workspaces/ws-1"
			readOnce(t, tt.source)
			require.NotEmpty(t, *requests)
			first := (*requests)[0]
			assert.Equal(t, "/workspaces/ws-1/api/v1/query", first.URL.Path)
			tt.check(t, first)
		})
	}
}

func TestACertificateAuthorityIsGivenAsText(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(noData))
	}))
	t.Cleanup(server.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))

	trusting := readOnce(t, Source{URL: server.URL, TLS: TLS{CA: ca}})
	assert.Contains(t, trusting.Snapshot.Unknown[health.FrontendP99], "selector", "it was reached and has no series")

	strict := readOnce(t, Source{URL: server.URL})
	assert.Contains(t, strict.Snapshot.Unknown[health.FrontendP99], "certificate")
}

func TestMistakesInASourceAreToldAtOnce(t *testing.T) {
	tests := map[string]struct {
		source Source
		says   string
	}{
		"no URL":               {Source{}, "must begin with http"},
		"no scheme":            {Source{URL: "prometheus:9090"}, "must begin with http"},
		"password in the URL":  {Source{URL: "http://me:hunter2@prometheus:9090"}, "user name and password separately"},
		"broken URL":           {Source{URL: "http://me:hunter2@pro metheus:9090"}, "not a URL"},
		"API path in the URL":  {Source{URL: "http://prometheus:9090/api/v1/"}, "/api/v1"},
		"token in the URL":     {Source{URL: "http://prometheus:9090/?token=hunter2"}, "query or fragment"},
		"two ways in":          {Source{URL: "http://p", BearerToken: "hunter2", Username: "me"}, "choose one"},
		"SigV4 without region": {Source{URL: "https://p", SigV4: &SigV4{}}, "region"},
		"half a key pair":      {Source{URL: "https://p", SigV4: &SigV4{Region: "r", SecretKey: "hunter2"}}, "SigV4"},
		"a CA that is none":    {Source{URL: "https://p", TLS: TLS{CA: "hunter2"}}, "connection settings"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(tt.source, Options{})
			require.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestMistakesInAClusterAreToldAtOnce(t *testing.T) {
	tests := map[string]struct {
		cluster Cluster
		says    string
	}{
		"no name":                    {Cluster{}, "no name"},
		"braces in the selector":     {Cluster{Name: "c", Selector: `{job="a"}`}, "without braces"},
		"a selector without quotes":  {Cluster{Name: "c", Selector: `job=a`}, "without braces"},
		"a selector that breaks out": {Cluster{Name: "c", Selector: `job="a"} or vector(1) #`}, "comma is missing"},
		"an open string":             {Cluster{Name: "c", WorkerSelector: `job="a`}, "worker selector"},
		"a broken regexp":            {Cluster{Name: "c", ContainerSelector: `job=~"("`}, "container selector"},
		"a window of one scrape":     {Cluster{Name: "c", Window: time.Minute, ScrapeInterval: time.Minute}, "a rate needs two"},
		"a negative window":          {Cluster{Name: "c", Window: -time.Minute}, "negative"},
		"a label that is none":       {Cluster{Name: "c", Labels: map[string]string{"namespace": `a="b"`}}, "renames label"},
		"a query for no signal":      {Cluster{Name: "c", Queries: map[health.SignalID]string{"frontend.speed": "up"}}, "no signal"},
		"an empty query":             {Cluster{Name: "c", Queries: map[health.SignalID]string{health.GCPause: " "}}, "is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := New(Source{URL: "http://localhost"}, Options{})
			require.NoError(t, err)
			_, err = r.Read(context.Background(), tt.cluster, time.Now())
			require.ErrorContains(t, err, tt.says)
		})
	}
	good := Cluster{Name: "c", Selector: "job=~\"temporal-.*\", cluster=`a`,", Window: 30 * time.Second}
	assert.NoError(t, good.Validate())
}
