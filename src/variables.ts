import {
  CustomVariableSupport,
  type DataQueryRequest,
  type DataQueryResponse,
  type MetricFindValue,
} from '@grafana/data';
import { from, map, type Observable } from 'rxjs';
import { VariableQueryEditor } from './components/VariableQueryEditor';
import type { CopilotDataSource } from './datasource';
import type { CopilotQuery, CopilotVariableQuery, VariableSource } from './types';
import { SERVICES, SEVERITIES, STATES } from './catalogue';

const DEFAULT_SOURCE: VariableSource = 'clusters';

/** Lets a template variable list clusters, services, signals, states or severities. */
export class CopilotVariableSupport extends CustomVariableSupport<CopilotDataSource, CopilotVariableQuery> {
  editor = VariableQueryEditor;

  constructor(private readonly datasource: CopilotDataSource) {
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
        return (await this.datasource.clusters()).map((name) => ({ text: name, value: name }));
      case 'signals':
        return (await this.datasource.signals()).map(({ id, title }) => ({ text: title, value: id }));
      case 'services':
        return SERVICES.map(({ label, value }) => ({ text: label, value }));
      case 'states':
        return STATES.map(({ label, value }) => ({ text: label, value }));
      case 'severities':
        return SEVERITIES.map(({ label, value }) => ({ text: label, value }));
      default:
        throw new Error(
          `This variable lists "${source}". Choose one of clusters, services, signals, states, severities.`
        );
    }
  }
}
