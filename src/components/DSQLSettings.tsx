import React from 'react';
import type { AWSAuth, ConfigProps } from '../types';
import { ChoiceField, SecretField, TextField } from './fields';

const AUTH: Array<{ value: AWSAuth; label: string; description: string }> = [
  { value: 'default', label: 'Default chain', description: 'Role of the instance, task or pod that Grafana runs in' },
  { value: 'keys', label: 'Access key', description: 'Access key of an IAM user, or temporary credentials' },
];

/** The settings of an Aurora DSQL store: endpoint, database role and AWS credentials. */
export function DSQLSettings(props: ConfigProps) {
  const { awsAuth = 'default' } = props.options.jsonData;

  return (
    <>
      <TextField
        {...props}
        option="endpoint"
        label="Cluster endpoint"
        description="Endpoint of the DSQL cluster."
        placeholder="abc123.dsql.eu-west-1.on.aws"
        required
      />
      <TextField
        {...props}
        option="region"
        label="Region"
        description="AWS region of the DSQL cluster."
        placeholder="eu-west-1"
        required
      />
      <TextField
        {...props}
        option="role"
        label="Database role"
        description="Database role with read access. Requires the IAM permission dsql:DbConnect; the role admin requires dsql:DbConnectAdmin."
        placeholder="copilot_reader"
        required
      />
      <ChoiceField<AWSAuth>
        {...props}
        option="awsAuth"
        choices={AUTH}
        label="AWS credentials"
        description="Grafana passes no environment variables to plugins. The default chain uses the instance metadata, unless forward_host_env_vars in Grafana's configuration lists this plugin."
      />
      {awsAuth === 'keys' && (
        <>
          <SecretField
            {...props}
            secret="accessKey"
            label="Access key ID"
            description="AWS access key ID. Starts with AKIA or ASIA."
          />
          <SecretField {...props} secret="secretKey" label="Secret access key" description="AWS secret access key." />
          <SecretField
            {...props}
            secret="sessionToken"
            label="Session token"
            description="For temporary credentials only."
          />
        </>
      )}
      <TextField
        {...props}
        option="assumeRoleArn"
        label="Assume role"
        description="ARN of the role to assume. Optional."
        placeholder="arn:aws:iam::123456789012:role/copilot-reader"
      />
      <TextField
        {...props}
        option="externalId"
        label="External ID"
        description="Required if the role's trust policy demands one."
      />
    </>
  );
}
