import type { Locator, Page, Response } from '@playwright/test';
import { QUERY_TYPES } from '../src/queryTypes';
import { editorTest, expect, test } from './fixtures';
import { DATASOURCE, DATASOURCE_NAME } from './grafana';

interface Frame {
  schema: { fields: Array<{ name: string }> };
  data: { values: unknown[][] };
}

interface Answer {
  results: Record<string, { error?: string; frames?: Frame[] }>;
}

/** Chooses a query type in an editor, as a person does, and gives what the datasource then answers. */
async function build(page: Page, row: Locator, type: { value: string; label: string }): Promise<Answer> {
  const asked = page.waitForResponse((response) => asksFor(response, type.value));
  const field = row.getByLabel('Query type');
  await field.click();
  await field.fill(type.label);
  await page.getByRole('option', { name: type.label }).first().click();
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

editorTest('each query type can be built in a panel and shows rows', async ({ lab, health, page, panelEditPage }) => {
  await lab.reach(health);
  await panelEditPage.datasource.set(DATASOURCE_NAME);
  await panelEditPage.setVisualization('Table');
  const row = panelEditPage.getQueryEditorRow('A');
  for (const type of TYPES) {
    await test.step(type.label, async () => {
      const answer = await build(page, row, type);
      expect.soft(answer.results.A.error, type.label).toBeUndefined();
      await expect(row, 'it says what the type is for').toContainText(type.description);
      await expect.soft(panelEditPage.panel.getErrorIcon(), type.label).toHaveCount(0);
      expect.soft(rows(answer), `rows of ${type.label}`).toBeGreaterThan(0);
      await expect.soft(panelEditPage.panel.locator, `a table of ${type.label}`).not.toContainText('No data');
    });
  }
});

editorTest('each query type can be built in Explore', async ({ page, explorePage, picture }) => {
  await explorePage.datasource.set(DATASOURCE_NAME);
  const row = explorePage.getQueryEditorRow('A');
  for (const type of TYPES) {
    await test.step(type.label, async () => {
      const answer = await build(page, row, type);
      expect.soft(answer.results.A.error, type.label).toBeUndefined();
      await expect.soft(page.getByText('Query error'), type.label).toHaveCount(0);
      await expect.soft(page.getByText('No data', { exact: true }), type.label).toHaveCount(0);
    });
    if (type.value === 'signals') {
      await expect(explorePage.timeSeriesPanel.locator.locator('canvas').first()).toBeVisible();
      await picture(page, 'query-editor', 900);
    }
  }
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
          expect.soft(text, `${what} names what to use instead`).toMatch(/can't be used in an alert rule.*[Uu]se/s);
        }
      });
    }
  }
});
