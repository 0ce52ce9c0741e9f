import path from 'node:path';
import { defineConfig, type Project } from '@playwright/test';
import { SESSION } from './fixtures';
import { CONTROL, type Health } from './lab';

const ROOT = path.join(__dirname, '..');

interface Part extends Project {
  name: string;
  testMatch: string;
  metadata?: {
    health?: Health;
    /** It needs a Grafana with this repository's alert rules, or one that may be restarted. */
    own?: boolean;
  };
}

/** One run is one story, told on one lab from top to bottom: each part begins where the one before left the cluster. */
const STORY: Part[] = [
  { name: 'datasource', testMatch: 'datasource.spec.ts' },
  { name: 'variables', testMatch: 'variables.spec.ts' },
  { name: 'dashboards, healthy', testMatch: 'dashboards.spec.ts', metadata: { health: 'healthy' } },
  // The workers vanish.
  { name: 'live', testMatch: 'live.spec.ts' },
  { name: 'queries', testMatch: 'queries.spec.ts', metadata: { health: 'critical' } },
  { name: 'dashboards, critical', testMatch: 'dashboards.spec.ts', metadata: { health: 'critical' } },
  { name: 'navigation', testMatch: 'navigation.spec.ts', metadata: { health: 'critical' } },
  { name: 'evidence', testMatch: 'evidence.spec.ts' },
  { name: 'alert fires', testMatch: 'alert-fires.spec.ts', metadata: { own: true } },
  // They come back.
  { name: 'saving', testMatch: 'saving.spec.ts' },
  { name: 'annotations', testMatch: 'annotations.spec.ts' },
  { name: 'alert ends', testMatch: 'alert-ends.spec.ts', metadata: { own: true } },
  // A quarter of all workflows begins to fail.
  { name: 'restart', testMatch: 'restart.spec.ts', metadata: { own: true } },
  { name: 'dashboards, stressed', testMatch: 'dashboards.spec.ts', metadata: { health: 'stressed' } },
];

/** A Grafana that runs already, instead of one that the lab starts; it must be on this machine, as the lab is. */
const theirs = process.env.GRAFANA_URL !== undefined;

/** What is to be done there first, and who is signed in from then on. */
const SIGN_IN: Part = {
  name: 'sign in',
  testMatch: 'signin.setup.ts',
  use: { storageState: { cookies: [], origins: [] } },
};
const storageState = theirs ? SESSION : undefined;

const PARTS: Part[] = theirs
  ? [
      SIGN_IN,
      ...STORY.filter(({ metadata }) => !metadata?.own).map((part) => ({ ...part, dependencies: [SIGN_IN.name] })),
    ]
  : STORY;

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
  projects: PARTS,
  webServer: {
    cwd: ROOT,
    command: `bin/lab up --watch-itself --rate 2 --control ${new URL(CONTROL).host}${theirs ? '' : ' --grafana "$GRAFANA_HOME"'}`,
    url: `${CONTROL}/stage`,
    // One that runs already, "bin/lab up" in another terminal, saves a minute for whoever writes a test.
    reuseExistingServer: true,
    timeout: 300_000,
    stdout: 'pipe',
    gracefulShutdown: { signal: 'SIGINT', timeout: 60_000 },
  },
  use: {
    actionTimeout: 60_000,
    storageState,
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    // Pictures and snapshots of every step would keep two cores busy.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
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
