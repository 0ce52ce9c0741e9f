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
import type { CopilotOptions, CopilotQuery, Gate, LogPattern, Runbook, Signal } from './types';
import { CopilotVariableSupport } from './variables';

/** The front end of the datasource; the back end answers its queries. */
export class CopilotDataSource extends DataSourceWithBackend<CopilotQuery, CopilotOptions> {
  annotations: AnnotationSupport<CopilotQuery> = {
    getDefaultQuery: () => ANNOTATION_QUERY,
    // Grafana runs no query for an annotation until one of its options changes; the default is a complete one.
    prepareQuery: ({ target }) => ({ refId: 'Anno', ...ANNOTATION_QUERY, ...target }),
  };

  /**
   * Each packet of a stream contains the complete frame, so it replaces the previous one. Appending, Grafana's default,
   * would duplicate every row after a reconnect.
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

  /** The default query of an app. A panel starts with the clusters selected in its dashboard. */
  getDefaultQuery(app?: CoreApp): Partial<CopilotQuery> {
    if (app !== CoreApp.PanelEditor && app !== CoreApp.Dashboard) {
      return DEFAULT_QUERY;
    }
    const clusters = this.templateVariables().filter((variable) => variable === '$cluster');
    return { ...PANEL_QUERY, clusters };
  }

  /** Completes the empty query that Grafana creates for a new panel. */
  begun(query: CopilotQuery, app?: CoreApp): CopilotQuery {
    return query.queryType ? query : { ...this.getDefaultQuery(app), ...query };
  }

  /** Every query is complete without further options, so only hidden ones are skipped. */
  filterQuery(query: CopilotQuery): boolean {
    return !query.hide;
  }

  /** Explore's Live button sets a flag of the request; the back end reads the query's own flag. */
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

  /** Recent log patterns. */
  patterns(): Promise<LogPattern[]> {
    return this.list('patterns');
  }

  /** The runbooks of the plugin. */
  runbooks(): Promise<Runbook[]> {
    return this.list('runbooks');
  }

  /** Reads a resource that contains a list under its own name. The caller shows errors. */
  private async list<T>(name: string): Promise<T[]> {
    const resource = await this.getResource<Record<string, T[]>>(name, undefined, { showErrorAlert: false });
    return resource[name];
  }

  /** The dashboard's template variables as they are written in a query. */
  templateVariables(): string[] {
    return this.templateSrv.getVariables().map(({ name }) => `$${name}`);
  }
}
