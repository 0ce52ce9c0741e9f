import { test as base } from '@grafana/plugin-e2e';
import { type Health, Lab } from './lab';

export { expect } from '@grafana/plugin-e2e';

interface Fixtures {
  /** How the cluster is to be in this part of the story. */
  health: Health;
}

interface WorkerFixtures {
  lab: Lab;
  /** Grafana's address. */
  grafana: string;
}

/** The test function of all parts: Grafana's own fixtures, on the lab's Grafana. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  lab: [async ({}, use) => use(new Lab()), { scope: 'worker' }],
  grafana: [async ({ lab }, use) => use(process.env.GRAFANA_URL ?? (await lab.stage()).grafana), { scope: 'worker' }],
  baseURL: async ({ grafana }, use) => use(grafana),
  health: async ({}, use, info) => use(info.project.metadata.health as Health),
});
