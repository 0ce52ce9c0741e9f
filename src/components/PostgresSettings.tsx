import React from 'react';
import type { ConfigProps, TLSMode } from '../types';
import { ChoiceField, NumberField, SecretField, TextField } from './fields';

const TLS_MODES: Array<{ value: TLSMode; label: string; description: string }> = [
  { value: 'verify-full', label: 'verify-full', description: 'Encrypted; the certificate and host name are verified' },
  {
    value: 'verify-ca',
    label: 'verify-ca',
    description: 'Encrypted; the certificate is verified, the host name is not',
  },
  { value: 'require', label: 'require', description: "Encrypted; the server's certificate is not verified" },
  { value: 'disable', label: 'disable', description: 'Not encrypted; for trusted networks only' },
];

/** The settings of a PostgreSQL store. */
export function PostgresSettings(props: ConfigProps) {
  const { tlsMode = 'verify-full' } = props.options.jsonData;

  return (
    <>
      <TextField
        {...props}
        option="host"
        label="Host"
        description="Host name or IP address of the server, reachable from Grafana."
        placeholder="copilot-db.example.com"
        required
      />
      <NumberField
        {...props}
        option="port"
        min={1}
        max={65535}
        label="Port"
        description="TCP port of the server."
        placeholder="5432"
      />
      <TextField
        {...props}
        option="database"
        label="Database"
        description="Database with the schema copilot, created by the command copilot db migrate."
        placeholder="copilot"
        required
      />
      <TextField
        {...props}
        option="user"
        label="User"
        description="Role with read access. Do not use the worker's role, which has write access."
        placeholder="copilot_reader"
        required
      />
      <SecretField {...props} secret="password" label="Password" description="Password of the user." />
      <ChoiceField<TLSMode>
        {...props}
        option="tlsMode"
        choices={TLS_MODES}
        label="TLS"
        description="TLS mode of the connection."
      />
      {tlsMode.startsWith('verify') && (
        <SecretField
          {...props}
          secret="tlsCACert"
          multiline
          label="CA certificate"
          description="CA certificate in PEM format. Required if the system does not trust the server's certificate authority."
          placeholder="-----BEGIN CERTIFICATE-----"
        />
      )}
    </>
  );
}
