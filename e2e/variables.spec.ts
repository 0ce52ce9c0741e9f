import { editorTest, expect, test } from './fixtures';
import { DATASOURCE, DATASOURCE_NAME, PLUGIN } from './grafana';
import { panels } from './panels';

editorTest('each template variable lists what it says', async ({ page, variableEditPage }) => {
  await variableEditPage.setVariableType('Query');
  await variableEditPage.datasource.set(DATASOURCE_NAME);
  for (const [source, values] of Object.entries({
    Clusters: ['copilot', 'lab'],
    Services: ['Frontend', 'History', 'Matching', 'Persistence', 'Workers'],
    Signals: [/Backlog/i],
    States: ['Happy', 'Stressed', 'Critical', 'Unknown'],
    Severities: ['Critical', 'Warning'],
  })) {
    await test.step(source, async () => {
      const list = page.locator('#copilot-variable-source');
      await list.click();
      await list.fill(source);
      await page.getByRole('option', { name: source }).first().click();
      await variableEditPage.runQuery();
      await expect(variableEditPage).toDisplayPreviews(values as string[]);
    });
  }
});

test('a variable takes one cluster, several and All, and a panel repeats for each', async ({ api, page, lab }) => {
  await lab.reach('healthy');
  const datasource = { type: PLUGIN, uid: DATASOURCE };
  const query = { refId: 'A', datasource, queryType: 'status', version: 1, measure: 'state', clusters: ['$cluster'] };
  await api.saveDashboard({
    uid: 'e2e-variables',
    title: 'Variables',
    templating: {
      list: [
        {
          name: 'cluster',
          type: 'query',
          datasource,
          query: { source: 'clusters', refId: 'cluster' },
          multi: true,
          includeAll: true,
          current: { text: ['All'], value: ['$__all'] },
          refresh: 1,
        },
      ],
    },
    panels: [
      {
        id: 1,
        type: 'stat',
        title: 'How is $cluster',
        datasource,
        targets: [query],
        repeat: 'cluster',
        repeatDirection: 'h',
        gridPos: { x: 0, y: 0, w: 12, h: 6 },
      },
      {
        id: 2,
        type: 'table',
        title: 'All that are chosen',
        datasource,
        targets: [query],
        gridPos: { x: 0, y: 6, w: 24, h: 8 },
      },
    ],
  });
  const titles = async () => (await panels(page)).map(({ title }) => title).sort();
  const chosen = page.locator('[data-testid="data-testid Panel header All that are chosen"]');

  await page.goto('/d/e2e-variables');
  await expect.poll(titles, 'All').toEqual(['All that are chosen', 'How is copilot', 'How is lab']);
  await expect(chosen).toContainText('copilot');
  await expect(chosen).toContainText('lab');

  await page.goto('/d/e2e-variables?var-cluster=lab');
  await expect.poll(titles, 'one').toEqual(['All that are chosen', 'How is lab']);
  await expect(chosen).toContainText('lab');
  await expect(chosen).not.toContainText('copilot');

  await page.goto('/d/e2e-variables?var-cluster=copilot&var-cluster=lab');
  await expect.poll(titles, 'both').toEqual(['All that are chosen', 'How is copilot', 'How is lab']);
  const repeated = (await panels(page)).filter(({ title }) => title.startsWith('How is '));
  for (const { title, text } of repeated) {
    expect(text, `${title} shows a state and nobody else's`).not.toContain(title === 'How is lab' ? 'copilot' : 'lab');
  }
});
