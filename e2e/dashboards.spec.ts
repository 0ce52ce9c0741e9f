import fs from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { type PanelView, panels } from './panels';

interface Dashboard {
  uid: string;
  title: string;
  panels: Array<{ type: string; title: string; gridPos: { h: number; y: number } }>;
}

const FOLDER = path.join(__dirname, '..', 'src', 'dashboards');
const DASHBOARDS = fs
  .readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    name: path.basename(file, '.json'),
    dashboard: JSON.parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')) as Dashboard,
  }));

/** How high a dashboard is in pixels: Grafana's grid has rows of 38. */
function heightOf({ panels }: Dashboard): number {
  return 200 + 38 * Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
}

/** What a panel must not be, in words; undefined if all is well. */
function complaint({ title, text, draws, cells, failed, loading }: PanelView): string | undefined {
  if (failed) {
    return `${title}: its query failed`;
  }
  if (/^An unexpected error happened/m.test(text)) {
    return `${title}: it crashed`;
  }
  if (loading) {
    return `${title}: it is still loading`;
  }
  if (/^No data$/im.test(text) || (text === '' && !draws) || cells === 0) {
    return `${title}: it is empty`;
  }
  return undefined;
}

/** Follows what the page asks of the datasource: panels by title that got an error, or nothing but gaps. */
function followAnswers(page: Page) {
  const errors: string[] = [];
  page.on('response', async (response) => {
    if (!response.url().includes('/api/ds/query')) {
      return;
    }
    const body = await response.json().catch(() => ({ results: {} }));
    for (const [refId, result] of Object.entries<{ error?: string }>(body.results ?? {})) {
      if (result.error) {
        errors.push(`panel ${response.request().headers()['x-panel-id']}, ${refId}: ${result.error}`);
      }
    }
  });
  return errors;
}

for (const { name, dashboard } of DASHBOARDS) {
  test(`${dashboard.title} shows no error and no empty panel`, async ({ lab, health, page, picture }) => {
    await lab.reach(health);
    const errors = followAnswers(page);
    // Grafana draws only what can be seen.
    await page.setViewportSize({ width: 1280, height: heightOf(dashboard) });
    const [{ at: begin }] = await lab.events();
    await page.goto(`/d/${dashboard.uid}?kiosk&from=${begin - 30_000}&to=now&refresh=1d`);
    const titles = dashboard.panels.filter(({ type }) => type !== 'row').map(({ title }) => title);
    await expect
      .poll(async () => (await panels(page)).map(({ title }) => title), {
        message: 'the panels are there',
        timeout: 120_000,
      })
      .toEqual(expect.arrayContaining(titles));
    try {
      await expect
        .poll(
          async () => {
            const shown = await panels(page);
            // A page that crashes after it was drawn has no panels left to complain about.
            const gone = titles.filter((title) => !shown.some((view) => view.title === title));
            return [...gone.map((title) => `${title}: it is gone`), ...shown.map(complaint).filter((words) => words)];
          },
          { message: `every panel has something to say in a ${health} cluster`, timeout: 120_000 }
        )
        .toEqual([]);
      expect(errors, 'the datasource answers every query').toEqual([]);
    } finally {
      await picture(page, `whole/${name}-${health}`, heightOf(dashboard));
      await picture(page, `${name}-${health}`, 900);
    }
  });
}
