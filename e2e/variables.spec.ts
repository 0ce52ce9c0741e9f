import { choose } from './choose';
import { expect, test } from './fixtures';
import { DATASOURCE, DATASOURCE_NAME, PLUGIN } from './grafana';
import { panels } from './panels';

test('each template variable lists what it says', async ({ page }) => {
  await page.goto('/dashboard/new?editview=variables');
  await page.getByTestId('data-testid Call to action button Add variable').click();
  const datasource = page.getByTestId('data-testid Select a data source');
  await datasource.fill(DATASOURCE_NAME);
  await page.getByRole('button', { name: DATASOURCE_NAME }).first().click();
  for (const [source, values] of Object.entries({
    Clusters: ['copilot', 'lab'],
    Services: ['Frontend', 'History', 'Matching', 'Persistence', 'Workers'],
    Signals: [/backlog/i],
    States: ['Happy', 'Stressed', 'Critical', 'Unknown'],
    Severities: ['Critical', 'Warning'],
  })) {
    await test.step(source, async () => {
      await choose(page, page.locator('#copilot-variable-source'), source);
      await page.getByTestId('data-testid Variable editor Run Query button').click();
      await expect(page.getByTestId('data-testid Variable editor Preview of Values option')).toContainText(values);
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
