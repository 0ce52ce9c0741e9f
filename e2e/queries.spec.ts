import type { Page, Response } from '@playwright/test';
import { QUERY_TYPES, type QueryTypeInfo } from '../src/catalogue';
import { choose } from './choose';
import { expect, test } from './fixtures';
import { DATASOURCE, DATASOURCE_NAME, PLUGIN } from './grafana';
import { panel, panels } from './panels';

interface Frame {
  schema: { fields: Array<{ name: string }> };
  data: { values: unknown[][] };
}

interface Answer {
  results: Record<string, { error?: string; frames?: Frame[] }>;
}

/** Chooses a query type in the editor, as a person does, and gives what the datasource then answers. */
async function build(page: Page, type: QueryTypeInfo): Promise<Answer> {
  const asked = page.waitForResponse((response) => asksFor(response, type.value));
  await choose(page, page.locator('#copilot-query-A-type'), type.label);
  await expect(page.getByText(type.description), 'the editor says what the type is for').toBeVisible();
  return (await asked).json() as Promise<Answer>;
}

function asksFor(response: Response, queryType: string): boolean {
  return (
    response.url().includes('/api/ds/query') &&
    (response.request().postDataJSON() as { queries: Array<{ queryType: string }> }).queries.some(
      (query) => query.queryType === queryType
    )
  );
}

function rows({ results }: Answer): number {
  return Object.values(results)
    .flatMap(({ frames }) => frames ?? [])
    .reduce((sum, { data }) => sum + (data.values[0]?.length ?? 0), 0);
}

// The status of now is what an editor begins with, so it is chosen last.
const TYPES = [...QUERY_TYPES.slice(1), QUERY_TYPES[0]];

/** No model is asked in the lab, so there is no cost to show; nothing is restarted, and no incident happens twice. */
const WITHOUT_ROWS = ['usage', 'changes', 'similar'];

test.describe.configure({ timeout: 480_000 });

test('each query type can be built in a panel and shows rows', async ({ lab, health, api, page }) => {
  await lab.reach(health);
  await api.saveDashboard({
    uid: 'e2e-queries',
    title: 'Queries',
    panels: [
      {
        id: 1,
        type: 'table',
        title: 'Panel',
        datasource: { type: PLUGIN, uid: DATASOURCE },
        targets: [{ refId: 'A' }],
        gridPos: { x: 0, y: 0, w: 24, h: 12 },
      },
    ],
  });
  await page.goto('/d/e2e-queries?editPanel=1&refresh=1d');
  for (const type of TYPES) {
    await test.step(type.label, async () => {
      const answer = await build(page, type);
      expect.soft(answer.results.A.error, type.label).toBeUndefined();
      if (!WITHOUT_ROWS.includes(type.value)) {
        expect.soft(rows(answer), `rows of ${type.label}`).toBeGreaterThan(0);
        await expect.soft(panel(page, 'Panel').getByRole('gridcell').first(), type.label).toBeVisible();
      }
      const [view] = await panels(page);
      expect.soft(view.failed, type.label).toBe(false);
    });
  }
});

test('each query type can be built in Explore', async ({ page, picture }) => {
  const panes = { a: { datasource: DATASOURCE, queries: [{ refId: 'A' }], range: { from: 'now-30m', to: 'now' } } };
  await page.goto(`/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify(panes))}`);
  for (const type of TYPES) {
    await test.step(type.label, async () => {
      const answer = await build(page, type);
      expect.soft(answer.results.A.error, type.label).toBeUndefined();
      await expect.soft(page.getByText('Query error'), type.label).toHaveCount(0);
      if (!WITHOUT_ROWS.includes(type.value)) {
        await expect.soft(page.getByText('No data', { exact: true }), type.label).toHaveCount(0);
      }
    });
    if (type.value === 'signals') {
      await expect(page.locator('canvas').first()).toBeVisible();
      await picture(page, 'query-editor', 900);
    }
  }
});

test('a new panel begins as a graph of the states over time', async ({ page }) => {
  await page.goto('/dashboard/new');
  await page.getByTestId('data-testid Create new panel button').click();
  await page.getByRole('button', { name: DATASOURCE_NAME }).first().click();
  await expect(page.locator('#copilot-query-A-type')).toHaveValue('State timeline');
  // Until then Grafana may go on drawing the walk with which it fills a panel that has no datasource.
  await page.getByTestId('data-testid RefreshPicker run button').click();
  await expect(panel(page, 'New panel')).toContainText('lab');
  await expect(panel(page, 'New panel').locator('canvas').first()).toBeVisible();
});

test('Explore shows changes live', async ({ lab, page }) => {
  const panes = {
    a: {
      datasource: DATASOURCE,
      queries: [{ refId: 'A', queryType: 'status', version: 1, clusters: [lab.cluster] }],
      range: { from: 'now-30m', to: 'now' },
    },
  };
  const socket = page.waitForEvent('websocket', (socket) => socket.url().includes('/api/live/ws'));
  await page.goto(`/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify(panes))}`);
  const subscribed = (await socket).waitForEvent('framesent', ({ payload }) =>
    payload.toString().includes(`ds/${DATASOURCE}/status`)
  );
  await page.getByRole('button', { name: 'Live' }).click();
  await subscribed;
  await expect(page.getByText(lab.cluster, { exact: true }).first()).toBeVisible();
});

interface Evaluation {
  results: Record<string, { error?: string; frames?: Frame[] }>;
}

test('each query type works in an alert rule, or says which one to use', async ({ request }) => {
  const evaluate = async (queryType: string, measure?: string): Promise<{ ok: boolean; text: string }> => {
    const response = await request.post('/api/v1/eval', {
      data: {
        condition: 'A',
        now: new Date().toISOString(),
        data: [
          {
            refId: 'A',
            queryType,
            datasourceUid: DATASOURCE,
            relativeTimeRange: { from: 600, to: 0 },
            model: { refId: 'A', queryType, version: 1, clusters: [], measure },
          },
        ],
      },
    });
    const text = await response.text();
    const error = response.ok() ? (JSON.parse(text) as Evaluation).results.A?.error : text;
    return { ok: error === undefined || error === '', text: error ?? '' };
  };
  for (const { value, label, description, measures } of QUERY_TYPES) {
    for (const measure of measures ?? [undefined]) {
      const what = measure ? `${label}, ${measure.label}` : label;
      const canAlert = measure?.value === 'table' ? false : /alert/i.test(description);
      await test.step(what, async () => {
        const { ok, text } = await evaluate(value, measure?.value);
        expect.soft(ok, `${what}: ${text}`).toBe(canAlert);
        if (!canAlert) {
          expect.soft(text, `${what} names what to use instead`).toMatch(/is not supported in alert rules\W+\w/);
        }
      });
    }
  }
});
