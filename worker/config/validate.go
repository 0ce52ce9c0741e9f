package config

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	minInterval  = time.Second
	maxInterval  = 10 * time.Minute
	minRetention = time.Hour
)

// A cluster's name becomes a label, a channel and part of a workflow id.
var clusterName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Validate returns every mistake in one error, each with its key and what to do.
func (c Config) Validate() error {
	var m mistakes
	m.interval("interval", c.Interval)
	if time.Duration(c.Retention) < minRetention {
		m.add("retention", "%s is too short to be of use: take at least %s", time.Duration(c.Retention), minRetention)
	}
	m.store(c.Store)
	m.clientTLS("temporal.tls", c.Temporal.TLS)
	m.knowledge(c.Knowledge)
	m.explain(c.Explain)
	m.logPatterns(c)
	if len(c.Clusters) == 0 {
		m.add("clusters", "there is none to watch: add one with a name and a prometheus.url")
	}
	seen := map[Text]int{}
	for i, cluster := range c.Clusters {
		key := fmt.Sprintf("clusters[%d]", i)
		if cluster.Name != "" {
			key = fmt.Sprintf("clusters[%s]", cluster.Name)
		}
		if first, ok := seen[cluster.Name]; ok && cluster.Name != "" {
			m.add(key+".name", "cluster %d has the same name: names are the key of a cluster's history, so give each its own", first+1)
		}
		seen[cluster.Name] = i
		m.cluster(key, cluster)
	}
	return errors.Join(m...)
}

type mistakes []error

func (m *mistakes) add(key, format string, args ...any) {
	*m = append(*m, fmt.Errorf(key+": "+format, args...))
}

func (m *mistakes) interval(key string, d Duration) {
	if v := time.Duration(d); v < minInterval || v > maxInterval {
		m.add(key, "%s is out of range: it is between %s and %s, and 30s is a good one", v, minInterval, maxInterval)
	}
}

func (m *mistakes) store(s Store) {
	switch {
	case s.URL == "" && s.DSQL == nil:
		m.add("store", "it is missing: set store.url to a PostgreSQL database, or store.dsql to an Aurora DSQL cluster")
	case s.URL != "" && s.DSQL != nil:
		m.add("store", "both url and dsql are set: choose one")
	case s.DSQL != nil:
		for key, value := range map[string]Text{"endpoint": s.DSQL.Endpoint, "region": s.DSQL.Region, "role": s.DSQL.Role} {
			if value == "" {
				m.add("store.dsql."+key, "it is missing")
			}
		}
		m.aws("store.dsql.aws", s.DSQL.AWS)
	}
	if s.MaxConnections < 0 {
		m.add("store.max_connections", "%d is negative: leave it out for 5", s.MaxConnections)
	}
}

func (m *mistakes) aws(key string, a AWS) {
	if (a.AccessKey == "") != (a.SecretKey == "") {
		m.add(key, "access_key and secret_key belong together: set both, or none for the default chain")
	}
	if a.ExternalID != "" && a.AssumeRoleARN == "" {
		m.add(key+".external_id", "it is of no use without assume_role_arn")
	}
}

func (m *mistakes) clientTLS(key string, t ClientTLS) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		m.add(key, "cert_file and key_file belong together")
	}
}

func (m *mistakes) cluster(key string, c Cluster) {
	if !clusterName.MatchString(string(c.Name)) {
		m.add(key+".name", "%q can't be a name: take up to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit", c.Name)
	}
	m.interval(key+".interval", c.Interval)
	m.prometheus(key+".prometheus", c.Prometheus)
	m.logs(key+".logs", c.Logs)
	m.telemetry(key+".telemetry", c.Telemetry)
	for _, err := range []error{c.Rules().Validate(), evidence.ValidateAmplifierThresholds(c.Thresholds.Amplifiers)} {
		if err == nil {
			continue
		}
		for line := range strings.Lines(err.Error()) {
			m.add(key+".thresholds", "%s", strings.TrimSpace(line))
		}
	}
}

func (m *mistakes) prometheus(key string, p Prometheus) {
	m.access(key, "Prometheus", "http://prometheus:9090", "/api/v1", p.Access)
	if p.SigV4 == nil {
		return
	}
	if p.BearerToken != "" || p.BearerTokenFile != "" || p.Username != "" {
		m.add(key, "bearer token, username and sigv4 exclude each other: choose one")
	}
	if p.SigV4.Region == "" {
		m.add(key+".sigv4.region", "it is missing, like eu-west-1")
	}
	m.aws(key+".sigv4", AWS{AccessKey: p.SigV4.AccessKey, SecretKey: p.SigV4.SecretKey, AssumeRoleARN: p.SigV4.AssumeRoleARN, ExternalID: p.SigV4.ExternalID})
}

// access checks the way to an API, whose URLs have a path of their own that is added.
func (m *mistakes) access(key, api, example, path string, a Access) {
	u, err := url.Parse(string(a.URL))
	switch {
	case a.URL == "":
		m.add(key+".url", "it is missing: the address of a %s API, like %s", api, example)
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		m.add(key+".url", "it is no http or https address: write it like %s", example)
	case u.User != nil:
		m.add(key+".url", "it holds a user or password: use username and password instead")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), path):
		m.add(key+".url", "leave out %s, it is added", path)
	}
	if (a.BearerToken != "" || a.BearerTokenFile != "") && a.Username != "" {
		m.add(key, "bearer token and username exclude each other: choose one")
	}
	if a.BearerToken != "" && a.BearerTokenFile != "" {
		m.add(key, "bearer_token and bearer_token_file exclude each other: choose one")
	}
	m.clientTLS(key+".tls", a.TLS)
}

func (m *mistakes) telemetry(key string, t Telemetry) {
	if t.ScrapeInterval < 0 || time.Duration(t.ScrapeInterval) > maxInterval {
		m.add(key+".scrape_interval", "%s is out of range: it is between 1s and %s", time.Duration(t.ScrapeInterval), maxInterval)
	}
	if t.Shards < 0 {
		m.add(key+".shards", "%d is negative: it is the server's numHistoryShards, or left out", t.Shards)
	}
	for id, query := range t.Queries {
		if _, ok := health.LookupSignal(id); !ok {
			m.add(key+".queries."+string(id), "there is no such signal; `copilot signals --list` prints them")
		}
		if strings.TrimSpace(string(query)) == "" {
			m.add(key+".queries."+string(id), "the query is empty: write PromQL, or leave the key out")
		}
	}
}

// keysOf lists the keys of one of this package's structs, for the message about an unknown one.
func keysOf(name string) []string {
	for _, t := range []any{Config{}, Temporal{}, ClientTLS{}, Store{}, DSQL{}, AWS{}, Metrics{}, Knowledge{}, KnowledgeBase{}, Explain{}, OpenAI{}, BedrockModels{}, Price{}, Budget{}, Cluster{}, Prometheus{}, Logs{}, LogPattern{}, SigV4{}, Telemetry{}, Dialect{}, Thresholds{}, GateSetting{}} {
		typ := reflect.TypeOf(t)
		if typ.Name() != name {
			continue
		}
		var keys []string
		for _, field := range reflect.VisibleFields(typ) {
			if !field.Anonymous {
				keys = append(keys, field.Tag.Get("yaml"))
			}
		}
		return keys
	}
	return nil
}
