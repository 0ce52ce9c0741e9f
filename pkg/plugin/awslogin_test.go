package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/awslogin"
	"github.com/temporal-sre/copilot/pkg/plugin/failure"
)

// tokenService stands in for AWS STS.
func tokenService(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestARoleThatIsRefusedIsDiagnosed(t *testing.T) {
	endpoint := tokenService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>not allowed to assume the role</Message></Error></ErrorResponse>`))
	})
	_, err := awslogin.Login{
		Region: "eu-west-1", Keys: &aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "shhh"}, Role: "arn:aws:iam::1:role/reader", STSEndpoint: endpoint,
	}.Provider().Retrieve(t.Context())
	found := failure.Of(fmt.Errorf("connecting: %w", err))
	assert.Equal(t, backend.ErrorSourceDownstream, found.Source)
	assert.Contains(t, found.String(), "AWS gave no credentials")
	assert.Contains(t, found.String(), "not allowed to assume the role")
	assert.Contains(t, found.String(), "forward_host_env_vars")
}
