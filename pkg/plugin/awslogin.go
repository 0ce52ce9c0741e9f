package plugin

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
)

// awsLogin says how to come by AWS credentials: the SDK's default chain or keys, and on top of
// either an assumed role.
//
// Grafana hands no environment to a plugin, so the default chain finds only the machine's own role
// unless Grafana's setting [plugins] forward_host_env_vars names this plugin.
type awsLogin struct {
	region string
	// keys is nil for the default chain.
	keys *aws.Credentials
	// role is the ARN of a role to assume, or empty.
	role, externalID string
	// stsEndpoint replaces the address of the token service; empty means Amazon's.
	stsEndpoint string
}

// provider returns credentials that renew themselves. It makes no call: the first connection does.
func (l awsLogin) provider() aws.CredentialsProvider {
	load := sync.OnceValues(func() (aws.CredentialsProvider, error) { return l.load(context.Background()) })
	return aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		source, err := load()
		if err != nil {
			return aws.Credentials{}, err
		}
		c, err := source.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, &failure.AWSLoginError{Cause: err}
		}
		return c, nil
	}))
}

// load reads the shared configuration of AWS, which needs no network.
func (l awsLogin) load(ctx context.Context) (aws.CredentialsProvider, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(l.region)}
	if l.keys != nil {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(l.keys.AccessKeyID, l.keys.SecretAccessKey, l.keys.SessionToken)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, &failure.AWSLoginError{Cause: err}
	}
	if l.role == "" {
		return cfg.Credentials, nil
	}
	client := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if l.stsEndpoint != "" {
			o.BaseEndpoint = &l.stsEndpoint
		}
	})
	return stscreds.NewAssumeRoleProvider(client, l.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "temporal-sre-copilot"
		if l.externalID != "" {
			o.ExternalID = &l.externalID
		}
	}), nil
}
