import type { CopilotQuery, Measure, QueryType } from './types';

/** The options beside the cluster that a query type obeys. */
export type QueryOption = keyof Pick<
  CopilotQuery,
  'signals' | 'services' | 'states' | 'kinds' | 'gates' | 'measure' | 'onlyFired' | 'limit' | 'live'
>;

export interface QueryTypeInfo {
  value: QueryType;
  label: string;
  /** One sentence for the person who chooses. */
  description: string;
  options: QueryOption[];
}

/** Every query type in the order in which people look: what is, what was, why. */
export const QUERY_TYPES: QueryTypeInfo[] = [
  {
    value: 'status',
    label: 'Status now',
    description: 'The state of each cluster as of its last cycle, since when, and how much was known. Can alert.',
    options: ['measure', 'states', 'live'],
  },
  {
    value: 'timeline',
    label: 'State timeline',
    description: 'How the state changed over the time range, with gaps where nothing was known.',
    options: [],
  },
  {
    value: 'services',
    label: 'Services',
    description: 'The state of each service of a cluster, as its gates see it. Can alert.',
    options: ['services', 'states'],
  },
  {
    value: 'gates',
    label: 'Gates',
    description: 'The rules behind the state: each with its signal, value, threshold and result. Can alert.',
    options: ['gates', 'services', 'onlyFired'],
  },
  {
    value: 'signals',
    label: 'Signals over time',
    description:
      'The measured numbers over the time range. A gap is a value that nobody knows, never a zero. Can alert.',
    options: ['signals', 'services'],
  },
  {
    value: 'queues',
    label: 'Task queues',
    description: 'The worst task queues by name: how long their oldest task waits, and who polls them.',
    options: ['limit'],
  },
  {
    value: 'workers',
    label: 'Workers and bottleneck',
    description: 'On which side progress is limited, what the worker signals say, and which scaling rule holds.',
    options: [],
  },
  {
    value: 'events',
    label: 'Events',
    description: 'Changes of state, staleness or bottleneck in the time range, newest first.',
    options: ['kinds', 'states', 'limit', 'live'],
  },
];

/** Finds what is known about a query type; a type of a newer version of the plugin is not known. */
export function queryTypeInfo(type: string): QueryTypeInfo | undefined {
  return QUERY_TYPES.find((info) => info.value === type);
}

export const MEASURES: Array<{ value: Measure; label: string; description: string }> = [
  { value: 'state', label: 'State', description: '0 happy, 1 stressed, 2 critical; nothing before the first verdict' },
  {
    value: 'staleness',
    label: 'Staleness',
    description: 'Whether the state is the last one known rather than the present one',
  },
  {
    value: 'coverage',
    label: 'Coverage',
    description: 'Share of the deciding gates whose result is known: the confidence in the state',
  },
];
