import React from 'react';
import { config } from '@grafana/runtime';
import { Field, FieldSet, RadioButtonGroup, SecureSocksProxySettings } from '@grafana/ui';
import type { ConfigProps, StoreKind } from '../types';
import { DSQLSettings } from './DSQLSettings';
import { NumberField } from './fields';
import { LinkSettings } from './LinkSettings';
import { PostgresSettings } from './PostgresSettings';

const KINDS: Array<{ value: StoreKind; label: string; description: string }> = [
  { value: 'postgres', label: 'PostgreSQL', description: 'PostgreSQL 16, or Aurora PostgreSQL' },
  { value: 'dsql', label: 'Aurora DSQL', description: 'IAM authentication, no password' },
];

/** The settings of the state store: address and credentials. */
export function ConfigEditor(props: ConfigProps) {
  const { options, onOptionsChange } = props;
  const kind = options.jsonData.kind ?? 'postgres';

  return (
    <>
      <FieldSet label="State store">
        <Field label="Kind" description="Database to which the copilot worker writes verdicts.">
          <RadioButtonGroup
            id="copilot-config-kind"
            options={KINDS}
            value={kind}
            disabled={options.readOnly}
            onChange={(chosen) => onOptionsChange({ ...options, jsonData: { ...options.jsonData, kind: chosen } })}
          />
        </Field>
        {kind === 'dsql' ? <DSQLSettings {...props} /> : <PostgresSettings {...props} />}
      </FieldSet>

      {config.secureSocksDSProxyEnabled && <SecureSocksProxySettings options={options} onOptionsChange={onOptionsChange} />}

      <LinkSettings {...props} />

      <FieldSet label="Load">
        <NumberField
          {...props}
          option="maxOpenConns"
          min={1}
          max={100}
          label="Open connections"
          description="Maximum number of open connections to the store."
          placeholder="5"
        />
        <NumberField
          {...props}
          option="pollIntervalMs"
          min={200}
          max={3_600_000}
          label="Poll interval (ms)"
          description="Interval at which the store is polled for live panels, in milliseconds. All viewers share one poll; without viewers there is none."
          placeholder="1000"
        />
      </FieldSet>
    </>
  );
}
