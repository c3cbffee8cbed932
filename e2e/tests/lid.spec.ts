import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { cable } from './cable.ts';
import { bell, expect, live, sameDocument, test } from './fixtures.ts';
import { Api, leaderOf, place, ring, tabs } from './tabs.ts';

/** How long the network is gone, in milliseconds. */
const GONE = 60_000;

// promise: E6
test('a laptop that was shut for a minute catches up automatically', async ({ as, stranger, server }) => {
  test.setTimeout(120_000);
  const admin = new Api((await as('admin')).context(), server.url);
  const ana = await place(admin, 'ana');
  const wire = await cable(server.url);
  try {
    const first = await stranger({ baseURL: wire.url });
    const api = new Api(first.context(), server.url);
    await api.signIn(ana.email);
    const [list, cards] = (await tabs(first, ['/findings', '/scans'])) as [Page, Page];
    const pages = [list, cards];
    await leaderOf(pages);
    const moved = await ring(admin, ana, 'Before');
    for (const page of pages) await expect(bell(page, 1)).toBeVisible();

    wire.pull();
    await first.context().setOffline(true);
    const gone = Date.now();
    await admin.post(`/findings/${moved.id}/status`, { status: 'in_progress' });
    for (const title of ['While one', 'While two', 'While three']) await ring(admin, ana, title);
    await admin.post('/scans', { company_id: ana.company, name: 'While gone' });
    for (const page of pages) {
      const state = page.getByTestId('live-state').filter({ visible: true });
      await expect(state).toHaveText(/^(Reconnecting|Offline)$/);
      await expect(bell(page, 1)).toBeVisible();
      await expect(page.getByText('While')).toHaveCount(0);
    }
    // Not a wait for something: the test is that nothing happens for this long.
    await sleep(GONE - (Date.now() - gone));
    for (const page of pages) await expect(bell(page, 1)).toBeVisible();
    wire.plug();
    await first.context().setOffline(false);

    const back = Date.now();
    const unread = await api.unread();
    expect(unread).toBeGreaterThanOrEqual(4);
    for (const page of pages) {
      await live(page);
      await expect(bell(page, unread)).toBeVisible({ timeout: 5000 });
    }
    await expect(list.getByTestId('finding')).toHaveCount(4, { timeout: 5000 });
    await expect(list.getByTestId('finding').filter({ hasText: 'Before' })).toContainText('In progress');
    await expect(list.getByText('4 findings', { exact: true })).toBeVisible();
    await expect(cards.getByTestId('scan').filter({ hasText: 'While gone' })).toBeVisible({ timeout: 5000 });
    const took = Date.now() - back;
    console.log(`    everything is current ${took} ms after the net is back`);
    expect(took).toBeLessThan(6000);
    for (const page of pages) await sameDocument(page);
    await leaderOf(pages);
    await ring(admin, ana, 'After');
    for (const page of pages) await expect(bell(page, unread + 1)).toBeVisible();
  } finally {
    await wire.end();
  }
});

// promise: E6
test('connections that are cut under the browser come back, and everything is current', async ({
  as,
  stranger,
  server,
}) => {
  const admin = new Api((await as('admin')).context(), server.url);
  const ana = await place(admin, 'ana');
  const wire = await cable(server.url);
  try {
    const first = await stranger({ baseURL: wire.url });
    await new Api(first.context(), server.url).signIn(ana.email);
    const pages = await tabs(first, ['/findings', '/findings']);
    wire.pull();
    await ring(admin, ana, 'While');
    wire.plug();
    for (const page of pages) {
      await live(page);
      await expect(bell(page, 1)).toBeVisible();
      await expect(page.getByTestId('finding')).toHaveCount(1);
      await sameDocument(page);
    }
    await leaderOf(pages);
  } finally {
    await wire.end();
  }
});
