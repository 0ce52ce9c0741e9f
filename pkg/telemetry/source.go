package telemetry

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/common/config"
	"github.com/prometheus/sigv4"
)

// Source is a Prometheus API, or a Loki API, and how to be let in. At most one of BearerToken, Username and
// SigV4 may be set.
type Source struct {
	// URL is the API's address without /api/v1 or /loki/api/v1: "http://prometheus:9090", or for Amazon
	// Managed Prometheus "https://aps-workspaces.<region>.amazonaws.com/workspaces/<id>". It holds no
	// credentials.
	URL string
	TLS TLS
	// BearerToken is sent as the Authorization header.
	BearerToken string
	// Username and Password are sent as HTTP basic authentication.
	Username, Password string
	// Tenant is sent as the X-Scope-OrgID header (Mimir, Cortex, Thanos receive, Loki).
	Tenant string
	// SigV4 signs requests for Amazon Managed Prometheus; nil does not.
	SigV4 *SigV4
}

// TLS is what a connection needs beyond the system's certificate authorities. All texts are PEM.
type TLS struct {
	// CA replaces the system's certificate authorities.
	CA string
	// Cert and Key are the client's certificate.
	Cert, Key string
	// ServerName is the name that the server's certificate must have, if not the URL's host.
	ServerName string
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool
}

// SigV4 is how to sign requests to AWS. Without keys the AWS SDK's default chain finds them.
type SigV4 struct {
	Region               string
	AccessKey, SecretKey string
	// RoleARN is assumed when set, with ExternalID if the role asks for one.
	RoleARN, ExternalID string
}

// API is a kind of server that a Source may lead to.
type API struct {
	// Name is what messages call it, Path what a Source's URL leaves out and Example how one looks.
	Name, Path, Example string
}

var prometheusAPI = API{Name: "Prometheus", Path: "/api/v1", Example: "http://prometheus:9090"}

// Connect returns the source's URL and the round tripper that authenticates as the source says, which fails on
// answers that cannot be the API's or are larger than maxBytes. It does not connect; its errors are mistakes
// in the settings.
func (s Source) Connect(api API, maxBytes int64) (*url.URL, http.RoundTripper, error) {
	u, err := s.check(api)
	if err != nil {
		return nil, nil, err
	}
	transport, err := s.transport(api)
	if err != nil {
		return nil, nil, err
	}
	return u, guard{next: transport, api: api, maxBytes: maxBytes}, nil
}

// check returns the parsed URL, or what is wrong with the source.
func (s Source) check(api API) (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		// The parse error repeats the text, which may hold a password.
		return nil, fmt.Errorf("the %s URL is not a URL: it looks like %s", api.Name, api.Example)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the %s URL %q must begin with http:// or https:// and name a host", api.Name, u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("the %s URL holds a user name: give user name and password separately", api.Name)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the %s URL ends in a query or fragment: leave away what follows ? or #", api.Name)
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), api.Path):
		return nil, fmt.Errorf("the %s URL ends in %s: leave that away", api.Name, api.Path)
	}
	ways := 0
	for _, used := range []bool{s.BearerToken != "", s.Username != "" || s.Password != "", s.SigV4 != nil} {
		if used {
			ways++
		}
	}
	if ways > 1 {
		return nil, fmt.Errorf("more than one of bearer token, user name and SigV4 is set for %s: choose one", api.Name)
	}
	if s.SigV4 != nil {
		if s.SigV4.Region == "" {
			return nil, errors.New("SigV4 needs the AWS region of the Prometheus workspace")
		}
		if err := s.SigV4.config().Validate(); err != nil {
			return nil, fmt.Errorf("SigV4 settings: %w", err)
		}
	}
	return u, nil
}

// transport builds the round tripper that authenticates as the source says.
func (s Source) transport(api API) (http.RoundTripper, error) {
	c := config.HTTPClientConfig{
		FollowRedirects: true,
		EnableHTTP2:     true,
		TLSConfig: config.TLSConfig{
			CA: s.TLS.CA, Cert: s.TLS.Cert, Key: config.Secret(s.TLS.Key),
			ServerName: s.TLS.ServerName, InsecureSkipVerify: s.TLS.InsecureSkipVerify,
		},
	}
	switch {
	case s.BearerToken != "":
		c.Authorization = &config.Authorization{Type: "Bearer", Credentials: config.Secret(s.BearerToken)}
	case s.Username != "" || s.Password != "":
		c.BasicAuth = &config.BasicAuth{Username: s.Username, Password: config.Secret(s.Password)}
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("connection settings of %s: %w", api.Name, err)
	}
	base, err := config.NewRoundTripperFromConfig(c, "temporal-sre-copilot")
	if err != nil {
		return nil, fmt.Errorf("connection settings of %s: %w", api.Name, err)
	}
	if s.Tenant != "" {
		base = tenantHeader{s.Tenant, base}
	}
	if s.SigV4 != nil {
		base = &lateSigner{config: s.SigV4.config(), next: base}
	}
	return base, nil
}

func (s SigV4) config() *sigv4.SigV4Config {
	return &sigv4.SigV4Config{
		Region: s.Region, AccessKey: s.AccessKey, SecretKey: config.Secret(s.SecretKey),
		RoleARN: s.RoleARN, ExternalID: s.ExternalID, ServiceName: "aps",
	}
}

// Words makes a message of what a server or a library said: one line, without the source's secrets, and no
// longer than a person reads.
func (s Source) Words(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, secret := range s.secrets() {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}

// secrets are the texts that no message may repeat.
func (s Source) secrets() []string {
	all := []string{s.BearerToken, s.Password, s.TLS.Key}
	if s.SigV4 != nil {
		all = append(all, s.SigV4.SecretKey)
	}
	return all
}
