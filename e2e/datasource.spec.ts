import type { Page } from '@playwright/test';
import { choose } from './choose';
import { expect, test } from './fixtures';
import { DATASOURCE_NAME } from './grafana';
import type { Store } from './lab';

async function fill(page: Page, store: Store): Promise<void> {
  await page.locator('#copilot-config-host').fill(store.host);
  await page.locator('#copilot-config-port').fill(String(store.port));
  await page.locator('#copilot-config-database').fill(store.database);
  await page.locator('#copilot-config-user').fill(store.user);
  await page.locator('#copilot-config-password').fill(store.password);
  await choose(page, page.locator('#copilot-config-tlsMode'), store.tls);
}

test('a datasource is set up by hand, and Save & test says what is there or what is wrong', async ({
  lab,
  page,
  picture,
}) => {
  const { store } = await lab.stage();
  await lab.reach('healthy');

  await test.step('it is in the picker, with logo and description', async () => {
    await page.goto('/connections/datasources/new');
    const card = page.locator('.card-parent').filter({ hasText: DATASOURCE_NAME });
    await expect(card).toContainText('Health of Temporal clusters');
    const logo = card.locator('img');
    await expect.poll(() => logo.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
    await card.hover();
    await expect(card.getByRole('link')).toHaveAttribute('href', /^https:\/\/github\.com\/temporal-sre\/copilot/);
    await card.getByRole('button', { name: DATASOURCE_NAME }).or(card.getByText(DATASOURCE_NAME)).first().click();
    await page.waitForURL(/\/connections\/datasources\/edit\//);
  });

  const save = page.getByRole('button', { name: 'Save & test' });
  const answer = page.locator('[data-testid^="data-testid Alert "]');
  // Grafana knows settings by the second in which they were saved: of two saves within one, the plugin gets the first.
  const saveAgain = async () => {
    await page.waitForTimeout(1_100);
    await save.click();
  };
  // Just after a save Grafana loads the settings again, and what is typed meanwhile is lost.
  const saveWith = async (field: string, value: string) => {
    const sent = page.waitForRequest(
      (request) => request.method() === 'PUT' && request.url().includes('/api/datasources/')
    );
    await expect(async () => {
      await page.locator(field).fill(value);
      await page.waitForTimeout(500);
      await expect(page.locator(field)).toHaveValue(value, { timeout: 100 });
    }).toPass();
    await saveAgain();
    await sent;
  };

  await test.step('with what is right it says how much is there, how new it is, and in which schema', async () => {
    await fill(page, store);
    await save.click();
    await expect(answer.last()).toContainText(
      /The state store answers: \d+ clusters?, newest cycle \d+s ago, schema version \d+/
    );
    await picture(page, 'config-editor', 1200);
  });

  await test.step('a wrong password is named, and never shown', async () => {
    await page.getByRole('button', { name: 'Reset' }).first().click();
    await page.locator('#copilot-config-password').fill('Wr0ng-password');
    await saveAgain();
    await expect(answer.last()).toContainText(/refuses the login/);
    await expect(answer.last()).toContainText(/password/);
    await expect(page.locator('body')).not.toContainText('Wr0ng-password');
  });

  await test.step('a port where nothing listens is named', async () => {
    await saveWith('#copilot-config-port', '1');
    await expect(answer.last()).toContainText(/nothing listens at this host and port/);
  });

  await test.step('a host that nobody knows is named', async () => {
    await saveWith('#copilot-config-host', 'copilot-db.invalid');
    await expect(answer.last()).toContainText(/the host "copilot-db\.invalid" has no address \(DNS\)/);
  });

  await page
    .getByTestId('data-testid Data source settings page Delete button')
    .or(page.getByRole('button', { name: 'Delete' }))
    .first()
    .click();
  await page.getByTestId('data-testid Confirm Modal Danger Button').click();
});
