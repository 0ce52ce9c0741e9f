// Package config reads the worker's configuration: one YAML file, with values from the environment
// where the file asks for them. A mistake is reported with its line, its key and what to do; no message
// shows a secret.
package config

import (
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

// Config is the whole configuration.
type Config struct {
	// Interval is the time between two cycles of a cluster. Default 30s.
	Interval Duration `yaml:"interval"`
	// Retention is how long history stays in the store. Default 720h, 30 days.
	Retention Duration  `yaml:"retention"`
	Temporal  Temporal  `yaml:"temporal"`
	Store     Store     `yaml:"store"`
	Metrics   Metrics   `yaml:"metrics"`
	Knowledge Knowledge `yaml:"knowledge"`
	Explain   Explain   `yaml:"explain"`
	// LogPatterns are added to the known ones.
	LogPatterns []LogPattern `yaml:"log_patterns"`
	Clusters    []Cluster    `yaml:"clusters"`
}

// Temporal is the cluster that the copilot itself runs on. It should not be one that it watches.
type Temporal struct {
	// Address is host:port of the frontend. Default localhost:7233.
	Address Text `yaml:"address"`
	// Namespace must exist. Default "default".
	Namespace Text `yaml:"namespace"`
	// TaskQueue is the worker's queue. Default "copilot".
	TaskQueue Text `yaml:"task_queue"`
	// APIKey authenticates at Temporal Cloud or a server with an authorizer.
	APIKey Secret    `yaml:"api_key"`
	TLS    ClientTLS `yaml:"tls"`
}

// ClientTLS protects a connection. Certificates are files in PEM format.
type ClientTLS struct {
	Enabled    bool `yaml:"enabled"`
	CAFile     Text `yaml:"ca_file"`
	CertFile   Text `yaml:"cert_file"`
	KeyFile    Text `yaml:"key_file"`
	ServerName Text `yaml:"server_name"`
	// InsecureSkipVerify trusts any certificate.
	InsecureSkipVerify bool `yaml:"insecure_skip_verify"`
}

// Store is the state store: PostgreSQL by url, or Aurora DSQL.
type Store struct {
	// URL is postgres://user:password@host:5432/database?sslmode=verify-full.
	URL Secret `yaml:"url"`
	// Password replaces the one in the URL, so that the URL can be written openly.
	Password Secret `yaml:"password"`
	// CAFile holds the authorities to trust, in PEM format.
	CAFile         Text  `yaml:"ca_file"`
	DSQL           *DSQL `yaml:"dsql"`
	MaxConnections int   `yaml:"max_connections"`
}

// DSQL is an Aurora DSQL cluster; credentials come from the AWS default chain, or the keys and the role
// named here.
type DSQL struct {
	Endpoint Text `yaml:"endpoint"`
	Region   Text `yaml:"region"`
	Role     Text `yaml:"role"`
	AWS      AWS  `yaml:"aws"`
}

// AWS says where credentials come from. Empty means the default chain.
type AWS struct {
	AccessKey     Text   `yaml:"access_key"`
	SecretKey     Secret `yaml:"secret_key"`
	SessionToken  Secret `yaml:"session_token"`
	AssumeRoleARN Text   `yaml:"assume_role_arn"`
	ExternalID    Text   `yaml:"external_id"`
}

// Metrics is where the worker's own metrics and health endpoints are served.
type Metrics struct {
	// Listen is host:port. Default :9464; "off" serves nothing.
	Listen Text `yaml:"listen"`
}

// Cluster is a Temporal cluster to watch.
type Cluster struct {
	// Name is the cluster's key in the store, in queries and in alerts.
	Name       Text       `yaml:"name"`
	Prometheus Prometheus `yaml:"prometheus"`
	// Logs are read for the explanations; without them nothing is known about log patterns.
	Logs *Logs `yaml:"logs"`
	// Interval overrides the general one.
	Interval   Duration   `yaml:"interval"`
	Telemetry  Telemetry  `yaml:"telemetry"`
	Thresholds Thresholds `yaml:"thresholds"`
}

// Prometheus is an API that speaks PromQL: Prometheus, Mimir, Thanos, VictoriaMetrics, Amazon Managed
// Service for Prometheus.
type Prometheus struct {
	Access `yaml:",inline"`
	SigV4  *SigV4 `yaml:"sigv4"`
}

// Access is a server's address and how to be let in.
type Access struct {
	// URL is the address without the API's own path.
	URL         Text   `yaml:"url"`
	BearerToken Secret `yaml:"bearer_token"`
	// BearerTokenFile is read for every request, so that a rotated token counts at once.
	BearerTokenFile Text      `yaml:"bearer_token_file"`
	Username        Text      `yaml:"username"`
	Password        Secret    `yaml:"password"`
	Tenant          Text      `yaml:"tenant"`
	TLS             ClientTLS `yaml:"tls"`
}

// SigV4 signs requests to Amazon Managed Service for Prometheus.
type SigV4 struct {
	Region        Text   `yaml:"region"`
	AccessKey     Text   `yaml:"access_key"`
	SecretKey     Secret `yaml:"secret_key"`
	AssumeRoleARN Text   `yaml:"assume_role_arn"`
	ExternalID    Text   `yaml:"external_id"`
}

// Telemetry says how a cluster's series are found among others.
type Telemetry struct {
	// Selector are the label matchers of the cluster's servers, like job=~"temporal-.*".
	Selector Text `yaml:"selector"`
	// WorkerSelector are the label matchers of its SDK workers. Empty takes all workers.
	WorkerSelector Text `yaml:"worker_selector"`
	// ContainerSelector are the label matchers of the servers' containers at cAdvisor.
	ContainerSelector Text `yaml:"container_selector"`
	// ScrapeInterval is how often the cluster is scraped. Default 15s.
	ScrapeInterval Duration `yaml:"scrape_interval"`
	// Window is what rates look back on. Default 1m, or four scrape intervals if that is more.
	Window Duration `yaml:"window"`
	// Dialect fixes the naming dialect of the server's metrics; left out it is detected.
	Dialect *Dialect `yaml:"dialect"`
	// Labels renames labels of the servers' series: what Temporal calls namespace may be
	// exported_namespace here. WorkerLabels does the same for the workers' series.
	Labels       map[string]Text `yaml:"labels"`
	WorkerLabels map[string]Text `yaml:"worker_labels"`
	// Services says which of the servers' series are the frontend's, history's, matching's and the worker service's, as
	// label matchers, where no label names the services.
	Services map[string]Text `yaml:"services"`
	// Shards is the configured number of history shards. 0 takes what the servers own together.
	Shards int `yaml:"shards"`
	// Queries replaces the query of single signals.
	Queries map[health.SignalID]Text `yaml:"queries"`
}

// Dialect is tally, opentelemetry, or what exactly the server's metrics framework was told.
type Dialect struct {
	// CounterSuffix: counters end in _total.
	CounterSuffix bool `yaml:"counter_suffix"`
	// UnitSuffix: histograms carry their unit in their name.
	UnitSuffix bool `yaml:"unit_suffix"`
	// Milliseconds: timers measure milliseconds.
	Milliseconds bool `yaml:"milliseconds"`
}

// Thresholds change the rules for a cluster.
type Thresholds struct {
	Band           health.Band                   `yaml:"band"`
	CriticalCycles int                           `yaml:"critical_cycles"`
	RecoveryCycles int                           `yaml:"recovery_cycles"`
	MinCoverage    float64                       `yaml:"min_coverage"`
	Gates          map[health.GateID]GateSetting `yaml:"gates"`
	// Amplifiers are numbers beyond which amplifiers stand out in explanations. They decide nothing.
	Amplifiers map[health.SignalID]float64 `yaml:"marks"`
}

// GateSetting changes one gate.
type GateSetting struct {
	Threshold *float64 `yaml:"threshold"`
	Enabled   *bool    `yaml:"enabled"`
}

const (
	defaultInterval  = 30 * time.Second
	defaultRetention = 30 * 24 * time.Hour
)

func (c *Config) setDefaults() {
	setDefault(&c.Interval, Duration(defaultInterval))
	setDefault(&c.Retention, Duration(defaultRetention))
	setDefault(&c.Temporal.Address, "localhost:7233")
	setDefault(&c.Temporal.Namespace, "default")
	setDefault(&c.Temporal.TaskQueue, "copilot")
	setDefault(&c.Metrics.Listen, ":9464")
	c.Explain.setDefaults()
	for i := range c.Clusters {
		setDefault(&c.Clusters[i].Interval, c.Interval)
		if l := c.Clusters[i].Logs; l != nil {
			setDefault(&l.Window, Duration(logs.DefaultWindow))
		}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Rules are the cluster's thresholds as the rules take them.
func (c Cluster) Rules() health.Thresholds {
	t := health.DefaultThresholds()
	t.Band = c.Thresholds.Band
	if c.Thresholds.CriticalCycles != 0 {
		t.CriticalCycles = c.Thresholds.CriticalCycles
	}
	if c.Thresholds.RecoveryCycles != 0 {
		t.RecoveryCycles = c.Thresholds.RecoveryCycles
	}
	if c.Thresholds.MinCoverage != 0 {
		t.MinCoverage = c.Thresholds.MinCoverage
	}
	for id, setting := range c.Thresholds.Gates {
		if t.Gates == nil {
			t.Gates = map[health.GateID]health.Override{}
		}
		t.Gates[id] = health.Override{Threshold: setting.Threshold, Disabled: setting.Enabled != nil && !*setting.Enabled}
	}
	return t
}

// One finds a cluster by name. The only cluster needs none.
func (c Config) One(name string) (Cluster, bool) {
	if name == "" && len(c.Clusters) == 1 {
		return c.Clusters[0], true
	}
	return c.Cluster(name)
}

// Names are the names of the clusters.
func (c Config) Names() []string {
	var names []string
	for _, cluster := range c.Clusters {
		names = append(names, string(cluster.Name))
	}
	return names
}

// Cluster finds a cluster by name.
func (c Config) Cluster(name string) (Cluster, bool) {
	for _, cluster := range c.Clusters {
		if string(cluster.Name) == name {
			return cluster, true
		}
	}
	return Cluster{}, false
}
