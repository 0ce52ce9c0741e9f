package plugin

import (
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

func with(base map[string]any, field string, value any) map[string]any {
	changed := map[string]any{}
	for k, v := range base {
		changed[k] = v
	}
	changed[field] = value
	return changed
}

var (
	postgresJSON = map[string]any{"kind": "postgres", "host": "db", "database": "copilot", "user": "reader"}
	dsqlJSON     = map[string]any{"kind": "dsql", "endpoint": "abc.dsql.eu-west-1.on.aws", "region": "eu-west-1", "role": "reader"}
)

func TestSettingsMakeAStore(t *testing.T) {
	t.Run("PostgreSQL with its defaults", func(t *testing.T) {
		s, err := parseSettings(pluginprocess.Instance(t, postgresJSON, map[string]string{"password": "secret"}))
		require.NoError(t, err)
		assert.Equal(t, &store.Postgres{Host: "db", Database: "copilot", User: "reader", Password: "secret"}, s.store.Postgres)
		assert.Equal(t, 5, s.store.MaxConns)
		assert.Equal(t, time.Second, s.poll)
	})
	t.Run("a port behind the host's name", func(t *testing.T) {
		s, err := parseSettings(pluginprocess.Instance(t, with(postgresJSON, "host", "db:5433"), nil))
		require.NoError(t, err)
		assert.Equal(t, "db", s.store.Postgres.Host)
		assert.Equal(t, 5433, s.store.Postgres.Port)
	})
	t.Run("numbers and words as provisioning leaves them", func(t *testing.T) {
		s, err := parseSettings(pluginprocess.Instance(t, with(with(with(postgresJSON, "port", "5433"), "pollIntervalMs", "500"), "database", 2026), nil))
		require.NoError(t, err)
		assert.Equal(t, 5433, s.store.Postgres.Port)
		assert.Equal(t, "2026", s.store.Postgres.Database)
		assert.Equal(t, 500*time.Millisecond, s.poll)
	})
	t.Run("Aurora DSQL with the default chain", func(t *testing.T) {
		s, err := parseSettings(pluginprocess.Instance(t, dsqlJSON, nil))
		require.NoError(t, err)
		assert.Nil(t, s.store.Postgres)
		assert.Equal(t, "abc.dsql.eu-west-1.on.aws", s.store.DSQL.Endpoint)
		assert.NotNil(t, s.store.DSQL.Credentials)
	})
	t.Run("Aurora DSQL with keys", func(t *testing.T) {
		s, err := parseSettings(pluginprocess.Instance(t, with(dsqlJSON, "awsAuth", "keys"), map[string]string{"accessKey": "AKIA", "secretKey": "shhh", "sessionToken": "token"}))
		require.NoError(t, err)
		c, err := s.store.DSQL.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "AKIA/shhh/token", c.AccessKeyID+"/"+c.SecretAccessKey+"/"+c.SessionToken)
	})
}

func TestWrongSettingsNameTheirField(t *testing.T) {
	for name, c := range map[string]struct {
		json   map[string]any
		secure map[string]string
		says   string
	}{
		"nothing at all":          {map[string]any{}, nil, "database, host, user are missing"},
		"another kind":            {with(postgresJSON, "kind", "mysql"), nil, `kind is "mysql"`},
		"a list for a port":       {with(postgresJSON, "port", []int{5432}), nil, `"port" can't be a list`},
		"a word for a port":       {with(postgresJSON, "port", "pg"), nil, `port is "pg"`},
		"a URL for a host":        {with(postgresJSON, "host", "postgres://u:p@db/x"), nil, "host looks like a URL"},
		"a socket for a host":     {with(postgresJSON, "host", "/var/run/postgresql"), nil, "host is a path"},
		"two ports":               {with(with(postgresJSON, "host", "db:5433"), "port", 5432), nil, "give it once"},
		"a port out of range":     {with(postgresJSON, "port", 70000), nil, `port is "70000"`},
		"an unknown TLS mode":     {with(postgresJSON, "tlsMode", "prefer"), nil, `tlsMode is "prefer"`},
		"too many connections":    {with(postgresJSON, "maxOpenConns", 1000), nil, `maxOpenConns is "1000"`},
		"too hasty a poll":        {with(postgresJSON, "pollIntervalMs", 50), nil, `pollIntervalMs is "50"`},
		"a negative poll":         {with(postgresJSON, "pollIntervalMs", -1), nil, `pollIntervalMs is "-1"`},
		"a poll beyond all time":  {with(postgresJSON, "pollIntervalMs", int64(1)<<62), nil, "pollIntervalMs is"},
		"a CA that is none":       {postgresJSON, map[string]string{"tlsCACert": "hello"}, "tlsCACert holds no certificate"},
		"DSQL without a role":     {with(dsqlJSON, "role", ""), nil, "role is missing"},
		"a URL for an endpoint":   {with(dsqlJSON, "endpoint", "https://abc"), nil, "endpoint is more than a host name"},
		"keys that are not there": {with(dsqlJSON, "awsAuth", "keys"), nil, "accessKey, secretKey are missing"},
		"another way to log in":   {with(dsqlJSON, "awsAuth", "ldap"), nil, `awsAuth is "ldap"`},
		"an external id alone":    {with(dsqlJSON, "externalId", "x"), nil, "externalId is set without assumeRoleArn"},
		"a role that is no ARN":   {with(dsqlJSON, "assumeRoleArn", "reader"), nil, "assumeRoleArn does not begin with"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parseSettings(pluginprocess.Instance(t, c.json, c.secure))
			assert.ErrorContains(t, err, c.says)
			assert.GreaterOrEqual(t, s.poll, shortestPoll, "whatever is wrong, nothing polls without a pause")
		})
	}
	t.Run("all mistakes are told at once", func(t *testing.T) {
		_, err := parseSettings(pluginprocess.Instance(t, with(with(postgresJSON, "port", -1), "tlsMode", "x"), nil))
		assert.ErrorContains(t, err, `port is "-1"`)
		assert.ErrorContains(t, err, "tlsMode")
	})
	t.Run("a password in the wrong field is not repeated", func(t *testing.T) {
		_, err := parseSettings(pluginprocess.Instance(t, with(postgresJSON, "host", "postgres://u:hunter22@db/x"), nil))
		assert.NotContains(t, err.Error(), "hunter22")
	})
}

func TestADataSourceWithWrongSettingsExplainsItself(t *testing.T) {
	made, err := New(t.Context(), pluginprocess.Instance(t, map[string]any{"kind": "postgres"}, nil))
	require.NoError(t, err)
	d := made.(*Datasource)
	defer d.Dispose()
	checked, err := d.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
	require.NoError(t, err)
	assert.Equal(t, backend.HealthStatusError, checked.Status)
	assert.Contains(t, checked.Message, "database, host, user are missing")
	for _, kind := range query.Types {
		if kind.Name == "runbook" {
			continue // it needs no store, and is read when the store is gone
		}
		r := reply(t, d, story.Question(t, story.QueryOf(kind.Name)), nil)
		assert.ErrorContains(t, r.Error, "database, host, user are missing", kind.Name)
		assert.Equal(t, backend.ErrorSourceDownstream, r.ErrorSource)
	}
}
