/** Rules, teams, preferences, destinations, announcements and time to know: the main path of each. */

import type { Page } from '@playwright/test';
import { company, expect, get, live, post, put, test } from './fixtures.ts';
import { imported, newProject } from './reports.ts';

const stamp = Date.now().toString(36);
const dialog = (page: Page) => page.getByRole('dialog');
const saved = (page: Page) =>
  page.waitForResponse((answer) => ['PUT', 'PATCH'].includes(answer.request().method()));

async function removeRule(page: Page, row: ReturnType<Page['getByTestId']>): Promise<void> {
  await row.getByRole('button', { name: /^Edit/ }).click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(row).toHaveCount(0);
}

// promise: O4
test('a manager creates a rule for roles with filters, and can only read platform-wide ones', async ({
  as,
}) => {
  const page = await as('manager');
  await page.goto('/settings/rules');
  const platform = page.getByRole('region', { name: 'Platform-wide' });
  await expect(platform.getByTestId('rule').first()).toBeVisible();
  await expect(platform.getByRole('checkbox')).toHaveCount(0);
  await expect(platform.getByRole('button')).toHaveCount(0);

  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByText('Choose an event.')).toBeVisible();
  await expect(dialog(page).getByLabel('Event')).toBeFocused();
  await dialog(page).getByLabel('Event').selectOption('finding.created');
  await dialog(page).getByLabel('Channel').selectOption('email');
  await dialog(page).getByRole('checkbox', { name: 'Analyst', exact: true }).check();
  await dialog(page).getByRole('checkbox', { name: 'Owners of the project or asset' }).check();
  await dialog(page).getByText('Filters', { exact: true }).click();
  await dialog(page).getByLabel('Tags').fill(`only-${stamp}`);
  await dialog(page).getByRole('checkbox', { name: 'Open', exact: true }).check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page)).toHaveCount(0);
  const own = page.getByRole('region', { name: /^Rules of / });
  const row = own.getByTestId('rule').filter({ hasText: '2 filters' });
  await expect(row).toContainText('People responsible, analysts, owners, 2 filters');
  await row.getByRole('button', { name: /^Edit/ }).click();
  await expect(dialog(page).getByLabel('Tags')).toHaveValue(`only-${stamp}`);
  await page.keyboard.press('Escape');
  await removeRule(page, row);
});

// promise: R4
test('a webhook without a URL, and one to a host managers may not use, are rejected at the field', async ({
  as,
}) => {
  const page = await as('manager');
  await page.goto('/settings/rules');
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByLabel('Event').selectOption('finding.created');
  await dialog(page).getByLabel('Channel').selectOption('webhook');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByText('Enter at least one URL.')).toBeVisible();
  const urls = dialog(page).getByLabel('URLs');
  await expect(urls).toBeFocused();
  await urls.fill(`https://not-allowed.example/${stamp}`);
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(urls).toHaveAttribute('aria-invalid', 'true');
  await expect(urls).toBeFocused();
});

test('a webhook rule says how it posts imports, and its destination is tested and resent', async ({ as }) => {
  const page = await as('admin');
  await page.goto('/settings/rules');
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByLabel('Event').selectOption('report.failed');
  await dialog(page).getByLabel('Channel').selectOption('webhook');
  await dialog(page).getByLabel('URLs').fill(`https://health-${stamp}.example.com/hook`);
  await dialog(page).getByLabel('Imports').selectOption('event');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  const row = page.getByTestId('rule').filter({ hasText: 'Report failed' }).filter({ hasText: 'Webhook' });
  await expect(row).toContainText('1 URL, one post per finding');

  await page.goto('/settings/destinations');
  const place = page.getByTestId('destination').filter({ hasText: `health-${stamp}` });
  await expect(place).toContainText('Last success: Never');
  await place.getByRole('button').click();
  // No message leaves the test: the response is stubbed in the server's format.
  const asked: unknown[] = [];
  await page.route('**/api/v1/destinations/test', (route) => {
    asked.push(route.request().postDataJSON());
    return route.fulfill({
      json: { delivered: true, outcome: 'delivered', reason: '', answer: 'ok', status: 200 },
    });
  });
  await dialog(page).getByRole('button', { name: 'Send a test' }).click();
  await expect(dialog(page).getByText('Test delivered.')).toBeVisible();
  expect(asked).toEqual([{ destination: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown }]);
  await dialog(page).getByRole('button', { name: 'Resend failed messages' }).click();
  await expect(dialog(page).getByText('There was nothing to send.')).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Send waiting messages now' }).click();
  await expect(dialog(page).getByText('There was nothing to send.')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Resend for a channel' }).click();
  await dialog(page).getByLabel('Channel', { exact: true }).selectOption('teams');
  await dialog(page).getByRole('button', { name: 'Resend failed messages' }).click();
  await expect(dialog(page).getByText('There was nothing to send.')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.goto('/settings/rules');
  await removeRule(page, row);
});

// promise: O6
test('a team selects the events of its channel, and uses another chat service', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/settings/teams');
  await page.getByRole('button', { name: 'New team' }).click();
  const name = `Chatters ${stamp}`;
  await dialog(page).getByLabel('Name').fill(name);
  await expect(dialog(page).getByText('What its channels get')).toHaveCount(0);
  await dialog(page).getByLabel('Chat webhook URL').fill('https://discord.com/api/webhooks/1/secretsecret');
  await dialog(page).getByLabel('Chat service').selectOption('discord');
  await expect(dialog(page).getByRole('radio', { name: /^Default/ })).toBeChecked();
  await dialog(page).getByRole('radio', { name: 'Selected events' }).check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByText('Select at least one event')).toBeVisible();
  await dialog(page).getByRole('checkbox', { name: 'SLA breached' }).check();
  await dialog(page).getByLabel('Minimum severity').selectOption('high');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  const row = page.getByTestId('team').filter({ hasText: name });
  await expect(row).toContainText('Discord');
  await row.getByRole('button', { name: `Edit ${name}` }).click();
  await expect(dialog(page).getByRole('checkbox', { name: 'SLA breached' })).toBeChecked();
  await expect(dialog(page).getByLabel('Minimum severity')).toHaveValue('high');
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(row).toHaveCount(0);
});

// promise: R5
test('the grid shows what can reach the user and how, and what cannot yet', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/notifications');
  const deleted = page.getByRole('button', { name: 'Finding deleted', exact: true });
  const assigned = page.getByRole('button', { name: 'Finding assigned', exact: true });
  await expect(assigned).toBeVisible();
  await expect(deleted).toHaveCount(0);
  await assigned.click();
  await expect(page.getByRole('row').filter({ has: page.locator('dl') })).toContainText(/rule/i);
  await page.getByRole('button', { name: 'All events' }).click();
  await expect(deleted).toBeVisible();
  await expect(
    page.getByRole('checkbox', { name: 'Finding deleted: Email, cannot reach you yet' }),
  ).toBeVisible();
});

// promise: O7
test('the user’s own actions are left out unless turned on', async ({ newcomer }) => {
  const person = await newcomer(`Own Actor ${stamp}`, 'analyst');
  const page = await person.open();
  await page.goto('/settings/notifications');
  const own = page.getByRole('checkbox', { name: 'Notify me about my own actions' });
  await expect(own).not.toBeChecked();
  const answer = saved(page);
  await own.check();
  expect((await answer).ok()).toBe(true);
  await page.reload();
  await expect(own).toBeChecked();
});

// promise: O3
test('the row of an import names the user’s own findings, each with a link', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const ela = await newcomer(`Ela Import ${stamp}`, 'analyst');
  const page = await ela.open();
  await page.goto('/inbox');
  await live(page);
  const id = await company(manager);
  await manager.goto('/inbox');
  await put(manager, `/companies/${id}/ownership-rules`, {
    items: [{ match: { tool: 'Trivy' }, user_ids: [ela.id], team_ids: [] }],
  });
  const project = await newProject(manager, 'Grouped');
  const [scan] = await imported(manager, project.id, 'web-1.json');
  await put(manager, `/companies/${id}/ownership-rules`, { items: [] });
  const row = page.getByTestId('notification').first();
  await expect(row.getByRole('button', { name: /^Show \d+ findings?$/ })).toBeVisible();
  await row.getByRole('button', { name: /^Show/ }).click();
  const links = row.getByRole('list').getByRole('link');
  await expect(links.first()).toHaveAttribute('href', /^\/findings\//);
  const finding = (await links.first().getAttribute('href')) ?? '';
  await row.locator('.words').click();
  await expect(page).toHaveURL(`/scans/${scan ?? ''}`);

  // The event of one of them links to the import whose message included it.
  await manager.goto(finding);
  await manager.getByTestId('history').getByRole('link', { name: 'Who was notified?' }).first().click();
  await expect(manager.getByText('Came with an import')).toBeVisible();
  const ask = manager.getByRole('region', { name: 'Ask about a person' });
  await ask.getByLabel('Search name or email').fill(ela.name);
  await expect(ask.getByRole('listitem')).toHaveCount(1);
  await ask.getByRole('button', { name: ela.name }).click();
  await expect(ask.getByTestId('answer')).toContainText(`${ela.name} was notified`);
  await manager.getByRole('link', { name: 'Open the scan' }).click();
  await expect(manager).toHaveURL(`/scans/${scan ?? ''}`);
});

test('an announcement appears above every page at once, and is dismissed for good', async ({ as }) => {
  const admin = await as('admin');
  const viewer = await as('viewer');
  await viewer.goto('/findings');
  await live(viewer);
  await admin.goto('/settings/announcements');
  await admin.getByRole('button', { name: 'Announce to everyone' }).click();
  await expect(admin.getByText('Enter a title.')).toBeVisible();
  const title = `Maintenance ${stamp}`;
  await admin.getByLabel('Title').fill(title);
  await admin.getByLabel('Text').fill('From 20:00 to 20:15 UTC.');
  await admin.getByRole('button', { name: 'Announce to everyone' }).click();
  await expect(admin.getByText('Announced.')).toBeVisible();
  const banner = viewer.getByTestId('announcement').filter({ hasText: title });
  await expect(banner).toContainText('From 20:00 to 20:15 UTC.');
  await banner.getByRole('button', { name: `Dismiss: ${title}` }).click();
  await expect(banner).toHaveCount(0);
  await viewer.reload();
  await live(viewer);
  await expect(banner).toHaveCount(0);

  const listed = admin.getByTestId('announced').filter({ hasText: title });
  await listed.getByRole('button', { name: `Withdraw: ${title}` }).click();
  await admin.getByRole('button', { name: 'Withdraw? Click again' }).click();
  await expect(listed).toHaveCount(0);
});

test('administrators see that no email is sent, others do not', async ({ as }) => {
  const admin = await as('admin');
  await admin.goto('/dashboard');
  await expect(admin.getByTestId('mail-banner')).toContainText('No mail server is set up.');
  const viewer = await as('viewer');
  await viewer.goto('/dashboard');
  await live(viewer);
  await expect(viewer.getByTestId('mail-banner')).toHaveCount(0);
});

interface Times {
  total: { events: number; read: number; unread: number };
  severities: { severity: string | null; events: number; read: number; unread: number }[];
}

// promise: A4
test('a manager sees the time to know, and that reading counts', async ({ as, newcomer }) => {
  const manager = await as('manager');
  const ivo = await newcomer(`Ivo Reader ${stamp}`, 'analyst');
  const page = await ivo.open();
  await manager.goto('/dashboard');
  const id = await company(manager);
  const { id: finding } = await post<{ id: string }>(manager, '/findings', {
    company_id: id,
    title: `Known ${stamp}`,
    severity: 'urgent',
  });
  await post(manager, `/findings/${finding}/assignees`, { user_ids: [ivo.id], team_ids: [] });
  const urgent = async () => {
    const said = await get<Times>(manager, `/insights/time-to-know?company_id=${id}`);
    return said.severities.find(({ severity }) => severity === 'urgent');
  };
  await page.goto('/inbox');
  await expect(page.getByTestId('notification').first()).toContainText(`Known ${stamp}`);
  await expect.poll(async () => (await urgent())?.unread ?? 0).toBeGreaterThan(0);
  const before = (await urgent())?.read ?? 0;
  await page.getByTestId('notification').first().locator('.words').click();
  await expect(page).toHaveURL(`/findings/${finding}`);
  await expect.poll(async () => (await urgent())?.read ?? 0).toBeGreaterThan(before);

  const tile = manager.getByRole('main').getByRole('link', { name: /^Time to know/ });
  await expect(tile).toContainText('unread');
  await tile.click();
  await expect(manager).toHaveURL('/insights');
  await manager.getByRole('button', { name: '7 days' }).click();
  await expect(manager).toHaveURL('/insights?days=7');
  const row = manager.getByRole('region', { name: 'By severity' }).getByRole('row', { name: /^Urgent/ });
  const now = await urgent();
  await expect(row.getByRole('cell').nth(2)).toHaveText(String(now?.events));
  await expect(row.getByRole('cell').nth(3)).toContainText(String(now?.unread));
  await expect(manager.getByText('What counts as read')).toBeVisible();

  // It is for managers: others get no link to it, and the page says so.
  await page.goto('/dashboard');
  await expect(page.getByRole('main').getByRole('link', { name: /^Open findings/ })).toBeVisible();
  await expect(page.getByRole('link', { name: /^Time to know/ })).toHaveCount(0);
  await page.goto('/insights');
  await expect(page.getByText('Managers only')).toBeVisible();
});
