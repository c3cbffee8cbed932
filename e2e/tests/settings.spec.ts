/** The settings, for everyone, for managers and for administrators: the main path of each. */

import type { Page } from '@playwright/test';
import { company, expect, get, live, post, test } from './fixtures.ts';

const stamp = Date.now().toString(36);

/** The answer to the next change: leaving the page before it could lose the change. */
const saved = (page: Page) =>
  page.waitForResponse((answer) => ['PUT', 'PATCH'].includes(answer.request().method()));

test('a cell of the preference matrix is saved at once, and the arrow keys move through the grid', async ({
  as,
}) => {
  const page = await as('analyst');
  await page.goto('/settings/notifications');
  const cell = page.getByRole('checkbox', { name: 'Finding assigned: Email' });
  await expect(cell).toBeChecked();
  for (const wanted of [false, true]) {
    const answer = saved(page);
    await cell.click();
    expect((await answer).ok()).toBe(true);
    await page.reload();
    await expect(cell).toBeChecked({ checked: wanted });
  }
  await cell.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('checkbox', { name: /^Finding assigned: Slack/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('checkbox', { name: /^Status changed: Slack/ })).toBeFocused();
  // The grid is one Tab stop; above the first row is the checkbox of the whole column.
  await expect(page.locator('table input[tabindex="0"]')).toHaveCount(1);
  await page.keyboard.press('Control+Home');
  await expect(page.getByRole('checkbox', { name: 'All Inbox' })).toBeFocused();
});

test('a preference that could not be saved is reverted and says so', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/notifications');
  const cell = page.getByRole('checkbox', { name: 'Finding assigned: Inbox' });
  await expect(cell).toBeChecked();
  await live(page);
  await page.route('**/notification-preferences', (route) =>
    route.request().method() === 'PUT' ? route.abort() : route.continue(),
  );
  await cell.click();
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached');
  await expect(cell).toBeChecked();
});

test('a personal chat is shown masked, rejected if it is not Slack, and removed', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/chat');
  const slack = page.getByRole('region', { name: 'Slack' });
  await slack.getByLabel('Incoming webhook URL').fill('https://example.com/hook');
  await slack.getByRole('button', { name: 'Save' }).click();
  await expect(slack.getByRole('alert')).toBeVisible();
  const secret = `https://hooks.slack.com/services/T000/B000/secret${stamp}`;
  await slack.getByLabel('Incoming webhook URL').fill(secret);
  await slack.getByRole('button', { name: 'Save' }).click();
  await expect(slack.getByText('Messages are sent there.')).toBeVisible();
  await expect(slack).toContainText('Saved: https://hooks.slack.com/');
  await expect(slack).not.toContainText(secret);
  await expect(slack.getByRole('checkbox', { name: 'Send messages there' })).toBeChecked();
  await slack.getByRole('button', { name: 'Remove' }).click();
  await expect(slack.getByText('No URL saved.')).toBeVisible();
});

test('a user tests their chat, typed and saved, and sees the outcome', async ({ newcomer }) => {
  const person = await newcomer(`Chat Tester ${stamp}`, 'viewer');
  const page = await person.open();
  await page.goto('/settings/chat');
  const teams = page.getByRole('region', { name: 'Teams' });
  const button = teams.getByRole('button', { name: 'Send a test' });
  await expect(button).toBeDisabled();
  // No message leaves the test: the response is stubbed in the server's format.
  const asked: unknown[] = [];
  await page.route('**/api/v1/destinations/test', (route) => {
    asked.push(route.request().postDataJSON());
    return route.fulfill({
      json: { delivered: false, outcome: 'refused', reason: 'no such channel', answer: '', status: 404 },
    });
  });
  const url = 'https://x.webhook.office.com/webhookb2/abcdefgh';
  await teams.getByLabel('Incoming webhook URL').fill(url);
  await button.click();
  await expect(teams.getByText('Test not delivered: no such channel')).toBeVisible();
  await teams.getByRole('button', { name: 'Save' }).click();
  await expect(teams).toContainText('https://x.webhook.office.com/…efgh');
  await button.click();
  await expect.poll(() => asked.length).toBe(2);
  expect(asked).toEqual([
    { channel: 'teams', url },
    { channel: 'teams', url: 'https://x.webhook.office.com/…efgh' },
  ]);
});

test('a manager creates a team, sets its channel, and deletes it', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/settings/teams');
  await page.getByRole('button', { name: 'New team' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toContainText('Enter a team name.');
  const name = `Night shift ${stamp}`;
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('checkbox', { name: /Ana Analyst/ }).check();
  await dialog.getByLabel('Slack webhook URL').fill('https://hooks.slack.com/services/T0/B0/nightshift');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByTestId('team').filter({ hasText: name });
  await expect(row).toContainText('Ana Analyst');
  await expect(row).toContainText('Slack: https://hooks.slack.com/');

  // A masked URL is sent back masked, and keeps the saved one.
  await row.getByRole('button', { name: `Edit ${name}` }).click();
  await dialog.getByRole('checkbox', { name: /Mara Manager/ }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Mara Manager');
  await expect(row).toContainText('Slack: https://hooks.slack.com/');

  await row.getByRole('button', { name: `Edit ${name}` }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(row).toHaveCount(0);
});

test('an analyst can see teams but not change them, and has no administrator pages', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/teams');
  await expect(page.getByTestId('team').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /^Edit|New team/ })).toHaveCount(0);
  const sections = page.getByRole('navigation', { name: 'Settings' });
  await expect(sections.getByRole('link', { name: 'Teams' })).toHaveAttribute('aria-current', 'page');
  await expect(sections.getByRole('link', { name: 'Rules' })).toHaveCount(0);
  await page.goto('/settings/rules');
  await expect(page.getByText('Page not found').first()).toBeVisible();
});

test('an administrator creates a rule, is warned about a duplicate, turns it off and deletes it', async ({
  as,
}) => {
  const page = await as('admin');
  await page.goto('/settings/rules');
  const make = async () => {
    await page.getByRole('button', { name: 'New rule' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Event').selectOption('finding.deleted');
    await dialog.getByLabel('Channel').selectOption('email');
    await dialog.getByLabel('Minimum severity').selectOption('urgent');
    await dialog.getByLabel('Addresses').fill(`ops-${stamp}@demo.test`);
    await dialog.getByRole('button', { name: 'Save' }).click();
    return dialog;
  };
  await make();
  const row = page.getByTestId('rule').filter({ hasText: 'Finding deleted' }).filter({ hasText: 'Urgent' });
  await expect(row).toContainText('1 address');
  const again = await make();
  await expect(again.getByRole('alert')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(row).toHaveCount(1);

  const off = saved(page);
  await row.getByRole('checkbox').click();
  expect((await off).ok()).toBe(true);
  await page.reload();
  await expect(row.getByRole('checkbox')).not.toBeChecked();
  await row.getByRole('button', { name: /^Edit/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Addresses')).toHaveValue(`ops-${stamp}@demo.test`);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(row).toHaveCount(0);
});

test('a manager hides details in a company’s messages, and can change nothing else of it', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/settings/companies');
  const row = page.getByTestId('company').first();
  const less = row.getByRole('checkbox', { name: /^Hide details in outgoing messages: / });
  await expect(less).not.toBeChecked();
  await expect(page.getByRole('button', { name: /^Rename|Members|New company/ })).toHaveCount(0);
  for (const wanted of [true, false]) {
    const answer = saved(page);
    await less.click();
    expect((await answer).ok()).toBe(true);
    await page.reload();
    await expect(less).toBeChecked({ checked: wanted });
  }
});

/** Assigns a new finding to the analyst, so that there is a message. */
async function handOver(page: Page): Promise<void> {
  const { companies } = (await (await page.request.get('/api/v1/me')).json()) as {
    companies: { id: string }[];
  };
  const company = companies[0]?.id ?? '';
  const users = (await (await page.request.get(`/api/v1/users?company_id=${company}`)).json()) as {
    items: { id: string; name: string }[];
  };
  const made = await page.request.post('/api/v1/findings', {
    data: {
      company_id: company,
      title: `Session fixation ${stamp}`,
      severity: 'critical',
      assignee_user_ids: users.items.filter(({ name }) => name === 'Ana Analyst').map(({ id }) => id),
    },
    headers: { origin: new URL(page.url()).origin },
  });
  expect(made.ok()).toBe(true);
}

test('a delivery shows its attempts, is resent, and links to who was notified and why', async ({ as }) => {
  const page = await as('admin');
  await page.goto('/settings/deliveries?channel=email');
  await live(page);
  await handOver(page);
  const row = page.getByTestId('delivery').filter({ hasText: 'Finding assigned' }).first();
  await expect(async () => {
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(row).toHaveAttribute('data-state', 'written', { timeout: 1000 });
  }).toPass();
  await row.getByRole('button').click();
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByTestId('attempts').getByRole('listitem')).toHaveCount(1);
  await drawer.getByRole('button', { name: 'Resend' }).click();
  await expect(drawer).toContainText('Queued for another attempt.');
  await expect(async () => {
    await drawer.getByRole('button', { name: 'Reload' }).click();
    await expect(drawer.getByTestId('attempts').getByRole('listitem')).toHaveCount(2, { timeout: 1000 });
  }).toPass();

  await drawer.getByRole('link', { name: 'Who was notified, and why' }).click();
  await expect(page).toHaveURL(/\/settings\/events\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Who was notified, and why' })).toBeVisible();
  const told = page.getByTestId('leaf').and(page.locator('[data-told=true]'));
  await expect(told.filter({ hasText: 'Inbox' })).toContainText('The finding is assigned to them.');
  await expect(told.filter({ hasText: 'Inbox' })).toContainText('Notified');
  // There is no mail server: an email written to a file notifies nobody.
  const mail = page.getByTestId('leaf').filter({ hasText: 'Email' });
  await expect(mail).toContainText('Not notified');
  await expect(mail).toContainText('Written to a file');
  await page.getByRole('link', { name: 'Open the finding' }).click();
  await expect(page).toHaveURL(/\/findings\/[0-9a-f-]{36}$/);
});

// promise: O8
test('from a step in a finding’s history a manager opens its trace, and asks about others', async ({
  as,
}) => {
  const page = await as('manager');
  const { items } = await get<{ items: { id: string }[] }>(page, '/findings?text=Path%20traversal');
  await page.goto(`/findings/${items[0]?.id ?? ''}`);
  await page.getByRole('button', { name: 'Assign', exact: true }).click();
  const picker = page.getByRole('dialog');
  await picker.getByRole('checkbox', { name: /Vic Viewer/ }).check();
  await picker.getByRole('button', { name: 'Assign', exact: true }).click();
  const step = page.getByTestId('history').getByRole('listitem').filter({ hasText: 'Vic Viewer' });
  await step.getByRole('link', { name: 'Who was notified?' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Who was notified, and why');
  await expect(page.getByTestId('leaf').first()).toBeVisible();
  await expect(page.getByRole('main')).toContainText('Vic Viewer');
  await expect(page.getByTestId('summary')).toHaveText(/ (was|were) notified\./);

  const ask = page.getByRole('region', { name: 'Ask about a person' });
  await ask.getByLabel('Search name or email').fill('ana anal');
  await expect(ask.getByRole('listitem')).toHaveCount(1);
  await ask.getByRole('button', { name: 'Ana Analyst' }).click();
  await expect(ask.getByTestId('answer')).toContainText('Ana Analyst was not notified');
  await ask.getByRole('button', { name: 'Ask about someone else' }).click();
  await ask.getByLabel('Search name or email').fill('vic');
  await expect(ask.getByRole('listitem')).toHaveCount(1);
  await ask.getByRole('button', { name: 'Vic Viewer' }).click();
  await expect(ask.getByTestId('answer')).toContainText('Vic Viewer was notified');

  // It belongs to their company; other companies’ events are not found.
  const viewer = await as('viewer');
  await viewer.goto(page.url());
  await expect(viewer.getByText('Page not found').first()).toBeVisible();
});

// promise: O8
test('if an event reached nobody, its page says why and what to do', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/inbox');
  const title = `Reached nobody ${stamp}`;
  const { id } = await post<{ id: string }>(page, '/findings', {
    company_id: await company(page),
    title,
    severity: 'low',
  });
  const { items } = await get<{ items: { id: string; subject_id: string; type: string }[] }>(
    page,
    '/activity',
  );
  const event = items.find((one) => one.subject_id === id && one.type === 'finding.created');
  await expect(async () => {
    await page.goto(`/settings/events/${event?.id ?? ''}`);
    await expect(page.getByTestId('summary')).toHaveText(/^Nobody was notified/, { timeout: 2000 });
  }).toPass();
  await page.getByRole('button', { name: 'Add a rule' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Event', { exact: true })).toHaveValue('finding.created');
  await expect(dialog.getByLabel('Minimum severity')).toHaveValue('low');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Assign the finding' }).click();
  await dialog.getByRole('checkbox', { name: /Ana Analyst/ }).check();
  await dialog.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(page.getByText('Assigned. The new assignees are notified of the assignment.')).toBeVisible();
  await page.getByRole('link', { name: 'Open the finding' }).click();
  await expect(page.getByTestId('assignees')).toContainText('Ana Analyst');
});

test('an administrator creates a company and a user, and adds and removes the user’s role', async ({
  as,
}) => {
  const page = await as('admin');
  await page.goto('/settings/companies');
  await page.getByRole('button', { name: 'New company' }).click();
  const company = `Zweite GmbH ${stamp}`;
  await page.getByRole('dialog').getByLabel('Name').fill(company);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const row = page.getByTestId('company').filter({ hasText: company });
  await expect(row).toBeVisible();
  // With a second company there is something to switch to.
  await page.getByRole('button', { name: /^Company: / }).click();
  await page.getByRole('dialog').getByRole('button', { name: company }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Findings' }).click();
  await expect(page.getByText('No findings yet')).toBeVisible();

  await page.goto('/settings/people');
  await page.getByRole('button', { name: 'New user' }).click();
  const person = `Vera Viewer ${stamp}`;
  await page.getByRole('dialog').getByLabel('Name').fill(person);
  await page.getByRole('dialog').getByLabel('Email').fill(`vera-${stamp}@demo.test`);
  await page.getByRole('dialog').getByLabel('Password').fill('long enough by far');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByTestId('person').filter({ hasText: person })).toBeVisible();

  await page.goto('/settings/companies');
  await row.getByRole('button', { name: 'Members' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Add a member').selectOption({ label: `${person} (vera-${stamp}@demo.test)` });
  await drawer.getByLabel('Role', { exact: true }).selectOption('viewer');
  await drawer.getByRole('button', { name: 'Add', exact: true }).click();
  const member = drawer.getByTestId('member').filter({ hasText: person });
  // The answer below is that of the role, not that of the member who is still being added.
  await expect(member).toBeVisible();
  const promoted = saved(page);
  await member.getByRole('combobox').selectOption('analyst');
  expect((await promoted).ok()).toBe(true);
  await page.reload();
  await row.getByRole('button', { name: 'Members' }).click();
  await expect(member.getByRole('combobox')).toHaveValue('analyst');
  await member.getByRole('button', { name: `Remove ${person}` }).click();
  await expect(member).toHaveCount(0);

  // Others share the server: what was added is removed.
  const origin = { origin: new URL(page.url()).origin };
  const people = (await (await page.request.get('/api/v1/users?limit=200')).json()) as {
    items: { id: string; name: string }[];
  };
  const id = people.items.find(({ name }) => name === person)?.id ?? '';
  expect((await page.request.delete(`/api/v1/users/${id}`, { headers: origin })).ok()).toBe(true);
  const all = (await (await page.request.get('/api/v1/companies?limit=200')).json()) as {
    items: { id: string; name: string }[];
  };
  const gone = all.items.find(({ name }) => name === company)?.id ?? '';
  expect((await page.request.delete(`/api/v1/companies/${gone}`, { headers: origin })).ok()).toBe(true);
});
