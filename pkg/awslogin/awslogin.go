// Package awslogin finds AWS credentials.
package awslogin

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Login says how to come by AWS credentials: the SDK's default chain or keys, and on top of
// either an assumed role.
//
// Grafana hands no environment to a plugin, so the default chain finds only the machine's own role
// unless Grafana's setting [plugins] forward_host_env_vars names this plugin.
type Login struct {
	// Region is empty for the default chain's.
	Region string
	// Keys is nil for the default chain.
	Keys *aws.Credentials
	// Role is the ARN of a role to assume, or empty.
	Role, ExternalID string
	// STSEndpoint replaces the address of the token service; empty means Amazon's.
	STSEndpoint string
}

// Provider returns credentials that renew themselves. It makes no call and reads no file: the first use does.
func (l Login) Provider() aws.CredentialsProvider {
	load := sync.OnceValues(func() (aws.Config, error) { return l.Config(context.Background()) })
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		access, err := load()
		if err != nil {
			return aws.Credentials{}, err
		}
		c, err := access.Credentials.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, &Error{err}
		}
		return c, nil
	})
}

// Config returns the region with credentials that renew themselves. It reads the shared configuration of AWS, which needs
// no network.
func (l Login) Config(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(l.Region)}
	if l.Keys != nil {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(l.Keys.AccessKeyID, l.Keys.SecretAccessKey, l.Keys.SessionToken)))
	}
	access, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, &Error{err}
	}
	if l.Role == "" {
		return access, nil
	}
	client := sts.NewFromConfig(access, func(o *sts.Options) {
		if l.STSEndpoint != "" {
			o.BaseEndpoint = &l.STSEndpoint
		}
	})
	access.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, l.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "temporal-sre-copilot"
		if l.ExternalID != "" {
			o.ExternalID = &l.ExternalID
		}
	}))
	return access, nil
}

// Error says that there are no AWS credentials.
type Error struct{ Cause error }

func (e *Error) Error() string { return fmt.Sprintf("getting AWS credentials: %v", e.Cause) }
func (e *Error) Unwrap() error { return e.Cause }
