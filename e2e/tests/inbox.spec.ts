/** The inbox page: its filters, its days, reading, where rows link to, and long lists. */

import type { Page } from '@playwright/test';
import { bell, company, expect, get, live, mark, post, patch, sameDocument, test } from './fixtures.ts';

const stamp = Date.now().toString(36);
const DAY = 86_400_000;

const rows = (page: Page) => page.getByTestId('notification');
const row = (page: Page, title: string) => rows(page).filter({ hasText: title });
const titles = (page: Page) => rows(page).locator('.title');

async function at(page: Page, path = '/inbox'): Promise<Page> {
  await page.goto(path);
  await live(page);
  await mark(page);
  return page;
}

/** A finding assigned to them: they are notified. */
async function handed(manager: Page, person: { id: string }, title: string): Promise<string> {
  const { id } = await post<{ id: string }>(manager, '/findings', {
    company_id: await company(manager),
    title,
    severity: 'low',
  });
  await post(manager, `/findings/${id}/assignees`, { user_ids: [person.id], team_ids: [] });
  return id;
}
const comment = (manager: Page, finding: string) =>
  post(manager, `/findings/${finding}/comments`, { body: 'See the log.' });

/** Waits for the given unread count: the engine writes the rows after the request. */
async function unread(page: Page, wanted: number): Promise<void> {
  await expect
    .poll(async () => (await get<{ unread: number }>(page, '/notifications/summary')).unread)
    .toBe(wanted);
}

test('an empty inbox says what will appear, and the first row replaces it', async ({ as, newcomer }) => {
  const ela = await newcomer(`Ela ${stamp}`, 'analyst');
  const page = await at(await ela.open());
  await expect(page.getByRole('main').getByText('Your inbox is empty')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Mark all read' })).toBeDisabled();
  await page.getByRole('button', { name: 'Unread', exact: true }).click();
  await expect(page.getByText('You’re all caught up')).toBeVisible();
  await page.getByLabel('Event type', { exact: true }).selectOption('scan.failed');
  await expect(page.getByText('No notifications of this type')).toBeVisible();
  await page.getByLabel('Event type', { exact: true }).selectOption('');

  await handed(await as('manager'), ela, `First ${stamp}`);
  await expect(row(page, `First ${stamp}`)).toBeVisible();
  await expect(page.getByText('You’re all caught up')).toHaveCount(0);
  await expect(bell(page, 1)).toBeVisible();
  await expect(page.getByText('1 unread of 1')).toBeVisible();
  await sameDocument(page);
});

test('the filters are in the URL: read or not, and of which type', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const fay = await newcomer(`Fay ${stamp}`, 'analyst');
  const page = await fay.open();
  const finding = await handed(manager, fay, `Fixed ${stamp}`);
  await unread(page, 1);
  await comment(manager, finding);
  await unread(page, 2);
  await at(page);
  const [assigned, commented] = [`Finding assigned: Fixed ${stamp}`, `New comment: Fixed ${stamp}`];
  await expect(titles(page)).toContainText([commented, assigned]);
  await row(page, assigned)
    .getByRole('button', { name: `Mark read: ${assigned}` })
    .click();
  await expect(bell(page, 1)).toBeVisible();

  await page.getByRole('button', { name: 'Unread', exact: true }).click();
  await expect(page).toHaveURL(/\/inbox\?show=unread$/);
  await expect(titles(page)).toContainText([commented]);
  await expect(rows(page)).toHaveCount(1);
  await page.getByLabel('Event type', { exact: true }).selectOption('finding.assigned');
  await expect(page).toHaveURL(/show=unread&type=finding\.assigned$/);
  await expect(page.getByText('No notifications of this type')).toBeVisible();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(titles(page)).toHaveText([assigned]);

  await page.reload();
  await expect(titles(page)).toHaveText([assigned]);
  await expect(page.getByLabel('Event type', { exact: true })).toHaveValue('finding.assigned');
  await live(page);
  // A row of another type raises the count, and stays out of this list.
  await comment(manager, finding);
  await expect(bell(page, 2)).toBeVisible();
  await expect(titles(page)).toHaveText([assigned]);
  await page.getByLabel('Event type', { exact: true }).selectOption('finding.commented');
  await expect(rows(page)).toHaveCount(2);
});

// promise: O8
test('each row explains why the user got it, in the bell too, and the link of an email leads there', async ({
  as,
  newcomer,
}) => {
  const uma = await newcomer(`Uma ${stamp}`, 'viewer');
  const page = await uma.open();
  await handed(await as('manager'), uma, `Asked ${stamp}`);
  await unread(page, 1);
  await at(page);
  const why = row(page, `Asked ${stamp}`).getByRole('button', { name: /^Why did I get this\?/ });
  await expect(why).toContainText('the finding is assigned to you');
  const dialog = page.getByRole('dialog', { name: 'Why did I get this?' });
  await why.click();
  await expect(dialog.getByTestId('answer')).toContainText('You were notified');
  await expect(dialog.getByTestId('leaf').first()).toBeVisible();
  // They may not see the other recipients.
  await expect(dialog.getByRole('link', { name: 'Who was notified?' })).toHaveCount(0);
  await expect(page).toHaveURL(/\/inbox\?why=[0-9a-f-]{36}$/);
  await page.reload();
  await expect(dialog.getByTestId('answer')).toContainText('You were notified');
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/inbox$/);
  await expect(bell(page, 1)).toBeVisible();

  await page.goto('/findings');
  await live(page);
  await bell(page, 1).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Why did I get this\?/ })
    .click();
  await expect(dialog.getByTestId('answer')).toContainText('You were notified');
  await dialog.getByRole('link', { name: 'Change what you’re notified about' }).click();
  await expect(page).toHaveURL(/\/settings\/notifications$/);
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('rows are grouped by the day they arrived', async ({ as, newcomer }) => {
  const gil = await newcomer(`Gil ${stamp}`, 'analyst');
  await handed(await as('manager'), gil, `Dated ${stamp}`);
  const now = Date.now();
  const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', timeZone: 'Europe/Berlin' }).format(now);
  // The server's time is real; only the browser's clock is moved.
  for (const [days, name] of [
    [0, /^Today$/],
    [1, /^Yesterday$/],
    [5, new RegExp(`\\b${date}\\b`)],
  ] as const) {
    const page = await gil.open();
    await page.clock.setFixedTime(now + days * DAY);
    await page.goto('/inbox');
    const day = page.getByRole('region', { name });
    await expect(day.getByRole('heading', { level: 2 })).toHaveText(name);
    await expect(day.getByTestId('notification')).toContainText(`Dated ${stamp}`);
    await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveCount(1);
  }
});

test('after reading one, then all, the count is exact in a second tab', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const hue = await newcomer(`Hue ${stamp}`, 'analyst');
  const page = await hue.open();
  for (const name of ['One', 'Two', 'Three']) await handed(manager, hue, `${name} ${stamp}`);
  await unread(page, 3);
  await at(page);
  const tab = await at(await page.context().newPage(), '/calendar');
  for (const one of [page, tab]) {
    await expect(bell(one, 3)).toBeVisible();
    await expect(one).toHaveTitle(/^\(3\) /);
  }
  await row(page, `Two ${stamp}`)
    .getByRole('button', { name: /^Mark read/ })
    .click();
  for (const one of [page, tab]) {
    await expect(bell(one, 2)).toBeVisible();
    await expect(one).toHaveTitle(/^\(2\) /);
  }
  await expect(page.getByText('2 unread of 3')).toBeVisible();
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByRole('button', { name: /^Mark read/ })).toHaveCount(2);

  await page.getByRole('button', { name: 'Mark all read' }).click();
  for (const one of [page, tab]) {
    await expect(bell(one, 0)).toBeVisible();
    await expect(one.getByTestId('bell-count')).toHaveCount(0);
    await expect(one).not.toHaveTitle(/^\(/);
    await sameDocument(one);
  }
  await expect(page.getByText('3 notifications')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Mark read/ })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Mark all read' })).toBeDisabled();
  await unread(page, 0);
});

test('each row links to its record, which marks it read', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const ivo = await newcomer(`Ivo ${stamp}`, 'analyst');
  const page = await ivo.open();
  const company_id = await company(page);
  const make = async (path: string, data: object) =>
    (await post<{ id: string }>(page, path, { company_id, ...data })).id;
  const finding = await make('/findings', { title: `Risky ${stamp}`, severity: 'low' });
  const approval = await post<{ id: string }>(page, '/approvals', {
    finding_id: finding,
    reason: 'It goes away.',
    expires_at: '2031-01-01T00:00:00Z',
  });
  await post(manager, `/approvals/${approval.id}/decision`, { decision: 'rejected', version: 1 });
  const report = await make('/reports', { name: `Paper ${stamp}`, format: 'csv' });
  const scan = await make('/scans', { name: `Sweep ${stamp}`, scheduled_at: '2031-01-01T00:00:00Z' });
  for (const status of ['running', 'completed']) await patch(manager, `/scans/${scan}`, { status });
  const mine = await handed(manager, ivo, `Mine ${stamp}`);
  await unread(page, 4);
  await at(page);
  await expect(bell(page, 4)).toBeVisible();
  let left = 4;
  for (const [words, path] of [
    [`Approval rejected: Risky ${stamp}`, `/approvals/${approval.id}`],
    [`Report ready: Paper ${stamp}`, `/reports/${report}`],
    [`Scan completed: Sweep ${stamp}`, `/scans/${scan}`],
    [`Finding assigned: Mine ${stamp}`, `/findings/${mine}`],
  ] as const) {
    await row(page, words).getByRole('link').click();
    await expect(page).toHaveURL(new RegExp(`${path}$`));
    await expect(page.getByRole('heading', { level: 1 })).toContainText(words.split(': ')[1] ?? '');
    left -= 1;
    await expect(bell(page, left)).toBeVisible();
    await page.goBack();
    await expect(rows(page)).toHaveCount(4);
    await expect(row(page, words).getByRole('button', { name: /^Mark read/ })).toHaveCount(0);
  }
  await sameDocument(page);
});

/** A user with 61 rows: more than a page. */
async function full(manager: Page, person: { id: string }, page: Page): Promise<string> {
  const findings = [];
  for (const name of ['Alpha', 'Beta', 'Gamma'])
    findings.push(await handed(manager, person, `${name} ${stamp}`));
  for (let n = 0; n < 58; n += 1) await comment(manager, findings[n % 3] ?? '');
  await unread(page, 61);
  return findings[0] ?? '';
}

test('rows beyond a page load while scrolling, each once and in order', async ({ as, newcomer }) => {
  const jan = await newcomer(`Jan ${stamp}`, 'analyst');
  const page = await jan.open();
  await full(await as('manager'), jan, page);
  const { items } = await get<{ items: { title: string }[] }>(page, '/notifications?limit=100');
  expect(items).toHaveLength(61);
  await at(page);
  await expect(rows(page)).toHaveCount(50);
  await expect(page.getByText('61 unread of 61')).toBeVisible();
  await rows(page).last().scrollIntoViewIfNeeded();
  await expect(rows(page)).toHaveCount(61);
  await expect(page.getByRole('button', { name: 'Load more' })).toHaveCount(0);
  // For screen readers, each unread row says so first.
  await expect(titles(page)).toHaveText(items.map(({ title }) => `Unread: ${title}`));
});

test('a new row does not move what is being read', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const kim = await newcomer(`Kim ${stamp}`, 'analyst');
  const page = await kim.open();
  const finding = await full(manager, kim, page);
  await at(page);
  await expect(bell(page, 61)).toBeVisible();
  await rows(page).nth(30).scrollIntoViewIfNeeded();
  await rows(page).nth(30).hover();
  const reading = await rows(page).nth(30).elementHandle();
  const before = await reading?.boundingBox();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await comment(manager, finding);
  await expect(bell(page, 62)).toBeVisible();
  // It is above: the page has grown, and the row being read stays in place.
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(height);
  await expect
    .poll(async () => Math.round((await reading?.boundingBox())?.y ?? -1))
    .toBe(Math.round(before?.y ?? 0));
  await page.evaluate(() => {
    scrollTo(0, 0);
  });
  await expect(titles(page).first()).toHaveText(`Unread: New comment: Alpha ${stamp}`);
  await sameDocument(page);
});
