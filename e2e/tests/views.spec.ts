/** Filtering the list of findings, saving a view, and creating a finding from the list. */

import { expect, live, post, test } from './fixtures.ts';

const stamp = Date.now().toString(36);
const DAY = 86_400_000;

test('a finding is created from the list; a viewer has no such button', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/findings');
  await page.getByRole('button', { name: 'New finding' }).click();
  const dialog = page.getByRole('dialog');
  const title = `Door left open ${stamp}`;
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByLabel('Severity').selectOption('urgent');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/\/findings\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();

  const viewer = await as('viewer');
  await viewer.goto('/findings');
  await expect(viewer.getByTestId('finding').filter({ hasText: title })).toBeVisible();
  await expect(viewer.getByRole('button', { name: 'New finding' })).toHaveCount(0);
});

test('findings are filtered by overdue, due soon, or unassigned', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/findings');
  const { companies, user } = (await (await page.request.get('/api/v1/me')).json()) as {
    companies: { id: string }[];
    user: { id: string };
  };
  const due = (days: number) => new Date(Date.now() + days * DAY).toISOString();
  const made = (title: string, more: object) =>
    post(page, '/findings', { company_id: companies[0]?.id, title, severity: 'low', ...more });
  await made(`Late ${stamp}`, { sla_due_at: due(-1), assignee_user_ids: [user.id] });
  await made(`Soon ${stamp}`, { sla_due_at: due(3) });
  await made(`Far ${stamp}`, { sla_due_at: due(30) });

  await page.getByLabel('Search title, rule, location or CVE').pressSequentially(stamp);
  const names = async (...wanted: string[]) => {
    const rows = page.getByTestId('finding').filter({ hasText: /^(?!.*Door)/ });
    await expect(rows).toHaveCount(wanted.length);
    for (const one of wanted) await expect(rows.filter({ hasText: `${one} ${stamp}` })).toBeVisible();
  };
  await names('Late', 'Soon', 'Far');
  await page.getByLabel('Deadline', { exact: true }).selectOption('Breached');
  await names('Late');
  await expect(page).toHaveURL(/sla=breached/);
  await page.getByLabel('Deadline', { exact: true }).selectOption('Due in 7 days');
  await names('Soon');
  await page.getByLabel('Deadline', { exact: true }).selectOption('Any deadline');
  await page.getByLabel('Assigned to', { exact: true }).selectOption('Unassigned');
  await names('Soon', 'Far');
  await page.getByLabel('Assigned to', { exact: true }).selectOption('Mine');
  await names('Late');

  // The tile of the dashboard links to the same list.
  await page.goto('/dashboard');
  await page.getByRole('link', { name: /SLA breached/ }).click();
  await expect(page.getByTestId('finding').filter({ hasText: `Late ${stamp}` })).toBeVisible();
  await expect(page.getByTestId('finding').filter({ hasText: stamp })).toHaveCount(1);
});

test('a view of the list is saved, opened, renamed and deleted, for its user only', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/findings');
  await live(page);
  await expect(page.getByRole('button', { name: 'Save view' })).toHaveCount(0);
  await page.getByRole('group', { name: 'Severity' }).getByRole('button', { name: 'High' }).click();
  await page.getByLabel('Order', { exact: true }).selectOption('Due soonest');
  await page.getByRole('button', { name: 'Save view' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('Enter a name.')).toBeVisible();
  await dialog.getByLabel('Name').fill(`High ${stamp}`);
  await dialog.getByRole('button', { name: 'Save' }).click();
  const view = page.getByRole('group', { name: 'Saved views' }).getByRole('link');
  await expect(view).toHaveText(`High ${stamp}`);
  await expect(view).toHaveAttribute('aria-current', 'true');

  await page.goto('/findings');
  await expect(view).not.toHaveAttribute('aria-current', 'true');
  await view.click();
  await expect(page).toHaveURL(/severity=high/);
  await expect(page.getByLabel('Order', { exact: true })).toHaveValue('due');
  await expect(page.getByTestId('finding').first()).toContainText('High');

  // Another filter with the same name replaces it.
  await page.getByLabel('Deadline', { exact: true }).selectOption('Due in 7 days');
  await page.getByRole('button', { name: 'Save view' }).click();
  await dialog.getByLabel('Name').fill(`High ${stamp}`);
  await expect(dialog.getByText(`This replaces the view High ${stamp}.`)).toBeVisible();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(view).toHaveAttribute('aria-current', 'true');
  await expect(view).toHaveAttribute('href', /sla=due_in_7_days/);

  const other = await as('manager');
  await other.goto('/findings?severity=high');
  await expect(other.getByRole('button', { name: 'Save view' })).toBeVisible();
  await expect(other.getByText(`High ${stamp}`)).toHaveCount(0);

  await page.getByRole('button', { name: `Edit the view High ${stamp}` }).click();
  await dialog.getByLabel('Name').fill(`This week ${stamp}`);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(view).toHaveText(`This week ${stamp}`);
  await page.getByRole('button', { name: `Edit the view This week ${stamp}` }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(view).toHaveCount(0);
});
