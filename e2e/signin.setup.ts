import fs from 'node:fs';
import path from 'node:path';
import { SESSION, test } from './fixtures';
import { DATASOURCE, DATASOURCE_NAME, PLUGIN } from './grafana';

const DASHBOARDS = path.join(__dirname, '..', 'src', 'dashboards');

test('a Grafana that runs already gets the datasource and the dashboards', async ({ request, api, lab }) => {
  const user = process.env.GRAFANA_USER ?? 'admin';
  await api.post('/login', { user, password: process.env.GRAFANA_PASSWORD ?? 'admin' });
  await request.storageState({ path: SESSION });
  await api.get(`/api/plugins/${PLUGIN}/settings`); // without the plugin nothing else can work

  const { store } = await lab.stage();
  await api.addDatasource(DATASOURCE, DATASOURCE_NAME, store);
  for (const file of fs.readdirSync(DASHBOARDS)) {
    await api.saveDashboard(JSON.parse(fs.readFileSync(path.join(DASHBOARDS, file), 'utf8')));
  }
});
