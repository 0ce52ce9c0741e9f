import { expect, test } from './fixtures';
import { DATASOURCE, PLUGIN } from './grafana';
import { panel, says } from './panels';

test('Grafana restarts while panels stream: they come back, with every event once', async ({ lab, api, page }) => {
  await lab.reach('healthy');
  const datasource = { type: PLUGIN, uid: DATASOURCE };
  const target = { refId: 'A', datasource, version: 1, clusters: ['lab'], live: true };
  await api.saveDashboard({
    uid: 'e2e-restart',
    title: 'Restart',
    panels: [
      {
        id: 1,
        type: 'stat',
        title: 'State',
        datasource,
        targets: [{ ...target, queryType: 'status', measure: 'state' }],
        gridPos: { x: 0, y: 0, w: 24, h: 4 },
      },
      {
        id: 2,
        type: 'table',
        title: 'Events',
        datasource,
        targets: [{ ...target, queryType: 'events' }],
        transformations: [{ id: 'filterFieldsByName', options: { include: { names: ['id', 'title'] } } }],
        gridPos: { x: 0, y: 4, w: 24, h: 60 },
      },
    ],
  });
  await page.setViewportSize({ width: 1280, height: 2800 }); // tables draw only the rows that can be seen
  await page.goto('/d/e2e-restart?kiosk');
  const shown = async () => {
    const cells = await panel(page, 'Events').getByRole('gridcell').allInnerTexts();
    return cells.filter((text) => /^lab\/\d+$/.test(text));
  };
  const stored = async () => (await lab.events()).map(({ seq }) => `lab/${seq}`).reverse();
  await expect.poll(shown).toEqual(await stored());
  await page.evaluate(() => Object.assign(window, { stillHere: true }));

  // The change comes while Grafana is away, or just after.
  const seen = says(page, 'State', /stressed/, 200_000);
  await lab.set('stressed');
  await lab.restartGrafana();
  const back = Date.now();
  await lab.reach('stressed');
  const at = await seen;
  const event = await lab.last('stressed');
  console.log(`seen ${at - Math.max(back, event.committed)} ms after the later of Grafana's return and the commit`);

  await expect.poll(async () => (await shown()).join()).toEqual((await stored()).join());
  expect(await page.evaluate(() => 'stillHere' in window), 'the page was not loaded again').toBe(true);
});
