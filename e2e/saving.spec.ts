import { expect, test } from './fixtures';
import { panel, says } from './panels';

/** A save that waits for streams to end takes longer than this, in milliseconds. */
const AT_ONCE = 2_000;

test('a datasource is saved at once while its panels stream, and they go on', async ({ lab, api, page, context }) => {
  await lab.reach('critical');
  const { store } = await lab.stage();
  await api.addDatasource('e2e-saved', 'Saved while streaming', store);
  await page.goto('/d/temporal-copilot?var-datasource=e2e-saved&var-cluster=lab&kiosk&refresh=1d');
  await expect(panel(page, 'State and root cause')).toContainText('CRITICAL');
  await page.evaluate(() => Object.assign(window, { stillHere: true }));

  await test.step('saving takes no time', async () => {
    const editor = await context.newPage();
    await editor.goto('/connections/datasources/edit/e2e-saved');
    await editor.locator('#copilot-config-pollIntervalMs').fill('900');
    const saved = editor.waitForResponse(
      (response) => response.request().method() === 'PUT' && response.url().includes('/api/datasources/')
    );
    const began = Date.now();
    await editor.getByRole('button', { name: 'Save & test' }).click();
    expect((await saved).ok()).toBe(true);
    const took = Date.now() - began;
    console.log(`saved in ${took} ms`);
    expect(took).toBeLessThan(AT_ONCE);
    await expect(editor.locator('[data-testid^="data-testid Alert "]').last()).toContainText('The state store answers');
    await editor.close();
  });

  await test.step('the panel shows the next change, without a reload', async () => {
    const seen = says(page, 'State and root cause', /happy/, 180_000);
    await lab.set('healthy');
    const at = await seen;
    const event = await lab.last('happy');
    console.log(`seen ${at - event.committed} ms after the commit`);
    expect(at - event.committed).toBeLessThan(5_000);
    expect(await page.evaluate(() => 'stillHere' in window)).toBe(true);
  });
});
