import { alertOf, CRITICAL_RULE, pathOf } from './alerts';
import { expect, test } from './fixtures';

test('the rule about critical clusters is Normal again when the fault is gone', async ({ lab, api }) => {
  await lab.reach('healthy');
  await expect
    .poll(async () => (await alertOf(api, CRITICAL_RULE, 'lab'))?.state, { timeout: 240_000 })
    .toMatch(/^Normal/);
  const path = await pathOf(api, CRITICAL_RULE, 'lab');
  // It keeps firing for two minutes, so that a cluster that falls back does not page again. Grafana 11.6 has no word for it.
  const changes = path.filter((state) => state !== 'Recovering');
  expect(changes.slice(-4)).toEqual(['Normal', 'Pending', 'Alerting', 'Normal']);
});
