package plugin

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/pluginprocess"
	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/store"
)

// checked presses Save & test.
func checked(t *testing.T, p store.Postgres) (*backend.CheckHealthResult, healthDetails) {
	t.Helper()
	jsonData, secure := pluginprocess.SettingsOf(p)
	made, err := New(t.Context(), pluginprocess.Instance(t, jsonData, secure))
	require.NoError(t, err)
	d := made.(*Datasource)
	defer d.Dispose()
	result, err := d.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
	require.NoError(t, err)
	var details healthDetails
	require.NoError(t, json.Unmarshal(result.JSONDetails, &details))
	return result, details
}

func TestSaveAndTestNamesCauseAndRemedy(t *testing.T) {
	_, good := story.NewStore(t)
	change := func(f func(*store.Postgres)) store.Postgres {
		p := good
		f(&p)
		return p
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := closed.Addr().(*net.TCPAddr).Port
	require.NoError(t, closed.Close())

	newer := story.NewDatabase(t)
	migrated, err := store.Open(t.Context(), store.Config{Postgres: &newer})
	require.NoError(t, err)
	defer migrated.Close()
	_, err = migrated.Migrate(t.Context(), store.MigrateOptions{})
	require.NoError(t, err)
	execute(t, newer, `insert into copilot.schema_migrations (version, about, applied_at) values (9999, 'from the future', now())`)

	stranger := good
	stranger.User, stranger.Password = "stranger", "stranger-password"
	execute(t, good, `create role stranger login password 'stranger-password'`)

	for name, c := range map[string]struct {
		database store.Postgres
		says     []string
	}{
		"a host without an address":     {change(func(p *store.Postgres) { p.Host = "nowhere.invalid" }), []string{`"nowhere.invalid" has no address (DNS)`, "Check the host's name"}},
		"a port that nobody listens on": {change(func(p *store.Postgres) { p.Port = nobody }), []string{"refused", "Check host and port"}},
		"a wrong password":              {change(func(p *store.Postgres) { p.Password = "hunter22" }), []string{"refuses the login", "Check user and password"}},
		"no such database":              {change(func(p *store.Postgres) { p.Database = "elsewhere" }), []string{"no such database", "Correct the database's name"}},
		"a certificate of an unknown authority": {change(func(p *store.Postgres) { p.TLS = store.VerifyFull }),
			[]string{"authority that is not trusted (TLS)", "Give the authority's certificate"}},
		"a database without the schema": {story.NewDatabase(t), []string{"no copilot schema", "copilot db migrate"}},
		"a newer schema":                {newer, []string{"newer version", "Update the plugin"}},
		"a role without rights":         {stranger, []string{"may not read", "Grant it the reading role"}},
	} {
		t.Run(name, func(t *testing.T) {
			result, details := checked(t, c.database)
			assert.Equal(t, backend.HealthStatusError, result.Status)
			for _, text := range c.says {
				assert.Contains(t, result.Message, text)
			}
			assert.NotEmpty(t, details.VerboseMessage)
			for _, text := range []string{result.Message, string(result.JSONDetails)} {
				assert.NotContains(t, text, "hunter22")
				assert.NotContains(t, text, "stranger-password")
			}
		})
	}
}

func TestSaveAndTestOverTLS(t *testing.T) {
	_, p := story.NewStore(t)
	p.TLS, p.CACert = store.VerifyFull, string(story.Postgres.CACertificate())
	result, _ := checked(t, p)
	assert.Equal(t, backend.HealthStatusOk, result.Status, result.Message)
}

func TestSaveAndTestGivesUpOnASilentHost(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	begun := time.Now()
	result, _ := checked(t, store.Postgres{Host: "127.0.0.1", Port: silent.Addr().(*net.TCPAddr).Port, Database: "d", User: "u", TLS: store.Disable})
	assert.Less(t, time.Since(begun), 7*time.Second)
	assert.Equal(t, backend.HealthStatusError, result.Status)
	assert.Contains(t, result.Message, "did not answer in time")
}

func TestSaveAndTestIsContentWithAReader(t *testing.T) {
	s, p := story.NewStore(t)
	story.TellAll(t, s)
	_, err := s.Migrate(t.Context(), store.MigrateOptions{Reader: store.Role{Name: "copilot_reader", Password: "reader-password"}})
	require.NoError(t, err)
	p.User, p.Password = "copilot_reader", "reader-password"
	result, details := checked(t, p)
	assert.Equal(t, backend.HealthStatusOk, result.Status, result.Message)
	assert.Contains(t, result.Message, "3 clusters")
	assert.Contains(t, result.Message, "check that the worker runs", "the story is long over")
	assert.Equal(t, 3, details.Clusters)
	assert.Equal(t, story.Ends, *details.NewestCycle)
	assert.Contains(t, details.VerboseMessage, "PostgreSQL 16")
}

func TestSaveAndTestOnAnEmptyStoreSaysWhatIsNext(t *testing.T) {
	_, p := story.NewStore(t)
	result, _ := checked(t, p)
	assert.Equal(t, backend.HealthStatusOk, result.Status)
	assert.Contains(t, result.Message, "no cycle yet")
	assert.Contains(t, result.Message, "copilot worker")
}

func TestSaveAndTestOnAReadOnlyServer(t *testing.T) {
	s, p := story.NewStore(t)
	story.TellAll(t, s)
	execute(t, p, `alter database `+pgx.Identifier{p.Database}.Sanitize()+` set default_transaction_read_only = on`)
	result, _ := checked(t, p)
	assert.Equal(t, backend.HealthStatusOk, result.Status, result.Message)
}

func TestASecretThatAnErrorRepeatsIsRemoved(t *testing.T) {
	d := &Datasource{secrets: []string{"hunter22"}}
	assert.Equal(t, "dial with *** failed", d.redact("dial with hunter22 failed"))
}

// execute runs a statement as the superuser.
func execute(t testing.TB, p store.Postgres, sql string, args ...any) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), story.Postgres.URL(p.Database))
	require.NoError(t, err)
	defer func() { _ = connection.Close(t.Context()) }()
	_, err = connection.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}
