import type { Locator, Page } from '@playwright/test';

/** A panel as a person sees it. */
export interface PanelView {
  title: string;
  /** What it says, without its title; empty where it only draws. */
  text: string;
  /** Whether it draws a graph. */
  draws: boolean;
  /** The filled cells of its table, 0 where that has a head alone; undefined where it shows none. */
  cells?: number;
  /** Whether it carries the mark of a failed query. */
  failed: boolean;
  /** Whether it still waits for data. */
  loading: boolean;
}

/** The panel with a title, on a dashboard. */
export function panel(page: Page, title: string): Locator {
  return page.getByTestId(`data-testid Panel header ${title}`);
}

/** Every panel that the page shows. Grafana draws what is near the viewport only, so make that tall first. */
export function panels(page: Page): Promise<PanelView[]> {
  return page.locator('[data-testid^="data-testid Panel header "]').evaluateAll((sections) =>
    sections.map((section) => {
      const content = section.querySelector<HTMLElement>('[data-testid="data-testid panel content"]');
      return {
        title: section.getAttribute('data-testid')!.replace('data-testid Panel header ', ''),
        text: content?.innerText.trim() ?? '',
        draws: content?.querySelector('canvas') != null,
        cells: content?.querySelector('[role="grid"]')
          ? [...content.querySelectorAll<HTMLElement>('[role="gridcell"]')].filter((cell) => cell.innerText.trim())
              .length
          : undefined,
        failed: section.querySelector('[data-testid="data-testid Panel status error"]') !== null,
        loading:
          content === null ||
          section.querySelector('[aria-label="Panel loading bar"], [data-testid="Panel loading bar"]') !== null,
      };
    })
  );
}

/**
 * Waits in the page itself until a panel says something, and gives the time at which it did, in milliseconds. Asking
 * from outside the page would add its own delay to what is measured.
 */
export function says(page: Page, title: string, pattern: RegExp, within: number): Promise<number> {
  return page.evaluate(
    ({ title, source, within }) =>
      new Promise<number>((resolve, reject) => {
        const pattern = new RegExp(source, 'i');
        const section = document.querySelector(`[data-testid="data-testid Panel header ${title}"]`);
        if (!section) {
          reject(new Error(`there is no panel "${title}"`));
          return;
        }
        const text = () => (section as HTMLElement).innerText;
        const observer = new MutationObserver(() => look());
        const timer = setTimeout(() => {
          observer.disconnect();
          reject(new Error(`the panel "${title}" does not say ${source}, but: ${text()}`));
        }, within);
        const look = () => {
          if (pattern.test(text())) {
            observer.disconnect();
            clearTimeout(timer);
            resolve(Date.now());
          }
        };
        observer.observe(section, { subtree: true, childList: true, characterData: true, attributes: true });
        look();
      }),
    { title, source: pattern.source, within }
  );
}
