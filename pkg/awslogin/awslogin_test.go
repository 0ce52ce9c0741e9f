package awslogin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/awslogin"
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
	provider := awslogin.Login{
		Region: "eu-west-1", Keys: &aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "shhh"},
		Role: "arn:aws:iam::1:role/reader", ExternalID: "corp-42", STSEndpoint: endpoint,
	}.Provider()
	for range 3 {
		c, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "ASIA", c.AccessKeyID)
	}
	assert.Equal(t, 1, calls, "credentials are kept until they expire, and renewed then")
}
