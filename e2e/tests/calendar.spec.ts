import type { Page } from '@playwright/test';
import { expect, live, test } from './fixtures.ts';

interface Item {
  id: string;
  kind: string;
  title: string;
  at: string;
  entity_id: string;
  date: string | null;
}

interface Person {
  companies: { id: string }[];
}

const NAME = 'Ends on the last of the month';

/** A project in a far future month, ending on the 31st; the demo has nothing there. */
async function project(page: Page): Promise<void> {
  const me = (await (await page.request.get('/api/v1/me')).json()) as Person;
  const made = await page.request.post('/api/v1/projects', {
    headers: { 'sec-fetch-site': 'same-origin' },
    data: {
      company_id: me.companies[0]?.id,
      name: NAME,
      status: 'planned',
      starts_on: '2031-07-01',
      ends_on: '2031-07-31',
    },
  });
  expect(made.status(), await made.text()).toBe(201);
}

// promise: K6
test('shows an SLA deadline, and its details in a drawer', async ({ as }) => {
  const page = await as('analyst');
  const feed = (await (await page.request.get('/api/v1/calendar')).json()) as { items: Item[] };
  const due = feed.items.find((item) => item.kind === 'sla_due' && new Date(item.at) > new Date());
  expect(due, 'the demo has a finding with a deadline ahead').toBeDefined();

  const month = due?.at.slice(0, 7) ?? '';
  const requests: string[] = [];
  await page.goto(`/calendar?view=agenda&month=${month}`);
  await live(page);
  page.on('request', (request) => requests.push(request.url()));
  const item = page.getByTestId('calendar-item').and(page.locator('[data-kind=sla_due]'));
  await item
    .filter({ hasText: due?.title ?? '' })
    .first()
    .click();
  const drawer = page.getByRole('dialog', { name: 'SLA deadline' });
  await expect(drawer).toContainText(due?.title ?? '');
  await expect(drawer).toContainText('Company');
  expect(requests.filter((url) => url.includes('/findings/'))).toEqual([]);
  await drawer.getByRole('link', { name: 'Open the finding' }).click();
  await expect(page).toHaveURL(/\/findings\/[0-9a-f-]{36}$/);
});

test('a month can be navigated by keyboard, and a full day opened', async ({ as }) => {
  const page = await as('manager');
  const feed = (await (await page.request.get('/api/v1/calendar')).json()) as { items: Item[] };
  const due = feed.items.filter((item) => item.kind === 'sla_due').at(-1);
  await page.goto(`/calendar?view=month&month=${due?.at.slice(0, 7) ?? ''}`);
  await expect(page.getByTestId('calendar-item').first()).toBeVisible();
  const heading = await page.getByRole('heading', { level: 2 }).innerText();
  await page.getByRole('button', { name: 'Next month' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 2 })).not.toHaveText(heading);
  await page.getByRole('button', { name: 'Previous month' }).click();
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(heading);

  const more = page.getByRole('button', { name: /all \d+ items on/i }).filter({ visible: true });
  if ((await more.count()) > 0) {
    await more.first().click();
    await expect(page.getByRole('dialog').getByTestId('calendar-item').first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});

// promise: K3
test('“Mine only” hides everything else', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/calendar?view=agenda');
  const mine = page.getByRole('button', { name: 'Mine only' });
  await mine.click();
  await expect(page).toHaveURL(/mine=true/);
  await expect(mine).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('[data-kind=project_start], [data-kind=scan]')).toHaveCount(0);
});

// promise: K1
test('a date is on its day in every time zone, in month, week and agenda', async ({ as }) => {
  await project(await as('manager'));
  for (const timezoneId of ['Europe/Berlin', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York']) {
    const page = await as('manager', { timezoneId });
    await page.goto('/calendar?view=week&day=2031-07-30');
    await expect(page.getByRole('heading', { level: 2 })).toHaveText(/28 Jul.*3 Aug 2031/);
    const last = page.getByTestId('week').locator('[data-day="2031-07-31"]');
    await expect(last.getByRole('list', { name: 'All day' })).toContainText(NAME);
    await expect(page.getByTestId('calendar-item')).toHaveCount(1);

    await page.getByRole('button', { name: 'Month', exact: true }).click();
    await expect(page.getByRole('heading', { level: 2 })).toHaveText('July 2031');
    const cell = page.locator('td').filter({ has: page.locator('time[datetime="2031-07-31"]') });
    await expect(cell.getByTestId('calendar-item')).toContainText(NAME);

    await page.getByRole('button', { name: 'Agenda' }).click();
    const day = page.getByRole('region', { name: /31 July 2031/ });
    await expect(day.getByTestId('calendar-item')).toContainText(NAME);
    await page
      .getByRole('region', { name: /^\w+,? 1 July 2031/ })
      .getByTestId('calendar-item')
      .click();
    const drawer = page.getByRole('dialog', { name: 'Project starts' });
    await expect(drawer).toContainText('Thursday, 31 July 2031');
    await page.context().close();
  }
});

test('a week can be navigated by keyboard', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/calendar?view=week&day=2026-03-29');
  const heading = page.getByRole('heading', { level: 2 });
  await expect(heading).toHaveText(/23.+29 Mar 2026/);
  await expect(page.getByTestId('week').locator('section')).toHaveCount(7);
  await page.getByRole('button', { name: 'Next week' }).focus();
  await page.keyboard.press('Enter');
  // The week after the clocks went forward.
  await expect(heading).toHaveText(/30 Mar.*5 Apr 2026/);
  await page.getByRole('button', { name: 'Previous week' }).click();
  await page.getByRole('button', { name: 'Previous week' }).click();
  await expect(heading).toHaveText(/16.+22 Mar 2026/);
  await page.getByRole('button', { name: 'Today', exact: true }).click();
  await expect(page.locator('section time[aria-current=date]')).toHaveCount(1);
});

test('a feed is created, its URL shown once, and revoked', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/calendar');
  await page.getByRole('button', { name: 'Subscribe' }).click();
  const dialog = page.getByRole('dialog', { name: 'Subscribe to the calendar' });
  await expect(dialog).toContainText('You have no feeds yet.');
  await dialog.getByLabel('Name').fill('My deadlines');
  await dialog.getByLabel('Only deadlines of findings assigned to me').check();
  await dialog.getByLabel('Reminder').selectOption({ label: '1 day and 1 hour before' });
  await dialog.getByRole('button', { name: 'Create feed' }).click();
  const address = await dialog.getByLabel('Feed URL').inputValue();
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/calendar\.ics\?key=cmf_/);
  await expect(dialog.getByTestId('feeds')).toContainText('My deadlines');
  await expect(dialog.getByTestId('feeds')).toContainText('not used yet');

  // As a calendar program requests it: without a cookie.
  const fetched = await fetch(address);
  expect(fetched.headers.get('content-type')).toBe('text/calendar; charset=utf-8');
  const text = await fetched.text();
  expect(text).toMatch(/^BEGIN:VCALENDAR\r\n/);
  expect(text).toContain('SUMMARY:SLA deadline: ');
  expect(text).toContain('TRIGGER:-PT1440M');
  const again = await fetch(address, { headers: { 'if-none-match': fetched.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);

  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await expect(dialog.getByTestId('feeds')).toContainText('My deadlines');
  await expect(dialog.getByLabel('Feed URL')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Revoke the feed My deadlines' }).click();
  await dialog.getByRole('button', { name: 'Revoke? Click again' }).click();
  await expect(dialog).toContainText('You have no feeds yet.');
  expect((await fetch(address)).status).toBe(404);
});
