import path from 'node:path';
import { defineConfig, type Project } from '@playwright/test';
import { CONTROL } from './lab';

const ROOT = path.join(__dirname, '..');

/** One run is one story, told on one lab: each part begins where the one before it left the cluster. */
const STORY: Array<Project & { name: string; testMatch: string }> = [
  { name: 'dashboards, healthy', testMatch: 'dashboards.spec.ts', metadata: { health: 'healthy' } },
];

export default defineConfig({
  testDir: __dirname,
  outputDir: path.join(ROOT, 'bin', 'e2e'),
  // There is one cluster, and what one part does to it all others see.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  // Two cores run Grafana, a browser, two Temporal servers and the rest.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  projects: STORY,
  webServer: {
    cwd: ROOT,
    command: `bin/lab up --grafana "${process.env.GRAFANA_HOME}" --control ${new URL(CONTROL).host}`,
    url: `${CONTROL}/stage`,
    // One that runs already, "bin/lab up" in another terminal, saves a minute for whoever writes a test.
    reuseExistingServer: true,
    timeout: 300_000,
    stdout: 'pipe',
    gracefulShutdown: { signal: 'SIGINT', timeout: 60_000 },
  },
  use: {
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
