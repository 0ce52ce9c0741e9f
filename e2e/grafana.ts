import type { APIRequestContext } from '@playwright/test';
import type { Store } from './lab';

/** The uid of the provisioned datasource, which dashboards find by its type and alert rules by this. */
export const DATASOURCE = 'temporal-copilot';
export const DATASOURCE_NAME = 'Temporal SRE Copilot';
export const PLUGIN = 'temporalsre-copilot-datasource';

/** Grafana's HTTP API, as far as a browser is no help. */
export class GrafanaAPI {
  constructor(private readonly request: APIRequestContext) {}

  async get<T>(path: string): Promise<T> {
    return this.body<T>(await this.request.get(path), path);
  }

  async post<T>(path: string, data: unknown): Promise<T> {
    return this.body<T>(await this.request.post(path, { data }), path);
  }

  /** Adds a datasource that may be edited, which a provisioned one may not. */
  async addDatasource(uid: string, name: string, store: Store): Promise<void> {
    await this.request.delete(`/api/datasources/uid/${uid}`); // of an earlier run
    await this.post('/api/datasources', {
      uid,
      name,
      type: PLUGIN,
      access: 'proxy',
      jsonData: {
        kind: 'postgres',
        host: store.host,
        port: store.port,
        database: store.database,
        user: store.user,
        tlsMode: store.tls,
      },
      secureJsonData: { password: store.password },
    });
  }

  /** Saves a dashboard, in place of one with the same uid. */
  async saveDashboard(dashboard: Record<string, unknown> & { uid: string }): Promise<void> {
    await this.post('/api/dashboards/db', {
      dashboard: { schemaVersion: 41, time: { from: 'now-30m', to: 'now' }, ...dashboard },
      overwrite: true,
    });
  }

  private async body<T>(response: Awaited<ReturnType<APIRequestContext['get']>>, path: string): Promise<T> {
    if (!response.ok()) {
      throw new Error(`Grafana answers ${path} with ${response.status()}: ${await response.text()}`);
    }
    return response.json() as Promise<T>;
  }
}
