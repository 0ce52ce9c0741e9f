/** A fixed word of the rules, as the query JSON spells it and as people read it. */
export interface Word {
  value: string;
  label: string;
}

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
export const SERVICES_AND_CLUSTER: Word[] = [...SERVICES, { value: 'cluster', label: 'Cluster as a whole' }];

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

/** What an event can tell of. */
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

const UNITS: Record<string, string> = {
  per_second: '1/s',
  per_minute: '1/min',
  seconds: 's',
  milliseconds: 'ms',
  ratio: '0–1',
  percent: '%',
  count: 'count',
  bytes: 'bytes',
};

/** How a unit of the table of signals is written next to a name. */
export function unitLabel(unit: string): string {
  return UNITS[unit] ?? unit;
}
