package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
)

// tokenService stands in for AWS STS.
func tokenService(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestARoleIsAssumedWithItsExternalID(t *testing.T) {
	calls := 0
	endpoint := tokenService(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		require.NoError(t, r.ParseForm())
		assert.Equal(t, "AssumeRole", r.Form.Get("Action"))
		assert.Equal(t, "arn:aws:iam::1:role/reader", r.Form.Get("RoleArn"))
		assert.Equal(t, "corp-42", r.Form.Get("ExternalId"))
		assert.Contains(t, r.Header.Get("Authorization"), "Credential=AKIA/")
		_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
			<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>temporary</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%s</Expiration>
			</Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	})
	provider := awsLogin{
		region: "eu-west-1", keys: &aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "shhh"},
		role: "arn:aws:iam::1:role/reader", externalID: "corp-42", stsEndpoint: endpoint,
	}.provider()
	for range 3 {
		c, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "ASIA", c.AccessKeyID)
	}
	assert.Equal(t, 1, calls, "credentials are kept until they expire, and renewed then")
}

func TestARoleThatIsRefusedIsDiagnosed(t *testing.T) {
	endpoint := tokenService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed to assume the role</Message></Error></ErrorResponse>`))
	})
	_, err := awsLogin{
		region: "eu-west-1", keys: &aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "shhh"}, role: "arn:aws:iam::1:role/reader", stsEndpoint: endpoint,
	}.provider().Retrieve(t.Context())
	found := failure.Of(fmt.Errorf("connecting: %w", err))
	assert.Equal(t, backend.ErrorSourceDownstream, found.Source)
	assert.Contains(t, found.String(), "AWS gave no credentials")
	assert.Contains(t, found.String(), "not allowed to assume the role")
	assert.Contains(t, found.String(), "forward_host_env_vars")
}
