import React from 'react';
import type { AWSAuth, ConfigProps } from '../types';
import { ChoiceField, SecretField, TextField } from './fields';

const AUTH: Array<{ value: AWSAuth; label: string; description: string }> = [
  { value: 'default', label: 'Default chain', description: 'Role of the instance, task or pod that Grafana runs in' },
  { value: 'keys', label: 'Access key', description: 'Access key and secret key of an IAM user, or temporary ones' },
];

/** Asks how to reach an Aurora DSQL store and as whom to sign in at AWS. */
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
        description="A role that reads; it needs the IAM permission dsql:DbConnect. The role admin needs dsql:DbConnectAdmin."
        placeholder="copilot_reader"
        required
      />
      <ChoiceField<AWSAuth>
        {...props}
        option="awsAuth"
        choices={AUTH}
        label="AWS credentials"
        description="Grafana passes no environment variables to plugins: the default chain sees the metadata of the instance, unless forward_host_env_vars in Grafana's configuration names this plugin."
      />
      {awsAuth === 'keys' && (
        <>
          <SecretField {...props} secret="accessKey" label="Access key ID" description="Starts with AKIA or ASIA." />
          <SecretField {...props} secret="secretKey" label="Secret access key" description="The key's other half." />
          <SecretField
            {...props}
            secret="sessionToken"
            label="Session token"
            description="Only for temporary credentials, and only until they expire."
          />
        </>
      )}
      <TextField
        {...props}
        option="assumeRoleArn"
        label="Assume role"
        description="ARN of a role to take on before signing in. Empty: none."
        placeholder="arn:aws:iam::123456789012:role/copilot-reader"
      />
      <TextField
        {...props}
        option="externalId"
        label="External ID"
        description="Only when the role's trust policy asks for one."
      />
    </>
  );
}
