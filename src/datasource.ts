import {
  type AnnotationSupport,
  CoreApp,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type ScopedVars,
  StreamingFrameAction,
  type StreamingFrameOptions,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import type { Observable } from 'rxjs';
import {
  ANNOTATION_QUERY,
  DEFAULT_QUERY,
  interpolateQuery,
  MAX_LIMIT,
  migrateQuery,
  PANEL_QUERY,
  type Replace,
} from './query';
import type { CopilotOptions, CopilotQuery, Gate, LogPattern, Signal } from './types';
import { CopilotVariableSupport } from './variables';

/** The front end's half of the datasource. It asks; the back end answers. */
export class CopilotDataSource extends DataSourceWithBackend<CopilotQuery, CopilotOptions> {
  annotations: AnnotationSupport<CopilotQuery> = {
    getDefaultQuery: () => ANNOTATION_QUERY,
  };

  /**
   * Each packet of a stream is the whole present content of its frame, so it replaces what is there. Appending, which
   * is Grafana's default, would show every row twice after a reconnect.
   */
  streamOptionsProvider = (_: DataQueryRequest<CopilotQuery>): Partial<StreamingFrameOptions> => ({
    action: StreamingFrameAction.Replace,
    maxLength: MAX_LIMIT,
  });

  constructor(
    settings: DataSourceInstanceSettings<CopilotOptions>,
    private readonly templateSrv: TemplateSrv = getTemplateSrv()
  ) {
    super(settings);
    this.variables = new CopilotVariableSupport(this);
  }

  /** What a place begins with; a panel begins with the clusters that its dashboard has chosen. */
  getDefaultQuery(app?: CoreApp): Partial<CopilotQuery> {
    if (app !== CoreApp.PanelEditor && app !== CoreApp.Dashboard) {
      return DEFAULT_QUERY;
    }
    const clusters = this.templateVariables().filter((variable) => variable === '$cluster');
    return { ...PANEL_QUERY, clusters };
  }

  /** Grafana gives a new panel a query with nothing in it; this is what it asks until somebody chooses. */
  begun(query: CopilotQuery, app?: CoreApp): CopilotQuery {
    return query.queryType ? query : { ...this.getDefaultQuery(app), ...query };
  }

  /** Every query says something without further choices, so only hidden ones are not asked. */
  filterQuery(query: CopilotQuery): boolean {
    return !query.hide;
  }

  /** Explore's Live button asks by a flag of the request; the back end reads the query's own. */
  query(request: DataQueryRequest<CopilotQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map((target) => {
      const query = this.begun(target, request.app as CoreApp);
      return request.liveStreaming ? { ...query, live: true } : query;
    });
    return super.query({ ...request, targets });
  }

  applyTemplateVariables(query: CopilotQuery, scopedVars: ScopedVars): CopilotQuery {
    const replace: Replace = (text, format) => this.templateSrv.replace(text, scopedVars, format);
    return interpolateQuery(migrateQuery(query), replace);
  }

  /** The names of the clusters in the store. */
  clusters(): Promise<string[]> {
    return this.list('clusters');
  }

  /** The table of signals. */
  signals(): Promise<Signal[]> {
    return this.list('signals');
  }

  /** The table of gates. */
  gates(): Promise<Gate[]> {
    return this.list('gates');
  }

  /** The log patterns that were found lately. */
  patterns(): Promise<LogPattern[]> {
    return this.list('patterns');
  }

  /** Reads a resource that holds a list under its own name. Whoever asks shows the error in its place. */
  private async list<T>(name: string): Promise<T[]> {
    const resource = await this.getResource<Record<string, T[]>>(name, undefined, { showErrorAlert: false });
    return resource[name];
  }

  /** The dashboard's template variables as they are written in a query. */
  templateVariables(): string[] {
    return this.templateSrv.getVariables().map(({ name }) => `$${name}`);
  }
}
