package plugin

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/temporal-sre/copilot/pkg/awslogin"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
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
	Kind           text `json:"kind"`
	Host           text `json:"host"`
	Port           text `json:"port"`
	Database       text `json:"database"`
	User           text `json:"user"`
	TLSMode        text `json:"tlsMode"`
	MaxOpenConns   text `json:"maxOpenConns"`
	PollIntervalMs text `json:"pollIntervalMs"`

	Endpoint      text `json:"endpoint"`
	Region        text `json:"region"`
	Role          text `json:"role"`
	AWSAuth       text `json:"awsAuth"`
	AssumeRoleARN text `json:"assumeRoleArn"`
	ExternalID    text `json:"externalId"`

	LokiUID       text `json:"lokiUid"`
	LokiSelector  text `json:"lokiSelector"`
	TemporalUIURL text `json:"temporalUiUrl"`

	// The SDK reads these two again, and panics at a name that is no string.
	EnableProxy bool   `json:"enableSecureSocksProxy"`
	ProxyUser   string `json:"secureSocksProxyUsername"`
}

// text is a string or a number in JSON. Grafana's provisioning makes a number of an environment variable
// that looks like one, or leaves a number a string, depending on its version.
type text string

// UnmarshalJSON takes a string, a number or null.
func (t *text) UnmarshalJSON(raw []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch value := value.(type) {
	case nil:
		*t = ""
	case string:
		*t = text(strings.TrimSpace(value))
	case json.Number:
		*t = text(value)
	case bool:
		return &json.UnmarshalTypeError{Value: "bool", Type: reflect.TypeFor[string]()}
	default:
		return &json.UnmarshalTypeError{Value: "list or object", Type: reflect.TypeFor[string]()}
	}
	return nil
}

// number is a whole number between two bounds, or another one when the setting is empty.
func (t text) number(field string, least, most, otherwise int) (int, error) {
	if t == "" || t == "0" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(string(t))
	if err != nil || n < least || n > most {
		return otherwise, fmt.Errorf("%s is %q: it must be a whole number from %d to %d", field, t, least, most)
	}
	return n, nil
}

// settings are a data source's settings after validation.
type settings struct {
	store store.Config
	// poll is the time between two looks at the store while somebody watches a stream.
	poll  time.Duration
	links view.Links
	// proxied: the store is reached through Grafana's secure socks proxy.
	proxied bool
	// secrets must never appear in an answer.
	secrets []string
}

// parseSettings validates a data source's settings. Its error names every field that is wrong, as the
// config editor labels it.
func parseSettings(s backend.DataSourceInstanceSettings) (settings, error) {
	parsed := settings{poll: defaultPoll}
	var j settingsJSON
	if len(s.JSONData) > 0 {
		if err := json.Unmarshal(s.JSONData, &j); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
				return parsed, fmt.Errorf("setting %q can't be a %s", wrong.Field, wrong.Value)
			}
			return parsed, fmt.Errorf("the data source's jsonData is not a JSON object: %w", err)
		}
	}
	for _, name := range []string{"password", "accessKey", "secretKey", "sessionToken", "secureSocksProxyPassword"} {
		// What is shorter is part of ordinary words, and replacing it would only make messages unreadable.
		if secret := s.DecryptedSecureJSONData[name]; len(secret) >= shortestSecret {
			parsed.secrets = append(parsed.secrets, secret)
		}
	}
	var errs []error
	poll, err := j.PollIntervalMs.number("pollIntervalMs", int(shortestPoll.Milliseconds()), int(longestPoll.Milliseconds()), int(defaultPoll.Milliseconds()))
	parsed.poll, errs = time.Duration(poll)*time.Millisecond, append(errs, err)
	parsed.store.MaxConns, err = j.MaxOpenConns.number("maxOpenConns", 1, mostOpenConns, usualOpenConns)
	errs = append(errs, err)
	parsed.proxied = j.EnableProxy
	parsed.links = view.Links{LokiUID: string(j.LokiUID), LokiSelector: string(j.LokiSelector), TemporalUI: string(j.TemporalUIURL)}
	errs = append(errs, parsed.links.Validate())
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
func required(fields map[string]text) error {
	var missing []string
	for name, value := range fields {
		if value == "" || strings.ContainsRune(string(value), 0) {
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
	errs := []error{required(map[string]text{"host": j.Host, "database": j.Database, "user": j.User})}
	host, ownPort := string(j.Host), j.Port
	switch {
	case strings.Contains(host, "://") || strings.Contains(host, "@"):
		// The value is not repeated: a URL that somebody pasted here may hold a password.
		errs = append(errs, errors.New("host looks like a URL: it is a name or an address alone, and database, user and password have fields of their own"))
	case strings.HasPrefix(host, "/"):
		errs = append(errs, errors.New("host is a path: the plugin connects over TCP, so give a name or an address"))
	default:
		// "db.example.com:5433" is what people type who know Grafana's own PostgreSQL data source.
		if name, p, err := net.SplitHostPort(host); err == nil {
			if j.Port != "" && j.Port != text(p) {
				errs = append(errs, fmt.Errorf("host ends in port %s and port says %s: give it once", p, j.Port))
			}
			host, ownPort = name, text(p)
		}
	}
	port, err := ownPort.number("port", 1, 65535, 0) // 0 is the store's word for the usual one
	errs = append(errs, err)
	mode := store.TLSMode(j.TLSMode)
	if mode != "" && !slices.Contains(store.TLSModes(), mode) {
		errs = append(errs, fmt.Errorf("tlsMode is %q: it is one of %v", j.TLSMode, store.TLSModes()))
	}
	return &store.Postgres{
		Host: host, Port: port, Database: string(j.Database), User: string(j.User), Password: password, TLS: mode, CACert: caCert,
	}, errors.Join(errs...)
}

func (j settingsJSON) dsql(secure map[string]string, caCert string) (*store.DSQL, error) {
	errs := []error{required(map[string]text{"endpoint": j.Endpoint, "region": j.Region, "role": j.Role})}
	if strings.ContainsAny(string(j.Endpoint), ":/@") {
		errs = append(errs, errors.New("endpoint is more than a host name: give it like <id>.dsql.eu-west-1.on.aws"))
	}
	credentials, err := j.awsCredentials(secure)
	return &store.DSQL{
		Endpoint: string(j.Endpoint), Region: string(j.Region), Role: string(j.Role), Credentials: credentials, CACert: caCert,
	}, errors.Join(append(errs, err)...)
}

func (j settingsJSON) awsCredentials(secure map[string]string) (aws.CredentialsProvider, error) {
	login := awslogin.Login{Region: string(j.Region), Role: string(j.AssumeRoleARN), ExternalID: string(j.ExternalID)}
	if j.ExternalID != "" && j.AssumeRoleARN == "" {
		return nil, errors.New("externalId is set without assumeRoleArn: it belongs to a role")
	}
	if j.AssumeRoleARN != "" && !strings.HasPrefix(string(j.AssumeRoleARN), "arn:") {
		return nil, errors.New(`assumeRoleArn does not begin with "arn:"`)
	}
	switch j.AWSAuth {
	case awsDefault, "":
	case awsKeys:
		if err := required(map[string]text{"accessKey": text(secure["accessKey"]), "secretKey": text(secure["secretKey"])}); err != nil {
			return nil, err
		}
		login.Keys = &aws.Credentials{AccessKeyID: secure["accessKey"], SecretAccessKey: secure["secretKey"], SessionToken: secure["sessionToken"]}
	default:
		return nil, fmt.Errorf("awsAuth is %q: it is %q or %q", j.AWSAuth, awsDefault, awsKeys)
	}
	return login.Provider(), nil
}
