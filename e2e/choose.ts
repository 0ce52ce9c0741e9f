import type { Locator, Page } from '@playwright/test';

/** Chooses an option of one of the plugin's pickers, as a person does: by typing its name. */
export async function choose(page: Page, picker: Locator, option: string): Promise<void> {
  await picker.click();
  await picker.fill(option);
  await page.getByRole('option', { name: option }).first().click();
}
