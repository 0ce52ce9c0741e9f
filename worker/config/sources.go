package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/temporal-sre/copilot/pkg/awslogin"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// Source is the cluster's Prometheus with its files read.
func (c Cluster) Source() (telemetry.Source, error) {
	source, err := c.Prometheus.Access.source()
	if err != nil {
		return telemetry.Source{}, fmt.Errorf("prometheus of cluster %q: %w", c.Name, err)
	}
	if s := c.Prometheus.SigV4; s != nil {
		source.SigV4 = &telemetry.SigV4{Region: string(s.Region), AccessKey: string(s.AccessKey), SecretKey: string(s.SecretKey),
			RoleARN: string(s.AssumeRoleARN), ExternalID: string(s.ExternalID)}
	}
	return source, nil
}

// source is an API with its files read.
func (a Access) source() (telemetry.Source, error) {
	source := telemetry.Source{
		URL: string(a.URL), BearerToken: string(a.BearerToken), Username: string(a.Username), Password: string(a.Password), Tenant: string(a.Tenant),
		TLS: telemetry.TLS{ServerName: string(a.TLS.ServerName), InsecureSkipVerify: a.TLS.InsecureSkipVerify},
	}
	for _, file := range []struct {
		path Text
		text *string
	}{
		{a.TLS.CAFile, &source.TLS.CA}, {a.TLS.CertFile, &source.TLS.Cert}, {a.TLS.KeyFile, &source.TLS.Key}, {a.BearerTokenFile, &source.BearerToken},
	} {
		text, err := readFile(file.path)
		if err != nil {
			return telemetry.Source{}, err
		}
		if text != "" {
			*file.text = strings.TrimSpace(text)
		}
	}
	return source, nil
}

// Series says which series are the cluster's.
func (c Cluster) Series() telemetry.Cluster {
	t := c.Telemetry
	series := telemetry.Cluster{
		Name: string(c.Name), Selector: string(t.Selector), WorkerSelector: string(t.WorkerSelector), ContainerSelector: string(t.ContainerSelector),
		ScrapeInterval: time.Duration(t.ScrapeInterval), Window: time.Duration(t.Window), Shards: t.Shards,
		Labels: plainStrings(t.Labels), WorkerLabels: plainStrings(t.WorkerLabels), Queries: plainStrings(t.Queries), Services: plainStrings(t.Services),
	}
	if d := t.Dialect; d != nil {
		series.Server = &telemetry.ServerDialect{CounterSuffix: d.CounterSuffix, UnitSuffix: d.UnitSuffix, Milliseconds: d.Milliseconds}
	}
	return series
}

func plainStrings[K comparable](texts map[K]Text) map[K]string {
	if texts == nil {
		return nil
	}
	all := make(map[K]string, len(texts))
	for key, text := range texts {
		all[key] = string(text)
	}
	return all
}

// Database is the store's database with its files read and its credentials found.
func (s Store) Database(ctx context.Context) (store.Config, error) {
	ca, err := readFile(s.CAFile)
	if err != nil {
		return store.Config{}, fmt.Errorf("store.ca_file: %w", err)
	}
	if s.DSQL != nil {
		access, err := s.DSQL.AWS.access(ctx, string(s.DSQL.Region))
		if err != nil {
			return store.Config{}, fmt.Errorf("store.dsql: %w", err)
		}
		return store.Config{MaxConns: s.MaxConnections, DSQL: &store.DSQL{
			Endpoint: string(s.DSQL.Endpoint), Region: string(s.DSQL.Region), Role: string(s.DSQL.Role), Credentials: access.Credentials, CACert: ca,
		}}, nil
	}
	postgres, err := store.ParseURL(string(s.URL))
	if err != nil {
		return store.Config{}, fmt.Errorf("store.url: %w", err)
	}
	postgres.CACert = ca
	if s.Password != "" {
		postgres.Password = string(s.Password)
	}
	return store.Config{MaxConns: s.MaxConnections, Postgres: &postgres}, nil
}

// access is a region, the default chain's if it is empty, with credentials.
func (a AWS) access(ctx context.Context, region string) (aws.Config, error) {
	login := awslogin.Login{Region: region, Role: string(a.AssumeRoleARN), ExternalID: string(a.ExternalID)}
	if a.AccessKey != "" {
		login.Keys = &aws.Credentials{AccessKeyID: string(a.AccessKey), SecretAccessKey: string(a.SecretKey), SessionToken: string(a.SessionToken)}
	}
	access, err := login.Config(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("aws: %w", err)
	}
	return access, nil
}

// Config is the connection's TLS, nil when it is not protected.
func (t ClientTLS) Config() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{ServerName: string(t.ServerName), InsecureSkipVerify: t.InsecureSkipVerify, MinVersion: tls.VersionTLS12} //nolint:gosec // the operator asked for it by name
	ca, err := readFile(t.CAFile)
	if err != nil {
		return nil, err
	}
	if ca != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, fmt.Errorf("%s holds no PEM certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(string(t.CertFile), string(t.KeyFile))
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func readFile(path Text) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(string(path))
	return string(text), err
}
