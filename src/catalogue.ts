// Generated from pkg/plugin/query: `go tool mage generate` writes it anew.

/** What a query asks for. The back end has one answer for each. */
export type QueryType =
  | 'status'
  | 'cause'
  | 'chain'
  | 'topology'
  | 'deciding'
  | 'explanation'
  | 'similar'
  | 'summary'
  | 'issues'
  | 'actions'
  | 'timeline'
  | 'services'
  | 'gates'
  | 'signals'
  | 'queues'
  | 'workers'
  | 'events'
  | 'changes'
  | 'assessments'
  | 'logs'
  | 'runbook'
  | 'usage'
  | 'sources';

/** The options beside the cluster that a query type obeys. */
export type QueryOption =
  | 'measure'
  | 'states'
  | 'live'
  | 'limit'
  | 'assessments'
  | 'severities'
  | 'services'
  | 'includeResolved'
  | 'gates'
  | 'results'
  | 'signals'
  | 'kinds'
  | 'patterns'
  | 'documents';

/** Which number an answer is about, and what an alert rule compares. Alert rules can't read the table. */
export type Measure =
  | 'state'
  | 'staleness'
  | 'coverage'
  | 'worker_limited'
  | 'application_limited'
  | 'flapping'
  | 'first_gate'
  | 'second_gate'
  | 'first'
  | 'second'
  | 'third'
  | 'table'
  | 'counts'
  | 'dollars'
  | 'tokens'
  | 'calls'
  | 'budget'
  | 'sources'
  | 'explaining';

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

/** A fixed word of the rules, as the query JSON spells it and as people read it. */
export interface Word {
  value: string;
  label: string;
}

/** Every query type in the order in which people look: what is, what to do, what was, why. */
export const QUERY_TYPES: QueryTypeInfo[] = [
  {
    value: 'status',
    label: 'Status now',
    description: 'The state of each cluster as of its last cycle, its start and its coverage. Can alert.',
    options: ['measure', 'states', 'live'],
    measures: [
      {
        value: 'state',
        label: 'State',
        description: '0 happy, 1 stressed, 2 critical; null when stale or before the first verdict',
      },
      {
        value: 'staleness',
        label: 'Staleness',
        description: '1 stale, 0 current; never null',
      },
      {
        value: 'coverage',
        label: 'Coverage',
        description: 'Share of known deciding gates; 0 when cycles have stopped',
      },
      {
        value: 'worker_limited',
        label: 'Limited by workers',
        description: '1 when only workers limit progress: scaling the server will not help; null when unknown',
      },
      {
        value: 'application_limited',
        label: 'Limited by the application',
        description: '1 when only workflow code, activities or clients limit progress; null when unknown',
      },
      {
        value: 'flapping',
        label: 'Flapping',
        description: '1 when the state worsened repeatedly within half an hour; null when unknown',
      },
      {
        value: 'first_gate',
        label: 'Worst gate',
        description: 'Number of the worst firing gate, 0 when none fires. The number of a gate is permanent',
      },
      {
        value: 'second_gate',
        label: 'Second gate',
        description: 'Number of the second worst firing gate, 0 when none fires',
      },
    ],
  },
  {
    value: 'cause',
    label: 'Root cause',
    description:
      "The root cause of each cluster's state in one line, and what to do first, as of its last cycle. Can alert.",
    options: ['states', 'live'],
  },
  {
    value: 'chain',
    label: 'Cause and consequences',
    description:
      'The firing conditions from root cause to consequence: value, bounds, trend and expected time to clear.',
    options: ['states', 'limit'],
  },
  {
    value: 'topology',
    label: 'Cluster map',
    description: 'The parts of a cluster and their roles in the present state, for the node graph.',
    options: ['states'],
  },
  {
    value: 'deciding',
    label: 'Deciding signals',
    description:
      'The signal of a firing condition over time with its bounds, the root cause first; key signals when none fires.',
    options: ['measure'],
    measures: [
      {
        value: 'first',
        label: 'Root cause',
        description: 'The signal of the root cause',
      },
      {
        value: 'second',
        label: 'Second',
        description: 'The signal of the next condition in the chain',
      },
      {
        value: 'third',
        label: 'Third',
        description: 'The signal of the third condition in the chain',
      },
    ],
  },
  {
    value: 'explanation',
    label: 'Explanation',
    description: 'The complete explanation, section by section: the newest, or one by its id.',
    options: ['assessments'],
  },
  {
    value: 'similar',
    label: 'Similar incidents',
    description:
      'Past incidents with the root cause of the present one, or of an explanation: when, how long, and what cleared them.',
    options: ['assessments', 'limit'],
  },
  {
    value: 'summary',
    label: 'Summary',
    description: 'The newest explanation of each cluster: what happened, the cause, the recommended action.',
    options: ['states'],
  },
  {
    value: 'issues',
    label: 'Issues',
    description:
      'Issues that are open now, or were open in the time range, worst first, with their likely cause. Can alert.',
    options: ['states', 'severities', 'services', 'includeResolved', 'limit'],
  },
  {
    value: 'actions',
    label: 'Recommended actions',
    description: 'Recommended actions, the best first, with confidence and risk. No action is taken automatically.',
    options: ['states', 'limit'],
  },
  {
    value: 'timeline',
    label: 'State timeline',
    description: 'State changes over the time range; a gap is an unknown state. Can alert.',
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
    description: 'The conditions behind the state: signal, value, threshold and result of each. Can alert.',
    options: ['gates', 'services', 'results'],
  },
  {
    value: 'signals',
    label: 'Signals over time',
    description: 'Measured values over the time range. A gap is an unknown value, never zero. Can alert.',
    options: ['signals', 'services'],
  },
  {
    value: 'queues',
    label: 'Task queues',
    description: 'The worst task queues: age of the oldest waiting task, backlog and pollers.',
    options: ['limit'],
  },
  {
    value: 'workers',
    label: 'Workers and bottleneck',
    description: 'Which side limits progress, the worker signals, and the scaling rules that hold.',
    options: [],
  },
  {
    value: 'events',
    label: 'Events',
    description: 'Changes of state, staleness or bottleneck in the time range, newest first, with their explanations.',
    options: ['kinds', 'states', 'limit', 'live'],
  },
  {
    value: 'changes',
    label: 'What changed',
    description: 'Restarts, membership changes and moved shards in the time range, newest first.',
    options: ['limit'],
  },
  {
    value: 'assessments',
    label: 'Assessments',
    description: 'All explanations in the time range: time, author, confidence, and what was dropped.',
    options: ['limit'],
  },
  {
    value: 'logs',
    label: 'Log patterns',
    description: 'Known errors in the logs of the time range, by pattern and service. Can alert.',
    options: ['measure', 'patterns', 'services', 'limit'],
    measures: [
      {
        value: 'table',
        label: 'Table',
        description: 'Each pattern with its meaning, its lines in the range and a sample',
      },
      {
        value: 'counts',
        label: 'Lines over time',
        description: 'Lines of each pattern in each step. Can alert.',
      },
    ],
  },
  {
    value: 'runbook',
    label: 'Runbooks',
    description: 'Runbooks by id or condition, section by section.',
    options: ['documents', 'gates'],
  },
  {
    value: 'usage',
    label: 'Model usage and cost',
    description: 'LLM calls and their cost, and the budget of the day. Can alert.',
    options: ['measure'],
    measures: [
      {
        value: 'dollars',
        label: 'Cost over time',
        description: 'Dollars by the configured prices. Can alert.',
      },
      {
        value: 'tokens',
        label: 'Tokens over time',
        description: 'Input and output tokens, including cached tokens. Can alert.',
      },
      {
        value: 'calls',
        label: 'Calls over time',
        description: 'LLM calls, including failed calls. Can alert.',
      },
      {
        value: 'table',
        label: 'Table',
        description: 'Sums of the time range for each model and purpose',
      },
      {
        value: 'budget',
        label: 'Budget today',
        description: 'Spent since midnight UTC, and the limits. Can alert.',
      },
    ],
  },
  {
    value: 'sources',
    label: 'Sources of the copilot',
    description: "Whether the copilot's cycles, metrics, logs and models work. Can alert.",
    options: ['measure'],
    measures: [
      {
        value: 'sources',
        label: 'All sources',
        description: 'Cycles, metrics, logs and the model',
      },
      {
        value: 'explaining',
        label: 'Logs and model',
        description: 'The sources of explanations only. Cycles and metrics show in the staleness of the cluster.',
      },
    ],
  },
];

/** The states a verdict can have, best first, and the one before any verdict. */
export const STATES: Word[] = [
  { value: 'happy', label: 'Happy' },
  { value: 'stressed', label: 'Stressed' },
  { value: 'critical', label: 'Critical' },
  { value: 'unknown', label: 'Unknown' },
];

/** The parts of a Temporal deployment in the order of a request's way through them. */
export const SERVICES: Word[] = [
  { value: 'frontend', label: 'Frontend' },
  { value: 'history', label: 'History' },
  { value: 'matching', label: 'Matching' },
  { value: 'persistence', label: 'Persistence' },
  { value: 'visibility', label: 'Visibility store' },
  { value: 'system_worker', label: 'Internal worker' },
  { value: 'replication', label: 'Replication' },
  { value: 'workers', label: 'Workers' },
];

/** Services as gates and signals name them: some speak about the cluster as a whole. */
export const SERVICES_AND_CLUSTER: Word[] = [
  { value: 'frontend', label: 'Frontend' },
  { value: 'history', label: 'History' },
  { value: 'matching', label: 'Matching' },
  { value: 'persistence', label: 'Persistence' },
  { value: 'visibility', label: 'Visibility store' },
  { value: 'system_worker', label: 'Internal worker' },
  { value: 'replication', label: 'Replication' },
  { value: 'workers', label: 'Workers' },
  { value: 'cluster', label: 'Cluster as a whole' },
];

/** Services as the labels of log lines usually name them. */
export const LOG_SERVICES: Word[] = [
  { value: 'frontend', label: 'Frontend' },
  { value: 'history', label: 'History' },
  { value: 'matching', label: 'Matching' },
  { value: 'worker', label: 'Worker (system)' },
];

/** How bad an issue is, the worst first. */
export const SEVERITIES: Word[] = [
  { value: 'critical', label: 'Critical' },
  { value: 'warning', label: 'Warning' },
];

/** What a gate can come to. */
export const RESULTS: Word[] = [
  { value: 'fired', label: 'Fired' },
  { value: 'unknown', label: 'Unknown' },
  { value: 'passed', label: 'Passed' },
];

/** Kinds of events. */
export const EVENT_KINDS: Word[] = [
  { value: 'state', label: 'State changed' },
  { value: 'staleness', label: 'Became stale or fresh' },
  { value: 'bottleneck', label: 'Bottleneck moved' },
];

/** The classes of signals as headings, in the order in which people read them. */
export const SIGNAL_CLASSES: Word[] = [
  { value: 'primary', label: 'Primary: is work making progress?' },
  { value: 'support', label: 'Support: demand, pollers, ratios' },
  { value: 'worker', label: 'Workers: can they make progress?' },
  { value: 'amplifier', label: 'Amplifiers: why is it so?' },
  { value: 'worker_amplifier', label: 'Worker amplifiers: why are workers in trouble?' },
];

/** Units of signals as they are written next to a name. */
export const UNITS: Word[] = [
  { value: 'per_second', label: '1/s' },
  { value: 'per_minute', label: '1/min' },
  { value: 'seconds', label: 's' },
  { value: 'milliseconds', label: 'ms' },
  { value: 'ratio', label: '0–1' },
  { value: 'percent', label: '%' },
  { value: 'count', label: 'count' },
  { value: 'bytes', label: 'bytes' },
];
