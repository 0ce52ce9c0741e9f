import type { DataSourceInstanceSettings, ScopedVars, TypedVariableModel } from '@grafana/data';
import type { TemplateSrv } from '@grafana/runtime';
import { CopilotDataSource } from './datasource';
import type { CopilotOptions } from './types';

/** Answers of the back end by the path of the resource; an error is thrown. */
export type Resources = Record<string, unknown>;

/** A datasource on a back end that serves the given resources, in a dashboard with the given template variables. */
export function newDataSource(resources: Resources = {}, variables: Record<string, string | string[]> = {}) {
  const templateSrv: Pick<TemplateSrv, 'replace' | 'getVariables'> = {
    getVariables: () => Object.keys(variables).map((name) => ({ name }) as TypedVariableModel),
    replace: (text = '', scopedVars: ScopedVars = {}, format) =>
      text.replace(/\$\{?(\w+)\}?/g, (whole, name) => {
        const value = scopedVars[name]?.value ?? variables[name];
        return value === undefined ? whole : (format as (value: unknown) => string)(value);
      }),
  };
  const settings = { id: 1, uid: 'uid', type: 'temporalsre-copilot-datasource', name: 'Copilot', jsonData: {} };
  const datasource = new CopilotDataSource(
    settings as DataSourceInstanceSettings<CopilotOptions>,
    templateSrv as TemplateSrv
  );
  datasource.getResource = async <T>(path: string): Promise<T> => {
    const answer = resources[path];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer as T;
  };
  return datasource;
}

/** Three rows of the back end's table of signals. */
export const SIGNALS = {
  signals: [
    {
      id: 'state_transitions.throughput_per_sec',
      title: 'State transitions',
      unit: 'per_second',
      class: 'primary',
      number: 1,
      service: 'history',
      meaning: 'Workflow state changes written per second.',
    },
    {
      id: 'persistence.latency_p99_ms',
      title: 'Persistence latency p99',
      unit: 'milliseconds',
      class: 'primary',
      number: 11,
      service: 'persistence',
      meaning: 'Tail latency of database operations.',
    },
    {
      id: 'queue.task_backlog_depth',
      title: 'Task backlog depth',
      unit: 'count',
      class: 'amplifier',
      number: 4,
      service: 'matching',
      meaning: 'Tasks waiting in all task queues.',
    },
  ],
};
