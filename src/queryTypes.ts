import type { CopilotQuery, Measure, QueryType } from './types';

/** The options beside the cluster that a query type obeys. */
export type QueryOption = keyof Pick<
  CopilotQuery,
  | 'signals'
  | 'services'
  | 'states'
  | 'kinds'
  | 'gates'
  | 'severities'
  | 'patterns'
  | 'results'
  | 'measure'
  | 'includeResolved'
  | 'limit'
  | 'live'
>;

export interface QueryTypeInfo {
  value: QueryType;
  label: string;
  /** One sentence for the person who chooses. */
  description: string;
  options: QueryOption[];
  /** What the option "measure" chooses from, the default first. */
  measures?: MeasureInfo[];
}

export interface MeasureInfo {
  value: Measure;
  label: string;
  description: string;
}

const STATUS_MEASURES: MeasureInfo[] = [
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
  {
    value: 'worker_limited',
    label: 'Limited by workers',
    description: '1 when workers alone limit progress, so that scaling the server will not help',
  },
  {
    value: 'first_gate',
    label: 'Worst gate',
    description: 'Number of the worst gate that fires, 0 when none does: for the message of an alert',
  },
  {
    value: 'second_gate',
    label: 'Second gate',
    description: 'Number of the gate that fires beside it, 0 when none does',
  },
];

const LOG_MEASURES: MeasureInfo[] = [
  { value: 'table', label: 'Table', description: 'Each pattern with its meaning, its lines in the range and a sample' },
  { value: 'counts', label: 'Lines over time', description: 'Lines of each pattern in each step. Can alert.' },
];

const USAGE_MEASURES: MeasureInfo[] = [
  { value: 'dollars', label: 'Cost over time', description: 'Dollars by the configured prices. Can alert.' },
  { value: 'tokens', label: 'Tokens over time', description: 'Tokens in and out, cached ones included. Can alert.' },
  { value: 'calls', label: 'Calls over time', description: 'Calls to models, failed ones included. Can alert.' },
  { value: 'table', label: 'Table', description: 'Sums of the time range for each model and purpose' },
  {
    value: 'budget',
    label: 'Budget today',
    description: 'What was spent since midnight UTC, and what may be. Can alert.',
  },
];

/** Every query type in the order in which people look: what is, what to do, what was, why. */
export const QUERY_TYPES: QueryTypeInfo[] = [
  {
    value: 'status',
    label: 'Status now',
    description: 'The state of each cluster as of its last cycle, since when, and how much was known. Can alert.',
    options: ['measure', 'states', 'live'],
    measures: STATUS_MEASURES,
  },
  {
    value: 'summary',
    label: 'Summary',
    description: 'What happens in each cluster, why, and what to do first: the newest explanation in words.',
    options: ['states'],
  },
  {
    value: 'issues',
    label: 'Issues',
    description: 'The problems that are there now, worst first, each with its likely cause. Can alert.',
    options: ['states', 'severities', 'services', 'includeResolved', 'limit'],
  },
  {
    value: 'actions',
    label: 'Recommended actions',
    description: 'What to do, the best first, with confidence and risk. Nothing is done by itself.',
    options: ['states', 'limit'],
  },
  {
    value: 'timeline',
    label: 'State timeline',
    description: 'How the state changed over the time range, with gaps where nothing was known. Can alert.',
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
    options: ['gates', 'services', 'results'],
  },
  {
    value: 'signals',
    label: 'Signals over time',
    description: 'The measured numbers over the time range. A gap is an unknown value, never a zero. Can alert.',
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
    description: 'Changes of state, staleness or bottleneck in the time range, newest first, with their explanations.',
    options: ['kinds', 'states', 'limit', 'live'],
  },
  {
    value: 'assessments',
    label: 'Assessments',
    description: 'What was explained in the time range: when, by whom, how surely, and what was left out.',
    options: ['limit'],
  },
  {
    value: 'logs',
    label: 'Log patterns',
    description: 'Known trouble in the logs of the time range, by pattern and service. Counts can alert.',
    options: ['measure', 'patterns', 'services', 'limit'],
    measures: LOG_MEASURES,
  },
  {
    value: 'usage',
    label: 'Model usage and cost',
    description: 'What the calls to language models took, and how much of the budget is left. Can alert.',
    options: ['measure'],
    measures: USAGE_MEASURES,
  },
  {
    value: 'sources',
    label: 'Sources of the copilot',
    description: 'Whether cycles run, and metrics, logs and models answer: how well the copilot itself is. Can alert.',
    options: [],
  },
];

/** Finds what is known about a query type; a type of a newer version of the plugin is not known. */
export function queryTypeInfo(type: string): QueryTypeInfo | undefined {
  return QUERY_TYPES.find((info) => info.value === type);
}

/** Every measure of any query type. */
export const MEASURES: Measure[] = QUERY_TYPES.flatMap(({ measures }) => measures ?? []).map(({ value }) => value);
