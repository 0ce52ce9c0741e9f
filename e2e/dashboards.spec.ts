import { expect, test } from './fixtures';

test('the Copilot dashboard opens and says how the cluster is', async ({ lab, health, page }) => {
  await lab.reach(health);
  await page.goto('/d/temporal-copilot?var-cluster=lab&kiosk');
  await expect(page.locator('[data-viz-panel-key="panel-1"]')).toContainText('Happy');
});
