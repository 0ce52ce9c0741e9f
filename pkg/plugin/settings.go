package plugin

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/store"
)

// The kinds of databases.
const (
	kindPostgres = "postgres"
	kindDSQL     = "dsql"
)

// The ways to AWS credentials.
const (
	awsDefault = "default"
	awsKeys    = "keys"
)

// Bounds of the settings.
const (
	defaultPoll    = time.Second
	shortestPoll   = 200 * time.Millisecond
	longestPoll    = time.Hour
	mostOpenConns  = 100
	usualOpenConns = 5
	shortestSecret = 4
)

// settingsJSON is jsonData as the config editor writes it. Fields of the kind that is not chosen are
// kept by the editor and ignored here.
type settingsJSON struct {
	Kind           string `json:"kind"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	Database       string `json:"database"`
	User           string `json:"user"`
	TLSMode        string `json:"tlsMode"`
	MaxOpenConns   int    `json:"maxOpenConns"`
	PollIntervalMs int64  `json:"pollIntervalMs"`

	Endpoint      string `json:"endpoint"`
	Region        string `json:"region"`
	Role          string `json:"role"`
	AWSAuth       string `json:"awsAuth"`
	AssumeRoleARN string `json:"assumeRoleArn"`
	ExternalID    string `json:"externalId"`
}

// settings are a data source's settings after validation.
type settings struct {
	store store.Config
	// poll is the time between two looks at the store while somebody watches a stream.
	poll time.Duration
	// secrets must never appear in an answer.
	secrets []string
}

// parseSettings validates a data source's settings. Its error names every field that is wrong, as the
// config editor labels it.
func parseSettings(s backend.DataSourceInstanceSettings) (settings, error) {
	var j settingsJSON
	if len(s.JSONData) > 0 {
		if err := json.Unmarshal(s.JSONData, &j); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
				return settings{}, fmt.Errorf("setting %q can't be a %s", wrong.Field, wrong.Value)
			}
			return settings{}, fmt.Errorf("the data source's jsonData is not a JSON object: %w", err)
		}
	}
	parsed := settings{poll: defaultPoll}
	for _, name := range []string{"password", "accessKey", "secretKey", "sessionToken"} {
		// What is shorter is part of ordinary words, and replacing it would only make messages unreadable.
		if secret := s.DecryptedSecureJSONData[name]; len(secret) >= shortestSecret {
			parsed.secrets = append(parsed.secrets, secret)
		}
	}
	var errs []error
	if j.PollIntervalMs != 0 {
		parsed.poll = time.Duration(j.PollIntervalMs) * time.Millisecond
	}
	if j.PollIntervalMs < 0 || j.PollIntervalMs > longestPoll.Milliseconds() || parsed.poll < shortestPoll {
		errs = append(errs, fmt.Errorf("pollIntervalMs is %d: it must lie between %d and %d", j.PollIntervalMs, shortestPoll.Milliseconds(), longestPoll.Milliseconds()))
	}
	parsed.store.MaxConns = j.MaxOpenConns
	if j.MaxOpenConns == 0 {
		parsed.store.MaxConns = usualOpenConns
	}
	if j.MaxOpenConns < 0 || j.MaxOpenConns > mostOpenConns {
		errs = append(errs, fmt.Errorf("maxOpenConns is %d: it must lie between 1 and %d", j.MaxOpenConns, mostOpenConns))
	}
	caCert := s.DecryptedSecureJSONData["tlsCACert"]
	if caCert != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(caCert)) {
		errs = append(errs, errors.New("tlsCACert holds no certificate: paste it with its BEGIN CERTIFICATE and END CERTIFICATE lines"))
	}
	switch j.Kind {
	case kindPostgres, "":
		database, err := j.postgres(s.DecryptedSecureJSONData["password"], caCert)
		parsed.store.Postgres, errs = database, append(errs, err)
	case kindDSQL:
		database, err := j.dsql(s.DecryptedSecureJSONData, caCert)
		parsed.store.DSQL, errs = database, append(errs, err)
	default:
		errs = append(errs, fmt.Errorf("kind is %q: it is %q or %q", j.Kind, kindPostgres, kindDSQL))
	}
	return parsed, errors.Join(errs...)
}

// required names the fields that are empty or hold what no name can hold.
func required(fields map[string]string) error {
	var missing []string
	for name, value := range fields {
		if strings.TrimSpace(value) == "" || strings.ContainsRune(value, 0) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s is missing", missing[0])
	default:
		return fmt.Errorf("%s are missing", strings.Join(missing, ", "))
	}
}

func (j settingsJSON) postgres(password, caCert string) (*store.Postgres, error) {
	errs := []error{required(map[string]string{"host": j.Host, "database": j.Database, "user": j.User})}
	host, port := strings.TrimSpace(j.Host), j.Port
	switch {
	case strings.Contains(host, "://") || strings.Contains(host, "@"):
		// The value is not repeated: a URL that somebody pasted here may hold a password.
		errs = append(errs, errors.New("host looks like a URL: it is a name or an address alone, and database, user and password have fields of their own"))
	case strings.HasPrefix(host, "/"):
		errs = append(errs, errors.New("host is a path: the plugin connects over TCP, so give a name or an address"))
	default:
		// "db.example.com:5433" is what people type who know Grafana's own PostgreSQL data source.
		if h, p, err := net.SplitHostPort(host); err == nil && !strings.Contains(h, ":") {
			if port != 0 && fmt.Sprint(port) != p {
				errs = append(errs, fmt.Errorf("host ends in port %s and port says %d: give it once", p, port))
			} else if _, err := fmt.Sscan(p, &port); err != nil {
				errs = append(errs, errors.New("host ends in a port that is no number"))
			}
			host = h
		}
	}
	if port < 0 || port > 65535 {
		errs = append(errs, fmt.Errorf("port is %d: it must lie between 1 and 65535", port))
	}
	mode := store.TLSMode(j.TLSMode)
	if mode != "" && !slices.Contains(store.TLSModes(), mode) {
		errs = append(errs, fmt.Errorf("tlsMode is %q: it is one of %v", j.TLSMode, store.TLSModes()))
	}
	return &store.Postgres{
		Host: host, Port: port, Database: j.Database, User: j.User, Password: password, TLS: mode, CACert: caCert,
	}, errors.Join(errs...)
}

func (j settingsJSON) dsql(secure map[string]string, caCert string) (*store.DSQL, error) {
	errs := []error{required(map[string]string{"endpoint": j.Endpoint, "region": j.Region, "role": j.Role})}
	if strings.ContainsAny(j.Endpoint, ":/@") {
		errs = append(errs, errors.New("endpoint is more than a host name: give it like <id>.dsql.eu-west-1.on.aws"))
	}
	credentials, err := j.awsCredentials(secure)
	return &store.DSQL{
		Endpoint: strings.TrimSpace(j.Endpoint), Region: j.Region, Role: j.Role, Credentials: credentials, CACert: caCert,
	}, errors.Join(append(errs, err)...)
}

func (j settingsJSON) awsCredentials(secure map[string]string) (aws.CredentialsProvider, error) {
	login := awsLogin{region: j.Region, role: j.AssumeRoleARN, externalID: j.ExternalID}
	if j.ExternalID != "" && j.AssumeRoleARN == "" {
		return nil, errors.New("externalId is set without assumeRoleArn: it belongs to a role")
	}
	if j.AssumeRoleARN != "" && !strings.HasPrefix(j.AssumeRoleARN, "arn:") {
		return nil, errors.New("assumeRoleArn does not begin with arn:")
	}
	switch j.AWSAuth {
	case awsDefault, "":
	case awsKeys:
		if err := required(map[string]string{"accessKey": secure["accessKey"], "secretKey": secure["secretKey"]}); err != nil {
			return nil, err
		}
		login.keys = &aws.Credentials{AccessKeyID: secure["accessKey"], SecretAccessKey: secure["secretKey"], SessionToken: secure["sessionToken"]}
	default:
		return nil, fmt.Errorf("awsAuth is %q: it is %q or %q", j.AWSAuth, awsDefault, awsKeys)
	}
	return login.provider(), nil
}
