import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type MetricFindValue,
} from '@grafana/data';
import { from, map, type Observable } from 'rxjs';
import { SERVICES, SEVERITIES, STATES } from './catalogue';
import { VariableQueryEditor } from './components/VariableQueryEditor';
import type { CopilotOptions, CopilotQuery, CopilotVariableQuery, Runbook, Signal, VariableSource } from './types';

const DEFAULT_SOURCE: VariableSource = 'clusters';

/** The lists that come from the back end. */
interface Lists {
  clusters(): Promise<string[]>;
  signals(): Promise<Signal[]>;
  runbooks(): Promise<Runbook[]>;
}

/** Template variables that list clusters, services, signals, states, severities or runbooks. */
export class CopilotVariableSupport extends CustomVariableSupport<
  DataSourceApi<CopilotQuery, CopilotOptions>,
  CopilotVariableQuery
> {
  editor = VariableQueryEditor;

  constructor(private readonly lists: Lists) {
    super();
  }

  getDefaultQuery(): Partial<CopilotQuery> & Pick<CopilotVariableQuery, 'source'> {
    return { source: DEFAULT_SOURCE };
  }

  query = (request: DataQueryRequest<CopilotVariableQuery>): Observable<DataQueryResponse> =>
    from(this.values(request.targets[0]?.source ?? DEFAULT_SOURCE)).pipe(map((data) => ({ data })));

  private async values(source: VariableSource): Promise<MetricFindValue[]> {
    switch (source) {
      case 'clusters':
        return (await this.lists.clusters()).map((name) => ({ text: name, value: name }));
      case 'signals':
        return (await this.lists.signals()).map(({ id, title }) => ({ text: title, value: id }));
      case 'runbooks':
        return (await this.lists.runbooks()).map(({ id, title }) => ({ text: title, value: id }));
      case 'services':
        return SERVICES.map(({ label, value }) => ({ text: label, value }));
      case 'states':
        return STATES.map(({ label, value }) => ({ text: label, value }));
      case 'severities':
        return SEVERITIES.map(({ label, value }) => ({ text: label, value }));
      default:
        throw new Error(
          `Unsupported variable source "${source}". Select one of clusters, services, signals, states, severities, runbooks.`
        );
    }
  }
}
