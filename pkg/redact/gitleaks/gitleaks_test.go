// Package gitleaks_test asks gitleaks, which looks for leaked secrets in other people's code for a living,
// whether redacting leaves it anything to find.
package gitleaks_test

import (
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lucasjones/reggen"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/cmd/generate/config/utils"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
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

// bare are the rules whose secrets redacting may leave where nothing beside them says that they are
// secret, and why. Where a name says so, they go like all others.
var bare = map[string]string{
	"asana-client-id":          aNumber,
	"discord-client-id":        aNumber,
	"heroku-api-key":           aUUID,
	"hubspot-api-key":          aUUID,
	"kucoin-secret-key":        aUUID,
	"messagebird-client-id":    aUUID,
	"sendbird-access-id":       aUUID,
	"snyk-api-token":           aUUID,
	"squarespace-access-token": aUUID,
	"linkedin-client-id":       aWord,
	"sumologic-access-id":      aWord,
	"sidekiq-secret":           "two short numbers in hexadecimal: shard ids and addresses look the same",
	"curl-auth-user":           "a name and a password of any characters, blanks among them",
	"yandex-access-token":      "a token with = inside: a short piece before it may be a name",
	"generic-api-key":          "the rule takes any text behind a word such as access, however far away",
}

const (
	aNumber = "a number, as time stamps and task ids are"
	aUUID   = "a UUID, as run ids are: an operator looks workflows up by them"
	aWord   = "a word of few letters, as names are"
)

func detector(t *testing.T) *detect.Detector {
	t.Helper()
	d, err := detect.NewDetectorDefaultConfig()
	require.NoError(t, err)
	return d
}

// ids are the rules that look at texts.
func ids(d *detect.Detector) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.Config.Rules)), func(id string) bool { return d.Config.Rules[id].Regex == nil })
}

// draw makes a text in which the rule finds a secret, and returns both; empty when it finds none.
func draw(d *detect.Detector, rule config.Rule, seed int64) (text, secret string) {
	generator, err := reggen.NewGenerator(rule.Regex.String())
	if err != nil {
		return "", ""
	}
	generator.SetSeed(seed)
	// Folding case makes two letters of other alphabets from s and k; tokens are ASCII.
	text = strings.NewReplacer("ſ", "s", "\u212a", "k").Replace(generator.Generate(20))
	if len(rule.Keywords) > 0 {
		text = rule.Keywords[0] + " " + text
	}
	for _, f := range d.DetectString(text) {
		if f.RuleID == rule.RuleID {
			return text, f.Secret
		}
	}
	return "", ""
}

var placeholder = regexp.MustCompile(`REDACTED_[a-z]+_[0-9]+`)

// left are the secrets that gitleaks finds in a text besides placeholders.
func left(d *detect.Detector, text string) []string {
	var secrets []string
	for _, f := range d.DetectString(text) {
		if rest := placeholder.ReplaceAllString(f.Secret, ""); rest == f.Secret || len(rest) >= 8 {
			secrets = append(secrets, fmt.Sprintf("%s: %q", f.RuleID, f.Secret))
		}
	}
	return secrets
}

// TestSecretsAreTakenOutWhereNothingSaysThatTheyAreSecret draws the same secrets every time: what is
// recognised by how it looks is recognised nearly always, and not always.
func TestSecretsAreTakenOutWhereNothingSaysThatTheyAreSecret(t *testing.T) {
	const draws, nearly = 40, 0.9
	d := detector(t)
	tried := 0
	for _, id := range ids(d) {
		drawn, clean := 0, 0
		var example string
		for seed := range int64(draws) {
			text, secret := draw(d, d.Config.Rules[id], seed)
			if secret == "" {
				continue
			}
			drawn++
			line := `level=error msg="connecting failed" ` + text + " \nshard=3"
			if found := left(d, redact.Text(line)); len(found) > 0 {
				example = fmt.Sprintf("%q became %q, and there is still %s", line, redact.Text(line), found)
				continue
			}
			clean++
		}
		if drawn == 0 {
			continue
		}
		tried++
		taken := float64(clean) / float64(drawn)
		if why, known := bare[id]; known {
			assert.Less(t, taken, nearly, "%s is excused (%s) and needs no excuse any more", id, why)
			continue
		}
		assert.GreaterOrEqual(t, taken, nearly, "%s: %s", id, example)
	}
	// Four rules ask for a file's path, and one for nothing else.
	assert.Equal(t, len(d.Config.Rules)-5, tried, "a secret of every rule is drawn")
}

// said are lines that say that a secret follows.
var said = []string{
	`level=error msg="connecting failed" apiKey=%s shard=3`,
	`{"level":"error","msg":"connecting failed","api_key":"%s","shard":3}`,
	`{"line":"{\"password\":\"%s\",\"x\":1}"}`,
	`GET /x?access_token=%s&y=1 HTTP/1.1`,
	`Authorization: Bearer %s`,
	`secret: %s`,
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_.+/-][A-Za-z0-9_.=+/-]{7,}$`)

func TestPropertyASecretBehindANameThatSaysSoIsTakenOut(t *testing.T) {
	d := detector(t)
	all := ids(d)
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		_, secret := draw(d, d.Config.Rules[rapid.SampledFrom(all).Draw(t, "rule")], rapid.Int64().Draw(t, "seed"))
		if !plain.MatchString(secret) {
			return
		}
		tried++
		for _, form := range said {
			line := fmt.Sprintf(form, secret)
			require.NotContains(t, redact.Text(line), secret)
			require.Empty(t, left(d, redact.Text(line)), line)
		}
		for _, line := range utils.GenerateSampleSecrets("temporal", secret) {
			require.Empty(t, left(d, redact.Text(line)), line)
		}
	})
	assert.Greater(t, tried, 500, "most rules' secrets are tried")
}
