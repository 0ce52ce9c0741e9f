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

// Source is a Prometheus API and how to be let in. At most one of BearerToken, Username and SigV4 may
// be set.
type Source struct {
	// URL is the API's address without /api/v1: "http://prometheus:9090", or for Amazon Managed Prometheus
	// "https://aps-workspaces.<region>.amazonaws.com/workspaces/<id>". It holds no credentials.
	URL string
	TLS TLS
	// BearerToken is sent as the Authorization header.
	BearerToken string
	// Username and Password are sent as HTTP basic authentication.
	Username, Password string
	// Tenant is sent as the X-Scope-OrgID header (Mimir, Cortex, Thanos receive).
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

// check returns the parsed URL, or what is wrong with the source.
func (s Source) check() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		// The parse error repeats the text, which may hold a password.
		return nil, errors.New("the Prometheus URL is not a URL: it looks like http://prometheus:9090")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the Prometheus URL %q must begin with http:// or https:// and name a host", u.Redacted())
	case u.User != nil:
		return nil, errors.New("the Prometheus URL holds a user name: give user name and password separately")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the Prometheus URL ends in a query or fragment: leave away what follows ? or #")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/api/v1"):
		return nil, errors.New("the Prometheus URL ends in /api/v1: leave that away")
	}
	ways := 0
	for _, used := range []bool{s.BearerToken != "", s.Username != "" || s.Password != "", s.SigV4 != nil} {
		if used {
			ways++
		}
	}
	if ways > 1 {
		return nil, errors.New("more than one of bearer token, user name and SigV4 is set for Prometheus: choose one")
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
func (s Source) transport() (http.RoundTripper, error) {
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
		return nil, fmt.Errorf("connection settings of Prometheus: %w", err)
	}
	base, err := config.NewRoundTripperFromConfig(c, "temporal-sre-copilot")
	if err != nil {
		return nil, fmt.Errorf("connection settings of Prometheus: %w", err)
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

// secrets are the texts that no message may repeat.
func (s Source) secrets() []string {
	all := []string{s.BearerToken, s.Password, s.TLS.Key}
	if s.SigV4 != nil {
		all = append(all, s.SigV4.SecretKey)
	}
	return all
}
