package redact_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/redact"
)

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	m.Run()
}

func TestSecretsAreTakenOut(t *testing.T) {
	for text, want := range map[string]string{
		"connecting to postgres://temporal:s3cr/et@db:5432/x":                       "connecting to postgres://REDACTED_credentials_1@db:5432/x",
		"https://ghp_short@github.com/x":                                            "https://REDACTED_credentials_1@github.com/x",
		"dsn root:hunter2@tcp(db:3306)/temporal":                                    "dsn REDACTED_credentials_1@tcp(db:3306)/temporal",
		"host=db user=t password=hunter2 sslmode=require":                           "host=db user=t password=REDACTED_secret_1 sslmode=require",
		`{"msg":"x","dbPassword":"hun ter2","shard":1}`:                             `{"msg":"x","dbPassword":"REDACTED_secret_1","shard":1}`,
		`{"line":"{\"apiKey\":\"hunter2\",\"a\":1}"}`:                               `{"line":"{\"apiKey\":\"REDACTED_secret_1\",\"a\":1}"}`,
		"Authorization: Bearer abc123def456":                                        "Authorization: Bearer REDACTED_credentials_1",
		"sent basic dXNlcjpwYXNz":                                                   "sent basic REDACTED_credentials_1",
		"Cookie: sid=1; lang=en":                                                    "Cookie: REDACTED_credentials_1",
		"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl end":            "jwt REDACTED_token_1 end",
		"pushed with ghp_0123456789abcdefghij0123456789abcdef":                      "pushed with REDACTED_token_1",
		`var apiToken string = "klcw77REhBsSZW"`:                                    `var apiToken string = "REDACTED_secret_1"`,
		`setProperty("DB_PASSWORD", "klcw77REhBsSZW")`:                              `setProperty("DB_PASSWORD", "REDACTED_secret_1")`,
		"curl -u 'jane:sesame' https://db/":                                         "curl -u 'REDACTED_credentials_1' https://db/",
		"key AKIAIOSFODNN7EXAMPLE is old":                                           "key REDACTED_token_1 is old",
		"aws wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY":                              "aws REDACTED_secret_1",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxx\n-----END RSA PRIVATE KEY-----!": "REDACTED_key_1!",
		"-----BEGIN PRIVATE KEY-----\nMIIE and the rest":                            "REDACTED_key_1",
		"mail jane.doe@example.com now":                                             "mail REDACTED_email_1 now",
		"from 10.1.2.3:7233 to 10.1.2.4, again 10.1.2.3":                            "from REDACTED_ip_1:7233 to REDACTED_ip_2, again REDACTED_ip_1",
		"dial [2001:db8::1]:7233 and fe80::1":                                       "dial [REDACTED_ip_1]:7233 and REDACTED_ip_2",
		"host ip-10-0-1-23.ec2.internal":                                            "host REDACTED_ip_1.ec2.internal",
		"arn:aws:iam::123456789012:role/x":                                          "arn:aws:iam::REDACTED_account_1:role/x",
		"sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b":                              "sha REDACTED_secret_1",
	} {
		assert.Equal(t, want, redact.Text(text))
	}
}

func TestWhatAnOperatorNeedsStays(t *testing.T) {
	for _, text := range []string{
		"Operation failed with internal error.",
		"2026-01-02T03:04:05.123Z shard-id 42 at 1795313789123",
		"workflow 1b4e28ba-2fa1-11d2-883f-0016d3cca427 run 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		"std::string in github.com/temporal-io/server/common/persistence/sql/execution.go:123",
		"pq: canceling statement due to user request (57014)",
		"set MaxConcurrentWorkflowTaskExecutionSize and matching.numTaskqueueReadPartitions",
		"queue order-fulfilment-eu-west-1 on temporal-history-7d9f8b6c5-x2k4z",
		"basic authentication failed", "server v1.32.1", "namespace rate limit exceeded",
		"Shard is owned by:temporal-history-1:7234 but not by temporal-history-2:7234",
	} {
		assert.Equal(t, text, redact.Text(text))
	}
}

// anyLine draws log lines: words, secrets, punctuation and placeholders in any mix.
func anyLine() *rapid.Generator[string] {
	pieces := rapid.OneOf(
		rapid.SampledFrom([]string{"password", "=", ":", `"`, "'", " ", "\n", "@", "://", "Bearer ", "REDACTED_ip_1", "REDACTED_", "10.0.0.1", "::1", "\\", "-----BEGIN PRIVATE KEY-----",
			"a@b.cc", "123456789012", "token", ",", "eyJ", ".", "AKIA", "ip-1-2-3-4", "/", "-", "_", "[", "]", "cookie: "}),
		rapid.StringMatching(`[A-Za-z0-9+/_=.:-]{1,40}`),
		rapid.String(),
	)
	return rapid.Map(rapid.SliceOfN(pieces, 0, 30), func(all []string) string { return strings.Join(all, "") })
}

func TestPropertyWhatIsRedactedStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := redact.Text(anyLine().Draw(t, "line"))
		require.Equal(t, once, redact.Text(once))
	})
}

func TestPropertyNoSecretSurvivesInALogLine(t *testing.T) {
	secrets := map[string]*rapid.Generator[string]{
		"password=%s":                 rapid.StringMatching(`[A-Za-z0-9!#$%*+_.-]{6,24}`),
		`{"secret": "%s", "x": 1}`:    rapid.StringMatching(`[A-Za-z0-9 !#$%*+_.-]{6,24}`),
		"postgres://u:%s@db/t":        rapid.StringMatching(`[A-Za-z0-9!#$%*+_.@/-]{6,24}`),
		"authorization: Bearer %s":    rapid.StringMatching(`[A-Za-z0-9._~+/-]{8,60}`),
		"peer %s gone":                rapid.StringMatching(`(1[0-9]{2}|[1-9][0-9])(\.(1[0-9]{2}|[1-9][0-9])){3}`),
		"peer [%s]:7233 gone":         rapid.StringMatching(`[1-9a-f][0-9a-f]{3}(:[1-9a-f][0-9a-f]{3}){7}`),
		"by %s":                       rapid.StringMatching(`[a-z][a-z0-9.]{2,10}[a-z]@[a-z]{3,8}\.(com|org|io)`),
		"account %s":                  rapid.StringMatching(`[1-9][0-9]{11}`),
		"key %s used":                 rapid.StringMatching(`AKIA[A-Z2-7]{16}`),
		"x-amz-security-token: %s":    rapid.StringMatching(`[A-Za-z0-9+/]{40,80}`),
		"found %s in the environment": rapid.Map(rapid.Uint64(), func(n uint64) string { return fmt.Sprintf("%x", sha1.Sum(fmt.Append(nil, n))) }),
		"the value was %s when it started": rapid.Map(rapid.Uint64(), func(n uint64) string {
			h := sha256.Sum256(fmt.Append(nil, n))
			return base64.RawStdEncoding.EncodeToString(h[:])
		}),
	}
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(slices.Sorted(maps.Keys(secrets))).Draw(t, "form")
		secret := secrets[form].Draw(t, "secret")
		line := rapid.StringMatching(`[a-z ]{0,20} `).Draw(t, "before") + fmt.Sprintf(form, secret)
		require.NotContains(t, redact.Text(line), secret, line)
	})
}

func FuzzRedactingTwiceChangesNothing(f *testing.F) {
	for _, s := range []string{"password=x", "a://b:c@d", "10.0.0.1", "REDACTED_ip_1.2.3.4", `{"token":"x"}`, "::1 ::2", "eyJabcde.abc.d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := redact.Text(s)
		if twice := redact.Text(once); twice != once {
			t.Fatalf("%q became %q and then %q", s, once, twice)
		}
	})
}

// BenchmarkTenTimesTheText compares a long text with one of a tenth of its length, made of what expressions stumble over.
// It fails when the long one takes more than fifty times as long; with time in the square it would be a hundred. Both are longer than what expressions search in their
// quickest way.
func BenchmarkTenTimesTheText(b *testing.B) {
	worst := 0.0
	for b.Loop() {
		for _, unit := range []string{"a", "password=", "1.", ":", "AKIA", "a@", "://x:", "-----BEGIN PRIVATE KEY-----", "x1Y", "a.b@c.d ", "10.0.0.1 ", `\"`, "token "} {
			short, long := strings.Repeat(unit, 30_000/len(unit)), strings.Repeat(unit, 300_000/len(unit))
			ratio := float64(fastest(long)) / float64(fastest(short))
			if worst = max(worst, ratio); ratio > 50 {
				b.Errorf("ten times the text takes %.0f times as long: %q", ratio, unit)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(worst, "times-at-worst")
}

// fastest is the shortest of some times that redacting takes.
func fastest(text string) time.Duration {
	best := time.Hour
	for range 5 {
		begin := time.Now()
		redact.Text(text)
		best = min(best, time.Since(begin))
	}
	return best
}

func BenchmarkText(b *testing.B) {
	line := `{"level":"error","ts":"2026-11-21T02:10:15.123Z","msg":"Operation failed with internal error.","error":"dial tcp 10.1.2.3:5432: connect: connection refused","address":"10.0.0.1:7234","shard-id":42}`
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		redact.Text(line)
	}
}
