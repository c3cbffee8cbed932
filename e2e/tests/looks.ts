/** Waits for a page to settle, so that its screenshot is always the same. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type Page, type Request } from '@playwright/test';

interface Requests {
  /** Requests without an answer so far. */
  open: Set<Request>;
  /** How many there were in total. */
  count: number;
}

const followed = new WeakMap<Page, Requests>();

/** Tracks the page's requests from here on, except its stream, which never ends. */
export function follow(page: Page): void {
  const requests: Requests = { open: new Set(), count: 0 };
  followed.set(page, requests);
  page.on('request', (request) => {
    if (request.resourceType() === 'eventsource') return;
    requests.open.add(request);
    requests.count += 1;
  });
  page.on('requestfinished', (request) => requests.open.delete(request));
  page.on('requestfailed', (request) => requests.open.delete(request));
}

/** Waits until every request is answered and the last answer led to no other request. */
async function answered(page: Page): Promise<void> {
  const requests = followed.get(page);
  if (!requests) throw new Error('nobody follows this page');
  const began = Date.now();
  // A page may always have a request in flight; what it shows is checked below.
  while (Date.now() - began < 5_000) {
    const before = requests.count;
    if (requests.open.size > 0) {
      await sleep(10);
    } else {
      await page.evaluate(
        () =>
          new Promise((done) =>
            setTimeout(() => {
              requestAnimationFrame(done);
            }, 150),
          ),
      );
      if (requests.open.size === 0 && requests.count === before) return;
    }
  }
}

export async function settled(page: Page): Promise<void> {
  await answered(page);
  await expect(page.locator('[aria-busy=true], .skeleton')).toHaveCount(0);
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (const one of document.getAnimations()) {
      if (Number.isFinite(one.effect?.getComputedTiming().endTime)) one.finish();
    }
  });
}
