/** How a page comes to rest, so that a picture of it is always the same. */

import { expect, type Page } from '@playwright/test';

export async function settled(page: Page): Promise<void> {
  // A page may always have something on its way; what it shows is asked for below.
  await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
  await expect(page.locator('[aria-busy=true], .skeleton')).toHaveCount(0);
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (const one of document.getAnimations()) {
      if (Number.isFinite(one.effect?.getComputedTiming().endTime)) one.finish();
    }
  });
}
