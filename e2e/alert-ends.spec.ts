import { alertOf, CRITICAL_RULE, pathOf } from './alerts';
import { expect, test } from './fixtures';

test('the rule about critical clusters is Normal again when the fault is gone', async ({ lab, api }) => {
  await lab.reach('healthy');
  await expect
    .poll(async () => (await alertOf(api, CRITICAL_RULE, 'lab'))?.state, { timeout: 120_000 })
    .toMatch(/^Normal/);
  const path = await pathOf(api, CRITICAL_RULE, 'lab');
  expect(path.slice(-4)).toEqual(['Normal', 'Pending', 'Alerting', 'Normal']);
});
