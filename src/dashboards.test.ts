import fs from 'fs';
import path from 'path';
import { migrateQuery } from './query';
import { queryTypeInfo } from './queryTypes';
import type { CopilotQuery } from './types';

interface Panel {
  title: string;
  type: string;
  datasource?: unknown;
  targets?: Array<CopilotQuery & { datasource: unknown }>;
  fieldConfig?: {
    defaults: { noValue?: string };
    overrides: Array<{ matcher: unknown; properties: Array<{ id: string; value?: unknown }> }>;
  };
}

interface Dashboard {
  uid: string;
  panels: Panel[];
  annotations: { list: Array<{ name: string; builtIn?: number; datasource: unknown; target: CopilotQuery }> };
  templating: { list: Array<{ name: string; includeAll: boolean; multi: boolean }> };
}

const folder = path.join(__dirname, 'dashboards');
const dashboards = fs
  .readdirSync(folder)
  .map((file): [string, Dashboard] => [file, JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'))]);

/** The ids of signals, as the rules declare them. */
const signalIds = [
  ...fs.readFileSync(path.join(__dirname, '../pkg/health/signal.go'), 'utf8').matchAll(/SignalID = "([^"]+)"/g),
].map(([, id]) => id);

describe.each(dashboards)('the dashboard %s', (_, dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  const queries = panels.flatMap(({ targets }) => targets ?? []);
  // Deploys are annotations of Grafana itself.
  const annotations = dashboard.annotations.list.filter(({ builtIn, name }) => !builtIn && name !== 'Deploys');
  const chosen = { type: 'temporalsre-copilot-datasource', uid: '${datasource}' };

  it('takes its data from the chosen datasource and from nowhere else', () => {
    for (const { datasource } of [...panels, ...queries, ...annotations]) {
      expect(datasource).toEqual(chosen);
    }
  });

  it('draws deploys from the annotations with their tag', () => {
    for (const { datasource, target } of dashboard.annotations.list.filter(({ name }) => name === 'Deploys')) {
      expect(datasource).toEqual({ type: 'grafana', uid: '-- Grafana --' });
      expect(target).toMatchObject({ type: 'tags', tags: ['deploy'] });
    }
  });

  it('lets people choose several clusters, or all', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'cluster', includeAll: true, multi: true })
    );
    for (const query of [...queries, ...annotations.map(({ target }) => target)]) {
      expect(query.clusters).toEqual(['$cluster']);
    }
  });

  it('asks in the present query JSON, for query types and signals that exist', () => {
    for (const query of queries) {
      expect(migrateQuery(query)).toEqual(query);
      expect(queryTypeInfo(query.queryType)).toBeDefined();
      const signals = query.signals ?? [];
      expect(signalIds).toEqual(expect.arrayContaining(signals.filter((signal) => !signal.startsWith('$'))));
    }
  });

  it('names no variable that it does not have', () => {
    const variables = dashboard.templating.list.map(({ name }) => `$${name}`);
    for (const query of queries) {
      const named = [...(query.signals ?? []), ...(query.states ?? [])].filter((value) => value.startsWith('$'));
      expect(variables).toEqual(expect.arrayContaining(named));
    }
  });

  it('keeps what a table without rows says out of the empty cells of one with rows', () => {
    for (const { type, fieldConfig } of panels) {
      if (type === 'table' && fieldConfig?.defaults.noValue) {
        expect(fieldConfig.overrides).toContainEqual({
          matcher: { id: 'byRegexp', options: '/.*/' },
          properties: [{ id: 'noValue', value: ' ' }],
        });
      }
    }
  });

  it('says in every panel what it shows', () => {
    for (const panel of panels) {
      expect(panel).toHaveProperty('description', expect.stringMatching(/\w/));
    }
  });
});
