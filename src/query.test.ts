import { expandList, interpolateQuery, migrateQuery, withType, type Replace } from './query';
import type { CopilotQuery } from './types';

const stored = (json: object) => ({ refId: 'A', ...json }) as CopilotQuery;

/** Replaces $name the way TemplateSrv does, from a table of values. */
const replaceFrom =
  (values: Record<string, string | string[]>): Replace =>
  (text, format) =>
    text.replace(/\$(\w+)/g, (whole, name) => (name in values ? format(values[name]) : whole));

describe('migrateQuery', () => {
  it('leaves a query of the present version as it is', () => {
    const query: CopilotQuery = {
      refId: 'A',
      queryType: 'events',
      version: 1,
      clusters: ['prod'],
      kinds: ['state'],
      limit: 20,
      live: true,
    };
    expect(migrateQuery(query)).toEqual(query);
  });

  it('leaves the options of issues and log patterns as they are', () => {
    const issues = stored({
      queryType: 'issues',
      version: 1,
      severities: ['critical'],
      includeResolved: true,
      limit: 5,
    });
    expect(migrateQuery(issues)).toEqual(issues);
    const logs = stored({ queryType: 'logs', version: 1, measure: 'counts', patterns: ['no_poller'] });
    expect(migrateQuery(logs)).toEqual(logs);
  });

  it('gives a query without a type the status', () => {
    expect(migrateQuery(stored({}))).toEqual({ refId: 'A', queryType: 'status', version: 1 });
  });

  it('makes lists of lone strings, and takes a single cluster for a list', () => {
    expect(migrateQuery(stored({ queryType: 'signals', signals: 'x.y', cluster: '$cluster' }))).toEqual({
      refId: 'A',
      queryType: 'signals',
      version: 1,
      signals: ['x.y'],
      clusters: ['$cluster'],
    });
  });

  it('reads the switch of older versions as the result that it asked for', () => {
    const gates = { refId: 'A', queryType: 'gates', version: 1 };
    expect(migrateQuery(stored({ ...gates, onlyFired: true }))).toEqual({ ...gates, results: ['fired'] });
    expect(migrateQuery(stored({ ...gates, onlyFired: false }))).toEqual(gates);
  });

  it('drops fields with the wrong type and unknown fields', () => {
    const migrated = migrateQuery(
      stored({ clusters: [1, 'a', null, ''], limit: 'many', live: 'yes', measure: 'mood', color: 'red', states: {} })
    );
    expect(migrated).toEqual({ refId: 'A', queryType: 'status', version: 1, clusters: ['a'] });
  });

  it.each([
    [null, undefined],
    [0, undefined],
    [-5, undefined],
    ['50', 50],
    [7.9, 7],
    [1e9, 1000],
  ])('takes the limit %p for %p', (limit, expected) => {
    expect(migrateQuery(stored({ limit })).limit).toBe(expected);
  });

  it('keeps an unknown query type, so that no other query is answered instead', () => {
    expect(migrateQuery(stored({ queryType: 'weather' })).queryType).toBe('weather');
  });

  it('leaves a query of a newer version whole', () => {
    const newer = stored({ version: 2, queryType: 'forecast', horizon: '1h' });
    expect(migrateQuery(newer)).toBe(newer);
  });

  it('keeps what belongs to Grafana', () => {
    const datasource = { type: 'temporalsre-copilot-datasource', uid: '${datasource}' };
    expect(migrateQuery(stored({ hide: true, datasource }))).toMatchObject({ refId: 'A', hide: true, datasource });
  });
});

describe('withType', () => {
  it('keeps the clusters and the options that the new type obeys, and drops the others', () => {
    const gates = stored({
      queryType: 'gates',
      version: 1,
      clusters: ['a'],
      services: ['history'],
      results: ['fired'],
    });
    expect(withType(gates, 'services')).toEqual({
      refId: 'A',
      queryType: 'services',
      version: 1,
      clusters: ['a'],
      services: ['history'],
    });
  });

  it('gives a type its first measure when it does not know the one that was chosen', () => {
    expect(withType(stored({ queryType: 'events' }), 'status').measure).toBe('state');
    expect(withType(stored({ queryType: 'status', measure: 'coverage' }), 'logs').measure).toBe('table');
    expect(withType(stored({ queryType: 'logs', measure: 'table' }), 'usage').measure).toBe('table');
    expect(withType(stored({ queryType: 'logs', measure: 'table' }), 'issues').measure).toBeUndefined();
  });
});

describe('expandList', () => {
  const replace = replaceFrom({ cluster: ['a', 'b'], region: 'eu', zone: ['1', '2'], none: [] });

  it('makes an entry of each value of a variable', () => {
    expect(expandList(['$cluster'], replace)).toEqual(['a', 'b']);
  });

  it('puts values into longer texts, every one with every other', () => {
    expect(expandList(['$region-$cluster-$zone'], replace)).toEqual(['eu-a-1', 'eu-a-2', 'eu-b-1', 'eu-b-2']);
  });

  it('says nothing twice', () => {
    expect(expandList(['a', '$cluster', 'c'], replace)).toEqual(['a', 'b', 'c']);
  });

  it('leaves no entry for a variable without a value', () => {
    expect(expandList(['$none', 'x-$none'], replace)).toEqual([]);
  });

  it('leaves names with commas, braces and quotes alone', () => {
    const odd = ["a,b'; drop", '{x}'];
    expect(expandList(['$odd'], replaceFrom({ odd }))).toEqual(odd);
  });

  it('leaves a variable that does not exist as it is', () => {
    expect(expandList(['$missing'], replace)).toEqual(['$missing']);
  });
});

describe('interpolateQuery', () => {
  it('replaces variables in every list', () => {
    const query = stored({
      clusters: ['$v'],
      signals: ['$v'],
      services: ['$v'],
      states: ['$v'],
      kinds: ['$v'],
      gates: ['$v'],
      severities: ['$v'],
      patterns: ['$v'],
    });
    const values = ['x', 'y'];
    expect(interpolateQuery(query, replaceFrom({ v: values }))).toEqual({
      refId: 'A',
      clusters: values,
      signals: values,
      services: values,
      states: values,
      kinds: values,
      gates: values,
      severities: values,
      patterns: values,
    });
  });
});
