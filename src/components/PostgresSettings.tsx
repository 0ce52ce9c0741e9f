import React from 'react';
import type { ConfigProps, TLSMode } from '../types';
import { ChoiceField, NumberField, SecretField, TextField } from './fields';

const TLS_MODES: Array<{ value: TLSMode; label: string; description: string }> = [
  { value: 'verify-full', label: 'verify-full', description: 'Encrypted; certificate and host name are checked' },
  { value: 'verify-ca', label: 'verify-ca', description: 'Encrypted; the certificate is checked, not the host name' },
  { value: 'require', label: 'require', description: 'Encrypted; nobody checks who answers' },
  { value: 'disable', label: 'disable', description: 'Not encrypted: on a network that you trust' },
];

/** Asks how to reach a PostgreSQL store. */
export function PostgresSettings(props: ConfigProps) {
  const { tlsMode = 'verify-full' } = props.options.jsonData;

  return (
    <>
      <TextField
        {...props}
        option="host"
        label="Host"
        description="Host name or address of the server, as Grafana reaches it."
        placeholder="copilot-db.example.com"
        required
      />
      <NumberField
        {...props}
        option="port"
        min={1}
        max={65535}
        label="Port"
        description="Port of the server."
        placeholder="5432"
      />
      <TextField
        {...props}
        option="database"
        label="Database"
        description="Database that holds the schema copilot. The command copilot db migrate makes it."
        placeholder="copilot"
        required
      />
      <TextField
        {...props}
        option="user"
        label="User"
        description="Reading is enough. Never give a datasource the worker's writing role."
        placeholder="copilot_reader"
        required
      />
      <SecretField {...props} secret="password" label="Password" description="Password of the user." />
      <ChoiceField<TLSMode>
        {...props}
        option="tlsMode"
        choices={TLS_MODES}
        label="TLS"
        description="How the connection is protected."
      />
      {tlsMode.startsWith('verify') && (
        <SecretField
          {...props}
          secret="tlsCACert"
          multiline
          label="CA certificate"
          description="PEM. Only when the server's certificate comes from an authority that the system does not know."
          placeholder="-----BEGIN CERTIFICATE-----"
        />
      )}
    </>
  );
}
