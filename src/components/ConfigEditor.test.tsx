import React from 'react';
import type { DataSourceSettings } from '@grafana/data';
import { config } from '@grafana/runtime';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { CopilotOptions, CopilotSecrets } from '../types';
import { ConfigEditor } from './ConfigEditor';

type Settings = DataSourceSettings<CopilotOptions, CopilotSecrets>;

/** Renders the editor, which keeps changed options as Grafana does. Returns the newest settings. */
function edit(jsonData: CopilotOptions = {}, settings: Partial<Settings> = {}) {
  let newest = { jsonData, secureJsonFields: {}, readOnly: false, ...settings } as Settings;

  function Page() {
    const [options, setOptions] = React.useState(newest);
    const onOptionsChange = (changed: Settings) => {
      newest = changed;
      setOptions(changed);
    };
    return <ConfigEditor options={options} onOptionsChange={onOptionsChange} />;
  }

  render(<Page />);
  return () => newest;
}

const POSTGRES = ['Host', 'Port', 'Database', 'User', 'Password', 'TLS', 'CA certificate'];
const DSQL = ['Cluster endpoint', 'Region', 'Database role', 'AWS credentials', 'Assume role', 'External ID'];
const BOTH = ['Loki datasource', 'Loki selector', 'Temporal Web UI', 'Open connections', 'Poll interval (ms)'];
const field = (label: string) => screen.getByLabelText(new RegExp(`^${label.replace(/[()]/g, '\\$&')}`));
const queryField = (label: string) => screen.queryByLabelText(new RegExp(`^${label.replace(/[()]/g, '\\$&')}`));

describe('ConfigEditor', () => {
  it('asks for a PostgreSQL store first, and every input has its label', () => {
    edit();
    expect(screen.getByLabelText('PostgreSQL')).toBeChecked();
    for (const label of [...POSTGRES, ...BOTH]) {
      expect(field(label)).toHaveAttribute('id');
    }
    for (const label of DSQL) {
      expect(queryField(label)).not.toBeInTheDocument();
    }
  });

  it('asks for an Aurora DSQL store when that is chosen', async () => {
    const settings = edit({ host: 'db' });
    await userEvent.click(screen.getByLabelText('Aurora DSQL'));

    expect(settings().jsonData.kind).toBe('dsql');
    for (const label of [...DSQL, ...BOTH]) {
      expect(field(label)).toHaveAttribute('id');
    }
    expect(queryField('Host')).not.toBeInTheDocument();
  });

  it('stores text as it is typed', async () => {
    const settings = edit();
    await userEvent.type(field('Host'), 'db.example.com');
    await userEvent.type(field('User'), 'reader');
    expect(settings().jsonData).toEqual({ host: 'db.example.com', user: 'reader' });
  });

  it('offers the secure socks proxy where Grafana has one', async () => {
    edit();
    expect(screen.queryByText('Secure Socks Proxy')).not.toBeInTheDocument();

    config.secureSocksDSProxyEnabled = true;
    const settings = edit();
    await userEvent.click(screen.getByRole('switch'));
    expect(settings().jsonData).toEqual({ enableSecureSocksProxy: true });
    config.secureSocksDSProxyEnabled = false;
  });

  it('stores numbers as numbers, and no value for an emptied field', async () => {
    const settings = edit({ pollIntervalMs: 2000 });
    await userEvent.type(field('Port'), '6432');
    await userEvent.clear(field('Poll interval (ms)'));
    expect(settings().jsonData).toEqual({ port: 6432, pollIntervalMs: undefined });
  });

  it('verifies TLS by default, and hides the CA certificate without verification', async () => {
    const settings = edit();
    expect(field('TLS')).toHaveValue('verify-full');

    await userEvent.click(field('TLS'));
    await userEvent.click(await screen.findByText('disable'));

    expect(settings().jsonData.tlsMode).toBe('disable');
    expect(queryField('CA certificate')).not.toBeInTheDocument();
  });

  it('keeps a typed password among the secrets', async () => {
    const settings = edit();
    await userEvent.type(field('Password'), 'hunter2');
    expect(settings().secureJsonData).toEqual({ password: 'hunter2' });
    expect(JSON.stringify(settings().jsonData)).not.toContain('hunter2');
  });

  it('never shows a stored password, and resets it for a new one', async () => {
    const settings = edit({}, { secureJsonFields: { password: true } });
    expect(field('Password')).toBeDisabled();

    await userEvent.click(screen.getByRole('button', { name: 'Reset' }));

    expect(settings().secureJsonFields.password).toBe(false);
    expect(field('Password')).toBeEnabled();
    expect(field('Password')).toHaveValue('');
  });

  it('asks for keys only when they are the credentials', async () => {
    const settings = edit({ kind: 'dsql' });
    expect(queryField('Secret access key')).not.toBeInTheDocument();

    await userEvent.click(field('AWS credentials'));
    await userEvent.click(await screen.findByText('Access key'));
    await userEvent.type(field('Access key ID'), 'AKIA');
    await userEvent.type(field('Secret access key'), 'shh');
    await userEvent.type(field('Session token'), 'now');

    expect(settings().jsonData.awsAuth).toBe('keys');
    expect(settings().secureJsonData).toEqual({ accessKey: 'AKIA', secretKey: 'shh', sessionToken: 'now' });
  });

  it('changes nothing in a provisioned datasource', () => {
    edit({ host: 'db' }, { readOnly: true });
    for (const label of [...POSTGRES, ...BOTH]) {
      expect(field(label)).toBeDisabled();
    }
  });
});
