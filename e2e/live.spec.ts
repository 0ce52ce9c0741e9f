import { expect, test } from './fixtures';
import { panel, says } from './panels';

/** From the commit of a change to its sight, in milliseconds: what is promised. */
const PROMISE = 5_000;

test('a change of state appears in an open panel within 5 s of its commit, without a reload', async ({ lab, page }) => {
  await lab.reach('healthy');
  const before = (await lab.events()).length;
  // Once a day: nothing but the stream brings news.
  await page.goto('/d/temporal-copilot?var-cluster=lab&kiosk&refresh=1d');
  await expect(panel(page, 'State and root cause')).toContainText('HAPPY');
  await page.evaluate(() => Object.assign(window, { stillHere: true }));
  let asked = 0;
  page.on('request', (request) => (asked += request.url().includes('/api/ds/query') ? 1 : 0));

  const seen = [
    says(page, 'State and root cause', /stressed/, 120_000),
    says(page, 'State and root cause', /critical/, 120_000),
  ];
  await lab.set('critical');
  const times = await Promise.all(seen);

  const events = (await lab.events()).slice(before);
  const delays = ['stressed', 'critical'].map(
    (state, i) => times[i] - events.find(({ to_state }) => to_state === state)!.committed
  );
  console.log(`seen ${delays.join(' and ')} ms after the commit`);
  for (const delay of delays) {
    expect(delay).toBeLessThan(PROMISE);
  }
  expect(asked, 'nothing was asked again').toBe(0);
  expect(await page.evaluate(() => 'stillHere' in window), 'the page was not loaded again').toBe(true);
});
