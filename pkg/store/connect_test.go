package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/dsqlguard"
)

// dialPostgres connects to the PostgreSQL of the tests wherever the store believes it is.
func dialPostgres(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, shared.Address())
}

func TestTheServerIsVerifiedAsTheModeSays(t *testing.T) {
	ca := string(server(t).CACertificate())
	other := string(selfSigned(t))
	for name, c := range map[string]struct {
		mode     TLSMode
		host, ca string
		ok       bool
	}{
		"verify-full":                                     {VerifyFull, "localhost", ca, true},
		"verify-full is the default":                      {"", "localhost", ca, true},
		"verify-full refuses another name":                {VerifyFull, "db.example", ca, false},
		"the default refuses another name":                {"", "db.example", ca, false},
		"verify-full refuses another authority":           {VerifyFull, "localhost", other, false},
		"verify-full refuses an authority of its own":     {VerifyFull, "localhost", "", false},
		"verify-ca takes another name":                    {VerifyCA, "db.example", ca, true},
		"verify-ca refuses another authority":             {VerifyCA, "localhost", other, false},
		"verify-ca refuses what the system does not know": {VerifyCA, "localhost", "", false},
		"require takes any server":                        {Require, "db.example", "", true},
		"require with an authority is verify-ca":          {Require, "db.example", other, false},
		"disable":                                         {Disable, "db.example", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := emptyDatabase(t)
			p.Host, p.TLS, p.CACert = c.host, c.mode, c.ca
			s := openConfig(t, Config{Postgres: &p, Dial: dialPostgres})
			var encrypted bool
			err := s.pool.QueryRow(t.Context(), `select ssl from pg_stat_ssl where pid = pg_backend_pid()`).Scan(&encrypted)
			if !c.ok {
				assert.ErrorIs(t, typed(err), ErrUnreachable)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.mode != Disable, encrypted)
		})
	}
}

// dsqlStore connects to PostgreSQL as to DSQL: TLS with a verified name, and an IAM token that the server really
// compares, since onToken makes it the role's password.
func dsqlStore(t *testing.T, d DSQL, onToken func(ctx context.Context, token string)) *Store {
	t.Helper()
	cfg, err := Config{DSQL: &d, Dial: dialPostgres}.poolConfig()
	require.NoError(t, err)
	makeToken := cfg.BeforeConnect
	cfg.BeforeConnect = func(ctx context.Context, conn *pgx.ConnConfig) error {
		if err := makeToken(ctx, conn); err != nil {
			return err
		}
		onToken(ctx, conn.Password)
		return nil
	}
	cfg.ConnConfig.Tracer = dsqlguard.New(func(err error) { t.Error(err) })
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	s := &Store{pool: pool, dsql: true}
	t.Cleanup(s.Close)
	return s
}

func TestDSQLGetsAFreshTokenForEveryConnection(t *testing.T) {
	admin, err := pgx.Connect(t.Context(), server(t).URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = admin.Close(context.Background()) }()
	for role, action := range map[string]string{"copilot_worker": "DbConnect", "admin": "DbConnectAdmin"} {
		t.Run(role, func(t *testing.T) {
			execute(t, admin, fmt.Sprintf(`create role %q login superuser`, role))
			var tokens []string
			s := dsqlStore(t, DSQL{
				Endpoint: "localhost", Region: "eu-west-1", Role: role, CACert: string(server(t).CACertificate()),
				Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI", "session"),
			}, func(ctx context.Context, token string) {
				tokens = append(tokens, token)
				_, err := admin.Exec(ctx, fmt.Sprintf(`alter role %q password '%s'`, role, token))
				assert.NoError(t, err)
			})
			var user, database string
			var encrypted bool
			row := s.pool.QueryRow(t.Context(), `select current_user::text, current_database()::text, ssl from pg_stat_ssl where pid = pg_backend_pid()`)
			require.NoError(t, row.Scan(&user, &database, &encrypted))
			assert.Equal(t, []any{role, "postgres", true}, []any{user, database, encrypted})

			require.Len(t, tokens, 1)
			signed, err := url.Parse("https://" + tokens[0])
			require.NoError(t, err)
			assert.Equal(t, "localhost", signed.Hostname())
			query := signed.Query()
			assert.Equal(t, action, query.Get("Action"))
			assert.Equal(t, "900", query.Get("X-Amz-Expires"))
			assert.Contains(t, query.Get("X-Amz-Credential"), "/eu-west-1/dsql/aws4_request")
			assert.Equal(t, "session", query.Get("X-Amz-Security-Token"))

			s.pool.Reset()
			require.NoError(t, s.pool.Ping(t.Context()))
			assert.Len(t, tokens, 2)
		})
	}
}

func TestDSQLIsWrittenAndReadWithoutAskingForAnIsolationLevel(t *testing.T) {
	// DSQL's only database has the name of PostgreSQL's first one.
	admin := openStore(t, *mustParse(t, server(t).URL("postgres")))
	_, err := admin.Migrate(t.Context(), MigrateOptions{})
	require.NoError(t, err)
	conn := owner(t, admin)
	execute(t, conn, `create role dsql_worker login superuser`)
	execute(t, conn, `alter role dsql_worker set default_transaction_isolation = 'repeatable read'`)
	s := dsqlStore(t, DSQL{
		Endpoint: "localhost", Region: "eu-west-1", Role: "dsql_worker", CACert: string(server(t).CACertificate()),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI", ""),
	}, func(ctx context.Context, token string) {
		_, err := conn.Exec(ctx, fmt.Sprintf(`alter role dsql_worker password '%s'`, token))
		assert.NoError(t, err)
	})
	assert.Empty(t, s.txOptions())
	save(t, s, cycle("a", tick(0)))
	now, err := s.Statuses(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, now, 1)
}

func TestDSQLVerifiesTheServer(t *testing.T) {
	s := dsqlStore(t, DSQL{
		Endpoint: "abc.dsql.eu-west-1.on.aws", Region: "eu-west-1", Role: "admin", CACert: string(server(t).CACertificate()),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI", ""),
	}, func(context.Context, string) {})
	_, err := s.Check(t.Context())
	assert.ErrorIs(t, err, ErrUnreachable)
	assert.ErrorContains(t, err, "not abc.dsql.eu-west-1.on.aws")
	assert.NotContains(t, err.Error(), "X-Amz-Signature")
}

func TestCredentialsThatCannotBeHadAreALoginThatFails(t *testing.T) {
	s := openConfig(t, Config{Dial: dialPostgres, DSQL: &DSQL{
		Endpoint: "localhost", Region: "eu-west-1", Role: "copilot_reader",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("the SSO session has expired")
		}),
	}})
	_, err := s.Check(t.Context())
	assert.ErrorIs(t, err, ErrAuth)
	assert.ErrorContains(t, err, "the SSO session has expired")
	assert.ErrorContains(t, err, "copilot_reader")
}

func TestAConnectionEndsBeforeDSQLEndsIt(t *testing.T) {
	cfg, err := Config{Postgres: &Postgres{Host: "db", Database: "d", User: "u"}}.poolConfig()
	require.NoError(t, err)
	assert.LessOrEqual(t, cfg.MaxConnLifetime+cfg.MaxConnLifetimeJitter+cfg.HealthCheckPeriod, 56*time.Minute)
	assert.Positive(t, cfg.MaxConnLifetimeJitter)
	assert.Equal(t, pgx.QueryExecModeDescribeExec, cfg.ConnConfig.DefaultQueryExecMode)
	assert.Equal(t, map[string]string{"application_name": "temporal-sre-copilot"}, cfg.ConnConfig.RuntimeParams)
	assert.Empty(t, cfg.ConnConfig.Fallbacks)
}

func TestOpenDoesNotConnect(t *testing.T) {
	var dialled atomic.Int64
	p := emptyDatabase(t)
	openConfig(t, Config{Postgres: &p, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialled.Add(1)
		return nil, errors.New("unwanted")
	}})
	time.Sleep(20 * time.Millisecond)
	assert.Zero(t, dialled.Load())
}
