import { expect, test } from './fixtures';
import { panel } from './panels';

test('state changes and issues are marked on graphs, issues from their begin to their end', async ({
  lab,
  page,
  picture,
}) => {
  await lab.reach('healthy');
  const events = await lab.events();
  const changes = events.filter(({ kind }) => kind === 'state').length;
  await page.setViewportSize({ width: 1280, height: 2800 });
  await page.goto(`/d/temporal-copilot?var-cluster=lab&from=${events[0].at - 30_000}&to=now`);
  const graph = panel(page, 'Root cause: signal and bounds');
  await graph.scrollIntoViewIfNeeded();
  const markers = graph.getByTestId('data-testid annotation-marker');
  await expect(markers).toHaveCount(changes);

  await test.step('a mark says what changed', async () => {
    await markers.last().hover();
    await expect(page.getByTestId('annotation-marker')).toContainText(/happy|stressed|critical/i);
  });

  await test.step('an issue is a region', async () => {
    await page.getByRole('switch', { name: 'Issues' }).dispatchEvent('click');
    await expect.poll(() => markers.count()).toBeGreaterThan(changes);
    const widths = await markers.evaluateAll((marks) => marks.map((mark) => mark.getBoundingClientRect().width));
    const widest = Math.max(...widths);
    expect(widest, 'the width of the widest mark in pixels').toBeGreaterThan(20);
    await markers.nth(widths.indexOf(widest)).hover({ force: true }); // regions lie upon each other
    await expect(page.getByTestId('annotation-marker')).toContainText(/work/i);
    await picture(page, 'whole/annotations', 1400);
  });
});
