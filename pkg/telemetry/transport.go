package telemetry

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/sigv4"
)

// tenantHeader names the tenant that is asked.
type tenantHeader struct {
	tenant string
	next   http.RoundTripper
}

func (t tenantHeader) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Scope-OrgID", t.tenant)
	return t.next.RoundTrip(req)
}

// lateSigner signs requests, and finds its credentials at the first request instead of at its
// making, since finding them may ask the network and may fail for now only.
type lateSigner struct {
	config *sigv4.SigV4Config
	next   http.RoundTripper

	mu     sync.Mutex
	signer http.RoundTripper
}

func (l *lateSigner) RoundTrip(req *http.Request) (*http.Response, error) {
	signer, err := l.ready(req)
	if err != nil {
		return nil, credentialError{err}
	}
	return signer.RoundTrip(req)
}

func (l *lateSigner) ready(req *http.Request) (http.RoundTripper, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.signer == nil {
		signer, err := sigv4.NewSigV4RoundTripper(l.config, l.next, sigv4.WithContext(req.Context()))
		if err != nil {
			return nil, err
		}
		l.signer = signer
	}
	return l.signer, nil
}

// guard keeps answers that cannot be the API's from being read, and large ones from filling
// the memory.
type guard struct {
	next     http.RoundTripper
	api      API
	maxBytes int64
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode == http.StatusOK && kind == "text/html" {
		resp.Body.Close()
		return nil, pageError(g.api.Name)
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		defer resp.Body.Close()
		if text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)); strings.Contains(string(text), "no org id") {
			return nil, errNoTenant
		}
		return nil, refusedError(resp.StatusCode)
	}
	resp.Body = &limitedBody{body: resp.Body, left: g.maxBytes, max: g.maxBytes}
	return resp, nil
}

// limitedBody fails instead of reading on when an answer is too large.
type limitedBody struct {
	body      io.ReadCloser
	left, max int64
}

func (l *limitedBody) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, tooLargeError(l.max)
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.body.Read(p)
	l.left -= int64(n)
	return n, err
}

func (l *limitedBody) Close() error { return l.body.Close() }

// pageError names the API that answered with a web page: a login, of Grafana or of a proxy.
type pageError string

func (e pageError) Error() string {
	return fmt.Sprintf("it answered with a web page instead of JSON: is this the URL of a %s API, and is a login in the way?", string(e))
}

// errNoTenant is the answer of a Mimir, Cortex or Loki with several tenants.
var errNoTenant = errors.New("it requires a tenant: set `tenant` to the tenant of these metrics")

// refusedError is an HTTP status that says that the credentials are not accepted.
type refusedError int

func (e refusedError) Error() string {
	return fmt.Sprintf("it refused the credentials (HTTP %d %s): check the token, user or role, and whether it has expired", int(e), http.StatusText(int(e)))
}

// tooLargeError is the number of bytes that an answer exceeded.
type tooLargeError int64

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB: narrow the cluster's selector", int64(e)>>20)
}

// credentialError says that there are no credentials to sign with.
type credentialError struct{ cause error }

func (e credentialError) Error() string { return "no AWS credentials to sign with: " + e.cause.Error() }
func (e credentialError) Unwrap() error { return e.cause }
