import { expect, test } from './fixtures';
import { panel } from './panels';

test('the first screen names state, root cause and first action, also on a phone', async ({ lab, page, picture }) => {
  await lab.reach('critical');
  for (const { width, height, name } of [
    { width: 1280, height: 800, name: 'first-screen' },
    { width: 420, height: 900, name: 'first-screen-phone' },
  ]) {
    await test.step(`${width} pixels wide`, async () => {
      await page.setViewportSize({ width, height });
      await page.goto(`/d/temporal-copilot?var-cluster=${lab.cluster}&refresh=1d`);
      await expect(panel(page, 'State and root cause')).toContainText(/CRITICAL · .*no worker polls/);
      await expect(panel(page, 'State and root cause')).toBeInViewport();
      await expect(
        panel(page, 'Do first')
          .getByText(/Start the workers/)
          .first()
      ).toBeInViewport();
      await picture(page, name, height, width);
    });
  }
});

test('every word leads to what it stands on', async ({ lab, page, grafana }) => {
  await lab.reach('critical');
  const board = `/d/temporal-copilot?var-cluster=${lab.cluster}&from=now-15m&to=now&kiosk&refresh=1d`;

  await test.step('the first action to its runbook, which Grafana shows itself', async () => {
    await page.goto(board);
    await panel(page, 'Do first').getByRole('link', { name: 'Runbook' }).click();
    await expect(page).toHaveURL(/\/d\/temporal-copilot-runbook.*var-runbook=\w+/);
    await expect(panel(page, 'Runbook')).toContainText('What to do first');
  });

  await test.step('a condition to its signal and its runbook', async () => {
    await page.goto(board);
    await panel(page, 'Because')
      .getByRole('gridcell')
      .filter({ hasText: 'No worker polls' })
      .first()
      .locator('a')
      .click();
    await page.getByRole('link', { name: 'Signal over time' }).click();
    await expect(page).toHaveURL(/\/d\/temporal-copilot-why.*var-signal=/);
  });

  await test.step('a part of the map to its conditions', async () => {
    await page.goto(board);
    const map = panel(page, 'Cluster map');
    await expect(map).toContainText('root cause');
    await map.getByTestId(`node-click-rect-${lab.cluster}/workers`).click({ force: true });
    await expect(page.getByRole('link', { name: 'Conditions of this cluster' })).toBeVisible();
  });

  await test.step('an event to its explanation in full', async () => {
    await page.goto(board);
    await page.setViewportSize({ width: 1280, height: 2600 });
    await panel(page, 'Events').getByRole('link').first().click();
    await expect(page).toHaveURL(/\/d\/temporal-copilot-explanation.*var-assessment=event-\d+/);
    await expect(panel(page, 'Explanation')).toContainText('Ruled out');
  });

  await test.step('a task queue to the Temporal Web UI', async () => {
    await page.goto(board);
    await panel(page, 'Task queues')
      .getByRole('gridcell')
      .filter({ hasText: /^orders/ })
      .first()
      .locator('a')
      .click();
    await expect(page.getByRole('link', { name: 'Task queue in Temporal' })).toHaveAttribute(
      'href',
      /^http:\/\/127\.0\.0\.1:8233\/namespaces\/default\/task-queues\/orders/
    );
  });

  await test.step('a log pattern to its lines in Explore', async () => {
    await page.goto(board);
    await panel(page, 'Log patterns').getByRole('link').first().click();
    await expect(page).toHaveURL(/\/explore/);
    expect(new URL(page.url()).origin).toBe(new URL(grafana).origin);
    await expect(page.getByText(/\d+ lines? (displayed|shown|returned)|lines displayed/i).first()).toBeVisible({
      timeout: 60_000,
    });
  });
});

test('an editor confirms the root cause, and the explanation shows it', async ({ lab, page }) => {
  // Feedback carries its author's name, and the other tests are anonymous.
  const { GRAFANA_USER = 'admin', GRAFANA_PASSWORD = 'admin' } = process.env;
  await page.setExtraHTTPHeaders({ authorization: `Basic ${btoa(`${GRAFANA_USER}:${GRAFANA_PASSWORD}`)}` });
  await lab.reach('critical');
  const board = `/d/temporal-copilot-explanation?var-cluster=${lab.cluster}&from=now-15m&to=now&kiosk&refresh=1d`;
  await page.setViewportSize({ width: 1280, height: 1400 });
  await page.goto(board);
  await panel(page, 'Is this cause right?').getByRole('button', { name: 'Confirm' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('the deployment was scaled to zero');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog).toContainText('Store that the root cause is confirmed?');
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await expect(dialog).toBeHidden();

  await page.goto(board);
  await expect(panel(page, 'Explanation').first()).toContainText('the deployment was scaled to zero');
});
