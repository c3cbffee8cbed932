import type { Page } from '@playwright/test';
import { bell, expect, live, PASSWORD, sameDocument, test } from './fixtures.ts';
import { Api, arrived, companiesOf, hold, leaderOf, place, ring, streams, tabs, type Place } from './tabs.ts';

const row = (page: Page, title: string) => page.getByTestId('finding').filter({ hasText: title });
const card = (page: Page, name: string) => page.getByTestId('scan').filter({ hasText: name });

/** All tabs of a user show the same as the API. */
async function agree(api: Api, pages: Page[]): Promise<void> {
  const unread = await api.unread();
  for (const page of pages) await expect(bell(page, unread)).toBeVisible();
}

test.describe('tabs of one user', () => {
  let admin: Api;
  let ana: Place;
  let api: Api;
  let first: Page;

  test.beforeEach(async ({ as, stranger, server }) => {
    admin = new Api((await as('admin')).context(), server.url);
    ana = await place(admin, 'ana');
    first = await stranger();
    api = new Api(first.context(), server.url);
    await api.signIn(ana.email);
  });

  // promise: E9
  // promise: E7
  test('two users, an administrator and three companies: their own pages update live, nothing else arrives', async ({
    as,
    stranger,
    server,
  }) => {
    const [ben, third] = [await place(admin, 'ben'), await place(admin, 'third')];
    const bens = await stranger();
    const benApi = new Api(bens.context(), server.url);
    await benApi.signIn(ben.email);
    const paths = ['/findings', '/scans'];
    const both = [
      { where: ana, api, pages: await tabs(first, paths) },
      { where: ben, api: benApi, pages: await tabs(bens, paths) },
    ];
    const [boss] = (await tabs(await as('admin'), [`/findings?text=${ana.company}`])) as [Page];
    for (const { pages } of both) await leaderOf(pages);

    const scans = new Map<string, string>();
    for (const { company, person } of [ana, ben, third]) {
      const project = await admin.post('/projects', { company_id: company, name: `Project ${company}` });
      const scan = await admin.post('/scans', { company_id: company, name: `Scan ${company}` });
      scans.set(company, scan.id);
      const finding = { company_id: company, project_id: project.id, severity: 'high' };
      for (const title of [`One ${company}`, `Two ${company}`]) {
        await admin.post('/findings', { ...finding, title, assignee_user_ids: [person] });
      }
    }
    for (const { where, api: theirs, pages } of both) {
      const [list, cards] = pages as [Page, Page];
      await expect(row(list, `One ${where.company}`)).toBeVisible();
      await expect(list.getByTestId('finding')).toHaveCount(2);
      await expect(list.getByText('2 findings', { exact: true })).toBeVisible();
      await expect(list.getByLabel('Project', { exact: true })).toContainText(`Project ${where.company}`);
      await expect(card(cards, `Scan ${where.company}`)).toHaveAttribute('data-status', 'running');
      await expect(cards.getByTestId('scan')).toHaveCount(1);
      for (const page of pages) {
        await expect(bell(page, 2)).toBeVisible();
        await expect(page.getByRole('navigation').getByText('2', { exact: true })).toBeVisible();
      }
      await agree(theirs, pages);
    }
    await expect(row(boss, `One ${ana.company}`)).toBeVisible();
    await expect(boss.getByTestId('finding')).toHaveCount(2);

    for (const [company, scan] of scans) {
      await admin.patch(`/scans/${scan}`, { status: 'completed' });
      const found = await admin.get<{ items: { id: string }[] }>(`/findings?company_id=${company}&text=One`);
      await admin.post(`/findings/${found.items[0]?.id}/status`, { status: 'in_progress' });
    }
    for (const { where, pages } of both) {
      const [list, cards] = pages as [Page, Page];
      await expect(row(list, `One ${where.company}`)).toContainText('In progress');
      await expect(card(cards, `Scan ${where.company}`)).toHaveAttribute('data-status', 'completed');
    }
    await expect.poll(() => companiesOf(boss)).toEqual(new Set([ana.company, ben.company, third.company]));
    for (const { where, api: theirs, pages } of both) {
      await agree(theirs, pages);
      for (const page of pages) {
        expect(await companiesOf(page)).toEqual(new Set([where.company]));
        const all = (await arrived(page)).join('\n');
        for (const other of [ana, ben, third]) {
          expect(all.includes(other.company), 'a company in what arrived').toBe(other === where);
        }
        await sameDocument(page);
      }
      await leaderOf(pages);
    }
    await sameDocument(boss);
  });

  test('eight tabs are all live, though a browser opens six connections to a host', async () => {
    const pages = await tabs(first, Array<string>(8).fill('/findings'));
    await leaderOf(pages);
    await ring(admin, ana, 'To all');
    for (const page of pages) {
      await expect(bell(page, 1)).toBeVisible();
      await expect(row(page, 'To all')).toBeVisible();
    }
  });

  // promise: E6
  test('a leader closed while things happen is replaced at once, and nothing is missed', async () => {
    const pages = await tabs(first, ['/findings', '/findings', '/findings']);
    const { leader, others } = await leaderOf(pages);
    const rings = async (from: number, to: number) => {
      for (let at = from; at <= to; at += 1) await ring(admin, ana, `Finding ${at}`);
    };
    // The next connection is held back, so that what follows falls into the gap.
    let release: () => void = () => undefined;
    const released = new Promise<void>((done) => (release = done));
    await leader.context().route('**/api/v1/stream', async (route) => {
      await released;
      await route.continue();
    });
    await rings(1, 4);
    const closed = Date.now();
    await Promise.all([leader.close(), rings(5, 8)]);
    const { leader: next } = await leaderOf(others);
    // As the tab sees it: the test learns about requests late while much else happens.
    const asked = await next.evaluate(() => window.recorded.asked);
    await rings(9, 12);
    for (const page of others) {
      await expect(page.getByTestId('live-state').filter({ visible: true })).toHaveText('Reconnecting');
      await expect(bell(page, 12)).toHaveCount(0);
    }
    console.log(`    another tab asks for the stream ${asked - closed} ms after the leader began to close`);
    expect(asked - closed).toBeLessThan(2000);
    release();
    for (const page of others) {
      await expect(bell(page, 12)).toBeVisible();
      await expect(page.getByTestId('finding')).toHaveCount(12);
      await live(page);
      await sameDocument(page);
    }
    await ring(admin, ana, 'Finding 13');
    for (const page of others) await expect(bell(page, 13)).toBeVisible();
  });

  test('a leader that stops running is replaced, whether it says so or not', async () => {
    const pages = await tabs(first, ['/findings', '/findings']);
    for (const silent of [false, true]) {
      const { leader, others } = await leaderOf(pages);
      const [other] = others as [Page];
      const word = leader.waitForEvent('console', (message) => message.text() === 'stops');
      await leader.evaluate((busy) => {
        setTimeout(() => {
          console.log('stops');
          // Headless browsers never freeze a driven page: this is the event of one that does.
          if (!busy) document.dispatchEvent(new Event('freeze'));
          const end = Date.now() + (busy ? 7000 : 0);
          while (Date.now() < end);
        }, 20);
      }, silent);
      await word;
      const stopped = Date.now();
      // No tab passes this on: the next leader has to find it.
      if (silent) await ring(admin, ana, 'Unheard');
      await expect.poll(() => streams(other)).toBe(1);
      console.log(`    ${silent ? 'without a word' : 'frozen'}: followed after ${Date.now() - stopped} ms`);
      await live(other);
      if (silent) await expect(row(other, 'Unheard')).toBeVisible();
      await ring(admin, ana, `Finding ${String(silent)}`);
      await expect(row(other, `Finding ${String(silent)}`)).toBeVisible();
      await expect(bell(other, silent ? 3 : 1)).toBeVisible();
      if (!silent) await leader.evaluate(() => document.dispatchEvent(new Event('resume')));
      await live(leader);
      await expect(row(leader, `Finding ${String(silent)}`)).toBeVisible();
      await leaderOf(pages);
      await agree(api, pages);
    }
  });

  test('the counts agree while one tab reads and others receive', async () => {
    const [reader, other] = (await tabs(first, ['/inbox', '/findings'])) as [Page, Page];
    for (let round = 0; round < 3; round += 1) {
      const rings = [1, 2, 3, 4, 5, 6].map((at) => ring(admin, ana, `Round ${round}, ${at}`));
      // The comparison below applies once every request is done.
      const marked = [reader.waitForResponse(/\/notifications\/[^/]+\/read$/)];
      await reader
        .getByRole('button', { name: /^Mark read/ })
        .first()
        .click();
      if (round === 1) {
        marked.push(reader.waitForResponse('**/notifications/read-all'));
        await reader.getByRole('button', { name: 'Mark all read' }).click();
      }
      await Promise.all([...rings, ...marked]);
      await expect
        .poll(async () => (await api.get<{ total: number }>('/notifications/summary')).total)
        .toBe(6 * (round + 1));
      await agree(api, [reader, other]);
      // The list marks as unread exactly what the bell counts.
      const shown = reader.getByTestId('notification').getByRole('button', { name: /^Mark read/ });
      await expect(shown).toHaveCount(await api.unread());
    }
    await reader.getByRole('button', { name: 'Mark all read' }).click();
    for (const page of [reader, other]) await expect(bell(page, 0)).toBeVisible();
  });

  test('an answer older than a frame does not reset the count', async () => {
    const [one, other] = (await tabs(first, ['/findings', '/findings'])) as [Page, Page];
    const { asked, release } = await hold(other, '**/notifications/summary');
    await other.reload();
    await asked;
    await live(other);
    await ring(admin, ana, 'Newer');
    for (const page of [one, other]) await expect(bell(page, 1)).toBeVisible();
    const answered = other.waitForResponse('**/notifications/summary');
    release();
    expect(await (await answered).json()).toMatchObject({ unread: 0 });
    await other.evaluate(() => new Promise((done) => setTimeout(done, 200)));
    await expect(bell(other, 1)).toBeVisible({ timeout: 1 });
  });

  test('what arrives while all is being marked as read stays unread', async () => {
    const [reader, other] = (await tabs(first, ['/inbox', '/findings'])) as [Page, Page];
    await ring(admin, ana, 'Before');
    for (const page of [reader, other]) await expect(bell(page, 1)).toBeVisible();
    const { asked, release } = await hold(reader, '**/notifications/read-all');
    await reader.getByRole('button', { name: 'Mark all read' }).click();
    await asked;
    for (const page of [reader, other]) await expect(bell(page, 0)).toBeVisible();
    await ring(admin, ana, 'After');
    for (const page of [reader, other]) await expect(bell(page, 1)).toBeVisible();
    const asksAgain = reader.waitForResponse('**/notifications/summary');
    release();
    await asksAgain;
    await reader.evaluate(() => new Promise((done) => setTimeout(done, 200)));
    await expect(reader.getByTestId('notification').getByRole('button', { name: /^Mark read/ })).toHaveCount(
      1,
    );
    await agree(api, [reader, other]);
    expect(await api.unread()).toBe(1);
  });

  test('signing out in one tab signs out all, and the next user gets nothing of theirs', async ({
    stranger,
    server,
  }) => {
    const pages = await tabs(first, ['/findings', '/scans']);
    const { leader, others } = await leaderOf(pages);
    const [other] = others as [Page];
    await leader.getByRole('button', { name: 'Sign out' }).click();
    await expect(other.getByText('Your session has ended.')).toBeVisible();
    for (const page of pages) expect(await streams(page)).toBe(0);

    const ben = await place(admin, 'ben');
    const from = await Promise.all(pages.map(async (page) => (await arrived(page)).length));
    for (const page of pages) {
      await page.getByLabel('Email').fill(ben.email);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await live(page);
    }
    await leaderOf(pages);
    // She keeps working in another browser.
    const elsewhere = await stranger();
    await new Api(elsewhere.context(), server.url).signIn(ana.email);
    const [hers] = (await tabs(elsewhere, ['/findings'])) as [Page];
    await ring(admin, ana, 'Hers');
    await expect(bell(hers, 1)).toBeVisible();
    await ring(admin, ben, 'His');
    for (const [at, page] of pages.entries()) {
      await expect(bell(page, 1)).toBeVisible();
      const later = (await arrived(page, from[at])).join('\n');
      expect(later).toContain(ben.company);
      expect(later).not.toContain(ana.company);
    }
  });

  test('a tab stays signed in if its request was in flight while the user signed in in another', async () => {
    const title = `Kept ${ana.company}`;
    const project = await admin.post('/projects', { company_id: ana.company, name: 'Kept' });
    const finding = { company_id: ana.company, project_id: project.id, title, severity: 'high' };
    await admin.post('/findings', { ...finding, assignee_user_ids: [ana.person] });
    const statuses: number[] = [];
    await first.route(
      '**/api/v1/findings?*',
      async (route) => {
        const headers = await route.request().allHeaders();
        await api.signIn(ana.email);
        const response = await route.fetch({ headers });
        statuses.push(response.status());
        await route.fulfill({ response });
      },
      { times: 1 },
    );
    await first.goto('/findings');
    await expect(row(first, title)).toBeVisible();
    expect(statuses).toEqual([401]);
    await expect(first.getByText('Your session has ended.')).toHaveCount(0);
    await live(first);
  });

  test('tabs whose session became another user’s pass nothing on before they show that user', async () => {
    const pages = await tabs(first, ['/findings', '/findings']);
    const {
      leader,
      others: [other],
    } = (await leaderOf(pages)) as { leader: Page; others: [Page] };
    await ring(admin, ana, 'Hers');
    for (const page of pages) await expect(row(page, 'Hers')).toBeVisible();
    const ben = await place(admin, 'ben');
    const heard = async (page: Page) => (await arrived(page)).some((text) => text.includes(ben.company));
    const [one, two] = [await hold(leader, '**/api/v1/me'), await hold(other, '**/api/v1/me')];
    await api.signIn(ben.email);
    await leader.evaluate(() => dispatchEvent(new Event('online')));
    await one.asked;
    await ring(admin, ben, 'His, first');
    await expect.poll(() => heard(leader)).toBe(true);
    await expect(leader.getByText('Person ana').first()).toBeVisible();
    expect(await heard(other)).toBe(false);

    one.release();
    await expect(leader.getByText('Person ben').first()).toBeVisible();
    await live(leader);
    await ring(admin, ben, 'His, second');
    await expect(row(leader, 'His, second')).toBeVisible();
    // The other already has a stream with his cookie, but nothing on her channel is about him.
    const relayed = await other.evaluate(() =>
      window.recorded.texts.filter((text) => text.includes('"kind"')),
    );
    expect(relayed.join('\n')).not.toContain(ben.company);
    await expect(other.getByText('Person ana').first()).toBeVisible();
    await expect(row(other, 'His')).toHaveCount(0);

    two.release();
    await expect(other.getByText('Person ben').first()).toBeVisible();
    for (const page of pages) {
      await live(page);
      await expect(bell(page, 2)).toBeVisible();
      await expect(row(page, 'His')).toHaveCount(2);
      await expect(row(page, 'Hers')).toHaveCount(0);
      await sameDocument(page);
    }
    await leaderOf(pages);
  });

  test('without locks each tab has its own stream', async () => {
    await first.context().addInitScript(() => {
      Object.defineProperty(navigator, 'locks', { value: undefined });
    });
    const pages = await tabs(first, ['/findings', '/findings']);
    for (const page of pages) expect(await streams(page)).toBe(1);
    await ring(admin, ana, 'One');
    for (const page of pages) await expect(bell(page, 1)).toBeVisible();
    await pages[0]?.getByRole('button', { name: 'Sign out' }).click();
    await expect((pages[1] as Page).getByText('Your session has ended.')).toBeVisible();
  });
});
