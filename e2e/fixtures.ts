import fs from 'node:fs';
import path from 'node:path';
import { test as base, type Page } from '@playwright/test';
import { GrafanaAPI } from './grafana';
import { type Health, Lab } from './lab';

export { expect } from '@playwright/test';

interface Fixtures {
  /** How the cluster is to be in this part of the story. */
  health: Health;
  api: GrafanaAPI;
  /** Keeps a picture of the page. */
  picture: (page: Page, name: string, height: number, width?: number) => Promise<void>;
}

interface WorkerFixtures {
  lab: Lab;
  /** Grafana's address. */
  grafana: string;
}

const ROOT = path.join(__dirname, '..');

/** Where pictures of every run are, for whoever wants to look. */
const PICTURES = 'bin/e2e-pictures';

/** Those that documents show; they are renewed only on demand, for no two runs draw the same. */
const IN_DOCUMENTS = [
  'copilot-critical',
  'copilot-healthy',
  'why-critical',
  'workers-critical',
  'fleet-critical',
  'itself-critical',
  'query-editor',
  'config-editor',
  'first-screen-phone',
];

/** Holds who is signed in at a Grafana that is not the lab's. */
export const SESSION = path.join(ROOT, 'bin', 'e2e-session.json');

/** The test function of all parts: Playwright's, on the lab's Grafana. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  lab: [async ({}, use) => use(new Lab()), { scope: 'worker' }],
  grafana: [async ({ lab }, use) => use(process.env.GRAFANA_URL ?? (await lab.stage()).grafana), { scope: 'worker' }],
  baseURL: async ({ grafana }, use) => use(grafana),
  health: async ({}, use, info) => use(info.project.metadata.health as Health),
  api: async ({ request }, use) => use(new GrafanaAPI(request)),
  picture: async ({}, use) =>
    use(async (page, name, height, width = 1280) => {
      await page.setViewportSize({ width, height });
      await page.mouse.move(0, 0); // no tooltip
      const picture = await page.screenshot({ animations: 'disabled' });
      const folders = [
        ...(process.env.SCREENSHOTS && IN_DOCUMENTS.includes(name) ? [process.env.SCREENSHOTS] : []),
        PICTURES,
      ];
      for (const folder of folders) {
        const file = path.join(ROOT, folder, `${name}.png`);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, picture);
      }
    }),
});
