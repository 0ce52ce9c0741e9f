import { expect, test } from './fixtures';
import { panel } from './panels';

/** A time range that is nobody's default. */
const RANGE = { from: 'now-17m', to: 'now' };

test('the filter of states leaves the clusters that are in one', async ({ lab, health, page }) => {
  await lab.reach(health);
  const rows = (title: string) => panel(page, title).getByRole('gridcell');
  await page.goto('/d/temporal-copilot?kiosk&refresh=1d');
  await expect(rows('Do first').filter({ hasText: /^copilot$/ })).toHaveCount(1);

  await page.goto('/d/temporal-copilot?var-state=critical&kiosk&refresh=1d');
  await expect(rows('Do first').filter({ hasText: /^lab$/ })).toHaveCount(1);
  await expect(rows('Do first').filter({ hasText: /^copilot$/ })).toHaveCount(0);
  await expect(rows('Because').first()).toBeVisible();

  await page.goto('/d/temporal-copilot?var-state=stressed&kiosk&refresh=1d');
  await expect(panel(page, 'Do first')).toContainText('No cluster reported');
});

test('links lead from the fleet to a cluster, to its reasons and to its workers, and keep cluster and time', async ({
  lab,
  health,
  page,
}) => {
  await lab.reach(health);
  const arrives = async (board: RegExp) => {
    await expect(page).toHaveURL(board);
    const { searchParams } = new URL(page.url());
    expect(searchParams.getAll('var-cluster')).toEqual([lab.cluster]);
    // A range of now is handed on as it is, or as the two moments that it was.
    const [from, to] = ['from', 'to'].map((name) => searchParams.get(name)!);
    if (from !== RANGE.from) {
      expect(Date.parse(to) - Date.parse(from)).toBe(17 * 60_000);
    }
  };
  await page.goto(`/d/temporal-copilot-fleet?from=${RANGE.from}&to=${RANGE.to}`);
  await panel(page, 'Clusters, worst first').getByRole('link', { name: lab.cluster, exact: true }).click();
  await arrives(/\/d\/temporal-copilot(\/|\?)/);

  await panel(page, 'State and root cause').getByRole('link').first().click();
  await arrives(/\/d\/temporal-copilot-why/);

  await page.getByTestId('data-testid Dashboard link dropdown').click();
  await page.getByTestId('data-testid Dashboard link').filter({ hasText: 'Workers' }).click();
  await arrives(/\/d\/temporal-copilot-workers/);
  await expect(panel(page, 'Limited by')).toContainText('worker limited');
});
