import { alertOf, CRITICAL_RULE, pathOf } from './alerts';
import { expect, test } from './fixtures';

test('the rule about critical clusters goes from Normal over Pending to Alerting', async ({
  lab,
  api,
  page,
  grafana,
}) => {
  await lab.reach('critical');
  await expect
    .poll(async () => (await alertOf(api, CRITICAL_RULE, 'lab'))?.state, { timeout: 150_000 })
    .toMatch(/^Alerting/);
  const path = await pathOf(api, CRITICAL_RULE, 'lab');
  expect(path.slice(-3)).toEqual(['Normal', 'Pending', 'Alerting']);

  const alert = (await alertOf(api, CRITICAL_RULE, 'lab'))!;
  expect(alert.labels).toMatchObject({ cluster: 'lab', severity: 'critical' });
  expect(alert.annotations.summary).toMatch(/^Temporal cluster lab is critical: No worker polls/);
  expect(alert.annotations.description).toMatch(/^First: Start the workers again/);
  expect(alert.annotations.description).toContain('Limited by: worker limited');
  expect(alert.annotations.dashboard).toContain('var-cluster=lab');

  await test.step('its link leads to the dashboard of that cluster', async () => {
    await page.goto(new URL(alert.annotations.dashboard, grafana).href);
    await expect(page).toHaveURL(/\/d\/temporal-copilot.*var-cluster=lab/);
    await expect(page.getByTestId('data-testid Panel header State and root cause')).toContainText('CRITICAL');
  });

  await test.step('the other cluster is as it was', async () => {
    expect((await alertOf(api, CRITICAL_RULE, 'copilot'))?.state).toMatch(/^Normal/);
  });
});
