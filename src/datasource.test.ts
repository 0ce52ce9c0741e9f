import { CoreApp, type DataQueryRequest, type MetricFindValue, StreamingFrameAction } from '@grafana/data';
import { DataSourceWithBackend } from '@grafana/runtime';
import { EMPTY, firstValueFrom } from 'rxjs';
import { newDataSource, SIGNALS } from './testing';
import type { CopilotQuery, CopilotVariableQuery, VariableSource } from './types';
import type { CopilotVariableSupport } from './variables';

const query = (json: object) => ({ refId: 'A', version: 1, queryType: 'status', ...json }) as CopilotQuery;

describe('template variables', () => {
  const datasource = newDataSource({}, { cluster: ['prod', 'staging'] });

  it('become one entry a value', () => {
    const { clusters } = datasource.applyTemplateVariables(query({ clusters: ['$cluster'] }), {});
    expect(clusters).toEqual(['prod', 'staging']);
  });

  it('have the value of the repeated panel in it', () => {
    const scoped = { cluster: { text: 'staging', value: 'staging' } };
    const { clusters } = datasource.applyTemplateVariables(query({ clusters: ['${cluster}'] }), scoped);
    expect(clusters).toEqual(['staging']);
  });

  it('are replaced in queries that are older than the plugin', () => {
    const old = { refId: 'A', queryType: 'gates', cluster: '$cluster' } as unknown as CopilotQuery;
    expect(datasource.applyTemplateVariables(old, {})).toEqual({
      refId: 'A',
      queryType: 'gates',
      version: 1,
      clusters: ['prod', 'staging'],
    });
  });

  it('are offered as they are written', () => {
    expect(datasource.templateVariables()).toEqual(['$cluster']);
  });
});

describe('queries', () => {
  const datasource = newDataSource();

  it.each([undefined, CoreApp.Explore, CoreApp.UnifiedAlerting])('begin as the status of all clusters in %p', (app) => {
    expect(datasource.getDefaultQuery(app)).toEqual({
      queryType: 'status',
      version: 1,
      clusters: [],
      measure: 'state',
    });
  });

  it("begin as the states of the dashboard's clusters over time in a panel", () => {
    const timeline = { queryType: 'timeline', version: 1 };
    expect(datasource.getDefaultQuery(CoreApp.PanelEditor)).toEqual({ ...timeline, clusters: [] });
    const chosen = newDataSource({}, { cluster: ['prod'], other: ['x'] });
    expect(chosen.getDefaultQuery(CoreApp.PanelEditor)).toEqual({ ...timeline, clusters: ['$cluster'] });
  });

  it('start with the default query, completed by the fields of Grafana', () => {
    const blank = { refId: 'B', hide: true } as CopilotQuery;
    expect(datasource.begun(blank, CoreApp.PanelEditor)).toEqual({
      refId: 'B',
      hide: true,
      queryType: 'timeline',
      version: 1,
      clusters: [],
    });
    expect(datasource.begun(query({ queryType: 'gates' }), CoreApp.PanelEditor)).toEqual(query({ queryType: 'gates' }));
  });

  it('run in a new annotation without a change', () => {
    expect(datasource.annotations.prepareQuery?.({ name: 'Events', enable: true, iconColor: 'red' })).toMatchObject({
      queryType: 'events',
      version: 1,
    });
  });

  it('begin as events in an annotation', () => {
    expect(datasource.annotations.getDefaultQuery?.()).toMatchObject({ queryType: 'events', version: 1 });
  });

  it('are asked unless they are hidden', () => {
    expect(datasource.filterQuery(query({}))).toBe(true);
    expect(datasource.filterQuery(query({ queryType: 'signals' }))).toBe(true);
    expect(datasource.filterQuery(query({ hide: true }))).toBe(false);
  });
});

describe("Explore's Live button", () => {
  const ask = jest.spyOn(DataSourceWithBackend.prototype, 'query').mockReturnValue(EMPTY);
  const asked = (liveStreaming: boolean) => {
    newDataSource().query({
      liveStreaming,
      targets: [query({ queryType: 'events' })],
    } as DataQueryRequest<CopilotQuery>);
    return ask.mock.lastCall?.[0].targets;
  };

  it('makes queries live', () => {
    expect(asked(true)).toEqual([query({ queryType: 'events', live: true })]);
  });

  it('leaves queries alone while it is off', () => {
    expect(asked(false)).toEqual([query({ queryType: 'events' })]);
  });
});

it('shows only the newest packet of a stream', () => {
  const options = newDataSource().streamOptionsProvider({} as DataQueryRequest<CopilotQuery>);
  expect(options).toEqual({ action: StreamingFrameAction.Replace, maxLength: 1000 });
});

describe('a template variable lists', () => {
  const datasource = newDataSource({ clusters: { clusters: ['prod', 'staging'] }, signals: SIGNALS });
  const variables = datasource.variables as unknown as CopilotVariableSupport;
  const list = async (source?: string): Promise<MetricFindValue[]> => {
    const target = { refId: 'A', source: source as VariableSource };
    const request = { targets: [target] } as unknown as DataQueryRequest<CopilotVariableQuery>;
    return (await firstValueFrom(variables.query(request))).data;
  };

  it('clusters by default', async () => {
    const clusters = [
      { text: 'prod', value: 'prod' },
      { text: 'staging', value: 'staging' },
    ];
    expect(await list('clusters')).toEqual(clusters);
    expect(await list(undefined)).toEqual(clusters);
    expect(variables.getDefaultQuery()).toEqual({ source: 'clusters' });
  });

  it('signals by title, with their ids as values', async () => {
    expect(await list('signals')).toContainEqual({
      text: 'Persistence latency p99',
      value: 'persistence.latency_p99_ms',
    });
  });

  it('services, states and severities', async () => {
    expect((await list('services')).map(({ value }) => value)).toEqual([
      'frontend',
      'history',
      'matching',
      'persistence',
      'visibility',
      'system_worker',
      'replication',
      'workers',
    ]);
    expect((await list('states')).map(({ value }) => value)).toEqual(['happy', 'stressed', 'critical', 'unknown']);
    expect((await list('severities')).map(({ value }) => value)).toEqual(['critical', 'warning']);
  });

  it('nothing else, and says so', async () => {
    await expect(list('moods')).rejects.toThrow('Select one of clusters, services, signals, states, severities');
  });
});
