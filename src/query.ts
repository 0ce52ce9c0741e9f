import type { Measure, QueryType } from './catalogue';
import { QUERY_VERSION, type CopilotQuery } from './types';
import { MEASURES, queryTypeInfo } from './queryTypes';

/** Maximum number of rows of a query. */
export const MAX_LIMIT = 1000;
export const DEFAULT_LIMIT = 100;

type FirstQuery = Omit<CopilotQuery, 'refId'>;

/** Default in Explore and alert rules: the current state of the clusters. */
export const DEFAULT_QUERY: FirstQuery = {
  queryType: 'status',
  version: QUERY_VERSION,
  clusters: [],
  measure: 'state',
};

/** Default in panels, which start as a graph. */
export const PANEL_QUERY: FirstQuery = { queryType: 'timeline', version: QUERY_VERSION, clusters: [] };

export const ANNOTATION_QUERY: FirstQuery = { queryType: 'events', version: QUERY_VERSION, clusters: [] };

const LISTS = [
  'clusters',
  'signals',
  'services',
  'states',
  'kinds',
  'gates',
  'severities',
  'patterns',
  'results',
  'assessments',
  'documents',
] as const;
const SWITCHES = ['includeResolved', 'live'] as const;

/** Grafana's own fields, passed through unchanged. */
const GRAFANA_FIELDS = ['refId', 'hide', 'key', 'datasource'] as const;

/**
 * Brings a stored query of any age to the present version.
 *
 * Stored queries are validated, because dashboards outlive plugins and their JSON is editable: a single string becomes a
 * list, fields of the wrong type and unknown fields are dropped. An unknown query type is kept, and the back end rejects
 * it by name: replacing it would answer a different query. A query of a newer version is kept unchanged for the same
 * reason.
 */
export function migrateQuery(stored: CopilotQuery): CopilotQuery {
  const old: Record<string, unknown> = { ...stored };
  if (typeof old.version === 'number' && old.version > QUERY_VERSION) {
    return stored;
  }

  const query: CopilotQuery = {
    refId: stored.refId,
    queryType: typeof old.queryType === 'string' && old.queryType !== '' ? (old.queryType as QueryType) : 'status',
    version: QUERY_VERSION,
  };
  for (const field of GRAFANA_FIELDS) {
    if (old[field] !== undefined) {
      Object.assign(query, { [field]: old[field] });
    }
  }
  for (const field of LISTS) {
    const list = toList(old[field]);
    if (list) {
      query[field] = list;
    }
  }
  if (!query.clusters && typeof old.cluster === 'string') {
    query.clusters = toList(old.cluster);
  }
  if (!query.results && old.onlyFired === true) {
    query.results = ['fired'];
  }
  for (const field of SWITCHES) {
    if (typeof old[field] === 'boolean') {
      query[field] = old[field];
    }
  }
  if (MEASURES.some((measure) => measure === old.measure)) {
    query.measure = old.measure as Measure;
  }
  const limit = Number(old.limit);
  if (old.limit !== null && Number.isFinite(limit) && limit >= 1) {
    query.limit = Math.min(Math.floor(limit), MAX_LIMIT);
  }
  return query;
}

function toList(value: unknown): string[] | undefined {
  if (typeof value === 'string') {
    return value === '' ? [] : [value];
  }
  if (Array.isArray(value)) {
    return value.filter((entry): entry is string => typeof entry === 'string' && entry !== '');
  }
  return undefined;
}

/** Drops the options that the query type does not support. */
export function withType(query: CopilotQuery, queryType: QueryType): CopilotQuery {
  const { refId, hide, key, datasource, clusters, version } = query;
  const next: CopilotQuery = { refId, hide, key, datasource, queryType, version, clusters };
  const info = queryTypeInfo(queryType);
  const kept = info?.options ?? [];
  for (const option of kept) {
    Object.assign(next, { [option]: query[option] });
  }
  if (info?.measures && !info.measures.some(({ value }) => value === next.measure)) {
    next.measure = info.measures[0].value;
  }
  return next;
}

/** Replaces template variables in a text, handing each value through format. TemplateSrv.replace is one. */
export type Replace = (text: string, format: (value: string | string[]) => string) => string;

/**
 * Replaces template variables in a list. A variable with several values becomes several entries, also as part of a
 * longer text: `eu-$cluster` with a and b is eu-a and eu-b. A variable without a value leaves no entry.
 */
export function expandList(list: string[], replace: Replace): string[] {
  return [...new Set(list.flatMap((text) => expand(text, replace)))];
}

// Placeholder for a value. No name contains the NUL character.
const PLACE = '\u0000';

function expand(text: string, replace: Replace): string[] {
  const values: string[][] = [];
  const template = replace(text, (value) => {
    values.push([value].flat().map(String));
    return PLACE;
  });
  const [start, ...rest] = template.split(PLACE);
  return rest
    .reduce<string[]>(
      (texts, literal, i) => texts.flatMap((before) => values[i].map((value) => before + value + literal)),
      [start]
    )
    .filter((expanded) => expanded !== '');
}

/** Replaces template variables in every list of a query. */
export function interpolateQuery(query: CopilotQuery, replace: Replace): CopilotQuery {
  const interpolated = { ...query };
  for (const field of LISTS) {
    const list = query[field];
    if (list) {
      interpolated[field] = expandList(list, replace);
    }
  }
  return interpolated;
}
